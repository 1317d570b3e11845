//! Alias-free synthesis on the CPU through the program's own kernels, without libtorch.
//!
//! Styles are folded into the signal and not into the weights: a layer's demodulation is the factor
//! with which the fused operator takes its input, the next layer's styles the factor with which it
//! gives its output. So the weights stay as they were prepared, and nothing is copied.

mod dense;
mod features;
mod layer;

use std::sync::{Mutex, PoisonError};

use self::features::Features;
use self::layer::Layer;
use super::config::StyleGan3Config;
use super::loader::Loader;
use crate::kernels::cpu::{Factors, Level, Planes, Scratch};
use crate::{Error, Result};

/// The synthesis network: w and a transform to an image.
#[derive(Debug)]
pub struct Native {
    input: Features,
    layers: Vec<Layer>,
    output_scale: f32,
    level: Level,
    work: Mutex<Work>,
}

/// Memory that goes from frame to frame: fresh pages would cost as much as a filter.
#[derive(Debug, Default)]
struct Work {
    signal: Planes,
    convolved: Planes,
    scratch: Scratch,
}

impl Native {
    /// Loads `synthesis.*`, for convolutions with such factors; of `F32` with any that are as exact.
    pub fn load(loader: &Loader, config: &StyleGan3Config, factors: Factors) -> Result<Self> {
        let layers = config.layers().into_iter();
        let layers = layers.map(|spec| Layer::load(loader, config, spec, factors));
        Ok(Self {
            input: Features::load(loader, config.input(), config.input_size())?,
            layers: layers.collect::<Result<_>>()?,
            output_scale: config.output_scale as f32,
            level: Level::here(),
            work: Mutex::default(),
        })
    }

    /// One image `[channels, H, W]` with its shape, about -1..1, for ws `[num_ws, w_dim]` and a transform U of the
    /// Fourier features, row by row.
    ///
    /// # Errors
    /// [`Error::Invalid`] where ws or the transform are of another length.
    pub fn forward(&self, ws: &[f32], transform: &[f64]) -> Result<([usize; 3], Vec<f32>)> {
        let w_dim = ws.len() / (self.layers.len() + 1);
        let transform: &[f64; 9] = transform.try_into().map_err(|_| {
            Error::Invalid(format!("a transform has 9 values, not {}", transform.len()))
        })?;
        let mut ws = ws.chunks_exact(w_dim.max(1));
        let first = ws.next().unwrap_or_default();
        let styles = self.layers.iter().zip(ws).map(|(layer, w)| layer.styles(w));
        let styles: Vec<Vec<f32>> = styles.collect::<Result<_>>()?;

        let work = &mut *self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let Work { signal, convolved, scratch } = work;
        let given = styles.first().map_or(&[][..], Vec::as_slice);
        self.input.forward(self.level, first, transform, given, convolved, scratch, signal)?;
        for (i, layer) in self.layers.iter().enumerate() {
            let output = vec![self.output_scale; layer.outputs()];
            let next = styles.get(i + 1).unwrap_or(&output);
            layer.convolve(self.level, signal, scratch, convolved);
            layer.activate(self.level, convolved, &styles[i], next, signal)?;
        }
        let [height, width] = signal.size();
        Ok(([signal.channels(), height, width], signal.samples()))
    }
}
