//! The blur that configuration R's training begins with (Karras et al. 2021, appendix D): the
//! discriminator cannot yet look at what the generator is not ready for.

use tch::{Kind, Tensor};

use crate::Result;

/// Deviation, pixels, after so many images: falls from `sigma` to 0 over `fade_kimg`.
pub fn sigma(sigma: f64, fade_kimg: f64, images: u64) -> f64 {
    if fade_kimg <= 0.0 { 0.0 } else { (1.0 - images as f64 / (fade_kimg * 1e3)).max(0.0) * sigma }
}

/// Taps for -3 sigma to 3 sigma, unit sum: `2^-(x / sigma)^2`.
fn taps(sigma: f64) -> Vec<f32> {
    let radius = (3.0 * sigma).floor() as i64;
    let weights: Vec<f64> =
        (-radius..=radius).map(|x| (-(x as f64 / sigma).powi(2)).exp2()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum) as f32).collect()
}

/// Blurs images `[N, C, H, W]`; beyond their edge is black's middle, 0.
pub fn blur(images: &Tensor, sigma: f64) -> Result<Tensor> {
    if sigma < 1.0 / 3.0 {
        return Ok(images.shallow_clone());
    }
    let taps = Tensor::f_from_slice(&taps(sigma))?.f_to_device(images.device())?;
    let taps = taps.f_to_kind(Kind::Float)?;
    let (n, channels, height, width) = images.size4()?;
    let (length, mut x) = (taps.size()[0], images.f_reshape([n * channels, 1, height, width])?);
    for (shape, padding) in
        [([1, 1, 1, length], [0, length / 2]), ([1, 1, length, 1], [length / 2, 0])]
    {
        let kernel = taps.f_reshape(shape)?;
        x = x.f_conv2d(&kernel, None::<&Tensor>, [1, 1], padding, [1, 1], 1)?;
    }
    Ok(x.f_reshape([n, channels, height, width])?)
}
