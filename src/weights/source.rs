//! A file read at any place.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// How many bytes are read at a time.
pub(crate) const BLOCK: usize = 1 << 16;

/// A network file, or its bytes in memory, with random access.
pub struct Source {
    path: PathBuf,
    len: u64,
    backing: Backing,
}

enum Backing {
    File(File),
    Bytes(Cow<'static, [u8]>),
}

impl Source {
    /// Opens a regular file.
    ///
    /// # Errors
    /// [`Error::Io`] (exit code 66 for a missing file), [`Error::Invalid`] for a folder or a device.
    pub fn open(path: &Path) -> Result<Self> {
        // Looked at before it is opened: opening a named pipe would wait for a writer.
        let facts = std::fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
        if !facts.is_file() {
            let shown = path.display();
            return Err(Error::Invalid(format!(
                "`{shown}` is not a regular file; name a network file"
            )));
        }
        let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
        let len = file.metadata().map_err(|e| Error::io("read", path, e))?.len();
        Ok(Self { path: path.to_path_buf(), len, backing: Backing::File(file) })
    }

    /// Takes bytes that are in memory; `name` stands for the path in messages.
    pub fn from_bytes(name: impl Into<PathBuf>, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        let bytes = bytes.into();
        Self { path: name.into(), len: bytes.len() as u64, backing: Backing::Bytes(bytes) }
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length in bytes, as it was when opened.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `buffer` from byte `at` on.
    pub(crate) fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<()> {
        match &self.backing {
            Backing::File(file) => file.read_exact_at(buffer, at).map_err(|e| match e.kind() {
                std::io::ErrorKind::UnexpectedEof => self.truncated(at),
                _ => Error::io("read", &self.path, e),
            }),
            Backing::Bytes(bytes) => {
                let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
                let from = from.and_then(|rest| rest.get(..buffer.len()));
                buffer.copy_from_slice(from.ok_or_else(|| self.truncated(at))?);
                Ok(())
            }
        }
    }

    /// Hands the bytes `at..at + len` over in blocks, in order.
    pub(crate) fn stream(
        &self,
        mut at: u64,
        mut len: u64,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut block = vec![0; len.min(BLOCK as u64) as usize];
        while len > 0 {
            let now = len.min(BLOCK as u64) as usize;
            self.read_at(at, &mut block[..now])?;
            each(&block[..now])?;
            at += now as u64;
            len -= now as u64;
        }
        Ok(())
    }

    /// The SHA-256 of the whole file in hexadecimal.
    pub(crate) fn sha256(&self) -> Result<String> {
        let mut hash = Sha256::new();
        self.stream(0, self.len, &mut |block| {
            hash.update(block);
            Ok(())
        })?;
        Ok(crate::digest::hex(hash))
    }

    /// An error about what stands at byte `at`.
    pub(crate) fn invalid(&self, at: u64, message: impl Display) -> Error {
        Error::Invalid(format!("`{}`, byte {at}: {message}", self.path.display()))
    }

    /// An error about the file as a whole.
    pub(crate) fn unfit(&self, message: impl Display) -> Error {
        Error::Invalid(format!("`{}` {message}", self.path.display()))
    }

    /// The file ends before what begins at byte `at` does.
    pub(crate) fn truncated(&self, at: u64) -> Error {
        let len = self.len;
        self.invalid(
            at,
            format_args!("the file ends too early, at byte {len}; download or copy it again"),
        )
    }
}

impl fmt::Debug for Source {
    /// Not the bytes, which may be many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("path", &self.path).field("len", &self.len).finish()
    }
}
