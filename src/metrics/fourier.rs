//! Two-dimensional Fourier transforms of squares.

use rayon::prelude::*;
use rustfft::num_complex::Complex64;
use rustfft::{FftDirection, FftPlanner};

/// Transforms a square of `side * side` values in place, without scaling.
pub fn transform(square: &mut [Complex64], side: usize, direction: FftDirection) {
    transform_padded(square, side, side, direction);
}

/// The same for a square of which only the first `rows` rows are not zero.
pub fn transform_padded(
    square: &mut [Complex64],
    side: usize,
    rows: usize,
    direction: FftDirection,
) {
    if side == 0 {
        return;
    }
    let plan = FftPlanner::new().plan_fft(side, direction);
    for rows in [rows, side] {
        square[..rows * side].par_chunks_exact_mut(side).for_each_init(
            || vec![Complex64::default(); plan.get_inplace_scratch_len()],
            |scratch, row| plan.process_with_scratch(row, scratch),
        );
        transpose(square, side);
    }
}

/// The inverse transform of a square, without scaling, at the rows and columns `wanted` only: as many
/// values as pairs of them, rows first.
pub fn inverse_at(mut square: Vec<Complex64>, side: usize, wanted: &[usize]) -> Vec<Complex64> {
    let plan = FftPlanner::new().plan_fft_inverse(side);
    let rows = |values: &mut [Complex64]| {
        values.par_chunks_exact_mut(side.max(1)).for_each_init(
            || vec![Complex64::default(); plan.get_inplace_scratch_len()],
            |scratch, row| plan.process_with_scratch(row, scratch),
        );
    };
    rows(&mut square);
    // Columns of interest become rows.
    let mut columns: Vec<Complex64> =
        wanted.iter().flat_map(|&x| square.iter().skip(x).step_by(side).copied()).collect();
    rows(&mut columns);
    wanted.iter().flat_map(|&y| columns.iter().skip(y).step_by(side).copied()).collect()
}

fn transpose(square: &mut [Complex64], side: usize) {
    /// Squares that fit the nearest cache.
    const BLOCK: usize = 16;
    for y0 in (0..side).step_by(BLOCK) {
        for x0 in (y0..side).step_by(BLOCK) {
            for y in y0..(y0 + BLOCK).min(side) {
                for x in x0.max(y + 1)..(x0 + BLOCK).min(side) {
                    square.swap(y * side + x, x * side + y);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::randn;
    use std::f64::consts::TAU;

    #[test]
    fn it_is_the_sum_of_the_definition() {
        for side in [1, 2, 3, 7, 17, 20] {
            let values = randn(side as u32, 2 * side * side);
            let input: Vec<_> =
                values.as_chunks::<2>().0.iter().map(|&[a, b]| Complex64::new(a, b)).collect();
            let mut fast = input.clone();
            transform(&mut fast, side, FftDirection::Forward);
            for (i, fast) in fast.iter().enumerate() {
                let (v, u) = (i / side, i % side);
                let term = |(j, value): (usize, &Complex64)| {
                    let turns = (v * (j / side) + u * (j % side)) as f64 / side as f64;
                    value * Complex64::from_polar(1.0, -TAU * turns)
                };
                let slow: Complex64 = input.iter().enumerate().map(term).sum();
                assert!((fast - slow).norm() < 1e-10, "side {side}, {i}: {fast} {slow}");
            }
            let mut whole = input.clone();
            transform(&mut whole, side, FftDirection::Inverse);
            let wanted = [side - 1, 0, side / 2];
            let few = inverse_at(input.clone(), side, &wanted);
            let expected = wanted.map(|y| wanted.map(|x| whole[y * side + x]));
            for (few, expected) in few.iter().zip(expected.as_flattened()) {
                assert!((few - expected).norm() < 1e-10, "side {side}: {few} {expected}");
            }
            let rows = side / 3;
            let mut padded = input;
            padded[rows * side..].fill(Complex64::default());
            let mut whole = padded.clone();
            transform_padded(&mut padded, side, rows, FftDirection::Forward);
            transform(&mut whole, side, FftDirection::Forward);
            assert_eq!(padded, whole, "side {side}");
        }
    }
}
