//! Pictures moved by whole and by broken numbers of pixels (Karras et al. 2021, appendix E.1, E.2).

use std::f64::consts::PI;
use std::ops::Range;

use rayon::prelude::*;

use super::image::{Image, Mask};
use crate::signal::kaiser;

/// The picture moved by whole pixels, `(x, y)`, to the right and down: `out(p) = in(p - t)`, zero
/// where there is no data. The mask is where there is some.
pub fn integer_shift(image: &Image, [tx, ty]: [i64; 2]) -> (Image, Mask) {
    let (xs, ys) = (fed(image.width, tx..tx + 1), fed(image.height, ty..ty + 1));
    let mut out = image.blank();
    let area = image.height * image.width;
    for (plane, target) in image.planes().zip(out.values.chunks_exact_mut(area.max(1))) {
        for y in ys.clone() {
            let from = (y as i64 - ty) as usize * image.width;
            let source = &plane[from..from + image.width];
            for x in xs.clone() {
                target[y * image.width + x] = source[(x as i64 - tx) as usize];
            }
        }
    }
    (out, inside(image, &ys, &xs))
}

/// The picture moved by any number of pixels, `(x, y)`, through a Lanczos-windowed sinc (a = 3)
/// along each axis whose six taps sum to 1, zeros beyond the picture. The mask asks for all taps
/// inside.
pub fn fractional_shift(image: &Image, t: [f64; 2]) -> (Image, Mask) {
    shift(image, t.map(|t| windowed(t, 3, |x| sinc(x / 3.0))))
}

/// The same through 16 taps under a Kaiser window (beta 8), which err by 70 dB and less below 0.3 of
/// the sampling rate: for signals whose own flaws are smaller than those of Lanczos' window.
pub fn fine_shift(image: &Image, t: [f64; 2]) -> (Image, Mask) {
    const HALF: i64 = 8;
    shift(image, t.map(|t| windowed(t, HALF, |x| kaiser(x / HALF as f64, 8.0))))
}

/// Offsets and weights of the taps along one axis.
type Taps = (Range<i64>, Vec<f64>);

fn shift(image: &Image, [x_taps, y_taps]: [Taps; 2]) -> (Image, Mask) {
    let (width, height) = (image.width as i64, image.height as i64);
    let area = (image.height * image.width).max(1);
    let mut out = image.blank();
    let planes = image.values.par_chunks_exact(area).zip(out.values.par_chunks_exact_mut(area));
    planes.for_each(|(plane, target)| {
        let mut rows = vec![0f64; plane.len()];
        for (row, source) in rows.chunks_exact_mut(image.width).zip(plane.chunks_exact(image.width))
        {
            for (n, weight) in x_taps.0.clone().zip(&x_taps.1) {
                let to = n.clamp(0, width) as usize..(width + n).clamp(0, width) as usize;
                let from = (-n).clamp(0, width) as usize;
                for (sum, value) in row[to].iter_mut().zip(&source[from..]) {
                    *sum += weight * f64::from(*value);
                }
            }
        }
        let mut sums = vec![0f64; image.width];
        for (y, line) in (0..height).zip(target.chunks_exact_mut(image.width)) {
            sums.fill(0.0);
            for (n, weight) in y_taps.0.clone().zip(&y_taps.1) {
                if (0..height).contains(&(y - n)) {
                    let from = ((y - n) * width) as usize;
                    for (sum, value) in sums.iter_mut().zip(&rows[from..]) {
                        *sum += weight * value;
                    }
                }
            }
            line.iter_mut().zip(&sums).for_each(|(to, sum)| *to = *sum as f32);
        }
    });
    (out, inside(image, &fed(image.height, y_taps.0), &fed(image.width, x_taps.0)))
}

