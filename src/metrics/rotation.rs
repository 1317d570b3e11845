//! Pictures that are turned as a band-limited signal is (Karras et al. 2021, appendix E.3).

use rayon::prelude::*;

use super::image::{Image, Mask};
use super::rotation_filter::RotationFilter;

/// Samples of the upsampled picture a pixel.
const UP: usize = 4;
/// Pixels that reach any four neighbouring samples of it: the filter's 47 taps and one more.
const TAPS: usize = 12;
/// Those before the pixel below which the first sample lies.
const BEFORE: i64 = 5;
/// Zeros around the picture, so that a window may overlap it in part.
const MARGIN: usize = TAPS;

/// Output p shows the input's place `R(angle) p` (radians; x to the right, y down, about the centre),
/// so that the content turns by `-angle`. The picture is upsampled by 4 with the filter that both
/// grids allow, and sampled bilinearly. The mask is where the filter lies inside the picture.
pub fn rotation(image: &Image, angle: f64) -> (Image, Mask) {
    let (height, width) = (image.height, image.width);
    let kernels = Kernels::new(&RotationFilter::new(angle, UP));
    let padded: Vec<Vec<f32>> = image.planes().map(|plane| pad(plane, width, MARGIN)).collect();
    let wide = width + 2 * MARGIN;
    let centre = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
    let (sin, cos) = angle.sin_cos();
    // Where p comes from, in samples of the upsampled picture.
    let source = |y: usize, x: usize| {
        let (x, y) = (x as f64 - centre[0], y as f64 - centre[1]);
        [cos * x - sin * y + centre[0], sin * x + cos * y + centre[1]].map(|at| at * UP as f64)
    };
    let mut pixels = vec![vec![0f32; padded.len()]; height * width];
    pixels.par_chunks_exact_mut(width.max(1)).enumerate().for_each(|(y, row)| {
        let mut kernel = [[0f32; TAPS]; TAPS];
        for (x, pixel) in row.iter_mut().enumerate() {
            let at = source(y, x);
            let first = at.map(|at| (at / UP as f64).floor() as i64 - BEFORE + MARGIN as i64);
            let fits = |first: i64, size: usize| (0..=(size + MARGIN) as i64).contains(&first);
            if !fits(first[0], width) || !fits(first[1], height) {
                continue;
            }
            kernels.blend(at, &mut kernel);
            let [first_x, first_y] = first.map(|first| first as usize);
            for (value, plane) in pixel.iter_mut().zip(&padded) {
                let mut sums = [0f32; TAPS];
                for (i, weights) in kernel.iter().enumerate() {
                    let from = (first_y + i) * wide + first_x;
                    for ((sum, weight), v) in sums.iter_mut().zip(weights).zip(&plane[from..]) {
                        *sum += weight * v;
                    }
                }
                *value = sums.iter().sum();
            }
        }
    });
    let out = Image::from_fn([image.channels, height, width], |c, y, x| pixels[y * width + x][c]);
    // 24 samples are half the filter; the bounds are the published ones.
    let inside = |at: f64, size: usize| (21.5..=(UP * size) as f64 - 26.5).contains(&at);
    let mask = Mask::from_fn(height, width, |y, x| {
        let [x, y] = source(y, x);
        inside(x, width) && inside(y, height)
    });
    (out, mask)
}

/// A picture that a generator has turned by `-angle` itself, reduced to the band that [`rotation`]
/// leaves. The mask is without 5 pixels at each border.
pub fn pseudo_rotation(image: &Image, angle: f64) -> (Image, Mask) {
    let RotationFilter { side, taps } = RotationFilter::new(-angle, 1);
    let (height, width, half) = (image.height, image.width, side / 2);
    let wide = width + 2 * half;
    let mut out = image.blank();
    for (plane, target) in image.planes().zip(out.values.chunks_exact_mut((height * width).max(1)))
    {
        let padded = pad(plane, width, half);
        target.par_chunks_exact_mut(width).enumerate().for_each(|(y, line)| {
            let mut sums = vec![0f64; width];
            for (i, row) in taps.chunks_exact(side).enumerate() {
                for (j, tap) in row.iter().enumerate() {
                    let from = (y + i) * wide + j;
                    for (sum, v) in sums.iter_mut().zip(&padded[from..]) {
                        *sum += tap * f64::from(*v);
                    }
                }
            }
            line.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum as f32);
        });
    }
    let inside = |i: usize, size: usize| i >= half && i + half < size;
    (out, Mask::from_fn(height, width, |y, x| inside(y, height) && inside(x, width)))
}

/// The plane with so many zeros on all sides.
fn pad(plane: &[f32], width: usize, margin: usize) -> Vec<f32> {
    let (wide, height) = (width + 2 * margin, plane.len() / width.max(1));
    let mut padded = vec![0.0; wide * (height + 2 * margin)];
    for (y, row) in plane.chunks_exact(width.max(1)).enumerate() {
        let from = (y + margin) * wide + margin;
        padded[from..from + width].copy_from_slice(row);
    }
    padded
}

