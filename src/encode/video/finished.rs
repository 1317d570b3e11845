//! Finished films, read back frame by frame in the pixel format in which they were encoded.

use std::ffi::c_int;
use std::path::{Path, PathBuf};

use ffmpeg_next::codec::{Context, decoder};
use ffmpeg_next::{ffi, frame, threading};

use super::fault::{Fault, listen};
use super::scale::Scaler;
use super::source::Source;
use crate::encode::finished::{Loss, Rereading};
use crate::encode::preset::{Preset, Video};
use crate::encode::{Picture, Stream};
use crate::{Error, Result};

/// A film and what turns pictures into its pixel format.
pub(in crate::encode) struct Finished {
    source: Source,
    decoder: decoder::Video,
    scaler: Scaler,
    frame: frame::Video,
    path: PathBuf,
}

impl Finished {
    /// Opens a film that a sink of the preset and the stream has written.
    pub fn open(path: &Path, preset: &Preset, video: &Video, stream: &Stream) -> Result<Self> {
        listen();
        let source = Source::pictures(path)?;
        let opened = Context::from_parameters(source.parameters()).and_then(|mut context| {
            context.set_threading(threading::Config::count(0));
            // SAFETY: a context that is not open yet. Damage is to be told, not to be hidden.
            unsafe {
                (*context.as_mut_ptr()).err_recognition |=
                    (ffi::AV_EF_CRCCHECK | ffi::AV_EF_BITSTREAM | ffi::AV_EF_EXPLODE) as c_int;
            }
            context.decoder().video()
        });
        let decoder = opened.map_err(|error| Fault::from(error).of("decode", path))?;
        Ok(Self {
            source,
            decoder,
            scaler: Scaler::new(preset, video, stream)?,
            frame: frame::Video::empty(),
            path: path.to_path_buf(),
        })
    }
}

impl Rereading for Finished {
    fn next(&mut self) -> Result<bool> {
        self.source.picture(&mut self.decoder, &mut self.frame)
    }

    fn loss(&mut self, picture: &Picture) -> Result<Loss> {
        let failed = |fault: Fault| fault.of("decode", &self.path);
        let expected = self.scaler.convert(picture).map_err(failed)?;
        let (found, expected) = (Components::of(&self.frame), Components::of(&expected));
        match (found, expected) {
            (Some(found), Some(expected)) if found.like(&expected) => Ok(found.loss(&expected)),
            _ => Err(Error::Invalid(format!(
                "`{}` holds pictures of {}x{} pixels as {:?}, which are not those of its preset",
                self.path.display(),
                self.frame.width(),
                self.frame.height(),
                self.frame.format()
            ))),
        }
    }
}

/// The sizes of a film's frames in bytes, and whether each stands for itself.
pub(in crate::encode) fn frame_sizes(path: &Path) -> Result<Vec<(u64, bool)>> {
    listen();
    let mut source = Source::pictures(path)?;
    let mut sizes = Vec::new();
    while let Some(packet) = source.packet()? {
        sizes.push((packet.size() as u64, packet.is_key()));
    }
    Ok(sizes)
}

/// The samples of a frame, whatever their order in memory, alpha included.
struct Components<'a> {
    frame: &'a frame::Video,
    parts: Vec<Part>,
}

/// Where the samples of one component lie.
#[derive(Clone, Copy)]
struct Part {
    plane: usize,
    step: usize,
    offset: usize,
    shift: u32,
    depth: u32,
    width: usize,
    height: usize,
}

impl<'a> Components<'a> {
    /// None for formats that are no plain bytes or words.
    fn of(frame: &'a frame::Video) -> Option<Self> {
        // SAFETY: descriptions are FFmpeg's constants; there is none for formats that it does not know.
        let format = unsafe { ffi::av_pix_fmt_desc_get(frame.format().into()).as_ref() }?;
        let flag = |flag: c_int| format.flags & flag as u64 != 0;
        if flag(ffi::AV_PIX_FMT_FLAG_BITSTREAM)
            || flag(ffi::AV_PIX_FMT_FLAG_HWACCEL)
            || flag(ffi::AV_PIX_FMT_FLAG_BE)
        {
            return None;
        }
        let components = usize::from(format.nb_components);
        let subsampled = !flag(ffi::AV_PIX_FMT_FLAG_RGB);
        let parts = format.comp.iter().take(components).enumerate().map(|(i, component)| {
            let shifts = match i {
                1 | 2 if subsampled => [format.log2_chroma_w, format.log2_chroma_h],
                _ => [0, 0],
            };
            let side = |side: u32, shift: u8| side.div_ceil(1 << shift) as usize;
            Part {
                plane: component.plane as usize,
                step: component.step as usize,
                offset: component.offset as usize,
                shift: component.shift as u32,
                depth: component.depth as u32,
                width: side(frame.width(), shifts[0]),
                height: side(frame.height(), shifts[1]),
            }
        });
        Some(Self { frame, parts: parts.collect() })
    }

    /// Whether it has all that another has: some decoders add alpha to what was stored without it.
    fn like(&self, other: &Self) -> bool {
        let sizes = |parts: &[Part]| -> Vec<_> {
            parts.iter().map(|part| (part.width, part.height)).collect()
        };
        sizes(&self.parts).starts_with(&sizes(&other.parts))
    }

    fn row(&self, part: Part, y: usize) -> impl Iterator<Item = f64> + '_ {
        let stride = self.frame.stride(part.plane);
        let row = &self.frame.data(part.plane)[y * stride..];
        let full = f64::from(1u32 << part.depth);
        (0..part.width).map(move |x| {
            let at = x * part.step + part.offset;
            let stored = match part.depth + part.shift > 8 {
                true => u32::from(u16::from_le_bytes([row[at], row[at + 1]])),
                false => u32::from(row[at]),
            };
            f64::from((stored >> part.shift) & ((1 << part.depth) - 1)) / full
        })
    }

    fn loss(&self, expected: &Self) -> Loss {
        let mut loss = Loss::default();
        for (&found, &wanted) in self.parts.iter().zip(&expected.parts) {
            for y in 0..found.height {
                self.row(found, y).zip(expected.row(wanted, y)).for_each(|(a, b)| loss.add(a - b));
            }
        }
        loss
    }
}