/// The taps of a sinc under a window that reaches `half` samples to either side, of unit sum.
fn windowed(t: f64, half: i64, window: impl Fn(f64) -> f64) -> Taps {
    let first = t.floor() as i64 - half + 1;
    let offsets = first..first + 2 * half;
    let tap = |n: i64| sinc(n as f64 - t) * window(n as f64 - t);
    let taps: Vec<f64> = offsets.clone().map(tap).collect();
    let sum: f64 = taps.iter().sum();
    (offsets, taps.into_iter().map(|tap| tap / sum).collect())
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Which of `size` places get data from all of the offsets.
fn fed(size: usize, offsets: Range<i64>) -> Range<usize> {
    let size = size as i64;
    let (from, to) = ((offsets.end - 1).clamp(0, size), (size + offsets.start).clamp(0, size));
    from as usize..to.max(from) as usize
}

fn inside(image: &Image, ys: &Range<usize>, xs: &Range<usize>) -> Mask {
    Mask::from_fn(image.height, image.width, |y, x| ys.contains(&y) && xs.contains(&x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::image::tests::{assert_mask, golden_image, golden_images, noise};
    use crate::signal::golden::golden;

    #[test]
    fn whole_shifts_agree() {
        for case in 0..2 {
            let t = golden("equivariance", &format!("int.{case}.t"));
            let t = [0, 1].map(|i| (t[i] * 64.0).round() as i64);
            for (n, image) in golden_images().iter().enumerate() {
                let (out, mask) = integer_shift(image, t);
                assert_eq!(out, golden_image(&format!("int.{case}.out"), n));
                assert_mask(&mask, &format!("int.{case}.mask"), n);
            }
        }
    }

    #[test]
    fn broken_shifts_agree() {
        for case in 0..2 {
            let t = golden("equivariance", &format!("frac.{case}.t"));
            for (n, image) in golden_images().iter().enumerate() {
                let (out, mask) = fractional_shift(image, [t[0] * 64.0, t[1] * 64.0]);
                out.assert_near(&golden_image(&format!("frac.{case}.out"), n), 1e-6);
                assert_mask(&mask, &format!("frac.{case}.mask"), n);
            }
        }
    }

    /// Pixel by pixel, as the definition reads.
    fn slow(image: &Image, t: [f64; 2]) -> Image {
        let (h, w) = (image.height as i64, image.width as i64);
        let [(nx, wx), (ny, wy)] = t.map(|t| windowed(t, 3, |x| sinc(x / 3.0)));
        Image::from_fn([image.channels, image.height, image.width], |c, y, x| {
            let mut sum = 0.0;
            for (dy, wy) in ny.clone().zip(&wy) {
                for (dx, wx) in nx.clone().zip(&wx) {
                    let (y, x) = (y as i64 - dy, x as i64 - dx);
                    if (0..h).contains(&y) && (0..w).contains(&x) {
                        let at = (c as i64 * h + y) * w + x;
                        sum += wy * wx * f64::from(image.values[at as usize]);
                    }
                }
            }
            sum as f32
        })
    }

    #[test]
    fn every_size_and_shift_is_the_slow_one() {
        for (i, size) in
            [[1, 1, 1], [3, 2, 5], [1, 7, 4], [3, 16, 16], [2, 9, 31]].into_iter().enumerate()
        {
            let image = noise(i as u32, size);
            for t in [[0.0, 0.0], [0.3, -0.7], [-2.5, 3.1], [40.2, 0.1], [-0.1, -99.9], [5.0, -1.0]]
            {
                let (out, mask) = fractional_shift(&image, t);
                out.assert_near(&slow(&image, t), 1e-6);
                let whole = t.map(f64::round);
                let (moved, moved_mask) = integer_shift(&image, whole.map(|t| t as i64));
                let (same, same_mask) = fractional_shift(&image, whole);
                moved.assert_near(&same, 1e-6);
                assert_eq!(same_mask.and(&moved_mask), same_mask, "{size:?} {t:?}");
                assert_eq!(mask.0.len(), size[1] * size[2]);
            }
        }
    }

    #[test]
    fn the_finer_filter_is_exact_well_below_half_the_rate() {
        for frequency in [0.05, 0.2, 0.3] {
            let wave = |x: f64, y: f64| (2.0 * PI * frequency * (x - y) + 0.4).sin() as f32;
            let at = |t: [f64; 2]| {
                Image::from_fn([1, 40, 40], |_, y, x| wave(x as f64 - t[0], y as f64 - t[1]))
            };
            for t in [[0.5, -0.5], [3.3, 1.9], [-0.01, 4.0]] {
                let ((out, mask), exact) = (fine_shift(&at([0.0; 2]), t), at(t));
                assert!(mask.0.iter().filter(|counts| **counts).count() > 300);
                for (i, _) in mask.0.iter().enumerate().filter(|(_, counts)| **counts) {
                    // Along each axis up to 1.6e-4, which is where both are moved by half a pixel.
                    assert!((out.values[i] - exact.values[i]).abs() < 3.3e-4, "{frequency} {t:?}");
                }
            }
        }
    }
}
