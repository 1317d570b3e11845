//! Encoded segments, and files of them.
//!
//! A file has the encoder's headers and then the packets of each segment just as the encoder made
//! them: a container would change what the film's own makes of them. All numbers are little-endian:
//!
//! ```text
//! "sg3seg1\n", u32 length of the headers, headers
//! each segment: u64 first frame, u32 packets
//!     each packet: u32 place, u32 flags, u32 length, bytes
//! ```

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::aside::{Aside, sync_folder};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"sg3seg1\n";

/// The packets of some neighbouring frames that depend on no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Number of its first frame.
    pub first: u64,
    /// In the order of decoding, one a frame.
    pub packets: Vec<Packet>,
}

/// What an encoder made of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    /// The frame's number in the segment, from 0.
    pub place: u32,
    /// FFmpeg's `AV_PKT_FLAG_*`.
    pub flags: u32,
    pub bytes: Vec<u8>,
}

/// Writes a file of segments beside its place until it is complete.
pub(super) struct Writer {
    aside: Aside,
}

impl Writer {
    /// Begins a file.
    pub fn create(path: &Path, headers: &[u8]) -> Result<Self> {
        let mut writer = Self { aside: Aside::create(path, true)? };
        let mut start = MAGIC.to_vec();
        start.extend((headers.len() as u32).to_le_bytes());
        start.extend(headers);
        writer.put(&start)?;
        Ok(writer)
    }

    /// Adds a segment.
    pub fn write(&mut self, segment: &Segment) -> Result<()> {
        let size: usize = segment.packets.iter().map(|packet| 12 + packet.bytes.len()).sum();
        let mut record = Vec::with_capacity(12 + size);
        record.extend(segment.first.to_le_bytes());
        record.extend((segment.packets.len() as u32).to_le_bytes());
        for Packet { place, flags, bytes } in &segment.packets {
            for number in [*place, *flags, bytes.len() as u32] {
                record.extend(number.to_le_bytes());
            }
            record.extend(bytes);
        }
        self.put(&record)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.aside.file().write_all(bytes);
        written.map_err(|e| Error::io("write", self.aside.target(), e))
    }

    /// Makes the file durable and gives it its name.
    pub fn finish(self) -> Result<PathBuf> {
        let path = self.aside.target().to_path_buf();
        self.aside.commit()?;
        sync_folder(&path);
        Ok(path)
    }
}

/// Reads a file of segments.
#[derive(Debug)]
pub(super) struct Reader {
    file: BufReader<File>,
    headers: Vec<u8>,
    path: PathBuf,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read, [`Error::Incomplete`] where it is no file of segments.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
        let (file, headers) = (BufReader::new(file), Vec::new());
        let mut reader = Self { file, headers, path: path.to_path_buf() };
        let magic = reader.number::<8>()?;
        if magic != *MAGIC {
            return Err(Error::Incomplete(format!(
                "`{}` is no file of encoded segments; render its chunk again",
                path.display()
            )));
        }
        let length = u32::from_le_bytes(reader.number()?);
        reader.headers = reader.bytes(length)?;
        Ok(reader)
    }

    /// The encoder's headers.
    pub fn headers(&self) -> &[u8] {
        &self.headers
    }

    /// The next segment, none at the end.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Incomplete`] where the file ends within a segment.
    pub fn segment(&mut self) -> Result<Option<Segment>> {
        let mut first = [0; 8];
        // At the end there is not one byte more.
        match self.file.read(&mut first[..1]) {
            Ok(0) => return Ok(None),
            read => read.map_err(|e| self.failed(e))?,
        };
        self.file.read_exact(&mut first[1..]).map_err(|e| self.failed(e))?;
        let count = u32::from_le_bytes(self.number()?);
        let mut packets = Vec::new();
        for _ in 0..count {
            let [place, flags, length] =
                [self.number()?, self.number()?, self.number()?].map(u32::from_le_bytes);
            packets.push(Packet { place, flags, bytes: self.bytes(length)? });
        }
        Ok(Some(Segment { first: u64::from_le_bytes(first), packets }))
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut number = [0; N];
        self.file.read_exact(&mut number).map_err(|e| self.failed(e))?;
        Ok(number)
    }

    /// Takes no more memory than the file has bytes, whatever length it tells.
    fn bytes(&mut self, length: u32) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.file.by_ref().take(length.into()).read_to_end(&mut bytes);
        match read.map_err(|e| self.failed(e))? {
            read if read == length as usize => Ok(bytes),
            _ => Err(self.failed(ErrorKind::UnexpectedEof.into())),
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::UnexpectedEof => Error::Incomplete(format!(
                "`{}` ends within a segment; render its chunk again",
                self.path.display()
            )),
            _ => Error::io("read", &self.path, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn segment(first: u64, sizes: &[usize]) -> Segment {
        let packet = |(i, &size): (usize, &usize)| Packet {
            place: i as u32 ^ 1,
            flags: u32::from(i == 0),
            bytes: (0..size).map(|byte| byte as u8).collect(),
        };
        Segment { first, packets: sizes.iter().enumerate().map(packet).collect() }
    }

    #[test]
    fn segments_come_back_and_a_file_cut_anywhere_is_incomplete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.segments");
        let segments = [segment(48, &[70, 0, 5]), segment(51, &[]), segment(1 << 40, &[300])];
        let mut writer = Writer::create(&path, b"headers").unwrap();
        let mut ends = Vec::new();
        for segment in &segments {
            ends.push(fs::metadata(writer.aside.path()).unwrap().len() as usize);
            writer.write(segment).unwrap();
        }
        assert!(!path.exists());
        assert_eq!(writer.finish().unwrap(), path);
        let all = |path: &Path| {
            let mut reader = Reader::open(path)?;
            assert_eq!(reader.headers(), b"headers");
            std::iter::from_fn(|| reader.segment().transpose()).collect::<Result<Vec<_>>>()
        };
        assert_eq!(all(&path).unwrap(), segments);

        let bytes = fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            match all(&path) {
                Ok(read) => assert_eq!(ends[read.len()], length),
                Err(error) => assert_eq!(error.exit_code(), 75, "{length}: {error}"),
            }
        }
        // A length that the file does not have.
        let mut long = bytes.clone();
        long[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        for other in [&long[..], b"RIFFRIFFRIFF", b""] {
            fs::write(&path, other).unwrap();
            assert_eq!(Reader::open(&path).unwrap_err().exit_code(), 75);
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(Reader::open(&path).unwrap_err().exit_code(), 66);
    }
}
