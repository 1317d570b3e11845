//! The mapping network: z (and a class) to w.

use tch::{Device, Kind, Tensor};

use super::config::Config;
use super::linear::Linear;
use super::loader::Loader;
use super::tensors::MAPPING_LR_MULTIPLIER;
use crate::{Error, Result};

/// The mapping network. It stays on the CPU whatever device synthesises: it is small, and a path
/// through latent space is then the same everywhere.
#[derive(Debug)]
pub struct Mapping {
    network: Layers,
    w_avg: Vec<f32>,
    dims: (usize, usize, usize),
}

/// Its layers.
#[derive(Debug)]
pub(super) struct Layers {
    embed: Option<Linear>,
    layers: Vec<Linear>,
}

impl Layers {
    /// Loads `mapping.*` but for its average.
    pub fn load(loader: &Loader, config: &Config, device: Device) -> Result<Self> {
        let embed = match config.dims().1 {
            0 => None,
            _ => Some(Linear::load(loader, "mapping.embed", 1.0, device)?),
        };
        let count = match config {
            Config::StyleGan3(c) => c.mapping_layers,
            Config::StyleGan2(c) => c.mapping_layers,
        };
        let load =
            |i| Linear::load(loader, &format!("mapping.fc{i}"), MAPPING_LR_MULTIPLIER, device);
        Ok(Self { embed, layers: (0..count).map(load).collect::<Result<_>>()? })
    }

    /// As [`Mapping::forward`].
    pub fn forward(&self, z: &Tensor, c: Option<&Tensor>) -> Result<Tensor> {
        let mut x = normalise(z)?;
        if let (Some(embed), Some(c)) = (&self.embed, c) {
            x = Tensor::f_cat(&[x, normalise(&embed.forward(c)?)?], 1)?;
        }
        through(&self.layers, x)
    }
}

/// Fully connected layers, each with a leaky ReLU.
pub(super) fn through(layers: &[Linear], mut x: Tensor) -> Result<Tensor> {
    for layer in layers {
        let y = layer.forward(&x)?;
        x = y.f_maximum(&y.f_mul_scalar(0.2)?)?.f_mul_scalar_(2f64.sqrt())?;
    }
    Ok(x)
}

impl Mapping {
    /// Loads `mapping.*`.
    pub fn load(loader: &Loader, config: &Config) -> Result<Self> {
        let network = Layers::load(loader, config, Device::Cpu)?;
        Ok(Self { network, w_avg: loader.values("mapping.w_avg")?, dims: config.dims() })
    }

    /// Lengths of z, of a class's one-hot vector, and of w.
    pub fn dims(&self) -> (usize, usize, usize) {
        self.dims
    }

    /// The average of w, `w_dim` values.
    pub fn w_avg(&self) -> &[f32] {
        &self.w_avg
    }

    /// Maps z `[N, z_dim]` and, for networks with classes, c `[N, c_dim]` to w `[N, w_dim]`, without
    /// truncation.
    pub fn forward(&self, z: &Tensor, c: Option<&Tensor>) -> Result<Tensor> {
        self.network.forward(z, c)
    }

    /// Maps one z (`z_dim` values) of a class to w (`w_dim` values), without truncation.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a z of another length, and for a class where there are none, none where
    /// there are classes, or one out of range.
    pub fn map(&self, z: &[f32], class: Option<usize>) -> Result<Vec<f32>> {
        let (z_dim, c_dim, w_dim) = self.dims;
        if z.len() != z_dim {
            let message = format!("a latent z has {} values, this network takes {z_dim}", z.len());
            return Err(Error::Invalid(message));
        }
        let c = match class {
            None if c_dim == 0 => None,
            Some(class) if class < c_dim => {
                let c = Tensor::f_zeros([1, c_dim as i64], (Kind::Float, Device::Cpu))?;
                let _ = c.f_narrow(1, class as i64, 1)?.f_fill_(1.0)?;
                Some(c)
            }
            None => {
                return Err(Error::Invalid(format!("this network has {c_dim} classes; give one")));
            }
            Some(class) => {
                return Err(Error::Invalid(format!(
                    "class {class} is not one of this network's {c_dim} classes"
                )));
            }
        };
        let _no_grad = tch::no_grad_guard();
        let z = Tensor::f_from_slice(z)?.f_reshape([1, z_dim as i64])?;
        let w = self.forward(&z, c.as_ref())?.f_reshape([w_dim as i64])?;
        Ok(Vec::<f32>::try_from(&w)?)
    }
}

/// Scales each row to rms 1.
pub(super) fn normalise(x: &Tensor) -> Result<Tensor> {
    let mean = x.f_square()?.f_mean_dim([1i64].as_slice(), true, None::<Kind>)?;
    Ok(x.f_mul(&mean.f_add_scalar(1e-8)?.f_rsqrt()?)?)
}
