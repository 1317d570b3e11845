//! A network as the user names it: a file, or a built-in one.

use tch::Device;

use super::inner::Inner;
use super::synthesise::Generator;
use crate::network::device::Precision;
use crate::network::{Config, builtin};
use crate::timeline::Model;
use crate::weights::{NetworkFile, Part};
use crate::{Result, digest};

/// A network whose weights have not been read yet.
pub enum Network {
    /// One made in code, by its name.
    Builtin(String),
    /// One in a file.
    File(Box<NetworkFile>),
}

impl Network {
    /// Looks at a network: its configuration is valid then.
    ///
    /// # Errors
    /// Those of [`NetworkFile::open`], and for a built-in network that there is not.
    pub fn open(model: &Model) -> Result<(Self, Config)> {
        match model {
            Model::Builtin(name) => Ok((Self::Builtin(name.clone()), builtin::config(name)?)),
            Model::File(path) => {
                let file = NetworkFile::open(path, Part::default())?;
                let config = file.config()?.clone();
                config.validate()?;
                Ok((Self::File(Box::new(file)), config))
            }
        }
    }

    /// Reads the weights onto a device.
    pub fn generator(&self, device: Device, precision: Precision) -> Result<Generator> {
        match self {
            Self::Builtin(name) => Generator::load(&builtin::make(name)?, device, precision),
            Self::File(file) => Generator::load(&file.generator()?, device, precision),
        }
    }

    /// Reads the weights of an alias-free network, whose layers are to be seen, onto a device.
    pub fn inner(&self, device: Device) -> Result<Inner> {
        match self {
            Self::Builtin(name) => Inner::load(&builtin::make(name)?, device),
            Self::File(file) => Inner::load(&file.generator()?, device),
        }
    }

    /// What the network is known by: its file's SHA-256, or that of what makes a built-in one.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where the file cannot be read.
    pub fn sha256(&self) -> Result<String> {
        match self {
            Self::File(file) => file.sha256(),
            Self::Builtin(name) => {
                Ok(digest::of_text(&format!("builtin:{name} {:?}", builtin::config(name)?)))
            }
        }
    }
}
