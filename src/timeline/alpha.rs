//! What of a picture is seen and what is transparent.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use image::{DynamicImage, ImageReader};
use sha2::{Digest, Sha256};

use super::curve::{Blend, Curve};
use super::moment::Moment;
use super::number::Number;
use crate::digest::hex;

/// Weights of red, green and blue in luma (ITU-R BT.709).
pub const LUMA: [f64; 3] = [0.2126, 0.7152, 0.0722];
/// The most pixels that a matte may have.
const MOST_PIXELS: u64 = 1 << 28;

/// Where a picture's alpha comes from: with [`Curve`]s as numbers in a timeline, with `f64` at a moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Alpha<N> {
    /// The network's fourth channel.
    Network,
    /// A luma key: 0 where the luma of display values (0 to 1) is `low` or less, 1 where it is `high` or
    /// more, straight between.
    Luma {
        /// The matte's black point.
        low: N,
        /// Its white point.
        high: N,
        /// Whether what is dark stays.
        invert: bool,
    },
    /// A colour key: 0 where a colour is no farther than `tolerance` from the one that goes, 1 where that is
    /// `softness` more, straight between. Distances are Euclidean ones in Oklab (Ottosson 2020), 1 from
    /// black to white.
    Colour {
        /// Red, green and blue that go, as displays have them, 0 to 1.
        colour: [f64; 3],
        /// At least 0.
        tolerance: N,
        /// At least 0.
        softness: N,
        /// How much of the key's hue goes from what stays, 0 to 1.
        spill: N,
        /// Whether only the colour stays.
        invert: bool,
    },
    /// A still picture's.
    Matte {
        /// The picture.
        matte: Matte,
        /// Whether what is dark in it stays.
        invert: bool,
    },
}

/// Alpha in a timeline.
pub type Keyed = Alpha<Curve<Number>>;

impl<N> Alpha<N> {
    /// Its numbers and their names.
    pub fn numbers(&self) -> Vec<(&'static str, &N)> {
        match self {
            Self::Network | Self::Matte { .. } => Vec::new(),
            Self::Luma { low, high, .. } => vec![("alpha low", low), ("alpha high", high)],
            Self::Colour { tolerance, softness, spill, .. } => vec![
                ("alpha tolerance", tolerance),
                ("alpha softness", softness),
                ("alpha spill", spill),
            ],
        }
    }

    fn map<M>(&self, mut number: impl FnMut(&N) -> M) -> Alpha<M> {
        match self {
            Self::Network => Alpha::Network,
            Self::Luma { low, high, invert } => {
                Alpha::Luma { low: number(low), high: number(high), invert: *invert }
            }
            Self::Colour { colour, tolerance, softness, spill, invert } => Alpha::Colour {
                colour: *colour,
                tolerance: number(tolerance),
                softness: number(softness),
                spill: number(spill),
                invert: *invert,
            },
            Self::Matte { matte, invert } => Alpha::Matte { matte: matte.clone(), invert: *invert },
        }
    }

    /// Whether the two differ in nothing but numbers, so that there is something between them.
    pub fn is_like<M>(&self, other: &Alpha<M>) -> bool {
        self.map(|_| 0.0) == other.map(|_| 0.0)
    }
}

impl Keyed {
    /// What it is at a moment.
    pub fn at(&self, moment: Moment) -> Alpha<f64> {
        self.map(|number| number.at(moment))
    }
}

impl Alpha<f64> {
    /// What lies between two that are alike: `self` at 0, `to` at 1.
    #[must_use]
    pub fn between(&self, to: &Self, progress: f64) -> Self {
        let mut others = to.numbers().into_iter();
        self.map(|number| match others.next() {
            Some((_, other)) => number.blend(other, progress),
            None => *number,
        })
    }
}

/// What of a picture file decides where another is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Its alpha.
    Alpha,
    /// Its luma.
    Luma,
}

/// A still matte.
#[derive(Debug, Clone, PartialEq)]
pub struct Matte {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Rows from the top.
    pub levels: Levels,
}

/// Levels of a matte: 0 is transparent, 65535 opaque.
#[derive(Clone)]
pub struct Levels {
    levels: Arc<[u16]>,
    sha256: String,
}

impl Levels {
    fn new(levels: Vec<u16>) -> Self {
        let mut hash = Sha256::new();
        levels.iter().for_each(|level| hash.update(level.to_le_bytes()));
        Self { levels: levels.into(), sha256: hex(hash) }
    }

    /// All of them.
    pub fn values(&self) -> &[u16] {
        &self.levels
    }
}

/// As the hash of all of it: a picture's millions of numbers are no text.
impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sha256)
    }
}

