//! Near duplicates: pictures whose perceptual hashes and colours are close to those of one before.

use std::collections::HashMap;
use std::f32::consts::PI;

use super::crop::luma;

/// How far the coarse colours of near duplicates may differ, root mean square, of 255.
const COLOURS_APART: u32 = 4;
/// Side of the grid of coarse colours, and of the block of frequencies.
const COARSE: usize = 8;
/// Side of the picture that is hashed.
const FINE: usize = 32;

/// What a picture is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Likeness {
    /// Signs of the lowest frequencies of brightness, about their median.
    hash: u64,
    /// Mean colours of an 8x8 grid.
    colours: [u8; 3 * COARSE * COARSE],
}

impl Likeness {
    /// Of a square RGB picture.
    pub fn of(pixels: &[u8], side: usize) -> Self {
        let grey: Vec<f32> = pixels.chunks_exact(3).map(luma).collect();
        let fine = averaged(side, FINE, |x, y| grey[y * side + x]);
        let mut colours = [0; 3 * COARSE * COARSE];
        for c in 0..3 {
            let coarse = averaged(side, COARSE, |x, y| f32::from(pixels[3 * (y * side + x) + c]));
            for (i, value) in coarse.into_iter().enumerate() {
                colours[3 * i + c] = value.round() as u8;
            }
        }
        Self { hash: hash(&fine), colours }
    }

    fn is_near(&self, other: &Self, distance: u32) -> bool {
        let pairs = self.colours.iter().zip(&other.colours);
        let squares: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum();
        (self.hash ^ other.hash).count_ones() <= distance
            && squares <= COLOURS_APART * COLOURS_APART * self.colours.len() as u32
    }
}

/// Means over the cells of a grid.
fn averaged(side: usize, cells: usize, at: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let range = |i: usize| {
        let from = i * side / cells;
        from..((i + 1) * side / cells).max(from + 1)
    };
    let cell = |i: usize| {
        let (columns, rows) = (range(i % cells), range(i / cells));
        let count = (columns.len() * rows.len()) as f32;
        rows.flat_map(|y| columns.clone().map(move |x| (x, y))).map(|(x, y)| at(x, y)).sum::<f32>()
            / count
    };
    (0..cells * cells).map(cell).collect()
}

/// The signs of the 8x8 lowest coefficients of the cosine transform against their median.
fn hash(fine: &[f32]) -> u64 {
    let wave = |k: usize, n: usize| (PI * k as f32 * (2 * n + 1) as f32 / (2 * FINE) as f32).cos();
    let waves: Vec<f32> = (0..COARSE * FINE).map(|i| wave(i / FINE, i % FINE)).collect();
    let dot = |a: &[f32], b: &mut dyn Iterator<Item = f32>| -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    };
    // Rows first: [FINE][COARSE].
    let rows: Vec<f32> = fine
        .chunks_exact(FINE)
        .flat_map(|row| {
            waves.chunks_exact(FINE).map(|w| dot(w, &mut row.iter().copied())).collect::<Vec<_>>()
        })
        .collect();
    let coefficient = |i: usize| {
        let column = rows.iter().skip(i % COARSE).step_by(COARSE).copied();
        dot(&waves[i / COARSE * FINE..][..FINE], &mut { column })
    };
    let coefficients: Vec<f32> = (0..COARSE * COARSE).map(coefficient).collect();
    // The first is the mean, which says nothing of the shape.
    let mut sorted = coefficients[1..].to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2];
    coefficients.iter().enumerate().fold(0, |bits, (i, &c)| bits | u64::from(c > median) << i)
}

/// The pictures that were kept.
///
/// Hashes that differ in at most d bits agree in one of d + 1 bands of their bits: only those are
/// compared.
pub(super) struct Kept {
    distance: u32,
    likenesses: Vec<Likeness>,
    bands: HashMap<(u32, u64), Vec<u32>>,
}

impl Kept {
    /// For hashes that differ in at most `distance` bits.
    pub fn new(distance: u32) -> Self {
        Self { distance, likenesses: Vec::new(), bands: HashMap::new() }
    }

