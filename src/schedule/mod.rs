//! The schedule: what the network is given for frame i. Pure and random access: a frame's input
//! depends on the resolved timeline, the network and the frame's number alone.

mod classes;
mod difference;
mod fade;
#[cfg(test)]
mod fake;
pub mod film;
mod knots;
mod latent;
mod matrix;
pub mod ranges;
mod route;
mod slerp;
mod spline;
mod stabilise;
mod stacks;
#[cfg(test)]
mod tests;
mod tracks;
mod walk;

pub use route::{Route, Tables, TablesOf};

use std::sync::Arc;

use crate::timeline::Resolved;
use crate::timeline::alpha::{Alpha, Keyed};
use crate::timeline::curve::{Blend, Curve};
use crate::timeline::moment::Moment;
use crate::timeline::number::Number;
use crate::timeline::remap::Remap;
use crate::timeline::resolved::{Camera, Direction};
use crate::{Error, Result};
use classes::Classes;
pub use difference::Distance;
pub use film::{Film, Part};
use latent::Latent;
use stabilise::Stabiliser;
pub use stacks::Stack;

/// A moment whose time is remapped, where it is.
fn remapped(time: Option<&Remap>, moment: Moment) -> Moment {
    let shot = time.map_or(moment.shot, |time| time.at(moment.shot));
    Moment { shot, ..moment }
}

