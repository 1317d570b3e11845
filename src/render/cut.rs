//! Cutting pictures out: each pixel's alpha by its colour. Values are a network's, -1 to 1.

use rayon::prelude::*;

use super::light::{encoded, linear};
use crate::timeline::alpha::{Alpha, LUMA};

/// Pixels that one thread takes at least.
const PIECE: usize = 1 << 12;

/// Pixels, RGB and straight alpha interleaved, of an image in planes (grey, RGB or RGB and alpha). A
/// [`Alpha::Matte`] is not of the image and does nothing here.
pub fn cut(planes: &[f32], area: usize, alpha: Option<&Alpha<f64>>) -> Vec<f32> {
    let plane = |i: usize| &planes[i * area..][..area];
    let colours = match planes.len() / area.max(1) {
        0 => return Vec::new(),
        1 | 2 => [plane(0); 3],
        _ => [0, 1, 2].map(plane),
    };
    let own = (planes.len() >= 4 * area).then(|| plane(3));
    let key = alpha.and_then(Key::new);
    let mut pixels = vec![0.0; 4 * area];
    let pieces = pixels.par_chunks_exact_mut(4).with_min_len(PIECE).enumerate();
    pieces.for_each(|(i, pixel)| {
        let rgb = colours.map(|plane| plane[i]);
        let (rgb, share) = match (alpha, &key, own) {
            (Some(Alpha::Network), _, Some(own)) => (rgb, own[i] * 0.5 + 0.5),
            (_, Some(key), _) => key.cut(rgb),
            _ => (rgb, 1.0),
        };
        pixel[..3].copy_from_slice(&rgb);
        // What is no number is transparent.
        pixel[3] = if share > 0.0 { share.min(1.0) * 2.0 - 1.0 } else { -1.0 };
    });
    pixels
}

/// A key, made ready for pixels.
enum Key {
    Luma {
        low: f32,
        high: f32,
        invert: bool,
    },
    Colour {
        colour: [f32; 3],
        hue: [f32; 2],
        tolerance: f32,
        softness: f32,
        spill: f32,
        invert: bool,
    },
}

impl Key {
    /// None for what is no key.
    fn new(alpha: &Alpha<f64>) -> Option<Self> {
        match *alpha {
            Alpha::Network | Alpha::Matte { .. } => None,
            Alpha::Luma { low, high, invert } => {
                Some(Self::Luma { low: low as f32, high: high as f32, invert })
            }
            Alpha::Colour { colour, tolerance, softness, spill, invert } => {
                let colour = oklab(colour.map(|part| (part * 2.0 - 1.0) as f32));
                let chroma = colour[1].hypot(colour[2]);
                // What has no colour has no hue that could spill.
                let hue = match chroma > 0.01 {
                    true => [colour[1] / chroma, colour[2] / chroma],
                    false => [0.0; 2],
                };
                let [tolerance, softness, spill] = [tolerance, softness, spill].map(|v| v as f32);
                Some(Self::Colour { colour, hue, tolerance, softness, spill, invert })
            }
        }
    }

    /// A pixel's colour without what the key spilt on it, and its alpha.
    fn cut(&self, rgb: [f32; 3]) -> ([f32; 3], f32) {
        match *self {
            Self::Luma { low, high, invert } => {
                let parts = rgb.iter().zip(LUMA);
                let luma: f32 = parts.map(|(v, weight)| (v * 0.5 + 0.5) * weight as f32).sum();
                (rgb, turned(ramp(luma, low, high), invert))
            }
            Self::Colour { colour, hue, tolerance, softness, spill, invert } => {
                let lab = oklab(rgb);
                let [l, a, b] = [0, 1, 2].map(|i| lab[i] - colour[i]);
                let distance = (l * l + a * a + b * b).sqrt();
                let share = turned(ramp(distance, tolerance, tolerance + softness), invert);
                let spilt = spill * (lab[1] * hue[0] + lab[2] * hue[1]);
                if spilt <= 0.0 || !spilt.is_finite() {
                    return (rgb, share);
                }
                (of_oklab([lab[0], lab[1] - spilt * hue[0], lab[2] - spilt * hue[1]]), share)
            }
        }
    }
}

