//! The filtered leaky ReLU (Karras et al. 2021, section 3 and figure 4b): the nonlinearity acts at a
//! raised sampling rate, so that what it adds beyond the band can be filtered away again.

use tch::Tensor;

use super::upfirdn::{Fir, Padding, downsample, upsample};
use super::{differentiable, fused};
use crate::Result;

/// A filtered leaky ReLU with its filters.
#[derive(Debug)]
pub struct FilteredLrelu {
    /// Upsampling factor and filter; none for no upsampling.
    pub up: Option<(i64, Fir)>,
    /// Downsampling factor and filter; none for no downsampling.
    pub down: Option<(i64, Fir)>,
    /// Padding on the upsampled grid, after the bias.
    pub padding: Padding,
    /// Slope for negative values, at most 1.
    pub slope: f64,
    /// What the leaky ReLU's output is multiplied by.
    pub gain: f64,
    /// Largest magnitude after the gain; none for no limit.
    pub clamp: Option<f64>,
}

impl FilteredLrelu {
    /// Applies it to `x` `[N, C, H, W]` with a bias `[C]`, in the kind (precision) of `x`: by the fused
    /// kernel where there is one ([`super::fused`]), and otherwise composed of libtorch's operations.
    pub fn forward(&self, x: &Tensor, bias: &Tensor) -> Result<Tensor> {
        match fused::forward(self, x, bias)? {
            Some(y) => Ok(y),
            None => self.composed(x, bias),
        }
    }

    /// As [`FilteredLrelu::forward`], by the fused kernel of either device under autograd: differentiable
    /// once, by `x` (float32, on CUDA float16 too) and the bias (float32). What [`FilteredLrelu::composed`] gives can be
    /// differentiated again.
    pub fn differentiable(&self, x: &Tensor, bias: &Tensor) -> Result<Tensor> {
        differentiable::filtered_lrelu(&fused::plain(self)?, x, bias)
    }

    /// As [`FilteredLrelu::forward`], always composed of libtorch's operations.
    pub fn composed(&self, x: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let bias = bias.f_to_kind(x.kind())?.f_reshape([1, -1, 1, 1])?;
        let x = x.f_add(&bias)?;
        let x = match &self.up {
            Some((up, filter)) => upsample(&x, filter, *up, self.padding)?,
            None if self.padding == [0; 4] => x,
            None => x.f_constant_pad_nd(self.padding)?,
        };
        let x = self.activate(x)?;
        match &self.down {
            Some((down, filter)) => downsample(&x, filter, *down, [0; 4]),
            None => Ok(x),
        }
    }

    fn activate(&self, mut x: Tensor) -> Result<Tensor> {
        if self.slope != 1.0 {
            // The larger of x and slope x, for a slope of at most 1.
            x = x.f_maximum(&x.f_mul_scalar(self.slope)?)?;
        }
        if self.gain != 1.0 {
            x = x.f_mul_scalar_(self.gain)?;
        }
        if let Some(clamp) = self.clamp {
            x = x.f_clamp_(-clamp, clamp)?;
        }
        Ok(x)
    }
}