/// What each pixel of a window adds to the sample at each place within a pixel.
struct Kernels {
    /// For a sample 0 to 4 steps below and right of the pixel after the first five.
    tables: Vec<[[f32; TAPS]; TAPS]>,
}

impl Kernels {
    fn new(filter: &RotationFilter) -> Self {
        let (side, gain) = (filter.side as i64, (UP * UP) as f64);
        let tap = |offset: i64, i: usize| {
            let at = offset + side / 2 - UP as i64 * (i as i64 - BEFORE);
            (0..side).contains(&at).then_some(at)
        };
        let tables =
            (0..=UP as i64).flat_map(|down| (0..=UP as i64).map(move |right| (down, right)));
        let tables = tables.map(|(down, right)| {
            std::array::from_fn(|i| {
                std::array::from_fn(|j| match (tap(down, i), tap(right, j)) {
                    (Some(y), Some(x)) => (gain * filter.taps[(y * side + x) as usize]) as f32,
                    _ => 0.0,
                })
            })
        });
        Self { tables: tables.collect() }
    }

    /// The weights of the window's pixels for the upsampled picture at `[x, y]`.
    fn blend(&self, at: [f64; 2], kernel: &mut [[f32; TAPS]; TAPS]) {
        let whole = at.map(f64::floor);
        let [x, y] = [0, 1].map(|i| (whole[i] as i64).rem_euclid(UP as i64) as usize);
        let [fx, fy] = [0, 1].map(|i| (at[i] - whole[i]) as f32);
        let table = |down, right| &self.tables[(y + down) * (UP + 1) + x + right];
        let corners = [table(0, 0), table(0, 1), table(1, 0), table(1, 1)];
        let shares = [(1.0 - fy) * (1.0 - fx), (1.0 - fy) * fx, fy * (1.0 - fx), fy * fx];
        for (i, row) in kernel.iter_mut().enumerate() {
            for (j, weight) in row.iter_mut().enumerate() {
                *weight = (0..4).map(|k| shares[k] * corners[k][i][j]).sum();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::image::tests::{assert_mask, golden_image, golden_images, noise};
    use crate::signal::golden::golden;

    #[test]
    fn rotations_agree() {
        for case in 0..2 {
            let angle = golden("equivariance", &format!("rot.{case}.angle"))[0];
            for (n, image) in golden_images().iter().enumerate() {
                let (out, mask) = rotation(image, angle);
                out.assert_near(&golden_image(&format!("rot.{case}.out"), n), 5e-5);
                assert_mask(&mask, &format!("rot.{case}.mask"), n);
                let (out, mask) = pseudo_rotation(image, angle);
                out.assert_near(&golden_image(&format!("rot.{case}.pseudo"), n), 5e-5);
                assert_mask(&mask, &format!("rot.{case}.pseudo_mask"), n);
            }
        }
    }

    /// Upsampling with zeros between, the whole convolution, then four samples.
    fn slow(image: &Image, angle: f64) -> Image {
        let (h, w) = (image.height as i64, image.width as i64);
        let filter = RotationFilter::new(angle, UP);
        let sample = |c: usize, y: i64, x: i64| {
            let mut sum = 0.0;
            for (iy, ix) in (0..h).flat_map(|iy| (0..w).map(move |ix| (iy, ix))) {
                let (j, k) = (y - 4 * iy + 23, x - 4 * ix + 23);
                if (0..47).contains(&j) && (0..47).contains(&k) {
                    let at = (c as i64 * h + iy) * w + ix;
                    sum += 16.0
                        * filter.taps[(j * 47 + k) as usize]
                        * f64::from(image.values[at as usize]);
                }
            }
            sum
        };
        let (sin, cos) = angle.sin_cos();
        let centre = [(w as f64 - 1.0) / 2.0, (h as f64 - 1.0) / 2.0];
        Image::from_fn([image.channels, image.height, image.width], |c, y, x| {
            let (dx, dy) = (x as f64 - centre[0], y as f64 - centre[1]);
            let sx = 4.0 * (cos * dx - sin * dy + centre[0]);
            let sy = 4.0 * (sin * dx + cos * dy + centre[1]);
            let (x0, y0, fx, fy) = (sx.floor(), sy.floor(), sx - sx.floor(), sy - sy.floor());
            let at = |j: i64, k: i64| sample(c, y0 as i64 + j, x0 as i64 + k);
            let row = |j| (1.0 - fx) * at(j, 0) + fx * at(j, 1);
            ((1.0 - fy) * row(0) + fy * row(1)) as f32
        })
    }

    #[test]
    fn every_size_and_angle_is_the_slow_one() {
        for (i, size) in
            [[1, 1, 1], [1, 3, 8], [3, 9, 5], [2, 20, 20], [1, 33, 2]].into_iter().enumerate()
        {
            let image = noise(i as u32, size);
            for angle in [0.0, 0.7, -1.6, 3.1] {
                rotation(&image, angle).0.assert_near(&slow(&image, angle), 1e-5);
            }
        }
    }
}
