//! The errors of the library: what kind they are decides the exit code.

use std::io;
use std::path::{Path, PathBuf};

use crate::report::Report;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error in one sentence: what is wrong, where, what was expected, what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command was called wrongly.
    #[error("{0}")]
    Usage(String),
    /// A network, preset or other input file holds something it must not.
    #[error("{0}")]
    Invalid(String),
    /// A timeline has mistakes; the report holds all of them.
    #[error("{0}")]
    Timeline(Report),
    /// A file, encoder or library that is needed is not there.
    #[error("{0}")]
    Missing(String),
    /// Reading or writing failed.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried: "read", "write", "rename" ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The device has too little memory for the batch.
    #[error("{0}")]
    OutOfMemory(String),
    /// The device, an encoder or libtorch failed in a way that may pass.
    #[error("{0}")]
    Device(String),
    /// Parts that other runs make are missing or spoilt: when those have run again, this will do.
    #[error("{0}")]
    Incomplete(String),
    /// What was measured does not reach what was asked for.
    #[error("{0}")]
    Unfit(String),
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The system, or the engine of a farm, asked to stop.
    #[error("ended by SIGTERM; run it again")]
    Terminated,
}

impl Error {
    /// An I/O error with what was tried and where.
    pub fn io(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io { action, path: path.as_ref().to_path_buf(), source }
    }

    /// The process's exit code: 1 a measurement that fails its limits, 64 usage, 65 bad timeline or network, 66 missing input,
    /// 75 try again, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unfit(_) => 1,
            Self::Usage(_) => 64,
            Self::Invalid(_) | Self::Timeline(_) => 65,
            Self::Missing(_) => 66,
            Self::Io { action: "read", source, .. } if source.kind() == io::ErrorKind::NotFound => {
                66
            }
            Self::Io { .. }
            | Self::OutOfMemory(_)
            | Self::Device(_)
            | Self::Incomplete(_)
            | Self::Terminated => 75,
            Self::Interrupted => 130,
        }
    }
}

/// What libtorch throws becomes one line; its memory errors are told apart, because a smaller batch
/// may cure them.
#[cfg(feature = "torch")]
impl From<tch::TchError> for Error {
    fn from(error: tch::TchError) -> Self {
        let text = error.to_string();
        let line = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_end_matches(" Exception raised from")
            .to_string();
        if text.contains("out of memory") || text.contains("can't allocate memory") {
            Self::OutOfMemory(format!("{line}; use a smaller `--batch` or a smaller network"))
        } else {
            Self::Device(format!("libtorch failed: {line}"))
        }
    }
}
