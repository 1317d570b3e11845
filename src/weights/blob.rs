//! Runs of bytes that stay in the file until needed.

use super::source::{BLOCK, Source};
use crate::Result;

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
        if !self.latin1 {
            return Ok(self.len);
        }
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
                        return Err(source.invalid(
                            at + i as u64,
                            "bytes that were not written as Latin-1 text",
                        ));
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
