//! Tensors out of their source, checked against the configuration.

use tch::{Device, Kind, Tensor};

use super::parameters::Parameters;
use super::tensors::TensorSource;
use super::upfirdn::Fir;
use crate::{Error, Result};

/// Hands out a network's tensors.
pub enum Loader<'a> {
    /// Out of a file, or code that made them.
    Source(&'a dyn TensorSource),
    /// Those that are being trained, under autograd.
    Trained(&'a Parameters),
    /// The same as they are now, without gradients.
    Fixed(&'a Parameters),
}

impl<'a> Loader<'a> {
    /// Holds all of the source's shapes against its configuration.
    ///
    /// # Errors
    /// [`Error::Invalid`], naming the first tensor that is missing or of another shape.
    pub fn new(source: &'a dyn TensorSource) -> Result<Self> {
        source.config().validate()?;
        for spec in source.config().tensors() {
            let found = source.shape(&spec.name);
            if found.as_ref() != Some(&spec.shape) {
                let found = found.map_or("missing".into(), |shape| format!("of shape {shape:?}"));
                return Err(Error::Invalid(format!(
                    "the network's tensor `{}` is {found}, but its configuration asks for {:?}; \
                     the file is damaged or of an unknown kind",
                    spec.name, spec.shape
                )));
            }
        }
        Ok(Self::Source(source))
    }

    /// A tensor's values.
    pub fn values(&self, name: &str) -> Result<Vec<f32>> {
        match self {
            Self::Source(source) => source.read(name),
            Self::Trained(parameters) | Self::Fixed(parameters) => {
                let tensor = parameters.get(name)?.f_detach()?.f_to_device(Device::Cpu)?;
                Ok(Vec::try_from(tensor.f_to_kind(Kind::Float)?.f_flatten(0, -1)?)?)
            }
        }
    }

    /// A tensor in float32 on a device; one that is being trained stays on its own.
    pub fn tensor(&self, name: &str, device: Device) -> Result<Tensor> {
        let source = match self {
            Self::Source(source) => source,
            Self::Trained(parameters) => return Ok(parameters.get(name)?.shallow_clone()),
            Self::Fixed(parameters) => return Ok(parameters.get(name)?.f_detach()?),
        };
        let shape: Vec<i64> =
            source.shape(name).unwrap_or_default().iter().map(|&d| d as i64).collect();
        Ok(Tensor::f_from_slice(&self.values(name)?)?.f_reshape(&shape)?.f_to_device(device)?)
    }

    /// A filter.
    pub fn fir(&self, name: &str, device: Device) -> Result<Fir> {
        match self {
            Self::Source(_) => Ok(Fir::new(self.tensor(name, device)?)),
            Self::Trained(parameters) | Self::Fixed(parameters) => parameters.fir(name),
        }
    }

    /// A scalar.
    pub fn scalar(&self, name: &str) -> Result<f64> {
        let values = self.values(name)?;
        values
            .first()
            .map(|&v| f64::from(v))
            .ok_or_else(|| Error::Invalid(format!("the network's `{name}` is empty")))
    }
}