    /// Keeps a picture, unless one is near it: the number of the first such.
    pub fn keep(&mut self, likeness: Likeness) -> Option<usize> {
        let bands: Vec<(u32, u64)> = self.bands(likeness.hash).collect();
        let near = bands.iter().filter_map(|band| self.bands.get(band)).flatten();
        let near =
            near.filter(|&&i| self.likenesses[i as usize].is_near(&likeness, self.distance)).min();
        if let Some(&near) = near {
            return Some(near as usize);
        }
        let number = self.likenesses.len() as u32;
        for band in bands {
            self.bands.entry(band).or_default().push(number);
        }
        self.likenesses.push(likeness);
        None
    }

    fn bands(&self, hash: u64) -> impl Iterator<Item = (u32, u64)> {
        let count = self.distance + 1;
        (0..count).map(move |i| {
            let (from, to) = (64 * i / count, 64 * (i + 1) / count);
            (i, (hash >> from) & (u64::MAX >> (64 - (to - from))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{randn, uniforms};

    fn scene(seed: u32, side: usize) -> Vec<u8> {
        let u = uniforms(seed, 40);
        let at = |i: usize| {
            let (x, y) = ((i % side) as f64 / side as f64, (i / side) as f64 / side as f64);
            let value = |c: usize| {
                let waves = u[c * 3..].chunks_exact(4).take(6);
                let sum: f64 =
                    waves.map(|w| (20.0 * (w[0] * x + w[1] * y) + 6.0 * w[2]).sin() * w[3]).sum();
                (128.0 + 40.0 * sum).clamp(0.0, 255.0) as u8
            };
            [value(0), value(1), value(2)]
        };
        (0..side * side).flat_map(at).collect()
    }

    #[test]
    fn noise_scale_and_size_leave_a_picture_like_itself() {
        let of = |seed| Likeness::of(&scene(seed, 64), 64);
        let all: Vec<Likeness> = (0..12).map(of).collect();
        for (seed, a) in all.iter().enumerate() {
            let plain = scene(seed as u32, 128);
            let noise = randn(seed as u32, plain.len());
            let noisy = plain.iter().zip(noise).map(|(p, n)| (f64::from(*p) + 4.0 * n) as u8);
            assert!(a.is_near(&Likeness::of(&plain, 128), 6));
            assert!(a.is_near(&Likeness::of(&noisy.collect::<Vec<_>>(), 128), 6));
            for other in &all[..seed] {
                assert!(!a.is_near(other, 6), "{seed}");
            }
        }
    }

    #[test]
    fn colours_tell_pictures_of_one_shape_apart() {
        let red = scene(1, 64);
        let blue: Vec<u8> = red.chunks_exact(3).flat_map(|p| [p[2], p[0], p[1]]).collect();
        assert!(!Likeness::of(&red, 64).is_near(&Likeness::of(&blue, 64), 64));
    }

    #[test]
    fn bands_find_what_comparing_all_finds() {
        let draw = uniforms(3, 6000);
        let base = |i: usize| {
            (draw[i] * 2f64.powi(53)) as u64 ^ ((draw[i + 1] * 2f64.powi(53)) as u64) << 11
        };
        for distance in [0, 1, 4, 9, 16, 63] {
            let (mut kept, mut plain) = (Kept::new(distance), Vec::<Likeness>::new());
            for i in 0..600 {
                // Every hash is some base with a few bits changed.
                let mut hash = base(i % 37 * 2);
                for k in 0..i % 12 {
                    hash ^= 1 << (draw[(i * 12 + k) % 6000] * 64.0) as u32;
                }
                let likeness = Likeness { hash, colours: [7; 192] };
                let expected = plain.iter().position(|other| other.is_near(&likeness, distance));
                if expected.is_none() {
                    plain.push(likeness.clone());
                }
                assert_eq!(kept.keep(likeness), expected, "{distance} {i}");
            }
            assert!(plain.len() < 600 || distance == 0);
        }
    }

    #[test]
    fn pictures_smaller_than_the_grid_have_a_likeness() {
        for side in [1, 4, 8, 16] {
            let pixels = scene(5, side);
            assert!(Likeness::of(&pixels, side).is_near(&Likeness::of(&pixels, side), 0));
        }
    }
}
