//! Finished footage as pictures: any video that FFmpeg decodes.

#[cfg(not(feature = "video"))]
mod absent;
#[cfg(feature = "video")]
mod ffmpeg;

#[cfg(not(feature = "video"))]
pub use absent::Video;
#[cfg(feature = "video")]
pub use ffmpeg::Video;

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// RGB, display-referred, rows from the top.
    pub pixels: Vec<u8>,
}
