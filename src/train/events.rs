//! Event files as TensorBoard reads them: records of protocol buffers, each with masked CRC-32C sums of
//! its length and its content (TensorFlow's `TFRecord` and `event.proto`).

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Error, Result};

/// A file that events are added to.
#[derive(Debug)]
pub struct Events {
    path: PathBuf,
    file: File,
}

impl Events {
    /// Begins a file of its own in a folder.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(folder: &Path) -> Result<Self> {
        let name = format!("events.out.tfevents.{:010}.{}", now() as u64, std::process::id());
        let path = folder.join(name);
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(|e| Error::io("create", &path, e))?;
        let mut events = Self { path, file };
        events.write(0, |event| event.bytes(3, b"brain.Event:2"))?;
        Ok(events)
    }

    /// Adds numbers by their names at a step.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn numbers(&mut self, step: u64, numbers: &[(String, f64)]) -> Result<()> {
        let mut summary = Message::default();
        for (name, number) in numbers {
            let mut value = Message::default();
            value.bytes(1, name.as_bytes());
            value.float(2, *number as f32);
            summary.bytes(1, &value.0);
        }
        self.write(step, |event| event.bytes(5, &summary.0))
    }

    /// Adds a PNG picture at a step.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn picture(&mut self, step: u64, name: &str, png: &[u8]) -> Result<()> {
        // Width and height stand behind the signature and the first chunk's head.
        let side = |at: usize| {
            png.get(at..at + 4).map_or(0, |b| b.iter().fold(0, |n, &b| n << 8 | u64::from(b)))
        };
        let mut image = Message::default();
        image.number(1, side(20));
        image.number(2, side(16));
        image.number(3, 3);
        image.bytes(4, png);
        let mut value = Message::default();
        value.bytes(1, name.as_bytes());
        value.bytes(4, &image.0);
        let mut summary = Message::default();
        summary.bytes(1, &value.0);
        self.write(step, |event| event.bytes(5, &summary.0))
    }

    fn write(&mut self, step: u64, what: impl FnOnce(&mut Message)) -> Result<()> {
        let mut event = Message::default();
        event.double(1, now());
        event.number(2, step);
        what(&mut event);
        self.file.write_all(&record(&event.0)).map_err(|e| Error::io("write", &self.path, e))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn record(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    let sum = |bytes: &[u8]| masked(crc32c(bytes)).to_le_bytes();
    [&length[..], &sum(&length), content, &sum(content)].concat()
}

/// A protocol buffer's message.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn number(&mut self, field: u64, number: u64) {
        self.key(field, 0);
        self.varint(number);
    }

    fn double(&mut self, field: u64, number: f64) {
        self.key(field, 1);
        self.0.extend(number.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn float(&mut self, field: u64, number: f32) {
        self.key(field, 5);
        self.0.extend(number.to_le_bytes());
    }
}

fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: what is written is little.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| sum >> 1 ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 };
    !bytes.iter().fold(u32::MAX, |sum, &byte| (0..8).fold(sum ^ u32::from(byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_sums() {
        // RFC 3720, appendix B.4.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    }

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        let mut message = Message::default();
        message.number(2, 300);
        message.bytes(1, b"ab");
        assert_eq!(message.0, [0x10, 0xac, 0x02, 0x0a, 2, b'a', b'b']);
    }
}
