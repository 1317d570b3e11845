//! The generator as a whole: mapping and synthesis of either kind.

use tch::{Device, Kind, Tensor};

use super::config::Config;
use super::device::Precision;
use super::loader::Loader;
use super::mapping::Mapping;
use super::stylegan2::StyleGan2;
use super::stylegan3::StyleGan3;
use super::tensors::TensorSource;
use crate::Result;

/// A generator's synthesis on its device.
#[derive(Debug)]
pub struct Synthesis {
    network: Network,
    device: Device,
}

#[derive(Debug)]
enum Network {
    StyleGan3(StyleGan3),
    StyleGan2(StyleGan2),
}

/// Loads a generator: its mapping on the CPU, its synthesis on `device`.
///
/// # Errors
/// [`crate::Error::Invalid`] where the tensors do not fit the configuration.
pub fn load(
    source: &dyn TensorSource,
    device: Device,
    precision: Precision,
) -> Result<(Mapping, Synthesis)> {
    let loader = Loader::new(source)?;
    let half = precision == Precision::F16;
    let network = match source.config() {
        Config::StyleGan3(c) => Network::StyleGan3(StyleGan3::load(&loader, c, device, half)?),
        Config::StyleGan2(c) => Network::StyleGan2(StyleGan2::load(&loader, c, device, half)?),
    };
    Ok((Mapping::load(&loader, source.config())?, Synthesis { network, device }))
}

impl Synthesis {
    /// The device it runs on.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Images `[N, channels, R, R]`, about -1..1, on the device, for ws `[N, num_ws, w_dim]` and
    /// transforms U `[N, 3, 3]` of the Fourier features (`StyleGAN2` has none and ignores them).
    pub fn forward(&self, ws: &Tensor, transforms: &Tensor) -> Result<Tensor> {
        let _no_grad = tch::no_grad_guard();
        let ws = ws.f_to_device(self.device)?.f_to_kind(Kind::Float)?;
        match &self.network {
            Network::StyleGan2(network) => network.forward(&ws),
            Network::StyleGan3(network) => {
                let transforms = transforms.f_to_device(self.device)?.f_to_kind(Kind::Double)?;
                network.forward(&ws, &transforms)
            }
        }
    }

    /// The learned transform (cos, sin, x, y) that w (`w_dim` values) gives the Fourier features;
    /// none for `StyleGAN2`.
    pub fn pose(&self, w: &[f32]) -> Result<Option<[f64; 4]>> {
        let Network::StyleGan3(network) = &self.network else {
            return Ok(None);
        };
        let _no_grad = tch::no_grad_guard();
        let w = Tensor::f_from_slice(w)?.f_unsqueeze(0)?.f_to_device(self.device)?;
        let pose = network.input.pose(&w)?.f_squeeze_dim(0)?.f_to_kind(Kind::Double)?;
        let pose = Vec::<f64>::try_from(&pose.f_to_device(Device::Cpu)?)?;
        Ok(pose.try_into().ok())
    }
}
