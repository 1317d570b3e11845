//! Sound through FFmpeg.

use std::fs;
use std::path::{Path, PathBuf};

use ffmpeg_next::codec::context::Context as Codec;
use ffmpeg_next::software::resampling::Context as Resampler;
use ffmpeg_next::{ChannelLayout, Packet, decoder, ffi, format, frame, media};

use crate::{Error, Result};

/// Samples that a resampler may hold back, beside what it is given.
const HELD: usize = 4096;

/// The sound of a file that is being read: one channel, the others mixed into it.
pub struct Sound {
    path: PathBuf,
    input: format::context::Input,
    decoder: decoder::Audio,
    stream: usize,
    rate: u32,
    /// Made for the first frame, and for those that are of another form than the one before.
    resampler: Option<(Form, Resampler)>,
    at_end: bool,
    /// The file's length, where it says one.
    pub seconds: Option<f64>,
}

/// Sample format, channels, rate.
type Form = (format::Sample, ChannelLayout, u32);

impl Sound {
    /// Opens a file, to be heard at so many samples a second.
    ///
    /// # Errors
    /// [`Error::Io`] for one that cannot be read, [`Error::Invalid`] for one without sound that FFmpeg
    /// decodes.
    pub fn open(path: &Path, rate: u32) -> Result<Self> {
        fs::File::open(path).map_err(|e| Error::io("read", path, e))?;
        super::prepare();
        let failed = |e: ffmpeg_next::Error| {
            Error::Invalid(format!(
                "`{}` is no sound that FFmpeg reads: {e}; expected a file such as `.wav`, `.mp3` or `.flac`",
                path.display()
            ))
        };
        let input = format::input(path).map_err(failed)?;
        let duration = input.duration() as f64 / f64::from(ffi::AV_TIME_BASE);
        let best = input.streams().best(media::Type::Audio);
        let best = best.ok_or_else(|| {
            Error::Invalid(format!("`{}` holds no sound, expected an audio file", path.display()))
        })?;
        let codec = Codec::from_parameters(best.parameters()).map_err(failed)?;
        let (stream, decoder) = (best.index(), codec.decoder().audio().map_err(failed)?);
        Ok(Self {
            path: path.to_path_buf(),
            decoder,
            stream,
            rate,
            resampler: None,
            at_end: false,
            seconds: (duration > 0.0).then_some(duration),
            input,
        })
    }

    /// The next samples, about -1 to 1; none at the end. A damaged packet is left out.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what cannot be decoded.
    pub fn samples(&mut self) -> Result<Option<Vec<f32>>> {
        let mut decoded = frame::Audio::empty();
        loop {
            match self.decoder.receive_frame(&mut decoded) {
                Ok(()) => return self.convert(&mut decoded).map(Some),
                Err(ffmpeg_next::Error::Eof) => return self.rest(),
                Err(ffmpeg_next::Error::InvalidData) => {}
                // It wants more.
                Err(ffmpeg_next::Error::Other { .. }) if !self.at_end => self.feed()?,
                Err(e) => return Err(self.failed(e)),
            }
        }
    }

    fn feed(&mut self) -> Result<()> {
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() != self.stream => {}
                Ok(()) => match self.decoder.send_packet(&packet) {
                    Ok(()) => return Ok(()),
                    Err(ffmpeg_next::Error::InvalidData) => {}
                    Err(e) => return Err(self.failed(e)),
                },
                Err(ffmpeg_next::Error::Eof) => {
                    self.at_end = true;
                    return self.decoder.send_eof().map_err(|e| self.failed(e));
                }
                Err(e) => return Err(self.failed(e)),
            }
        }
    }

    fn convert(&mut self, decoded: &mut frame::Audio) -> Result<Vec<f32>> {
        if decoded.channel_layout().is_empty() {
            decoded.set_channel_layout(ChannelLayout::default(i32::from(decoded.channels())));
        }
        let form = (decoded.format(), decoded.channel_layout(), decoded.rate());
        let mut samples = Vec::new();
        if self.resampler.as_ref().is_none_or(|(made_for, _)| *made_for != form) {
            samples = self.rest()?.unwrap_or_default();
            let (format, layout, rate) = form;
            let to = format::Sample::F32(format::sample::Type::Packed);
            let made = Resampler::get(format, layout, rate, to, ChannelLayout::MONO, self.rate);
            self.resampler = Some((form, made.map_err(|e| self.failed(e))?));
        }
        let grown = decoded.samples() as u64 * u64::from(self.rate) / u64::from(form.2.max(1));
        let mut made = self.room(grown as usize);
        let done = self.resampler.as_mut().map(|(_, resampler)| resampler.run(decoded, &mut made));
        done.transpose().map_err(|e| self.failed(e))?;
        samples.extend_from_slice(made.plane(0));
        Ok(samples)
    }

    /// What the resampler still holds, once.
    fn rest(&mut self) -> Result<Option<Vec<f32>>> {
        let Some((_, mut resampler)) = self.resampler.take() else { return Ok(None) };
        let mut made = self.room(0);
        resampler.flush(&mut made).map_err(|e| self.failed(e))?;
        Ok(Some(made.plane(0).to_vec()))
    }

    fn room(&self, samples: usize) -> frame::Audio {
        let format = format::Sample::F32(format::sample::Type::Packed);
        frame::Audio::new(format, samples + HELD, ChannelLayout::MONO)
    }

    fn failed(&self, error: ffmpeg_next::Error) -> Error {
        Error::Invalid(format!("cannot decode the sound of `{}`: {error}", self.path.display()))
    }
}
