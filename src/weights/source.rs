//! A file read at any place, and runs of bytes within it that stay in the file until needed.

use std::fmt::{Display, Write};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// How many bytes are read at a time.
const BLOCK: usize = 1 << 16;

/// A network file, or its bytes in memory, with random access.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    len: u64,
    backing: Backing,
}

#[derive(Debug)]
enum Backing {
    File(File),
    Bytes(Vec<u8>),
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
        let len = file
            .metadata()
            .map_err(|e| Error::io("read", path, e))?
            .len();
        Ok(Self {
            path: path.to_path_buf(),
            len,
            backing: Backing::File(file),
        })
    }

    /// Takes bytes that are in memory; `name` stands for the path in messages.
    pub fn from_bytes(name: impl Into<PathBuf>, bytes: Vec<u8>) -> Self {
        Self {
            path: name.into(),
            len: bytes.len() as u64,
            backing: Backing::Bytes(bytes),
        }
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
        Ok(hash
            .finalize()
            .iter()
            .fold(String::with_capacity(64), |mut text, byte| {
                // Writing to memory cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            }))
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

/// A run of bytes of the file, not loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blob {
    /// Where the run begins in the file.
    pub start: u64,
    /// Its length in the file.
    pub len: u64,
    /// Whether it is UTF-8 text whose characters (below 256) stand for the bytes, which is how
    /// pickles of protocol 2 write bytes.
    pub latin1: bool,
}

impl Blob {
    /// How many bytes the run stands for; reads it through when it is encoded.
    pub(crate) fn decoded_len(&self, source: &Source) -> Result<u64> {
        let mut count = 0;
        self.stream(source, 0, u64::MAX, &mut |block| {
            count += block.len() as u64;
            Ok(())
        })?;
        Ok(count)
    }

    /// The first `most` bytes that the run stands for, or all of them if there are fewer.
    pub(crate) fn head(&self, source: &Source, most: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(most.min(self.len as usize));
        self.stream(source, 0, most as u64, &mut |block| {
            bytes.extend_from_slice(block);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Hands decoded bytes over in blocks: at most `take` of them after skipping `skip`.
    ///
    /// Encoded runs have no random access: what is skipped is decoded as well.
    pub(crate) fn stream(
        &self,
        source: &Source,
        skip: u64,
        take: u64,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        if !self.latin1 {
            let skip = skip.min(self.len);
            return source.stream(self.start + skip, take.min(self.len - skip), each);
        }
        let (mut at, end) = (self.start, self.start + self.len);
        let (mut skip, mut take) = (skip, take);
        let wanted = skip.saturating_add(take).saturating_mul(2);
        let mut text = vec![0; self.len.min(wanted).min(BLOCK as u64) as usize];
        let mut block = Vec::with_capacity(text.len());
        let mut lead = None;
        while at < end && take > 0 {
            let now = (end - at).min(text.len() as u64) as usize;
            source.read_at(at, &mut text[..now])?;
            block.clear();
            for (i, &unit) in text[..now].iter().enumerate() {
                let byte = match (lead.take(), unit) {
                    (None, 0..0x80) => unit,
                    (None, 0xC2 | 0xC3) => {
                        lead = Some(unit);
                        continue;
                    }
                    (Some(lead), 0x80..0xC0) => (lead & 3) << 6 | unit & 0x3F,
                    _ => {
                        return Err(source
                            .invalid(at + i as u64, "bytes that were not written as Latin-1 text"));
                    }
                };
                if skip > 0 {
                    skip -= 1;
                } else if take > 0 {
                    take -= 1;
                    block.push(byte);
                }
            }
            each(&block)?;
            at += now as u64;
        }
        match lead {
            Some(_) if take > 0 => Err(source.invalid(end, "bytes whose last character is cut")),
            _ => Ok(()),
        }
    }
}

/// Reads a file, or a part of it, from front to back.
pub(crate) struct Cursor<'a> {
    source: &'a Source,
    at: u64,
    end: u64,
    block: Vec<u8>,
    block_at: u64,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self {
            source,
            at: 0,
            end: source.len(),
            block: Vec::new(),
            block_at: 0,
        }
    }

    pub(crate) fn source(&self) -> &'a Source {
        self.source
    }

    /// The place of the next byte.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Bytes to memory; the caller bounds `len`.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<Vec<u8>> {
        self.check(len as u64)?;
        let mut bytes = vec![0; len];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Passes over `len` bytes without loading them.
    pub(crate) fn pass(&mut self, len: u64) -> Result<Blob> {
        self.check(len)?;
        let start = self.at;
        self.at += len;
        Ok(Blob {
            start,
            len,
            latin1: false,
        })
    }

    /// That `len` more bytes are there.
    pub(crate) fn check(&self, len: u64) -> Result<()> {
        if len <= self.end - self.at {
            Ok(())
        } else {
            Err(self.source.truncated(self.at))
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.check(bytes.len() as u64)?;
        for byte in bytes {
            let inside = self
                .at
                .checked_sub(self.block_at)
                .and_then(|i| usize::try_from(i).ok());
            *byte = match inside.and_then(|i| self.block.get(i)) {
                Some(&byte) => byte,
                None => self.refill()?,
            };
            self.at += 1;
        }
        Ok(())
    }

    /// Loads the block that begins at the next byte and looks at that byte.
    fn refill(&mut self) -> Result<u8> {
        self.block
            .resize((self.end - self.at).min(BLOCK as u64) as usize, 0);
        self.block_at = self.at;
        self.source.read_at(self.at, &mut self.block)?;
        self.block
            .first()
            .copied()
            .ok_or_else(|| self.source.truncated(self.at))
    }
}
