//! The schedule: what the network is given for frame i. Pure and random access: a frame's input
//! depends on the resolved timeline, the network and the frame's number alone.

mod classes;
mod difference;
#[cfg(test)]
mod fake;
mod knots;
mod latent;
mod matrix;
pub mod ranges;
mod slerp;
mod spline;
mod stabilise;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use crate::timeline::Resolved;
use crate::timeline::curve::{Blend, Curve};
use crate::timeline::number::Number;
use crate::timeline::resolved::Camera;
use crate::{Error, Result};
use classes::Classes;
pub use difference::Distance;
use latent::Latent;
use stabilise::Stabiliser;

/// What the schedule asks a network: its sizes, its mapping, and the pose it gives a latent.
/// The mapping runs on the CPU whatever the device, so that paths are the same on each.
pub trait Mapping: Send + Sync {
    /// Length of z.
    fn z_dim(&self) -> usize;
    /// Length of w.
    fn w_dim(&self) -> usize;
    /// Copies of w that the synthesis takes.
    fn num_ws(&self) -> usize;
    /// The w average, `w_dim` values.
    fn w_avg(&self) -> &[f32];
    /// Maps z (`z_dim` values) of a class to w (`w_dim` values), without truncation.
    fn map(&self, z: &[f32], class: Option<usize>) -> Result<Vec<f32>>;
    /// The learned transform that a network gives w (`w_dim` values): (cos, sin, tx, ty), the first
    /// two of norm 1; none for networks without one.
    fn pose(&self, w: &[f32]) -> Option<[f64; 4]>;
}

/// The network's input for one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameInput {
    /// The frame's number in the timeline, from 0.
    pub index: u64,
    /// Truncated and mixed latents, `num_ws` times `w_dim` values.
    pub ws: Vec<f32>,
    /// The transform U of the Fourier features, rows first: the inverse of what the viewer sees,
    /// stabilisation included.
    pub transform: [[f64; 3]; 3],
}

/// A timeline made ready for one network: every key is drawn, mapped and joined once, and any
/// frame's input can be had from then on, in any order and from any thread.
///
/// A frame's latents are, in this order and in float64 up to the last step:
/// 1. the point of the latent path, for each class by its weight;
/// 2. on each mix's layers, `lerp(w, other, amount)`, later mixes upon earlier ones;
/// 3. truncation, `w_avg + psi (w - w_avg)`, on the first layers as far as the cutoff says;
/// 4. rounding to float32.
///
/// The published tools truncate the keyframes and not the points between. All of this is affine in
/// w, so that the order matters only where psi moves, and there ours follows psi at every frame.
///
/// The transform is the inverse of the camera's matrix, with the network's own learned motion
/// cancelled as far as the timeline stabilises it.
///
/// ```
/// use std::sync::Arc;
///
/// use sg3render::schedule::{Mapping, Schedule};
/// use sg3render::timeline::Resolved;
///
/// /// The inputs of a quarter of the film, and of a still between two frames.
/// fn first_quarter(timeline: &Resolved, network: Arc<dyn Mapping>) -> sg3render::Result<()> {
///     let schedule = Schedule::new(timeline, network)?;
///     for index in 0..schedule.frames() / 4 {
///         let input = schedule.frame(index)?;
///         assert_eq!(input.index, index);
///     }
///     let still = schedule.at(12.5)?;
///     assert_eq!(still.index, 12);
///     Ok(())
/// }
/// ```
pub struct Schedule {
    mapping: Arc<dyn Mapping>,
    frames: u64,
    classes: Classes,
    latent: Latent,
    mixes: Vec<Mix>,
    psi: Curve<Number>,
    cutoff: Option<Curve<f64>>,
    camera: Camera,
    stabiliser: Option<Stabiliser>,
}

/// Another latent for some of the layers.
struct Mix {
    layers: Vec<usize>,
    latent: Latent,
    amount: Curve<Number>,
}

