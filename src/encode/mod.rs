//! Where finished pictures go: video files, image sequences, nowhere.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::aside::target_of;
use crate::{Error, Result};

mod exr;
pub mod finished;
mod grid;
mod null;
pub mod parts;
mod pattern;
pub mod pixel_format;
mod png;
pub mod preset;
pub mod provenance;
#[cfg(feature = "video")]
mod segments;
mod sequence;
#[cfg(feature = "video")]
mod video;

pub use grid::{Form, SEGMENT};
pub use preset::Preset;
pub use provenance::{Provenance, Sidecar};

#[cfg(test)]
mod tests;

/// The output path that stands for nowhere.
pub const NULL: &str = "null:";

/// Keeps encoders from writing to stderr where only the environment can tell them. Call it first
/// in `main`: with other threads running it does nothing.
pub fn silence() {
    #[cfg(feature = "video")]
    video::silence();
}

/// Opens the sink that `preset` describes at `out`: a video file, images (`out/%05d.png`), or
/// [`NULL`].
///
/// Fails when the path, the size or the sound do not fit the preset, when the output is already
/// there and must not be replaced, when it cannot be created, and when the encoder is missing or
/// refuses its options.
pub fn open(out: &Path, preset: &Preset, stream: &Stream) -> Result<Box<dyn Sink>> {
    stream.check()?;
    let preset = &*preset.with_alpha(stream.alpha)?;
    if out.as_os_str() == NULL {
        return Ok(Box::new(null::Null { depth: preset.depth(), stream: stream.clone() }));
    }
    preset.check_path(out)?;
    preset.check_size(stream.width, stream.height)?;
    let format = match &preset.output {
        #[cfg(feature = "video")]
        preset::Output::Video(video) => {
            return Ok(Box::new(video::VideoSink::open(out, preset, video, stream)?));
        }
        #[cfg(not(feature = "video"))]
        preset::Output::Video(_) => {
            return Err(Error::Missing(format!(
                "preset `{}` needs FFmpeg, which this program was built without; build it with \
                 `cargo build --features video`, or write images (preset `png`, `out/%05d.png`)",
                preset.name
            )));
        }
        preset::Output::Png { bits } => sequence::Format::Png(*bits),
        preset::Output::Exr { samples } => sequence::Format::Exr(*samples),
    };
    Ok(Box::new(sequence::Sequence::open(out, format, stream)?))
}

/// Removes what killed processes left unfinished of the output that `preset` describes at `out`.
///
/// Fails where a file cannot be removed, and for a path that names no output.
pub fn remove_unfinished(out: &Path, preset: &Preset) -> Result<()> {
    let images = preset.is_images().then(|| pattern::Pattern::parse(out)).transpose()?;
    let own = |target: &str| match &images {
        Some(pattern) => pattern.matches(target),
        None => out.file_name().is_some_and(|name| name == target),
    };
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))? {
        let entry = entry.map_err(|e| Error::io("read", folder, e))?;
        if entry.file_name().to_str().and_then(target_of).is_some_and(own) {
            fs::remove_file(entry.path()).map_err(|e| Error::io("remove", entry.path(), e))?;
        }
    }
    Ok(())
}

/// A finished picture, rows from the top; RGB interleaved, or RGB and alpha, which is straight: the colours are
/// not multiplied by it.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The frame's number in the timeline, from 0.
    pub index: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The samples, three to a pixel, or four with alpha.
    pub samples: Samples,
}

/// The samples of a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Display-referred (sRGB-like transfer), 0 to 255.
    U8(Vec<u8>),
    /// Display-referred, 0 to 65535.
    U16(Vec<u16>),
    /// Display-referred, black 0, white 1, not clamped.
    F32(Vec<f32>),
}

impl Samples {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
            Self::F32(samples) => samples.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What kind of samples a sink takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// float32.
    F32,
}

