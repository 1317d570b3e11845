//! Finished footage as pictures, and sound as samples: whatever FFmpeg decodes.

#[cfg(not(feature = "video"))]
mod absent;
#[cfg(feature = "video")]
mod ffmpeg;
#[cfg(feature = "video")]
mod sound;

#[cfg(not(feature = "video"))]
pub use absent::{Sound, Video};
#[cfg(feature = "video")]
pub use ffmpeg::Video;
#[cfg(feature = "video")]
pub use sound::Sound;

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

/// Keeps FFmpeg from writing to standard error, and teaches its bindings what its errors mean.
#[cfg(feature = "video")]
fn prepare() {
    ffmpeg_next::util::log::set_level(ffmpeg_next::util::log::Level::Quiet);
    ffmpeg_next::util::error::register_all();
}
