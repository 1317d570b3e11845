//! One stream of a file, packet by packet through its decoder.

use std::fs;
use std::path::{Path, PathBuf};

use ffmpeg_next::codec::context::Context as Codec;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::format::stream::Stream;
use ffmpeg_next::{Frame, Packet, decoder, format, media};

use crate::{Error, Result};

/// The best stream of a kind in a file.
pub(super) struct Packets {
    path: PathBuf,
    input: Input,
    stream: usize,
    at_end: bool,
    /// What is decoded, in errors: `the sound of `.
    what: &'static str,
    /// Whether damaged packets are left out instead of being errors.
    forgiving: bool,
}

impl Packets {
    /// Opens a file for its pictures.
    ///
    /// # Errors
    /// [`Error::Io`] for one that cannot be read, [`Error::Invalid`] for one that FFmpeg does not read
    /// or that has no pictures.
    pub fn pictures(path: &Path) -> Result<Self> {
        let (input, stream) = open(
            path,
            media::Type::Video,
            ["video", "a video file, a timeline or a network"],
            ["pictures", "a video"],
        )?;
        let path = path.to_path_buf();
        Ok(Self { path, input, stream, at_end: false, what: "", forgiving: false })
    }

    /// The same for its sound; damaged packets are left out.
    ///
    /// # Errors
    /// As with pictures.
    pub fn sound(path: &Path) -> Result<Self> {
        let (input, stream) = open(
            path,
            media::Type::Audio,
            ["sound", "a file such as `.wav`, `.mp3` or `.flac`"],
            ["sound", "an audio file"],
        )?;
        let path = path.to_path_buf();
        Ok(Self { path, input, stream, at_end: false, what: "the sound of ", forgiving: true })
    }

    /// The open file.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The stream, and what opens its decoder.
    pub fn stream(&self) -> Result<(Stream<'_>, Codec)> {
        let missing = || self.failed(ffmpeg_next::Error::StreamNotFound);
        let stream = self.input.stream(self.stream).ok_or_else(missing)?;
        let codec = Codec::from_parameters(stream.parameters()).map_err(|e| self.failed(e))?;
        Ok((stream, codec))
    }

    /// The decoder's next frame; false at the end.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what cannot be decoded.
    pub fn decode(&mut self, decoder: &mut decoder::Opened, frame: &mut Frame) -> Result<bool> {
        loop {
            match decoder.receive_frame(frame) {
                Ok(()) => return Ok(true),
                Err(ffmpeg_next::Error::Eof) => return Ok(false),
                Err(ffmpeg_next::Error::InvalidData) if self.forgiving => {}
                // It wants more.
                Err(ffmpeg_next::Error::Other { .. }) if !self.at_end => self.feed(decoder)?,
                Err(e) => return Err(self.failed(e)),
            }
        }
    }

    fn feed(&mut self, decoder: &mut decoder::Opened) -> Result<()> {
        loop {
            let mut packet = Packet::empty();
            let sent = match packet.read(&mut self.input) {
                Ok(()) if packet.stream() != self.stream => continue,
                Ok(()) => decoder.send_packet(&packet),
                Err(ffmpeg_next::Error::Eof) => {
                    self.at_end = true;
                    decoder.send_eof()
                }
                Err(e) => Err(e),
            };
            match sent {
                Err(ffmpeg_next::Error::InvalidData) if self.forgiving && !self.at_end => {}
                sent => return sent.map_err(|e| self.failed(e)),
            }
        }
    }

    /// The error for what cannot be decoded.
    pub fn failed(&self, error: ffmpeg_next::Error) -> Error {
        Error::Invalid(format!("cannot decode {}`{}`: {error}", self.what, self.path.display()))
    }
}

/// Opens a file and finds its best stream. The names are those of such a file and of what it holds, each
/// with what was expected.
fn open(
    path: &Path,
    kind: media::Type,
    [file, files]: [&str; 2],
    [content, contents]: [&str; 2],
) -> Result<(Input, usize)> {
    fs::File::open(path).map_err(|e| Error::io("read", path, e))?;
    super::prepare();
    let input = format::input(path).map_err(|e| {
        let path = path.display();
        Error::Invalid(format!("`{path}` is no {file} that FFmpeg reads: {e}; expected {files}"))
    })?;
    let best = input.streams().best(kind).map(|stream| stream.index());
    let best = best.ok_or_else(|| {
        Error::Invalid(format!("`{}` holds no {content}, expected {contents}", path.display()))
    })?;
    Ok((input, best))
}
