//! Adam (Kingma and Ba 2015) as these networks are trained with it: `beta1` is 0, so that the first
//! moment is the gradient itself and only the second has to be kept.

use tch::{Kind, Tensor};

use crate::Result;
use crate::network::parameters::Parameters;

/// Options of an optimiser.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the second moment.
    pub beta2: f64,
}

impl Options {
    /// The options for a loss of which a part is regularised only every `interval` iterations, in a step
    /// of its own (Karras et al. 2020, appendix B).
    pub fn lazy(lr: f64, beta2: f64, interval: Option<u32>) -> Self {
        let ratio = interval.map_or(1.0, |n| f64::from(n) / f64::from(n + 1));
        Self { lr: lr * ratio, beta2: beta2.powf(ratio) }
    }
}

/// An optimiser of one network.
#[derive(Debug)]
pub struct Adam {
    options: Options,
    /// The running mean of the gradient's squares, `[numel]`.
    pub second_moment: Tensor,
    /// Steps taken.
    pub steps: u64,
}

impl Adam {
    /// Begins with no steps taken.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn new(options: Options, parameters: &Parameters) -> Result<Self> {
        Ok(Self { options, second_moment: parameters.flat().f_zeros_like()?, steps: 0 })
    }

    /// Moves the parameters against a gradient `[numel]`, whose numbers that are none count as 0 and
    /// whose infinities as 1e5.
    ///
    /// # Errors
    /// What libtorch says.
    pub fn step(&mut self, parameters: &Parameters, gradient: &Tensor) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        let gradient = gradient.f_nan_to_num(0.0, 1e5, -1e5)?;
        let Options { lr, beta2 } = self.options;
        self.steps += 1;
        let square = gradient.f_square()?;
        let _ = self.second_moment.f_lerp_(&square, 1.0 - beta2)?;
        // What the mean lacks because it began at 0.
        let bias = 1.0 - beta2.powi(i32::try_from(self.steps).unwrap_or(i32::MAX));
        let deviation = self.second_moment.f_sqrt()?.f_div_scalar_(bias.sqrt())?;
        let moved = gradient.f_div(&deviation.f_add_scalar(1e-8)?)?.f_mul_scalar_(-lr)?;
        let _ = parameters.flat().shallow_clone().f_add_(&moved)?;
        Ok(())
    }
}

/// Moves the parameters of an average towards those of the network, and copies the buffers.
///
/// # Errors
/// What libtorch says.
pub fn average(mean: &Parameters, network: &Parameters, beta: f64) -> Result<()> {
    let _no_grad = tch::no_grad_guard();
    let _ = mean.flat().shallow_clone().f_lerp_(network.flat(), 1.0 - beta)?;
    for ((_, mean), (_, value)) in mean.buffers().zip(network.buffers()) {
        mean.shallow_clone().f_copy_(value)?;
    }
    Ok(())
}

/// How much of the generator's average stays after a batch (Karras et al. 2018, appendix A.1): its half-life
/// is `half_life` images, or the share `rampup` of those seen, if that is less.
pub fn average_beta(half_life: f64, rampup: Option<f64>, images: u64, batch: usize) -> f64 {
    let half_life = rampup.map_or(half_life, |share| half_life.min(share * images as f64));
    0.5f64.powf(batch as f64 / half_life.max(1e-8))
}

/// Whether every number of a vector is one.
pub fn is_finite(vector: &Tensor) -> Result<bool> {
    Ok(vector.f_isfinite()?.f_all()?.f_to_kind(Kind::Int64)?.f_int64_value(&[])? != 0)
}
