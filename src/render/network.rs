//! A network as the user names it: a file, or a built-in one.

use std::ops::RangeInclusive;

use tch::Device;

use super::inner::Inner;
use super::on_canvas::OnCanvas;
use super::synthesise::Generator;
use crate::network::device::Precision;
use crate::network::{Config, TensorSource, builtin};
use crate::timeline::Model;
use crate::weights::{NetworkFile, Part, Source};
use crate::{Result, digest};

/// A network whose weights have not been read yet.
pub enum Network {
    /// A built-in one that is made in code, by its name.
    Made(String),
    /// One in a file, or the built-in one that is trained.
    File(Box<NetworkFile>),
}

impl Network {
    /// Looks at a network: its configuration is valid then.
    ///
    /// # Errors
    /// Those of [`NetworkFile::open`], and for a built-in network that there is not.
    pub fn open(model: &Model) -> Result<(Self, Config)> {
        Self::open_part(model, Part::default())
    }

    /// The same for one of a file's networks.
    ///
    /// # Errors
    /// As there.
    pub fn open_part(model: &Model, part: Part) -> Result<(Self, Config)> {
        let file = match model {
            Model::File(path) => NetworkFile::open(path, part)?,
            Model::Builtin(name) => match builtin::file(name) {
                Some(bytes) => {
                    let source = Source::from_bytes(format!("builtin:{name}"), bytes);
                    NetworkFile::from_source(source, part)?
                }
                None => return Ok((Self::Made(name.clone()), builtin::config(name)?)),
            },
        };
        let config = file.config()?.clone();
        config.validate()?;
        Ok((Self::File(Box::new(file)), config))
    }

    /// Reads the weights onto a device.
    pub fn generator(&self, device: Device, precision: Precision) -> Result<Generator> {
        self.generator_on(None, device, precision)
    }

    /// Reads the weights onto a device, for a canvas of some width and height, pixels; none for the
    /// trained one.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] for a canvas of a `StyleGAN2`.
    pub fn generator_on(
        &self,
        canvas: Option<(u32, u32)>,
        device: Device,
        precision: Precision,
    ) -> Result<Generator> {
        let load = |source: &dyn TensorSource| {
            Generator::load(&OnCanvas::new(source, canvas)?, device, precision)
        };
        match self {
            Self::Made(name) => load(&builtin::make(name)?),
            Self::File(file) => load(&file.generator()?),
        }
    }

    /// Reads the weights of an alias-free network, whose layers are to be seen, onto a device.
    pub fn inner(&self, device: Device) -> Result<Inner> {
        match self {
            Self::Made(name) => Inner::load(&builtin::make(name)?, device),
            Self::File(file) => Inner::load(&file.generator()?, device),
        }
    }

    /// The weights of all affine layers that read one of these copies of w: rows of `w_dim` values, one for
    /// each style.
    pub fn affine_weights(&self, layers: &RangeInclusive<usize>) -> Result<Vec<f32>> {
        match self {
            Self::Made(name) => affine_weights(&builtin::make(name)?, layers),
            Self::File(file) => affine_weights(&file.generator()?, layers),
        }
    }

    /// What the network is known by: its file's SHA-256, or that of what one is made from.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where the file cannot be read.
    pub fn sha256(&self) -> Result<String> {
        match self {
            Self::File(file) => file.sha256(),
            Self::Made(name) => {
                Ok(digest::of_text(&format!("builtin:{name} {:?}", builtin::config(name)?)))
            }
        }
    }
}

fn affine_weights(source: &dyn TensorSource, layers: &RangeInclusive<usize>) -> Result<Vec<f32>> {
    let affine = source.config().affine_layers().into_iter();
    let chosen = affine.filter(|(layer, _)| layers.contains(layer));
    Ok(chosen.map(|(_, name)| source.read(&name)).collect::<Result<Vec<_>>>()?.concat())
}
