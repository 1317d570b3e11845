//! Tensors out of their source, checked against the configuration.

use tch::{Device, Tensor};

use super::tensors::TensorSource;
use crate::{Error, Result};

/// Hands out a network's tensors.
pub struct Loader<'a>(&'a dyn TensorSource);

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
        Ok(Self(source))
    }

    /// A tensor's values.
    pub fn values(&self, name: &str) -> Result<Vec<f32>> {
        self.0.read(name)
    }

    /// A tensor in float32 on a device.
    pub fn tensor(&self, name: &str, device: Device) -> Result<Tensor> {
        let shape: Vec<i64> =
            self.0.shape(name).unwrap_or_default().iter().map(|&d| d as i64).collect();
        Ok(Tensor::f_from_slice(&self.values(name)?)?.f_reshape(&shape)?.f_to_device(device)?)
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