/// What a sink must know before the first picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Width of every picture, pixels.
    pub width: u32,
    /// Height of every picture, pixels.
    pub height: u32,
    /// Frames per second as a fraction.
    pub fps: (u32, u32),
    /// Width over height of one stored pixel.
    pub pixel_aspect: (u32, u32),
    /// How many pictures will come, at most.
    pub frames: u64,
    /// Whether the pictures have alpha.
    #[serde(default, skip_serializing_if = "is_opaque")]
    pub alpha: bool,
    /// Audio to mux, and the time in seconds within it at which the first picture is shown.
    pub audio: Option<(PathBuf, f64)>,
    /// What the container says of the film, where it can: see [`Provenance::comment`].
    #[serde(skip)]
    pub comment: Option<String>,
    /// Whether a finished file may be replaced.
    #[serde(skip)]
    pub overwrite: bool,
}

/// A film's stream tells of alpha only where there is some.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_opaque(alpha: &bool) -> bool {
    !alpha
}

impl Stream {
    /// Opaque pictures of square pixels, without a sound; nothing is replaced.
    pub fn new((width, height): (u32, u32), fps: (u32, u32), frames: u64) -> Self {
        Self {
            width,
            height,
            fps,
            pixel_aspect: (1, 1),
            frames,
            alpha: false,
            audio: None,
            comment: None,
            overwrite: false,
        }
    }

    /// Samples of a pixel: 3, or 4 with alpha.
    pub fn channels(&self) -> usize {
        if self.alpha { 4 } else { 3 }
    }

    /// Of a whole film's stream the one for a range of its frames.
    pub fn part(&self, frames: &Range<u64>, overwrite: bool) -> Self {
        let start = frames.start as f64 * f64::from(self.fps.1) / f64::from(self.fps.0);
        let audio = self.audio.clone().map(|(path, begin)| (path, begin + start));
        Self { frames: frames.end - frames.start, audio, overwrite, ..self.clone() }
    }

    /// Refuses sizes and rates that no output can have.
    fn check(&self) -> Result<()> {
        let in_range = |n: u32| (1..=i32::MAX as u32).contains(&n);
        let (fps, aspect) = (self.fps, self.pixel_aspect);
        let wrong = if ![self.width, self.height].iter().all(|side| (1..=65536).contains(side)) {
            format!(
                "a picture has from 1x1 to 65536x65536 pixels, not {}x{}",
                self.width, self.height
            )
        } else if !in_range(fps.0) || !in_range(fps.1) {
            format!("{}/{} frames per second is no frame rate", fps.0, fps.1)
        } else if !in_range(aspect.0) || !in_range(aspect.1) {
            format!("{}:{} is no pixel aspect", aspect.0, aspect.1)
        } else {
            return Ok(());
        };
        Err(Error::Usage(wrong))
    }
}

impl Picture {
    /// Whether it has alpha.
    pub fn has_alpha(&self) -> bool {
        self.samples.len() > 3 * self.width as usize * self.height as usize
    }

    /// Refuses a picture that is not what the sink was opened for.
    fn check(&self, stream: &Stream, depth: Depth) -> Result<()> {
        let given = match &self.samples {
            Samples::U8(_) => Depth::U8,
            Samples::U16(_) => Depth::U16,
            Samples::F32(_) => Depth::F32,
        };
        let len = self.samples.len();
        let expected = stream.channels() * stream.width as usize * stream.height as usize;
        if (self.width, self.height, given, len) == (stream.width, stream.height, depth, expected) {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "frame {} has {len} samples of {given:?} for {}x{} pixels, the output takes {expected} of {depth:?} \
             for {}x{}",
            self.index, self.width, self.height, stream.width, stream.height
        )))
    }
}

/// Takes pictures in order. Dropped without [`Sink::finish`], it removes what it had begun.
pub trait Sink: Send {
    /// The samples that [`Sink::write`] takes.
    fn depth(&self) -> Depth;
    /// Takes the next picture.
    fn write(&mut self, picture: &Picture) -> Result<()>;
    /// Completes the file, syncs it and gives it its final name; returns the paths written.
    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>>;
}
