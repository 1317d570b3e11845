//! What speaks against a picture: measures of sharpness and exposure, and what the alias-free paper
//! warns of in training data.

use std::collections::BTreeSet;

use super::super::Picture;
use super::crop::luma;

/// What is measured of a square picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measures {
    /// Variance of the Laplacian of brightness (0 to 255).
    pub sharpness: f64,
    /// Mean brightness, 0 to 255.
    pub mean: f64,
    /// Its standard deviation.
    pub deviation: f64,
}

/// Measures RGB pixels in rows of `width`.
pub(super) fn measure(pixels: &[u8], width: usize) -> Measures {
    let grey: Vec<f32> = pixels.chunks_exact(3).map(luma).collect();
    let (mean, variance) = mean_and_variance(grey.iter().copied());
    Measures { sharpness: sharpness(&grey, width), mean, deviation: variance.sqrt() }
}

/// Variance of the Laplacian: small where nothing has an edge.
pub(super) fn sharpness(grey: &[f32], width: usize) -> f64 {
    let height = grey.len() / width.max(1);
    let inner = |length: usize| 1..length.saturating_sub(1).max(1);
    let laplacian = inner(height).flat_map(|y| {
        inner(width).map(move |x| {
            let i = y * width + x;
            grey[i - width] + grey[i + width] + grey[i - 1] + grey[i + 1] - 4.0 * grey[i]
        })
    });
    mean_and_variance(laplacian).1
}

fn mean_and_variance(values: impl Iterator<Item = f32>) -> (f64, f64) {
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0f64);
    for value in values.map(f64::from) {
        (sum, squares, count) = (sum + value, squares + value * value, count + 1.0);
    }
    let mean = sum / count.max(1.0);
    (mean, (squares / count.max(1.0) - mean * mean).max(0.0))
}

/// Whether it is retro pixel graphics: few colours in even blocks with hard edges between them.
pub(super) fn is_pixel_graphics(picture: &Picture) -> bool {
    const MOST_COLOURS: usize = 256;
    let mut colours = BTreeSet::new();
    let (mut same, mut jumps, mut size) = (0u64, 0u64, 0.0);
    for row in picture.pixels.chunks_exact(3 * picture.width.max(1)) {
        for (left, right) in row.chunks_exact(3).zip(row[3..].chunks_exact(3)) {
            if left == right {
                same += 1;
                continue;
            }
            if colours.len() <= MOST_COLOURS {
                colours.insert([right[0], right[1], right[2]]);
            } else {
                return false;
            }
            jumps += 1;
            let apart = left.iter().zip(right).map(|(a, b)| a.abs_diff(*b)).max();
            size += f64::from(apart.unwrap_or(0));
        }
    }
    jumps > 0 && same >= jumps && size / jumps as f64 > 24.0
}

/// The quality (1 to 100, as libjpeg counts) at which a JPEG file was saved, by its first quantisation
/// table; none for other files.
pub(super) fn jpeg_quality(bytes: &[u8]) -> Option<u32> {
    /// Sum of the table for brightness in annex K of ITU-T T.81, which is quality 50.
    const SUM: u32 = 3691;
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let (&[0xff, marker, high, low], _) = rest.split_first_chunk::<4>()? else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..2 + length)?;
        // The picture itself begins: no table came before it.
        if marker == 0xda {
            return None;
        }
        if marker == 0xdb {
            let (&kind, values) = segment.split_first()?;
            let sum: u32 = match kind >> 4 {
                0 => values.get(..64)?.iter().map(|&v| u32::from(v)).sum(),
                _ => values
                    .get(..128)?
                    .chunks_exact(2)
                    .map(|v| u32::from(v[0]) << 8 | u32::from(v[1]))
                    .sum(),
            };
            let scale = f64::from(sum.max(1)) * 100.0 / f64::from(SUM);
            let quality = if scale <= 100.0 { (200.0 - scale) / 2.0 } else { 5000.0 / scale };
            return Some(quality.round().clamp(1.0, 100.0) as u32);
        }
        rest = &rest[2 + length..];
    }
}

#[cfg(test)]
mod tests {
    use image::ImageEncoder;

    use super::*;

    fn picture(side: usize, f: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
        let pixels = (0..side * side).flat_map(|i| f(i % side, i / side)).collect();
        Picture { width: side, height: side, pixels }
    }

    #[test]
    fn sharpness_falls_with_blur() {
        let wave = |period: f32| {
            let p = picture(64, |x, _| [(128.0 + 100.0 * (x as f32 / period).sin()) as u8; 3]);
            measure(&p.pixels, 64)
        };
        let [fine, coarse] = [wave(0.7), wave(8.0)];
        assert!(fine.sharpness > 1000.0 && coarse.sharpness < 20.0, "{fine:?} {coarse:?}");
        assert!((fine.mean - 128.0).abs() < 4.0 && (fine.deviation - 70.0).abs() < 4.0);
        assert_eq!(measure(&[], 0).sharpness, 0.0);
        assert_eq!(measure(&[3, 3, 3], 1).sharpness, 0.0);
    }

    #[test]
    fn pixel_graphics_are_told_from_photographs() {
        let block = |x: usize, y: usize| {
            let n = (x / 4 * 5 + y / 4 * 3) % 7;
            [n as u8 * 36, 255 - n as u8 * 30, 80]
        };
        assert!(is_pixel_graphics(&picture(64, block)));
        let photo = |x: usize, y: usize| [(x * 4) as u8, (y * 4) as u8, ((x * y) % 251) as u8];
        assert!(!is_pixel_graphics(&picture(64, photo)));
        // A grey gradient has few colours, but no edges.
        assert!(!is_pixel_graphics(&picture(64, |_, y| [y as u8 * 4; 3])));
        assert!(!is_pixel_graphics(&picture(64, |x, _| [x as u8 / 2; 3])));
    }

    #[test]
    fn the_quality_of_jpegs_is_read_from_their_tables() {
        let p = picture(16, |x, y| [(x * 16) as u8, (y * 16) as u8, 128]);
        // Below that, the largest steps are cut off at 255.
        for quality in [30, 50, 75, 90, 95] {
            let mut bytes = Vec::new();
            let encoder =
                image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality as u8);
            encoder.write_image(&p.pixels, 16, 16, image::ColorType::Rgb8.into()).unwrap();
            let found = jpeg_quality(&bytes).unwrap();
            assert!(found.abs_diff(quality) <= 1, "{found} for {quality}");
            // Cut anywhere, it is no panic.
            for end in 0..bytes.len().min(200) {
                jpeg_quality(&bytes[..end]);
            }
        }
        assert_eq!(jpeg_quality(b"\x89PNG"), None);
        assert_eq!(jpeg_quality(&[0xff, 0xd8, 0xff, 0xdb, 0, 0, 1, 2, 3, 4]), None);
    }
}
