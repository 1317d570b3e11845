//! The filtered leaky ReLU as one fused CUDA kernel, instead of libtorch's convolutions.
//!
//! Not yet run on a GPU: see [`crate::kernels::cuda`].

use tch::{Device, Kind, Tensor};

use super::filtered_lrelu::FilteredLrelu;
use super::streams::current_stream;
use super::upfirdn::Fir;
use crate::kernels::cuda::{self, Call, Storage};
use crate::kernels::{self, Resampler};
use crate::{Error, Result};

/// Whether a device runs the fused kernel: an error tells why it does not, and what to install. It is
/// for the user to know; everything works without, only slower.
///
/// # Errors
/// [`Error::Missing`] on a CUDA device without NVIDIA's run-time compiler.
pub fn available(device: Device) -> Result<()> {
    match device {
        Device::Cuda(number) => cuda::available(number),
        _ => Ok(()),
    }
}

/// Applies `operator` to `x` `[N, C, H, W]` with a bias `[C]`, on libtorch's current stream. None where
/// the kernel cannot: another device or precision, a gradient wanted, no compiler, odd filters.
///
/// # Errors
/// [`Error::Device`] or [`Error::OutOfMemory`] where the device fails.
pub fn forward(operator: &FilteredLrelu, x: &Tensor, bias: &Tensor) -> Result<Option<Tensor>> {
    let Some(storage) = storage(x.kind()) else { return Ok(None) };
    let Device::Cuda(device) = x.device() else { return Ok(None) };
    let [n, c, h, w] = x.size()[..] else { return Ok(None) };
    if x.requires_grad() || bias.requires_grad() || bias.size() != [c] {
        return Ok(None);
    }
    let operator = plain(operator)?;
    let size = [n, c, h, w].map(|d| d as usize);
    let Ok([height, width]) = operator.out_size([size[2], size[3]]) else {
        return Ok(None);
    };
    let x = x.f_contiguous()?;
    let bias = bias.f_to_device(x.device())?.f_to_kind(Kind::Float)?.f_contiguous()?;
    let y = Tensor::f_empty([n, c, height as i64, width as i64], (x.kind(), x.device()))?;
    let call = Call { storage, device, stream: current_stream(device)?, size };
    let [x, bias, out] = [&x, &bias, &y].map(|tensor| tensor.data_ptr() as u64);
    // SAFETY: the tensors are contiguous, on this device and of these sizes, `y` is new, and
    // libtorch gives their memory to others only behind this work, on the same stream.
    match unsafe { cuda::forward(&operator, &call, x, bias, out) } {
        Ok(()) => Ok(Some(y)),
        Err(Error::Missing(_) | Error::Invalid(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// [`forward`] for `x` float32 or float16 on a CUDA device and a bias float32, with the signs of the
/// nonlinearity, int32.
///
/// # Errors
/// [`Error::Missing`] without driver or compiler, [`Error::Invalid`] for what the kernel does not do,
/// [`Error::Device`] where the device fails.
pub fn forward_keeping(
    operator: &kernels::FilteredLrelu,
    x: &Tensor,
    bias: &Tensor,
) -> Result<(Tensor, Tensor)> {
    let (x, bias) = (x.f_contiguous()?, bias.f_contiguous()?);
    let (call, [n, c, h, w]) = call(&x)?;
    let [height, width] = operator.out_size([h, w])?;
    let words = cuda::signs_len(operator, [h, w])?;
    let y = Tensor::f_empty([n, c, height, width].map(|n| n as i64), (x.kind(), x.device()))?;
    let signs = Tensor::f_empty([n, c, words].map(|n| n as i64), (Kind::Int, x.device()))?;
    let [from, bias, to, kept] = [&x, &bias, &y, &signs].map(|tensor| tensor.data_ptr() as u64);
    // SAFETY: as in `forward`.
    unsafe { cuda::forward_keeping(operator, &call, [from, bias], to, kept)? };
    Ok((y, signs))
}

/// The gradient of [`forward_keeping`] by its `x` of `size` (height, width).
///
/// # Errors
/// As for [`forward_keeping`].
pub fn transposed(
    operator: &kernels::FilteredLrelu,
    dy: &Tensor,
    signs: &Tensor,
    [height, width]: [usize; 2],
) -> Result<Tensor> {
    let dy = dy.f_contiguous()?;
    let (mut call, [n, c, ..]) = call(&dy)?;
    call.size = [n, c, height, width];
    let dx = Tensor::f_empty(call.size.map(|n| n as i64), (dy.kind(), dy.device()))?;
    let [from, kept, to] = [&dy, signs, &dx].map(|tensor| tensor.data_ptr() as u64);
    // SAFETY: as in `forward`.
    unsafe { cuda::transposed(operator, &call, from, kept, to)? };
    Ok(dx)
}

/// Where a tensor lies, and its size.
fn call(x: &Tensor) -> Result<(Call, [usize; 4])> {
    let (Device::Cuda(device), Some(storage), &[n, c, h, w]) =
        (x.device(), storage(x.kind()), x.size().as_slice())
    else {
        return Err(Error::Device(format!(
            "expected pictures of float32 or float16 on CUDA, not {x:?}"
        )));
    };
    let size = [n, c, h, w].map(|d| d as usize);
    Ok((Call { storage, device, stream: current_stream(device)?, size }, size))
}

fn storage(kind: Kind) -> Option<Storage> {
    match kind {
        Kind::Float => Some(Storage::F32),
        Kind::Half => Some(Storage::F16),
        _ => None,
    }
}

/// The operator with its filters as plain numbers.
pub fn plain(operator: &FilteredLrelu) -> Result<kernels::FilteredLrelu> {
    let resampler = |by: &Option<(i64, Fir)>| -> Result<Resampler> {
        let Some((factor, fir)) = by else { return Ok(Resampler::identity()) };
        Ok(Resampler { factor: *factor as usize, filter: fir.filter()?.clone() })
    };
    Ok(kernels::FilteredLrelu {
        up: resampler(&operator.up)?,
        down: resampler(&operator.down)?,
        padding: operator.padding,
        slope: operator.slope as f32,
        gain: operator.gain as f32,
        clamp: operator.clamp.map_or(f32::INFINITY, |clamp| clamp as f32),
    })
}
