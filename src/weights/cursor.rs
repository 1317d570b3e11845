//! A file read in order, a block at a time.

use super::blob::Blob;
use super::source::{BLOCK, Source};
use crate::Result;

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
        Self { source, at: 0, end: source.len(), block: Vec::new(), block_at: 0 }
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
        Ok(Blob { start, len, latin1: false })
    }

    /// That `len` more bytes are there.
    pub(crate) fn check(&self, len: u64) -> Result<()> {
        if len <= self.end - self.at { Ok(()) } else { Err(self.source.truncated(self.at)) }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.check(bytes.len() as u64)?;
        for byte in bytes {
            let inside = self.at.checked_sub(self.block_at).and_then(|i| usize::try_from(i).ok());
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
        self.block.resize((self.end - self.at).min(BLOCK as u64) as usize, 0);
        self.block_at = self.at;
        self.source.read_at(self.at, &mut self.block)?;
        self.block.first().copied().ok_or_else(|| self.source.truncated(self.at))
    }
}
