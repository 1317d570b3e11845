//! The sound or the picture of a file, packet by packet.

use std::path::{Path, PathBuf};
use std::ptr;

use ffmpeg_next::codec::Parameters;
use ffmpeg_next::{Packet, Rational, decoder, ffi, format, frame, media};

use super::fault::{Fault, ok, url};
use crate::{Error, Result};

/// The best stream of a kind in a file.
pub(super) struct Source {
    input: format::context::Input,
    stream: usize,
    /// A packet that was read before it was wanted.
    held: Option<Packet>,
    path: PathBuf,
}

impl Source {
    /// Opens a file and reads its first packet of sound.
    ///
    /// Fails when there is no such file, or none that FFmpeg reads, or no sound in it.
    pub fn sound(path: &Path) -> Result<Self> {
        Self::open(path, media::Type::Audio, "audio", "sound")
    }

    /// The same of the pictures of a video file.
    pub fn pictures(path: &Path) -> Result<Self> {
        Self::open(path, media::Type::Video, "video", "pictures")
    }

    fn open(path: &Path, kind: media::Type, file: &str, content: &str) -> Result<Self> {
        let unreadable = |fault: Fault| match fault.system() {
            Some(_) => fault.of("read", path),
            None => {
                let reason = fault.reason();
                Error::Invalid(format!(
                    "`{}` is no {file} file that FFmpeg reads: {reason}",
                    path.display()
                ))
            }
        };
        let url = url(path)?;
        let mut raw = ptr::null_mut();
        // SAFETY: the URL is terminated; the context is written on success only.
        ok(unsafe {
            ffi::avformat_open_input(&mut raw, url.as_ptr(), ptr::null(), ptr::null_mut())
        })
        .map_err(unreadable)?;
        // SAFETY: an open context that nothing else owns; its wrapper closes it.
        let input = unsafe { format::context::Input::wrap(raw) };
        // SAFETY: the context is open.
        ok(unsafe { ffi::avformat_find_stream_info(raw, ptr::null_mut()) }).map_err(unreadable)?;
        let stream = input.streams().best(kind).map(|s| s.index());
        let stream = stream
            .ok_or_else(|| Error::Invalid(format!("`{}` holds no {content}", path.display())))?;
        let mut source = Self { input, stream, held: None, path: path.to_path_buf() };
        source.held = source.packet()?;
        Ok(source)
    }

    /// What the stream is made of.
    pub fn parameters(&self) -> Parameters {
        // SAFETY: `open` found the stream, and streams of a file do not go away.
        self.input.stream(self.stream).map_or_else(Parameters::new, |s| s.parameters())
    }

    /// The headers of the stream's codec.
    pub fn extradata(&self) -> &[u8] {
        let stream = self.input.stream(self.stream);
        // SAFETY: the headers belong to the open file, and nothing changes them.
        stream.map_or(&[], |stream| unsafe {
            let parameters = &*(*stream.as_ptr()).codecpar;
            match parameters.extradata.is_null() {
                true => &[],
                false => std::slice::from_raw_parts(
                    parameters.extradata,
                    parameters.extradata_size as usize,
                ),
            }
        })
    }

    /// The unit of the packets' times in seconds.
    pub fn time_base(&self) -> Rational {
        self.input.stream(self.stream).map_or(Rational::new(1, 1), |s| s.time_base())
    }

    /// The file's length in seconds, where it is known.
    pub fn seconds(&self) -> Option<f64> {
        let duration = self.input.duration();
        (duration > 0).then(|| duration as f64 / f64::from(ffi::AV_TIME_BASE))
    }

    /// The next packet of the stream, none at the end.
    pub fn packet(&mut self) -> Result<Option<Packet>> {
        if let Some(packet) = self.held.take() {
            return Ok(Some(packet));
        }
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut self.input).map_err(Fault::from) {
                Ok(()) if packet.stream() == self.stream => return Ok(Some(packet)),
                Ok(()) => {}
                Err(Fault::END) => return Ok(None),
                Err(fault) => return Err(fault.of("read", &self.path)),
            }
        }
    }

    /// Decodes the stream's next picture; false at the end.
    pub fn picture(
        &mut self,
        decoder: &mut decoder::Video,
        frame: &mut frame::Video,
    ) -> Result<bool> {
        loop {
            match decoder.receive_frame(frame).map_err(Fault::from) {
                Ok(()) => return Ok(true),
                Err(Fault::END) => return Ok(false),
                Err(Fault::AGAIN) => {}
                Err(fault) => return Err(fault.of("decode", &self.path)),
            }
            let sent = match self.packet()? {
                Some(packet) => decoder.send_packet(&packet),
                None => decoder.send_eof(),
            };
            sent.map_err(|error| Fault::from(error).of("decode", &self.path))?;
        }
    }

    /// Gives a packet back, to be the next.
    pub fn hold(&mut self, packet: Packet) {
        self.held = Some(packet);
    }

    /// The time of the next packet, in its units.
    pub fn next_time(&self) -> Option<i64> {
        self.held.as_ref().and_then(|p| p.pts().or(p.dts()))
    }

    /// The error for sound that cannot be used.
    pub fn failed(&self, fault: Fault) -> Error {
        let text = format!("cannot use the sound of `{}`: {}", self.path.display(), fault.reason());
        match fault.0 {
            ffi::AVERROR_DECODER_NOT_FOUND | ffi::AVERROR_ENCODER_NOT_FOUND => Error::Missing(text),
            _ => Error::Invalid(text),
        }
    }
}
