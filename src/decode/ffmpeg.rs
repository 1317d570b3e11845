//! Videos through FFmpeg.

use std::path::Path;

use ffmpeg_next::software::scaling::{Context as Scaler, Flags};
use ffmpeg_next::{Rational, codec, decoder, ffi, format, frame, util};

use super::Decoded;
use super::packets::{PICTURES, Packets};
use crate::{Error, Result};

/// A video file that is being read.
pub struct Video {
    packets: Packets,
    decoder: decoder::Video,
    /// Made for the first frame.
    scaler: Option<Scaler>,
    size: (u32, u32),
    /// Clockwise quarter turns from the stored picture to the one that is shown.
    turns: u8,
    /// Frames per second as a fraction.
    pub fps: (u32, u32),
    /// How many frames the file says that it has, where it does.
    pub frames: Option<u64>,
}

impl Video {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`] for one that cannot be read, [`Error::Invalid`] for one without pictures that
    /// FFmpeg decodes.
    pub fn open(path: &Path) -> Result<Self> {
        let packets = Packets::open(path, &PICTURES)?;
        let (stream, mut context) = packets.stream()?;
        let rates = [stream.avg_frame_rate(), stream.rate(), Rational::new(25, 1)];
        let known = rates.into_iter().find(|r| r.numerator() > 0 && r.denominator() > 0);
        let rate = known.unwrap_or(Rational::new(25, 1));
        let frames = u64::try_from(stream.frames()).ok().filter(|&frames| frames > 0);
        let turns = quarter_turns(&stream);
        context.set_threading(ffmpeg_next::threading::Config::count(0));
        let decoder = context.decoder().video().map_err(|e| packets.failed(e))?;
        Ok(Self {
            packets,
            decoder,
            scaler: None,
            size: (0, 0),
            turns,
            fps: (rate.numerator() as u32, rate.denominator() as u32),
            frames,
        })
    }

    /// What the container says about the film.
    pub fn comment(&self) -> Option<String> {
        self.packets.input().metadata().get("comment").map(str::to_owned)
    }

    /// The next picture as it is shown, none at the end.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what cannot be decoded.
    pub fn frame(&mut self) -> Result<Option<Decoded>> {
        let mut decoded = frame::Video::empty();
        if !self.receive(&mut decoded)? {
            return Ok(None);
        }
        Ok(Some(self.convert(&decoded)?.turned(self.turns)))
    }

    /// Passes over a picture; false at the end. Quicker than to look at it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what cannot be decoded.
    pub fn skip(&mut self) -> Result<bool> {
        self.receive(&mut frame::Video::empty())
    }

    fn receive(&mut self, decoded: &mut frame::Video) -> Result<bool> {
        self.packets.decode(&mut self.decoder, decoded)
    }

    fn convert(&mut self, decoded: &frame::Video) -> Result<Decoded> {
        let size = (decoded.width(), decoded.height());
        if self.scaler.is_none() {
            let flags = Flags::BICUBIC | Flags::ACCURATE_RND | Flags::FULL_CHR_H_INT;
            let made = Scaler::get(
                decoded.format(),
                size.0,
                size.1,
                format::Pixel::RGB24,
                size.0,
                size.1,
                flags,
            );
            let mut scaler = made.map_err(|e| self.packets.failed(e))?;
            set_matrix(&mut scaler, decoded);
            (self.scaler, self.size) = (Some(scaler), size);
        }
        if size != self.size {
            return Err(Error::Invalid(format!(
                "`{}` changes its size from {}x{} to {}x{}, expected one size",
                self.packets.path().display(),
                self.size.0,
                self.size.1,
                size.0,
                size.1
            )));
        }
        let mut rgb = frame::Video::empty();
        let done = self.scaler.as_mut().map_or(Ok(()), |scaler| scaler.run(decoded, &mut rgb));
        done.map_err(|e| self.packets.failed(e))?;
        let (width, height) = (size.0 as usize, size.1 as usize);
        let rows = rgb.data(0).chunks(rgb.stride(0).max(1)).take(height);
        let pixels = rows.flat_map(|row| &row[..3 * width]).copied().collect();
        Ok(Decoded { width, height, pixels })
    }
}

/// How a phone was held: what the file says, in whole quarter turns.
fn quarter_turns(stream: &format::stream::Stream<'_>) -> u8 {
    let kind = codec::packet::side_data::Type::DisplayMatrix;
    let Some(data) = stream.side_data().find(|data| data.kind() == kind) else { return 0 };
    let entry = |i: usize| {
        let bytes = data.data().get(4 * i..4 * i + 4).and_then(|b| b.try_into().ok());
        f64::from(bytes.map_or(0, i32::from_ne_bytes))
    };
    // The first row is (cos, sin) of the clockwise angle, in fixed point.
    let quarters = entry(1).atan2(entry(0)) / std::f64::consts::FRAC_PI_2;
    (quarters.round() as i64).rem_euclid(4) as u8
}

/// The file's own matrix and range: swscale would take BT.601 for all.
fn set_matrix(scaler: &mut Scaler, decoded: &frame::Video) {
    let matrix = match decoded.color_space() {
        util::color::Space::BT709 => ffi::SWS_CS_ITU709,
        util::color::Space::BT2020NCL | util::color::Space::BT2020CL => ffi::SWS_CS_BT2020,
        _ => ffi::SWS_CS_DEFAULT,
    };
    let full = i32::from(decoded.color_range() == util::color::Range::JPEG);
    // SAFETY: the context is initialised; the coefficients are constant tables of swscale. RGB
    // sources have no matrix to set, which is what the call then answers.
    unsafe {
        let from = ffi::sws_getCoefficients(matrix);
        let to = ffi::sws_getCoefficients(ffi::SWS_CS_DEFAULT);
        ffi::sws_setColorspaceDetails(scaler.as_mut_ptr(), from, full, to, 1, 0, 1 << 16, 1 << 16);
    }
}
