//! Where finished pictures go: video files, image sequences, nowhere.

use std::path::PathBuf;

use crate::Result;

/// A finished picture, RGB interleaved, rows from the top.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The frame's number in the timeline, from 0.
    pub index: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The samples, three to a pixel.
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
#[derive(Debug, Clone, PartialEq)]
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
    /// Audio to mux, and the time in seconds within it at which the first picture is shown.
    pub audio: Option<(PathBuf, f64)>,
    /// Whether a finished file may be replaced.
    pub overwrite: bool,
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
