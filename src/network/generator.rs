//! The generator as a whole: mapping and synthesis of either kind.

use tch::{Device, Kind, Tensor};

use super::config::Config;
use super::device::Precision;
use super::loader::Loader;
use super::mapping::Mapping;
use super::native::Native;
use super::stylegan2::StyleGan2;
use super::stylegan3::StyleGan3;
use super::tensors::TensorSource;
use crate::kernels::cpu::Factors;
use crate::{Error, Result};

/// A generator's synthesis on its device.
#[derive(Debug)]
pub struct Synthesis {
    network: Network,
    device: Device,
}

#[derive(Debug)]
enum Network {
    Native(Box<Native>),
    StyleGan3(StyleGan3),
    StyleGan2(StyleGan2),
}

/// Loads a generator: its mapping on the CPU, its synthesis on `device`. On the CPU, alias-free
/// synthesis runs in the program's own kernels.
///
/// # Errors
/// [`crate::Error::Invalid`] where the tensors do not fit the configuration.
pub fn load(
    source: &dyn TensorSource,
    device: Device,
    precision: Precision,
) -> Result<(Mapping, Synthesis)> {
    let loader = Loader::new(source)?;
    let network = match source.config() {
        Config::StyleGan3(c) if device == Device::Cpu && precision != Precision::F16 => {
            let factors = if precision == Precision::Bf16 { Factors::Bf16 } else { Factors::F32 };
            Network::Native(Box::new(Native::load(&loader, c, factors)?))
        }
        _ => return load_composed(source, device, precision),
    };
    Ok((Mapping::load(&loader, source.config())?, Synthesis { network, device }))
}

/// Loads a generator whose synthesis is composed of libtorch's operations on any device: what the
/// kernels are held against.
///
/// # Errors
/// [`Error::Invalid`] where the tensors do not fit the configuration, [`Error::Usage`] for a precision
/// that only the kernels have.
pub fn load_composed(
    source: &dyn TensorSource,
    device: Device,
    precision: Precision,
) -> Result<(Mapping, Synthesis)> {
    if precision == Precision::Bf16 {
        let message = "`--precision bf16` is for alias-free networks on the CPU; use `f32`";
        return Err(Error::Usage(message.into()));
    }
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

    /// Images `[N, channels, H, W]`, about -1..1, on the device, for ws `[N, num_ws, w_dim]` and
    /// transforms U `[N, 3, 3]` of the Fourier features (`StyleGAN2` has none and ignores them).
    pub fn forward(&self, ws: &Tensor, transforms: &Tensor) -> Result<Tensor> {
        let _no_grad = tch::no_grad_guard();
        let ws = ws.f_to_device(self.device)?.f_to_kind(Kind::Float)?;
        match &self.network {
            Network::StyleGan2(network) => network.forward(&ws),
            Network::Native(network) => each_frame(network, &ws, transforms),
            Network::StyleGan3(network) => {
                let transforms = transforms.f_to_device(self.device)?.f_to_kind(Kind::Double)?;
                network.forward(&ws, &transforms)
            }
        }
    }

    /// Shows what the Fourier features (number 0) and each layer of an alias-free network that was loaded
    /// composed give, `[N, channels, size, size]` with margins, one after another; arguments as for
    /// [`Synthesis::forward`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for other networks; what `see` answers.
    pub fn signals(
        &self,
        ws: &Tensor,
        transforms: &Tensor,
        see: &mut dyn FnMut(usize, &Tensor) -> Result<()>,
    ) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        let Network::StyleGan3(network) = &self.network else {
            return Err(Error::Invalid(
                "only composed alias-free networks show their layers".into(),
            ));
        };
        let ws = ws.f_to_device(self.device)?.f_to_kind(Kind::Float)?;
        let transforms = transforms.f_to_device(self.device)?.f_to_kind(Kind::Double)?;
        network.signals(&ws, &transforms, see).map(|_| ())
    }

    /// Sets the running mean squares of an alias-free network that was loaded composed to what these
    /// samples show; returns them in the order of the layers (none for others).
    pub fn settle(&mut self, ws: &Tensor, transforms: &Tensor) -> Result<Vec<f32>> {
        match &mut self.network {
            Network::StyleGan3(network) => network.settle(ws, transforms),
            Network::StyleGan2(_) | Network::Native(_) => Ok(Vec::new()),
        }
    }
}

/// One image after another: nothing of a frame depends on its neighbours.
fn each_frame(network: &Native, ws: &Tensor, transforms: &Tensor) -> Result<Tensor> {
    let images = (0..ws.size()[0]).map(|i| {
        let w = Vec::<f32>::try_from(ws.f_get(i)?.f_flatten(0, -1)?)?;
        let transform = transforms.f_get(i)?.f_to_kind(Kind::Double)?.f_flatten(0, -1)?;
        let (size, image) = network.forward(&w, &Vec::<f64>::try_from(transform)?)?;
        let [channels, height, width] = size.map(|n| n as i64);
        Ok(Tensor::f_from_slice(&image)?.f_reshape([channels, height, width])?)
    });
    Ok(Tensor::f_stack(&images.collect::<Result<Vec<_>>>()?, 0)?)
}

/// What gives a latent its pose: the Fourier features' affine layer, on the CPU.
#[derive(Debug)]
pub struct Pose {
    /// `[4, w_dim]`, runtime gain included.
    weight: Vec<f64>,
    bias: Vec<f32>,
}

impl Pose {
    /// Loads it; none for `StyleGAN2`.
    pub fn load(source: &dyn TensorSource) -> Result<Option<Self>> {
        if matches!(source.config(), Config::StyleGan2(_)) {
            return Ok(None);
        }
        let loader = Loader::new(source)?;
        let gain = (source.config().dims().2 as f64).sqrt().recip();
        let weight = loader.values("synthesis.input.affine.weight")?;
        let weight = weight.iter().map(|&w| f64::from(w) * gain).collect();
        Ok(Some(Self { weight, bias: loader.values("synthesis.input.affine.bias")? }))
    }

    /// The learned transform (cos, sin, x, y) of w (`w_dim` values), the first two of norm 1.
    pub fn of(&self, w: &[f32]) -> [f64; 4] {
        let rows = self.weight.chunks_exact(self.weight.len() / 4).zip(&self.bias);
        let dot = |row: &[f64]| row.iter().zip(w).map(|(a, &b)| a * f64::from(b)).sum::<f64>();
        let mut t = [0.0; 4];
        for (t, (row, &bias)) in t.iter_mut().zip(rows) {
            *t = dot(row) + f64::from(bias);
        }
        let norm = t[0].hypot(t[1]);
        t.map(|v| v / norm)
    }
}