impl Schedule {
    /// Draws and maps every key of the timeline. Fails where the timeline does not fit the
    /// network (lengths of latents, numbers of layers) or the network's mapping fails.
    pub fn new(resolved: &Resolved, mapping: Arc<dyn Mapping>) -> Result<Self> {
        let (num_ws, w_dim, w_avg) = (mapping.num_ws(), mapping.w_dim(), mapping.w_avg());
        if num_ws == 0 || w_dim == 0 || w_avg.len() != w_dim {
            return Err(Error::Invalid(format!(
                "the network takes {num_ws} latents of {w_dim} values and has an average of {}: \
                 expected at least one latent, and an average as long",
                w_avg.len()
            )));
        }
        let classes = Classes::new(resolved.class.as_ref())?;
        let mixes = resolved.mixes.iter().map(|mix| {
            if let Some(layer) = mix.layers.iter().find(|&&layer| layer >= num_ws) {
                return Err(Error::Invalid(format!(
                    "a mix acts on layer {layer}, but this network's layers are 0 to {}",
                    num_ws - 1
                )));
            }
            let latent = Latent::new(&mix.latent, &classes, &*mapping)?;
            Ok(Mix { layers: mix.layers.clone(), latent, amount: mix.amount.clone() })
        });
        let mixes = mixes.collect::<Result<_>>()?;
        let stabilise = resolved.stabilise.as_ref();
        Ok(Self {
            frames: resolved.frames,
            latent: Latent::new(&resolved.latent, &classes, &*mapping)?,
            mixes,
            psi: resolved.psi.clone(),
            cutoff: resolved.cutoff.clone(),
            camera: resolved.camera.clone(),
            stabiliser: stabilise.and_then(|stabilise| Stabiliser::new(stabilise, &*mapping)),
            classes,
            mapping,
        })
    }

    /// Length of the timeline in frames.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The input of a frame of the timeline.
    pub fn frame(&self, index: u64) -> Result<FrameInput> {
        if index >= self.frames {
            return Err(Error::Usage(format!(
                "frame {index} is beyond the timeline's {} frames, which are counted from 0",
                self.frames
            )));
        }
        self.input(index, index as f64)
    }

    /// The input at a time in frames, which may lie between two of them; its index is that of the
    /// frame which is shown at that time. Outside the timeline, curves hold and loops go on.
    pub fn at(&self, time_in_frames: f64) -> Result<FrameInput> {
        if !time_in_frames.is_finite() {
            return Err(Error::Usage(format!(
                "there is no frame at time {time_in_frames}: expected a finite number of frames"
            )));
        }
        self.input(time_in_frames as u64, time_in_frames)
    }

    fn input(&self, index: u64, time: f64) -> Result<FrameInput> {
        let ws = self.ws(time)?;
        let transform = self.transform(time, &ws[..self.mapping.w_dim()])?;
        Ok(FrameInput { index, ws, transform })
    }

    /// Mixed and truncated latents, `num_ws` times `w_dim` values.
    fn ws(&self, time: f64) -> Result<Vec<f32>> {
        let mapping = &*self.mapping;
        let classes = self.classes.at(time);
        let base = self.latent.at(time, &classes, mapping)?;
        let mut ws: Vec<f64> = Vec::with_capacity(mapping.num_ws() * mapping.w_dim());
        for layer in 0..mapping.num_ws() {
            ws.extend_from_slice(base.layer(layer));
        }
        for mix in &self.mixes {
            let amount = mix.amount.at(time);
            if amount == 0.0 {
                continue;
            }
            let other = mix.latent.at(time, &classes, mapping)?;
            for &layer in &mix.layers {
                let start = layer * mapping.w_dim();
                for (w, other) in ws[start..].iter_mut().zip(other.layer(layer)) {
                    *w = w.blend(other, amount);
                }
            }
        }
        let psi = self.psi.at(time);
        // Counts are held, not blended; as `usize` they saturate.
        let truncated = self.cutoff.as_ref().map_or(usize::MAX, |curve| curve.held(time) as usize);
        for w in ws.chunks_exact_mut(mapping.w_dim()).take(truncated) {
            for (w, &average) in w.iter_mut().zip(mapping.w_avg()) {
                *w = f64::from(average).blend(w, psi);
            }
        }
        Ok(ws.into_iter().map(|w| w as f32).collect())
    }

    /// U for a frame whose first latent is `w`.
    fn transform(&self, time: f64, w: &[f32]) -> Result<[[f64; 3]; 3]> {
        let transform = matrix::inverse(&self.camera.matrix(time)).ok_or_else(|| {
            Error::Invalid(format!(
                "the camera flattens the picture at frame {time}: its scale there is {}, expected \
                 a number other than 0 (an easing that overshoots may have passed 0)",
                self.camera.scale.at(time)
            ))
        })?;
        if let Some(stabiliser) = &self.stabiliser
            && let Some(pose) = self.mapping.pose(w)
        {
            return Ok(stabiliser.fold(time, pose, &transform));
        }
        Ok(transform)
    }
}
