//! Resampling with FIR filters, composed of libtorch's convolutions: transposed ones up, strided
//! ones down, so that no zero is ever inserted and none multiplied.

use std::sync::{Arc, OnceLock};

use tch::{Device, Kind, Tensor};

use crate::Result;
use crate::signal::Filter;

/// Zero padding of the last two axes: left, right, top, bottom; negative values crop.
pub type Padding = [i64; 4];

/// A filter over both axes: `[taps]` (separable) or `[taps, taps]`.
#[derive(Debug)]
pub struct Fir {
    taps: Tensor,
    /// The same as plain numbers, once they are asked for.
    filter: Arc<OnceLock<Filter>>,
}

impl Fir {
    /// Takes a filter of one axis or two.
    pub fn new(taps: Tensor) -> Self {
        Self { taps, filter: Arc::default() }
    }

    /// The same filter, with what was found out about it.
    pub fn share(&self) -> Self {
        Self { taps: self.taps.shallow_clone(), filter: Arc::clone(&self.filter) }
    }

    /// The taps as plain numbers. The first call copies them from their device.
    pub fn filter(&self) -> Result<&Filter> {
        if let Some(filter) = self.filter.get() {
            return Ok(filter);
        }
        let flat = self.taps.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_flatten(0, -1)?;
        let taps = Vec::<f64>::try_from(flat)?;
        let side = self.taps() as usize;
        let one_row = self.taps.dim() == 1;
        let filter = if one_row { Filter::Separable(taps) } else { Filter::Radial { side, taps } };
        Ok(self.filter.get_or_init(|| filter))
    }

    /// The kernels `[C, 1, rows, columns]`, one a channel of `x`, whose successive application is the
    /// filter, each scaled by `gain` per axis. Depthwise convolutions are the fastest form that
    /// libtorch has for them on the CPU.
    fn kernels(&self, gain: f64, x: &Tensor) -> Result<Vec<Tensor>> {
        let taps = self.taps.f_to_kind(x.kind())?;
        let (side, channels) = (taps.size()[0], x.size()[1]);
        let kernel = |taps: &Tensor, rows, columns| {
            taps.f_reshape([1, 1, rows, columns])?.f_repeat([channels, 1, 1, 1])
        };
        Ok(if taps.dim() == 1 {
            let taps = taps.f_mul_scalar(gain)?;
            vec![kernel(&taps, 1, side)?, kernel(&taps, side, 1)?]
        } else {
            vec![kernel(&taps.f_mul_scalar(gain * gain)?, side, side)?]
        })
    }

    fn taps(&self) -> i64 {
        self.taps.size()[0]
    }
}

/// Upsamples `x` `[N, C, H, W]` by `up`: zeros are thought in after every sample, the result padded
/// (or cropped) and convolved where the filter overlaps fully (specification section 6). The gain
/// makes up for the zeros, so that a filter of unit sum keeps the picture's level.
pub fn upsample(x: &Tensor, filter: &Fir, up: i64, padding: Padding) -> Result<Tensor> {
    let channels = x.size()[1];
    let mut y = x.shallow_clone();
    for kernel in filter.kernels(up as f64, x)? {
        let stride = strides(&kernel, up);
        y = y.f_conv_transpose2d(
            &kernel,
            None::<&Tensor>,
            stride,
            [0, 0],
            [0, 0],
            channels,
            [1, 1],
        )?;
    }
    // The transposed convolution gives (size - 1) up + taps samples, all overlaps; the filter's
    // full overlaps begin taps - 1 later, and up - 1 thought-in zeros follow the last sample.
    let taps = filter.taps();
    let before = |pad: i64| pad - (taps - 1);
    let after = |pad: i64| pad - (taps - 1) + up - 1;
    let [left, right, top, bottom] = padding;
    Ok(y.f_constant_pad_nd([before(left), after(right), before(top), after(bottom)])?)
}

/// Filters `x` `[N, C, H, W]` after padding it, where the filter overlaps fully, and keeps every
/// `down`-th sample.
pub fn downsample(x: &Tensor, filter: &Fir, down: i64, padding: Padding) -> Result<Tensor> {
    let channels = x.size()[1];
    let mut y = if padding == [0; 4] { x.shallow_clone() } else { x.f_constant_pad_nd(padding)? };
    for kernel in filter.kernels(1.0, x)? {
        let stride = strides(&kernel, down);
        // libtorch correlates; a filter is convolved.
        let kernel = kernel.f_flip([2, 3])?;
        y = y.f_conv2d(&kernel, None::<&Tensor>, stride, [0, 0], [1, 1], channels)?;
    }
    Ok(y)
}

/// The factor along the axes that a kernel `[C, 1, rows, columns]` extends over, 1 along the others.
fn strides(kernel: &Tensor, factor: i64) -> [i64; 2] {
    let size = kernel.size();
    [2, 3].map(|axis: usize| if size[axis] > 1 { factor } else { 1 })
}
