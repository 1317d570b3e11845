//! Generators under autograd: the same computation as the composed ones, with tensors that are being
//! trained, averages that follow them, and weights shared by the batch.

mod stylegan2;
mod stylegan3;

use tch::{Kind, Tensor};

use super::config::Config;
use super::loader::Loader;
use super::mapping::Layers;
use super::parameters::Parameters;
use super::processes::Group;
use crate::Result;

/// A generator with the values that its tensors have now.
#[derive(Debug)]
pub struct Trainable {
    mapping: Layers,
    synthesis: Synthesis,
    w_avg: Tensor,
}

#[derive(Debug)]
enum Synthesis {
    StyleGan3(stylegan3::StyleGan3),
    StyleGan2(stylegan2::StyleGan2),
}

/// How much of a running mean stays when a batch is added to it.
#[derive(Debug, Clone, Copy)]
pub struct Betas<'a> {
    /// Of `w_avg`: 0.998 in the published training.
    pub w_avg: f64,
    /// Of each layer's `magnitude_ema`.
    pub magnitude: f64,
    /// The processes that each have a part of the batch.
    pub group: &'a Group,
}

/// What is added to `StyleGAN2`'s pixels; alias-free networks have none.
#[derive(Debug)]
pub enum Noise {
    /// `noise_const`.
    Constant,
    /// Standard normals for each layer, `[N, 1, res, res]`, in the order of [`Trainable::noise_sizes`].
    Given(Vec<Tensor>),
}

impl Trainable {
    /// Takes the tensors as they are: trained, or `fixed`, without gradients. With `half`, the
    /// convolutions of the layers so marked run in float16.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where one is missing.
    pub fn new(config: &Config, parameters: &Parameters, fixed: bool, half: bool) -> Result<Self> {
        let loader = if fixed { Loader::Fixed(parameters) } else { Loader::Trained(parameters) };
        let device = parameters.device();
        Ok(Self {
            mapping: Layers::load(&loader, config, device)?,
            synthesis: match config {
                Config::StyleGan3(c) => {
                    Synthesis::StyleGan3(stylegan3::StyleGan3::load(&loader, c, device, half)?)
                }
                Config::StyleGan2(c) => {
                    Synthesis::StyleGan2(stylegan2::StyleGan2::load(&loader, c, device, half)?)
                }
            },
            w_avg: parameters.get("mapping.w_avg")?.shallow_clone(),
        })
    }

    /// Maps z `[N, z_dim]` and, for networks with classes, c `[N, c_dim]` to w `[N, w_dim]`; the batch is
    /// added to `w_avg` if betas are given.
    pub fn map(&self, z: &Tensor, c: Option<&Tensor>, update: Option<Betas<'_>>) -> Result<Tensor> {
        let w = self.mapping.forward(z, c)?;
        if let Some(betas) = update {
            let mean = w.f_detach()?.f_mean_dim([0i64].as_slice(), false, None::<Kind>)?;
            follow(&self.w_avg, &betas.group.mean(mean)?, betas.w_avg)?;
        }
        Ok(w)
    }

    /// Images `[N, channels, R, R]`, about -1..1, for ws `[N, num_ws, w_dim]`; the magnitudes that layers
    /// are given are added to their means first if betas are given. An alias-free network can be
    /// differentiated once, `StyleGAN2` as often as is wanted.
    pub fn synthesise(&self, ws: &Tensor, noise: &Noise, update: Option<Betas>) -> Result<Tensor> {
        match &self.synthesis {
            Synthesis::StyleGan3(network) => network.forward(ws, update),
            Synthesis::StyleGan2(network) => network.forward(ws, noise),
        }
    }

    /// Width and height of the noise of each layer.
    pub fn noise_sizes(&self) -> Vec<i64> {
        match &self.synthesis {
            Synthesis::StyleGan3(_) => Vec::new(),
            Synthesis::StyleGan2(network) => network.noise_sizes(),
        }
    }
}

/// Moves a running mean towards a value.
fn follow(mean: &Tensor, value: &Tensor, beta: f64) -> Result<()> {
    let _no_grad = tch::no_grad_guard();
    let _ = mean.shallow_clone().f_lerp_(&value.f_to_kind(mean.kind())?, 1.0 - beta)?;
    Ok(())
}

/// A convolution whose weights `[out, in, k, k]` are modulated by each sample's styles `[N, in]`:
/// the styles scale what goes in, and demodulation what comes out, so that the whole batch shares one
/// convolution (Karras et al. 2020, section 2.2). `gain` is a scalar tensor. With `up` it is a
/// transposed convolution of stride 2.
fn modulated(
    x: &Tensor,
    weight: &Tensor,
    styles: &Tensor,
    demodulate: bool,
    gain: Option<&Tensor>,
    up: bool,
    padding: i64,
) -> Result<Tensor> {
    let (n, channels) = styles.size2()?;
    let (weight, styles) = if demodulate {
        let mean = |x: &Tensor, dims: &[i64]| -> Result<Tensor> {
            Ok(x.f_square()?.f_mean_dim(dims, true, None::<Kind>)?.f_rsqrt()?)
        };
        (weight.f_mul(&mean(weight, &[1, 2, 3])?)?, styles.f_mul(&mean(styles, &[1])?)?)
    } else {
        (weight.shallow_clone(), styles.shallow_clone())
    };
    let scale = match gain {
        Some(gain) => styles.f_mul(gain)?,
        None => styles.shallow_clone(),
    };
    let kind = x.kind();
    let x = x.f_mul(&scale.f_reshape([n, channels, 1, 1])?.f_to_kind(kind)?)?;
    let y = if up {
        let weight = weight.f_transpose(0, 1)?.f_to_kind(kind)?;
        x.f_conv_transpose2d(&weight, None::<&Tensor>, [2, 2], [0, 0], [0, 0], 1, [1, 1])?
    } else {
        x.f_conv2d(&weight.f_to_kind(kind)?, None::<&Tensor>, [1, 1], [padding; 2], [1, 1], 1)?
    };
    if !demodulate {
        return Ok(y);
    }
    let power = weight.f_square()?.f_sum_dim_intlist([2i64, 3].as_slice(), false, None::<Kind>)?;
    let norm = styles.f_square()?.f_matmul(&power.f_transpose(0, 1)?)?;
    let demodulation = norm.f_add_scalar(1e-8)?.f_rsqrt()?.f_reshape([n, -1, 1, 1])?;
    Ok(y.f_mul(&demodulation.f_to_kind(kind)?)?)
}