fn no_frame(time: f64) -> Error {
    let message = format!("there is no frame at time {time}: expected a finite number of frames");
    Error::Usage(message)
}

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
    /// Mixed, truncated and edited latents, `num_ws` times `w_dim` values.
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
/// 4. directions, `w + amount v` on the layers of each, with `v` as its file has it;
/// 5. rounding to float32.
///
/// In one formula, for layer l: `w_l = w_avg + psi_l (m_l - w_avg) + sum over directions of a v_l` with
/// the mixed path m. Directions come after truncation because an amount then means the same change of the
/// picture whatever psi is, as tools that edit have it (Shen & Zhou 2021; InterFaceGAN): psi chooses the
/// picture, the directions change it. They also act on the average itself (psi 0), beyond the cutoff, and
/// on latents of projected pictures, which nobody truncates.
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
    time: Option<Remap>,
    classes: Classes,
    latent: Latent,
    mixes: Vec<Mix>,
    directions: Vec<Direction>,
    psi: Curve<Number>,
    cutoff: Option<Curve<f64>>,
    camera: Camera,
    stabiliser: Option<Stabiliser>,
    alpha: Option<Keyed>,
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
        Self::measured(resolved, mapping, &Tables::new())
    }

    /// The same, for a timeline with paths whose speed pictures decide, which were measured: see
    /// [`Route`]. It stays pure: the tables are handed in.
    pub fn measured(
        resolved: &Resolved,
        mapping: Arc<dyn Mapping>,
        tables: &Tables,
    ) -> Result<Self> {
        let (num_ws, w_dim, w_avg) = (mapping.num_ws(), mapping.w_dim(), mapping.w_avg());
        if num_ws == 0 || w_dim == 0 || w_avg.len() != w_dim {
            return Err(Error::Invalid(format!(
                "the network takes {num_ws} latents of {w_dim} values and has an average of {}: \
                 expected at least one latent, and an average as long",
                w_avg.len()
            )));
        }
        let classes = Classes::new(resolved.class.as_ref())?;
        let table = |path: usize| tables.get(path).and_then(|table| table.as_deref());
        let mixes = resolved.mixes.iter().enumerate().map(|(i, mix)| {
            if let Some(layer) = mix.layers.iter().find(|&&layer| layer >= num_ws) {
                return Err(Error::Invalid(format!(
                    "a mix acts on layer {layer}, but this network's layers are 0 to {}",
                    num_ws - 1
                )));
            }
            let latent = Latent::new(&mix.latent, &classes, &*mapping, table(i + 1))?;
            Ok(Mix { layers: mix.layers.clone(), latent, amount: mix.amount.clone() })
        });
        let mixes = mixes.collect::<Result<_>>()?;
        for Direction { name, layers, vector, .. } in &resolved.directions {
            if vector.len() != num_ws * w_dim || layers.iter().any(|&layer| layer >= num_ws) {
                return Err(Error::Invalid(format!(
                    "direction `{name}` has {} values and acts on layers {layers:?}, but this network \
                     has {num_ws} layers of {w_dim} values",
                    vector.len()
                )));
            }
        }
        let stabilise = resolved.stabilise.as_ref();
        Ok(Self {
            frames: resolved.frames,
            time: resolved.time.clone(),
            latent: Latent::new(&resolved.latent, &classes, &*mapping, table(0))?,
            mixes,
            directions: resolved.directions.clone(),
            psi: resolved.psi.clone(),
            cutoff: resolved.cutoff.clone(),
            camera: resolved.camera.clone(),
            stabiliser: stabilise.and_then(|stabilise| Stabiliser::new(stabilise, &*mapping)),
            alpha: resolved.alpha.clone(),
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
        self.input(index, (index as f64).into())
    }

    /// The input at a time in frames, which may lie between two of them; its index is that of the
    /// frame which is shown at that time. Outside the timeline, curves hold and loops go on.
    pub fn at(&self, time_in_frames: f64) -> Result<FrameInput> {
        if !time_in_frames.is_finite() {
            return Err(no_frame(time_in_frames));
        }
        self.input(time_in_frames as u64, time_in_frames.into())
    }

    /// The input of a film's frame at a moment of this timeline, before its time is remapped.
    fn input(&self, index: u64, moment: Moment) -> Result<FrameInput> {
        let moment = remapped(self.time.as_ref(), moment);
        let ws = self.ws(moment)?;
        let transform = self.transform(moment, &ws[..self.mapping.w_dim()])?;
        Ok(FrameInput { index, ws, transform })
    }

    /// What of the picture is seen at a moment of this timeline, before its time is remapped; none for all of
    /// it.
    fn alpha(&self, moment: Moment) -> Option<Alpha<f64>> {
        self.alpha.as_ref().map(|alpha| alpha.at(remapped(self.time.as_ref(), moment)))
    }

    /// Mixed, truncated and edited latents, `num_ws` times `w_dim` values.
    fn ws(&self, moment: Moment) -> Result<Vec<f32>> {
        let (mapping, time) = (&*self.mapping, moment.shot);
        let classes = self.classes.at(time);
        let base = self.latent.at(time, &classes, mapping)?;
        let mut ws: Vec<f64> = Vec::with_capacity(mapping.num_ws() * mapping.w_dim());
        for layer in 0..mapping.num_ws() {
            ws.extend_from_slice(base.layer(layer));
        }
        for mix in &self.mixes {
            let amount = mix.amount.at(moment);
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
        let psi = self.psi.at(moment);
        // Counts are held, not blended; as `usize` they saturate.
        let truncated = self.cutoff.as_ref().map_or(usize::MAX, |curve| curve.held(time) as usize);
        for w in ws.chunks_exact_mut(mapping.w_dim()).take(truncated) {
            for (w, &average) in w.iter_mut().zip(mapping.w_avg()) {
                *w = f64::from(average).blend(w, psi);
            }
        }
        for Direction { layers, vector, amount, .. } in &self.directions {
            let amount = amount.at(time);
            for &layer in layers {
                let own = layer * mapping.w_dim()..(layer + 1) * mapping.w_dim();
                for (w, &step) in ws[own.clone()].iter_mut().zip(&vector[own]) {
                    *w += amount * f64::from(step);
                }
            }
        }
        Ok(ws.into_iter().map(|w| w as f32).collect())
    }

    /// U for a frame whose first latent is `w`.
    fn transform(&self, moment: Moment, w: &[f32]) -> Result<[[f64; 3]; 3]> {
        let transform = matrix::inverse(&self.camera.matrix(moment)).ok_or_else(|| {
            Error::Invalid(format!(
                "the camera flattens the picture at frame {}: its scale there is {}, expected \
                 a number other than 0 (an easing that overshoots may have passed 0)",
                moment.shot,
                self.camera.scale.at(moment)
            ))
        })?;
        if let Some(stabiliser) = &self.stabiliser
            && let Some(pose) = self.mapping.pose(w)
        {
            return Ok(stabiliser.fold(moment, pose, &transform));
        }
        Ok(transform)
    }
}
