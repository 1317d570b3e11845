//! Sound through FFmpeg.

use std::path::Path;

use ffmpeg_next::software::resampling::Context as Resampler;
use ffmpeg_next::{ChannelLayout, decoder, ffi, format, frame};

use super::packets::{Packets, SOUND};
use crate::Result;

/// Samples that a resampler may hold back, beside what it is given.
const HELD: usize = 4096;

/// The sound of a file that is being read: one channel, the others mixed into it.
pub struct Sound {
    packets: Packets,
    decoder: decoder::Audio,
    rate: u32,
    /// Made for the first frame, and for those that are of another form than the one before.
    resampler: Option<(Form, Resampler)>,
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
        let packets = Packets::open(path, &SOUND)?;
        let duration = packets.input().duration() as f64 / f64::from(ffi::AV_TIME_BASE);
        let decoder = packets.stream()?.1.decoder().audio().map_err(|e| packets.failed(e))?;
        Ok(Self {
            packets,
            decoder,
            rate,
            resampler: None,
            seconds: (duration > 0.0).then_some(duration),
        })
    }

    /// The next samples, about -1 to 1; none at the end. A damaged packet is left out.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what cannot be decoded.
    pub fn samples(&mut self) -> Result<Option<Vec<f32>>> {
        let mut decoded = frame::Audio::empty();
        match self.packets.decode(&mut self.decoder, &mut decoded)? {
            true => self.convert(&mut decoded).map(Some),
            false => self.rest(),
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
            self.resampler = Some((form, made.map_err(|e| self.packets.failed(e))?));
        }
        let grown = decoded.samples() as u64 * u64::from(self.rate) / u64::from(form.2.max(1));
        let mut made = self.room(grown as usize);
        let done = self.resampler.as_mut().map(|(_, resampler)| resampler.run(decoded, &mut made));
        done.transpose().map_err(|e| self.packets.failed(e))?;
        samples.extend_from_slice(made.plane(0));
        Ok(samples)
    }

    /// What the resampler still holds, once.
    fn rest(&mut self) -> Result<Option<Vec<f32>>> {
        let Some((_, mut resampler)) = self.resampler.take() else { return Ok(None) };
        let mut made = self.room(0);
        resampler.flush(&mut made).map_err(|e| self.packets.failed(e))?;
        Ok(Some(made.plane(0).to_vec()))
    }

    fn room(&self, samples: usize) -> frame::Audio {
        let format = format::Sample::F32(format::sample::Type::Packed);
        frame::Audio::new(format, samples + HELD, ChannelLayout::MONO)
    }
}
