//! A file of tensors and metadata as a whole: a checkpoint of a training, others' weights.

use std::collections::BTreeMap;
use std::path::Path;

use super::safetensors;
use super::source::Source;
use super::tensor::Tensor;
use crate::{Error, Result};

/// A safetensors file. Numbers of every kind are read as float32.
#[derive(Debug)]
pub struct Bundle {
    source: Source,
    metadata: BTreeMap<String, String>,
    tensors: BTreeMap<String, Tensor>,
}

impl Bundle {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Invalid`] for what is no such file.
    pub fn open(path: &Path) -> Result<Self> {
        let source = Source::open(path)?;
        let (metadata, tensors) = safetensors::header(&source)?;
        Ok(Self { source, metadata, tensors })
    }

    /// A text of the metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// A tensor's shape; none where there is no such tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(Tensor::shape)
    }

    /// A tensor's numbers in row-major order; none where there is no such tensor.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::Io`].
    pub fn read_f32(&self, name: &str) -> Result<Option<Vec<f32>>> {
        self.tensors.get(name).map(|tensor| tensor.read_f32(&self.source)).transpose()
    }

    /// An error about the file as a whole.
    pub fn unfit(&self, message: impl std::fmt::Display) -> Error {
        self.source.unfit(message)
    }
}
