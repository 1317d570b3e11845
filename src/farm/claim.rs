//! Which process works on a chunk.

use std::fs::{self, File, TryLockError};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::manifest::stem;
use crate::{Error, Result};

/// Who waits for a claim looks this often.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A file whose lock says that a process works on something. The system gives the lock back when the
/// process ends, however it does, so that a dead one's claim is free at once. The file itself stays:
/// were it removed, two processes could hold the same claim by two files of one name.
#[derive(Debug)]
pub struct Claim {
    file: File,
    path: PathBuf,
}

impl Claim {
    /// The claim of a chunk, not yet held. The folder is made where it is missing.
    pub fn of_chunk(folder: &Path, frames: &Range<u64>) -> Result<Self> {
        Self::open(folder, &stem(frames))
    }

    /// The claim of a name in a folder.
    pub fn open(folder: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        let path = folder.join(format!("{name}.claim"));
        let opened = File::options().create(true).truncate(false).write(true).open(&path);
        Ok(Self { file: opened.map_err(|e| Error::io("create", &path, e))?, path })
    }

    /// Takes the claim until it is dropped, unless another holds it.
    pub fn take(&self) -> Result<bool> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(e)) => Err(Error::io("lock", &self.path, e)),
        }
    }

    /// Waits until no other holds the claim, and takes it.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once `stopped` says so; [`Error::Io`] where locks do not work.
    pub fn wait(&self, stopped: impl Fn() -> bool) -> Result<()> {
        // Waiting in the lock itself could not be stopped.
        while !self.take()? {
            if stopped() {
                return Err(Error::Interrupted);
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}