impl PartialEq for Levels {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Matte {
    /// Reads a picture file: the channel that is asked for, otherwise its alpha where it has one and its
    /// luma where not.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence about the file.
    pub fn read(path: &Path, channel: Option<Channel>) -> Result<Self, String> {
        let unreadable = |e: &dyn fmt::Display| format!("cannot be read: {e}");
        let file = File::open(path).map_err(|e| unreadable(&e))?;
        // By its content: a name may say anything.
        let reader = ImageReader::new(BufReader::new(file));
        let reader = reader.with_guessed_format().map_err(|e| unreadable(&e))?;
        if reader.format().is_none() {
            return Err("is no picture: expected PNG, JPEG or WebP".into());
        }
        let picture = reader.decode().map_err(|e| unreadable(&e))?;
        let channel = match (channel, picture.color().has_alpha()) {
            (Some(Channel::Alpha), false) => {
                return Err(
                    "has no alpha: expected a picture with alpha, or `channel: luma`".into()
                );
            }
            (Some(channel), _) => channel,
            (None, true) => Channel::Alpha,
            (None, false) => Channel::Luma,
        };
        if u64::from(picture.width()) * u64::from(picture.height()) > MOST_PIXELS {
            return Err(format!("has more than {MOST_PIXELS} pixels"));
        }
        Ok(Self::of(picture, channel))
    }

    fn of(picture: DynamicImage, channel: Channel) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let pixels = picture.into_rgba16();
        let level = |[r, g, b, a]: [u16; 4]| match channel {
            Channel::Alpha => a,
            Channel::Luma => {
                let luma = [r, g, b].into_iter().zip(LUMA).map(|(v, weight)| f64::from(v) * weight);
                luma.sum::<f64>().round() as u16
            }
        };
        let levels = pixels.pixels().map(|pixel| level(pixel.0)).collect();
        Self { width, height, levels: Levels::new(levels) }
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, LumaA, RgbImage};

    use super::*;

    #[test]
    fn mattes_are_alpha_or_luma() {
        let grey = GrayImage::from_fn(3, 2, |x, y| image::Luma([(40 * x + y) as u8]));
        let matte = Matte::of(grey.clone().into(), Channel::Luma);
        let wanted: Vec<u16> = grey.pixels().map(|p| u16::from(p.0[0]) * 257).collect();
        assert_eq!((matte.width, matte.height, matte.levels.values()), (3, 2, wanted.as_slice()));
        let colours = RgbImage::from_pixel(1, 1, image::Rgb([255, 0, 0]));
        assert_eq!(Matte::of(colours.into(), Channel::Luma).levels.values(), [13933]);
        let cut = image::GrayAlphaImage::from_pixel(1, 1, LumaA([255, 51]));
        assert_eq!(Matte::of(cut.into(), Channel::Alpha).levels.values(), [51 * 257]);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.png");
        grey.save(&path).unwrap();
        assert_eq!(Matte::read(&path, None), Ok(matte.clone()));
        assert!(Matte::read(&path, Some(Channel::Alpha)).unwrap_err().contains("no alpha"));
        std::fs::write(&path, "text").unwrap();
        assert!(Matte::read(&path, None).unwrap_err().contains("is no picture"));
        std::fs::write(&path, b"\x89PNG\r\n\x1a\n and no more").unwrap();
        assert!(Matte::read(&path, None).unwrap_err().contains("cannot be read"));
        // Another content is another hash, and so another timeline.
        let other = Matte { levels: Levels::new(vec![1; 6]), ..matte.clone() };
        assert_ne!(format!("{other:?}"), format!("{matte:?}"));
    }

    #[test]
    fn keys_of_a_kind_have_something_between_them() {
        let luma = |low, high, invert| Alpha::Luma { low, high, invert };
        let colour = |tolerance, spill| Alpha::Colour {
            colour: [0.0, 1.0, 0.0],
            tolerance,
            softness: 0.5,
            spill,
            invert: false,
        };
        assert_eq!(
            luma(0.0, 0.5, true).between(&luma(1.0, 1.0, true), 0.25),
            luma(0.25, 0.625, true)
        );
        assert_eq!(colour(0.0, 1.0).between(&colour(0.5, 0.0), 0.5), colour(0.25, 0.5));
        assert!(luma(0.0, 1.0, true).is_like(&luma(3.0, 4.0, true)));
        assert!(!luma(0.0, 1.0, true).is_like(&luma(0.0, 1.0, false)));
        assert!(!luma(0.0, 1.0, true).is_like(&Alpha::<f64>::Network));
    }
}