/// 0 up to `low`, 1 from `high` on, straight between; the other way round where `low` is the larger. A step
/// where both are one.
fn ramp(value: f32, low: f32, high: f32) -> f32 {
    if low == high {
        return if value > low { 1.0 } else { 0.0 };
    }
    ((value - low) / (high - low)).clamp(0.0, 1.0)
}

fn turned(share: f32, invert: bool) -> f32 {
    if invert { 1.0 - share } else { share }
}

/// Oklab of an sRGB colour of -1 to 1 (Ottosson 2020, "A perceptual color space for image processing"):
/// lightness 0 to 1, and two axes of colour.
fn oklab(rgb: [f32; 3]) -> [f32; 3] {
    let lms = product(&LMS, rgb.map(linear)).map(f32::cbrt);
    product(&LAB, lms)
}

/// The inverse.
fn of_oklab(lab: [f32; 3]) -> [f32; 3] {
    let lms = product(&LMS_OF_LAB, lab).map(|v| v * v * v);
    product(&RGB, lms).map(encoded)
}

fn product(matrix: &[[f32; 3]; 3], v: [f32; 3]) -> [f32; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// Linear RGB of BT.709 primaries to cone responses.
const LMS: [[f32; 3]; 3] = [
    [0.412_221_47, 0.536_332_54, 0.051_445_995],
    [0.211_903_5, 0.680_699_5, 0.107_396_96],
    [0.088_302_46, 0.281_718_85, 0.629_978_7],
];
/// Their cube roots to lightness and colour.
const LAB: [[f32; 3]; 3] = [
    [0.210_454_26, 0.793_617_8, -0.004_072_047],
    [1.977_998_5, -2.428_592_2, 0.450_593_7],
    [0.025_904_037, 0.782_771_77, -0.808_675_77],
];
/// The inverse of [`LAB`].
const LMS_OF_LAB: [[f32; 3]; 3] = [
    [1.0, 0.396_337_78, 0.215_803_76],
    [1.0, -0.105_561_346, -0.063_854_17],
    [1.0, -0.089_484_18, -1.291_485_5],
];
/// The inverse of [`LMS`].
const RGB: [[f32; 3]; 3] = [
    [4.076_741_7, -3.307_711_6, 0.230_969_94],
    [-1.268_438, 2.609_757_4, -0.341_319_38],
    [-0.004_196_086_3, -0.703_418_6, 1.707_614_7],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::randn;

    fn image(seed: u32, channels: usize, area: usize) -> Vec<f32> {
        randn(seed, channels * area).into_iter().map(|v| 0.7 * v as f32).collect()
    }

    fn near(a: f32, b: f64) -> bool {
        (f64::from(a) - b).abs() < 2e-5
    }

    #[test]
    fn oklab_is_the_published_one() {
        // Ottosson's table goes from XYZ; these are the primaries that everybody quotes of it.
        for (rgb, lab) in [
            ([1.0, 1.0, 1.0], [1.0, 0.0, 0.0]),
            ([1.0, -1.0, -1.0], [0.627_955, 0.224_863, 0.125_846]),
            ([-1.0, 1.0, -1.0], [0.866_440, -0.233_888, 0.179_498]),
            ([-1.0, -1.0, 1.0], [0.452_014, -0.032_457, -0.311_528]),
            ([-1.0, -1.0, -1.0], [0.0, 0.0, 0.0]),
        ] {
            let found = oklab(rgb);
            assert!(found.iter().zip(lab).all(|(a, b)| near(*a, b)), "{rgb:?} {found:?}");
        }
        for rgb in image(3, 3, 200).as_chunks::<3>().0 {
            let back = of_oklab(oklab(*rgb));
            assert!(back.iter().zip(rgb).all(|(a, b)| (a - b).abs() < 2e-3), "{rgb:?} {back:?}");
        }
    }

    #[test]
    fn a_luma_key_is_its_formula() {
        let area = 77;
        for (channels, low, high, invert) in
            [(3, 0.05, 0.2, false), (1, 0.3, 0.9, true), (4, 0.8, 0.2, false), (3, 0.5, 0.5, false)]
        {
            let planes = image(channels as u32, channels, area);
            let found = cut(&planes, area, Some(&Alpha::Luma { low, high, invert }));
            for i in 0..area {
                let rgb = [0, 1, 2].map(|c| planes[if channels == 1 { i } else { c * area + i }]);
                let luma: f64 = (0..3).map(|c| LUMA[c] * (f64::from(rgb[c]) + 1.0) / 2.0).sum();
                let share = match low == high {
                    true => f64::from(u8::from(luma > low)),
                    false => ((luma - low) / (high - low)).clamp(0.0, 1.0),
                };
                let share = if invert { 1.0 - share } else { share };
                assert_eq!(found[4 * i..4 * i + 3], rgb);
                assert!(near(found[4 * i + 3], 2.0 * share - 1.0), "{i}");
            }
        }
    }

    #[test]
    fn a_colour_key_takes_its_colour_and_its_spill() {
        let green = |spill, invert| Alpha::Colour {
            colour: [0.0, 1.0, 0.0],
            tolerance: 0.1,
            softness: 0.2,
            spill,
            invert,
        };
        let area = 90;
        let mut planes = image(8, 3, area);
        // The colour itself, grey, and what is partly green.
        for (i, rgb) in [[-1.0, 1.0, -1.0], [0.0; 3], [0.1, 0.5, 0.1]].iter().enumerate() {
            (0..3).for_each(|c| planes[c * area + i] = rgb[c]);
        }
        let [plain, turned, clean] = [green(0.0, false), green(0.0, true), green(1.0, false)]
            .map(|alpha| cut(&planes, area, Some(&alpha)));
        let key = oklab([-1.0, 1.0, -1.0]);
        for i in 0..area {
            let rgb = [0, 1, 2].map(|c| planes[c * area + i]);
            let lab = oklab(rgb);
            let squares = (0..3).map(|c| f64::from(lab[c] - key[c]).powi(2));
            let share = ((squares.sum::<f64>().sqrt() - 0.1) / 0.2).clamp(0.0, 1.0);
            assert!(near(plain[4 * i + 3], 2.0 * share - 1.0), "{i}");
            assert!(near(turned[4 * i + 3], 1.0 - 2.0 * share), "{i}");
            assert_eq!(plain[4 * i..4 * i + 3], rgb);
            // Lightness stays, and no green is left.
            let after = oklab([0, 1, 2].map(|c| clean[4 * i + c]));
            assert!((after[0] - lab[0]).abs() < 2e-3);
            let along = |lab: [f32; 3]| lab[1] * key[1] + lab[2] * key[2];
            assert!(along(after) < 1e-3, "{i}: {}", along(after));
            if along(lab) <= 0.0 {
                assert_eq!(clean[4 * i..4 * i + 3], rgb);
            }
        }
        assert_eq!(plain[3], -1.0);
        assert_eq!(plain[7], 1.0);
    }

    #[test]
    fn a_network_s_own_alpha_is_its_fourth_channel_and_no_number_is_transparent() {
        let mut planes = image(5, 4, 10);
        (planes[30], planes[31], planes[32]) = (f32::NAN, 3.0, -0.5);
        let own = cut(&planes, 10, Some(&Alpha::Network));
        assert_eq!([own[3], own[7], own[11]], [-1.0, 1.0, -0.5]);
        let opaque = cut(&planes, 10, None);
        for i in 0..10 {
            assert_eq!(opaque[4 * i..][..4], [planes[i], planes[10 + i], planes[20 + i], 1.0]);
            assert_eq!(own[4 * i..][..3], opaque[4 * i..][..3]);
        }
        assert!(cut(&[], 0, None).is_empty());
    }
}
