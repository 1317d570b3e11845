//! One stream of a file, packet by packet through its decoder.

use std::fs;
use std::path::{Path, PathBuf};

use ffmpeg_next::codec::context::Context as Codec;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::format::stream::Stream;
use ffmpeg_next::{Frame, Packet, decoder, format, media};

use crate::{Error, Result};

/// What of a file is read, as its errors name it.
pub(super) struct Kind {
    stream: media::Type,
    /// Such a file, and what was expected instead of another one.
    file: [&'static str; 2],
    /// What it holds, likewise.
    content: [&'static str; 2],
    /// What cannot be decoded.
    part: &'static str,
    /// Whether damaged packets are left out instead of being errors.
    forgiving: bool,
}

pub(super) static PICTURES: Kind = Kind {
    stream: media::Type::Video,
    file: ["video", "a video file, a timeline or a network"],
    content: ["pictures", "a video"],
    part: "",
    forgiving: false,
};
pub(super) static SOUND: Kind = Kind {
    stream: media::Type::Audio,
    file: ["sound", "a file such as `.wav`, `.mp3` or `.flac`"],
    content: ["sound", "an audio file"],
    part: "the sound of ",
    forgiving: true,
};

/// The best stream of a kind in a file.
pub(super) struct Packets {
    kind: &'static Kind,
    path: PathBuf,
    input: Input,
    stream: usize,
    at_end: bool,
}

impl Packets {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`] for one that cannot be read, [`Error::Invalid`] for one that FFmpeg does not read
    /// or that has no such stream.
    pub fn open(path: &Path, kind: &'static Kind) -> Result<Self> {
        fs::File::open(path).map_err(|e| Error::io("read", path, e))?;
        super::prepare();
        let (shown, [file, files], [content, contents]) = (path.display(), kind.file, kind.content);
        let input = format::input(path).map_err(|e| {
            Error::Invalid(format!(
                "`{shown}` is no {file} that FFmpeg reads: {e}; expected {files}"
            ))
        })?;
        let stream = input.streams().best(kind.stream).map(|stream| stream.index());
        let stream = stream.ok_or_else(|| {
            Error::Invalid(format!("`{shown}` holds no {content}, expected {contents}"))
        })?;
        Ok(Self { kind, path: path.to_path_buf(), input, stream, at_end: false })
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
                Err(ffmpeg_next::Error::InvalidData) if self.kind.forgiving => {}
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
                Err(ffmpeg_next::Error::InvalidData) if self.kind.forgiving && !self.at_end => {}
                sent => return sent.map_err(|e| self.failed(e)),
            }
        }
    }

    /// The error for what cannot be decoded.
    pub fn failed(&self, error: ffmpeg_next::Error) -> Error {
        Error::Invalid(format!(
            "cannot decode {}`{}`: {error}",
            self.kind.part,
            self.path.display()
        ))
    }
}
