//! Fully connected layers with equalised learning rates.

use tch::{Device, Tensor};

use super::loader::Loader;
use crate::Result;

/// `y = x W^T + b`, the runtime gains (specification section 1) already multiplied in.
#[derive(Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Loads `{name}.weight` `[out, in]` and `{name}.bias` `[out]`. Weights take a gain of
    /// `lr_multiplier / sqrt(in)`, biases of `lr_multiplier`.
    pub fn load(loader: &Loader, name: &str, lr_multiplier: f64, device: Device) -> Result<Self> {
        let weight = loader.tensor(&format!("{name}.weight"), device)?;
        let bias = loader.tensor(&format!("{name}.bias"), device)?;
        let gain = lr_multiplier / (weight.size()[1] as f64).sqrt();
        Ok(Self { weight: weight.f_mul_scalar(gain)?, bias: bias.f_mul_scalar(lr_multiplier)? })
    }

    /// Applies it to `x` `[N, in]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(self.bias.f_addmm(x, &self.weight.f_transpose(0, 1)?)?)
    }
}
