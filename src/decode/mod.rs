//! Finished footage as pictures, and sound as samples: whatever FFmpeg decodes.

#[cfg(not(feature = "video"))]
mod absent;
#[cfg(feature = "video")]
mod ffmpeg;
#[cfg(feature = "video")]
mod packets;
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

impl Decoded {
    /// The picture turned clockwise by so many quarters.
    #[must_use]
    pub fn turned(self, quarters: u8) -> Self {
        let (width, height) = (self.width, self.height);
        // Where the pixel at (x, y) of the turned picture comes from.
        let from = |x: usize, y: usize| match quarters % 4 {
            1 => (y, height - 1 - x),
            2 => (width - 1 - x, height - 1 - y),
            _ => (width - 1 - y, x),
        };
        let (turned_width, turned_height) = match quarters % 4 {
            0 => return self,
            2 => (width, height),
            _ => (height, width),
        };
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..turned_height {
            for x in 0..turned_width {
                let (x, y) = from(x, y);
                pixels.extend_from_slice(&self.pixels[3 * (y * width + x)..][..3]);
            }
        }
        Self { width: turned_width, height: turned_height, pixels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_clockwise() {
        let picture = |width, height, cells: &[u8]| Decoded {
            width,
            height,
            pixels: cells.iter().flat_map(|&n| [n; 3]).collect(),
        };
        let upright = picture(3, 2, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(upright.clone().turned(0), upright);
        assert_eq!(upright.clone().turned(1), picture(2, 3, &[4, 1, 5, 2, 6, 3]));
        assert_eq!(upright.clone().turned(2), picture(3, 2, &[6, 5, 4, 3, 2, 1]));
        assert_eq!(upright.clone().turned(3), picture(2, 3, &[3, 6, 2, 5, 1, 4]));
    }
}
