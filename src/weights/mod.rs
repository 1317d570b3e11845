//! Network files: pickles of the published releases and the program's own safetensors.
//!
//! Pickles are read as data by a closed list of what they may say; no code in them can run.
//! Opening a file takes less than 64 MB whatever the file holds: tensors stay in it until they are
//! asked for.

mod blob;
mod bundle;
mod cursor;
mod dtype;
mod network_pickle;
mod pickle;
#[cfg(test)]
#[path = "../../tests/pickling/mod.rs"]
mod pickling;
mod safetensors;
mod sniff;
mod source;
mod tensor;
#[cfg(test)]
mod tests;
mod torch;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

pub use bundle::Bundle;
pub use dtype::DType;
pub use safetensors::{Contents, write};
pub use sniff::Format;
pub use source::Source;

use crate::network::{Config, TensorSource};
use crate::{Error, Result};
use tensor::Tensor;

/// Which network of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// The generator averaged over training, which is the one to render with.
    #[default]
    GEma,
    /// The generator as trained last.
    G,
    /// The discriminator.
    D,
}

impl Part {
    /// Every part, the default first.
    pub const ALL: [Self; 3] = [Self::GEma, Self::G, Self::D];

    /// Its name in a network pickle.
    pub fn name(self) -> &'static str {
        match self {
            Self::GEma => "G_ema",
            Self::G => "G",
            Self::D => "D",
        }
    }

    /// Says that a file has no such part and what to do.
    fn absent(self, present: &[Self]) -> String {
        match present {
            [] => "holds no network; expected a dict with `G_ema`, `G` or `D`".into(),
            [first, ..] => {
                let names: Vec<_> = present.iter().map(|part| format!("`{part}`")).collect();
                let names = names.join(" and ");
                format!("has no `{self}`, only {names}; ask for it with `--network {first}`")
            }
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let part = Self::ALL.into_iter().find(|part| part.name() == name);
        part.ok_or_else(|| {
            Error::Usage(format!("no network `{name}`; expected `G_ema`, `G` or `D`"))
        })
    }
}

/// The file that a network was imported from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its name, without folders.
    pub name: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// What is known of an opened file besides its tensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// How the file is written.
    pub format: Format,
    /// The network that was opened. If a file of the program's own format has only `G`, asking for the
    /// default opens it.
    pub part: Part,
    /// The networks that the file has.
    pub parts: Vec<Part>,
    /// Constructor arguments that do not change the picture and have no place in the configuration.
    pub ignored: Vec<String>,
    /// Where a file of the program's own format came from.
    pub origin: Option<Origin>,
}

/// One network of an opened file.
#[derive(Debug)]
pub struct NetworkFile {
    source: Source,
    tensors: BTreeMap<String, Tensor>,
    config: Option<Config>,
    facts: Facts,
}

impl NetworkFile {
    /// Opens a file of either format, told apart by content.
    ///
    /// # Errors
    /// [`Error::Io`] (exit code 66 for a missing file); [`Error::Invalid`] with the byte offset for
    /// everything malformed, refused or of another kind.
    pub fn open(path: &Path, part: Part) -> Result<Self> {
        Self::from_source(Source::open(path)?, part)
    }

    /// Reads what [`NetworkFile::open`] does from a file opened already, or from memory.
    pub fn from_source(source: Source, part: Part) -> Result<Self> {
        match sniff::format(&source)? {
            Format::Pickle => {
                let network_pickle::Network { tensors, config, ignored, parts } =
                    network_pickle::read(&source, part)?;
                let facts = Facts { format: Format::Pickle, part, parts, ignored, origin: None };
                Ok(Self { source, tensors, config, facts })
            }
            Format::Safetensors => {
                let contents = safetensors::read(&source, part)?;
                let parts = contents.parts;
                let found = match parts[..] {
                    [Part::G] if part == Part::GEma => Part::G,
                    _ if parts.contains(&part) => part,
                    _ => return Err(source.unfit(part.absent(&parts))),
                };
                let (format, ignored) = (Format::Safetensors, Vec::new());
                let facts = Facts { format, part: found, parts, ignored, origin: contents.origin };
                let config = contents.config.filter(|_| found != Part::D);
                Ok(Self { source, tensors: contents.tensors, config, facts })
            }
        }
    }

    /// The generator's configuration.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the network is a discriminator.
    pub fn config(&self) -> Result<&Config> {
        self.config
            .as_ref()
            .ok_or_else(|| self.source.unfit("holds a discriminator where a generator is needed"))
    }

    /// The generator, as the network room takes it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the network is a discriminator.
    pub fn generator(&self) -> Result<impl TensorSource + '_> {
        Ok(Generator { file: self, config: self.config()? })
    }

    /// What is known of the file.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// Name, shape and stored type of every tensor, in the order of the names.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &[usize], DType)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.shape(), tensor.dtype()))
    }

    /// A tensor's shape.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(Tensor::shape)
    }

    /// A tensor's numbers in row-major order, rounded to float32 if they are stored otherwise.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no such tensor, [`Error::OutOfMemory`], [`Error::Io`].
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>> {
        match self.tensors.get(name) {
            Some(tensor) => tensor.read_f32(&self.source),
            None => Err(self.source.unfit(format_args!("has no tensor `{name}`"))),
        }
    }

    /// The SHA-256 of the whole file in hexadecimal.
    pub fn sha256(&self) -> Result<String> {
        self.source.sha256()
    }

    /// Writes the network as a file of the program's own format, one block at a time: in float32 (64-bit
    /// numbers and integers beyond 2^24 are rounded), or, `half`, with weights in float16.
    ///
    /// The origin is the file that was first imported, not a copy in between.
    pub fn save(&self, out: &Path, half: bool, overwrite: bool) -> Result<()> {
        let origin = match &self.facts.origin {
            Some(origin) => origin.clone(),
            None => {
                let name =
                    self.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
                Origin { name, sha256: self.sha256()? }
            }
        };
        let shapes = self
            .tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor.shape().to_vec()))
            .collect();
        let contents = Contents {
            parts: &[self.facts.part],
            config: self.config.as_ref(),
            metadata: safetensors::described(&origin),
            shapes,
            half,
        };
        write(out, contents, overwrite, |name, numbers| match self.tensors.get(name) {
            Some(tensor) => tensor.stream_f32(&self.source, numbers),
            None => Ok(()),
        })
    }
}

/// A file that is known to hold a generator.
struct Generator<'a> {
    file: &'a NetworkFile,
    config: &'a Config,
}

impl TensorSource for Generator<'_> {
    fn config(&self) -> &Config {
        self.config
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.file.shape(name).map(<[usize]>::to_vec)
    }

    fn read(&self, name: &str) -> Result<Vec<f32>> {
        self.file.read_f32(name)
    }
}

/// Imports one network of `source` to `out`, as [`NetworkFile::save`] writes it; returns the source as opened.
///
/// # Errors
/// Those of [`NetworkFile::open`] and [`write()`].
pub fn import(
    source: &Path,
    out: &Path,
    part: Part,
    half: bool,
    overwrite: bool,
) -> Result<NetworkFile> {
    let network = NetworkFile::open(source, part)?;
    network.save(out, half, overwrite)?;
    Ok(network)
}
