//! A generator whose layers can be seen.

use tch::{Device, Kind, Tensor};

use crate::metrics::Image;
use crate::metrics::layers::{LayerSubject, Signal};
use crate::network::device::Precision;
use crate::network::generator::{Synthesis, load_composed};
use crate::network::mapping::Mapping;
use crate::network::{Config, TensorSource};
use crate::signal::randn;
use crate::{Error, Result};

/// Samples of a layer that are looked at: of larger signals some channels only.
const SAMPLES: usize = 1 << 22;
/// Channels that are always looked at, and at most: evenly spread.
const CHANNELS: (usize, usize) = (4, 64);

/// An alias-free network composed of libtorch's operations, which stop after every layer.
pub struct Inner {
    mapping: Mapping,
    synthesis: Synthesis,
    config: Config,
    /// Name and samples a canvas of the input and of each layer.
    layers: Vec<(String, f64)>,
}

impl Inner {
    /// Loads a network onto a device.
    ///
    /// # Errors
    /// [`Error::Invalid`] for StyleGAN2, whose input cannot be moved.
    pub fn load(source: &dyn TensorSource, device: Device) -> Result<Self> {
        let config = source.config().clone();
        let Config::StyleGan3(alias_free) = &config else {
            return Err(Error::Invalid(
                "a StyleGAN2's input cannot be moved, expected an alias-free network".into(),
            ));
        };
        let input = ("input".to_owned(), alias_free.input().sampling_rate);
        let specs = alias_free.layers().into_iter();
        let layers = specs.map(|spec| (spec.name, spec.out_sampling_rate as f64));
        let layers = std::iter::once(input).chain(layers).collect();
        let (mapping, synthesis) = load_composed(source, device, Precision::F32)?;
        Ok(Self { mapping, synthesis, config, layers })
    }
}

impl LayerSubject for Inner {
    /// Of networks with classes, all alike.
    fn latents(&self, seed: u32) -> Result<Vec<f32>> {
        let (z_dim, classes, _) = self.config.dims();
        let z: Vec<f32> = randn(seed, z_dim).into_iter().map(|v| v as f32).collect();
        let class = (classes > 0).then(|| seed as usize % classes);
        Ok(self.mapping.map(&z, class)?.repeat(self.config.num_ws()))
    }

    fn signals(&self, ws: &[f32], transform: [[f64; 3]; 3]) -> Result<Vec<Signal>> {
        let ws = Tensor::f_from_slice(ws)?.f_reshape([1, self.config.num_ws() as i64, -1])?;
        let transform = Tensor::f_from_slice(transform.as_flattened())?.f_reshape([1, 3, 3])?;
        let mut signals = Vec::new();
        self.synthesis.signals(&ws, &transform, &mut |i, x| {
            let (name, rate) = &self.layers[i];
            signals.push(Signal { name: name.clone(), rate: *rate, image: some_channels(x)? });
            Ok(())
        })?;
        Ok(signals)
    }
}

/// Channels of a signal `[1, C, H, W]`, evenly spread.
fn some_channels(x: &Tensor) -> Result<Image> {
    let (_, channels, height, width) = x.size4()?;
    let fit = (SAMPLES / (height * width).max(1) as usize).clamp(CHANNELS.0, CHANNELS.1) as i64;
    let step = (channels + fit - 1) / fit;
    let chosen = x.f_slice(1, 0, channels, step)?.f_to_device(Device::Cpu)?;
    let values = Vec::<f32>::try_from(chosen.f_to_kind(Kind::Float)?.f_flatten(0, -1)?)?;
    let (height, width) = (height as usize, width as usize);
    Ok(Image { channels: values.len() / (height * width).max(1), height, width, values })
}
