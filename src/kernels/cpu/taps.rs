//! Filters as the passes want them: flipped, split into phases, with their symmetry noted.

use crate::kernels::Resampler;
use crate::signal::Filter;

/// A filter along one axis for upsampling: for each place between two inputs, the taps that meet
/// inputs there.
///
/// Output `t` of phase k, `t = factor g + padding - k`, is the sum over j of `taps[k][j] x[g + j]`.
#[derive(Debug, Clone)]
pub(super) struct Phases {
    pub factor: usize,
    /// Taps of one phase.
    pub length: usize,
    /// Phase by phase.
    pub taps: Vec<f32>,
    /// Whether phase k is phase `factor - 1 - k` reversed, so that both may share sums.
    pub mirrored: bool,
}

impl Phases {
    /// Scales and flips a filter and deals out its taps.
    fn new(row: &[f64], factor: usize, gain: f64) -> Self {
        let length = row.len().div_ceil(factor);
        let tap = |i: usize| {
            let (phase, j) = (i / length, i % length);
            row.len().checked_sub(phase + factor * j + 1).map_or(0.0, |n| row[n] * gain)
        };
        let mut taps: Vec<f64> = (0..factor * length).map(tap).collect();
        let pairs = factor.is_multiple_of(2) && length.is_multiple_of(2);
        let last = taps.len() - 1;
        let mirrored = pairs && mirror(&mut taps, |i| last - i);
        Self { factor, length, taps: to_f32(&taps), mirrored }
    }

    /// Passes on what it is given.
    pub fn identity() -> Self {
        Self { factor: 1, length: 1, taps: vec![1.0], mirrored: false }
    }

    pub fn phase(&self, k: usize) -> &[f32] {
        &self.taps[k * self.length..][..self.length]
    }
}

/// The two axes of upsampling.
#[derive(Debug, Clone)]
pub(super) enum Up {
    Separable {
        rows: Phases,
        columns: Phases,
    },
    /// The phases of either axis alike; taps `[phase y][phase x][j y][j x]`.
    Square {
        factor: usize,
        length: usize,
        taps: Vec<f32>,
    },
}

impl Up {
    /// Takes the filter with the gain of upsampling and `gain`, that of the nonlinearity.
    pub fn new(by: &Resampler, gain: f64) -> Self {
        let up = by.factor as f64;
        match &by.filter {
            Filter::Separable(row) => Self::Separable {
                rows: Phases::new(row, by.factor, up * gain),
                columns: Phases::new(row, by.factor, up),
            },
            Filter::Radial { side, taps } => {
                let (factor, length) = (by.factor, side.div_ceil(by.factor));
                let tap = |i: usize| {
                    let (x, rest) = (i % length, i / length);
                    let (y, rest) = (rest % length, rest / length);
                    let (phase_x, phase_y) = (rest % factor, rest / factor);
                    let y = side.checked_sub(phase_y + factor * y + 1);
                    let x = side.checked_sub(phase_x + factor * x + 1);
                    y.zip(x).map_or(0.0, |(y, x)| (taps[y * side + x] * up * up * gain) as f32)
                };
                let taps = (0..(factor * length).pow(2)).map(tap).collect();
                Self::Square { factor, length, taps }
            }
        }
    }

    pub fn factor(&self) -> usize {
        match self {
            Self::Separable { rows, .. } => rows.factor,
            Self::Square { factor, .. } => *factor,
        }
    }

    /// Inputs along one axis that one output may take part of.
    pub fn length(&self) -> usize {
        match self {
            Self::Separable { rows, .. } => rows.length,
            Self::Square { length, .. } => *length,
        }
    }
}

/// A downsampling filter, flipped: along each axis, or over both.
#[derive(Debug, Clone)]
pub(super) struct Down {
    pub factor: usize,
    /// Taps a side.
    pub side: usize,
    /// `side` of them, or `side * side`.
    pub taps: Vec<f32>,
    pub square: bool,
    /// Whether the filter equals its mirror images left to right and top to bottom.
    pub mirrored: bool,
}

impl Down {
    pub fn new(by: &Resampler) -> Self {
        let (Filter::Separable(taps) | Filter::Radial { taps, .. }) = &by.filter;
        let mut taps: Vec<f64> = taps.iter().rev().copied().collect();
        let (side, square) = (by.taps(), matches!(by.filter, Filter::Radial { .. }));
        let mirrored = side.is_multiple_of(2)
            && mirror(&mut taps, |i| i / side * side + side - 1 - i % side)
            && (!square || mirror(&mut taps, |i| (side - 1 - i / side) * side + i % side));
        Self { factor: by.factor, side, taps: to_f32(&taps), square, mirrored }
    }
}

/// Whether taps equal their images, but for the roundings of whoever designed them in float32; if so
/// they are made to.
fn mirror(taps: &mut [f64], image: impl Fn(usize) -> usize) -> bool {
    let largest = taps.iter().fold(0f64, |largest, tap| largest.max(tap.abs()));
    let alike = (0..taps.len()).all(|i| (taps[i] - taps[image(i)]).abs() <= 2e-7 * largest);
    if alike {
        for i in 0..taps.len() {
            let mean = (taps[i] + taps[image(i)]) / 2.0;
            (taps[i], taps[image(i)]) = (mean, mean);
        }
    }
    alike
}

fn to_f32(taps: &[f64]) -> Vec<f32> {
    taps.iter().map(|&tap| tap as f32).collect()
}
