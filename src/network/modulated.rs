//! Convolutions whose weights are modulated by each sample's styles.

use tch::{Kind, Tensor};

use crate::Result;

/// Modulated weights `[N, out, in, k, k]`: `weight` `[out, in, k, k]` times styles `[N, in]`,
/// demodulated to unit norm per output channel if asked for, times `gain`.
///
/// A demodulated convolution does not depend on the scale of either factor; bringing both to rms 1
/// first only keeps float16 in range. It is done sample by sample: the published code normalises
/// over the batch, which lets a frame's last bits depend on its neighbours.
pub fn modulate(weight: &Tensor, styles: &Tensor, demodulate: bool, gain: f64) -> Result<Tensor> {
    let (n, channels) = styles.size2()?;
    let styled = |styles: &Tensor| -> Result<Tensor> {
        Ok(weight.f_unsqueeze(0)?.f_mul(&styles.f_reshape([n, 1, channels, 1, 1])?)?)
    };
    if !demodulate {
        return Ok(styled(styles)?.f_mul_scalar(gain)?);
    }
    let mean = styles.f_square()?.f_mean_dim([1i64].as_slice(), true, None::<Kind>)?;
    let w = styled(&styles.f_mul(&mean.f_rsqrt()?)?)?;
    let norm = w.f_square()?.f_sum_dim_intlist([2i64, 3, 4].as_slice(), true, None::<Kind>)?;
    let scale = norm.f_add_scalar(1e-8)?.f_rsqrt()?.f_mul_scalar(gain)?;
    Ok(w.f_mul(&scale)?)
}

/// Weights `[out, in, k, k]` brought to rms 1 per output channel (specification section 4).
pub fn normalise_weight(weight: &Tensor) -> Result<Tensor> {
    let mean = weight.f_square()?.f_mean_dim([1i64, 2, 3].as_slice(), true, None::<Kind>)?;
    Ok(weight.f_mul(&mean.f_rsqrt()?)?)
}

/// Correlates each sample of x `[N, in, H, W]` with its own weights `[N, out, in, k, k]`, in the kind
/// of x.
pub fn convolve(x: &Tensor, weights: &Tensor, padding: i64) -> Result<Tensor> {
    let (n, c, h, w) = x.size4()?;
    let (out, k) = (weights.size()[1], weights.size()[3]);
    let weights = weights.f_to_kind(x.kind())?.f_reshape([n * out, c, k, k])?;
    let x = x.f_reshape([1, n * c, h, w])?;
    let y = x.f_conv2d(&weights, None::<&Tensor>, [1, 1], [padding; 2], [1, 1], n)?;
    let (_, _, h, w) = y.size4()?;
    Ok(y.f_reshape([n, out, h, w])?)
}

/// Transposed convolution of stride 2: x `[N, in, H, W]`, weights `[N, out, in, k, k]`, size
/// `2 (H - 1) + k`.
pub fn convolve_up(x: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let (n, c, h, w) = x.size4()?;
    let (out, k) = (weights.size()[1], weights.size()[3]);
    let weights = weights.f_to_kind(x.kind())?.f_transpose(1, 2)?.f_reshape([n * c, out, k, k])?;
    let x = x.f_reshape([1, n * c, h, w])?;
    let y = x.f_conv_transpose2d(&weights, None::<&Tensor>, [2, 2], [0, 0], [0, 0], n, [1, 1])?;
    let (_, _, h, w) = y.size4()?;
    Ok(y.f_reshape([n, out, h, w])?)
}
