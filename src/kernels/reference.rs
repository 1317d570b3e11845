//! The obviously correct filtered leaky ReLU: zeros inserted, sums written out, in float64.

use super::{FilteredLrelu, Resampler};
use crate::Result;
use crate::signal::Filter;

/// One plane of float64 samples, rows first.
struct Plane {
    size: [usize; 2],
    samples: Vec<f64>,
}

impl Plane {
    /// 0 outside.
    fn at(&self, y: i64, x: i64) -> f64 {
        let inside = |v: i64, n: usize| usize::try_from(v).ok().filter(|&v| v < n);
        match (inside(y, self.size[0]), inside(x, self.size[1])) {
            (Some(y), Some(x)) => self.samples[y * self.size[1] + x],
            _ => 0.0,
        }
    }
}

/// Applies `operator` to one plane `x` of `size` (height, width) with its bias.
///
/// # Errors
/// [`crate::Error::Invalid`] where the plane is too small for the filters.
pub fn filtered_lrelu(
    operator: &FilteredLrelu,
    size: [usize; 2],
    x: &[f32],
    bias: f32,
) -> Result<Vec<f32>> {
    let (inner, out) = (operator.inner_size(size)?, operator.out_size(size)?);
    let up = operator.up.factor;
    let mut zeros_inserted =
        Plane { size: size.map(|n| n * up), samples: vec![0.0; size[0] * up * size[1] * up] };
    for (i, &sample) in x.iter().enumerate() {
        let (y, x) = (i / size[1], i % size[1]);
        zeros_inserted.samples[y * up * size[1] * up + x * up] = f64::from(sample + bias);
    }
    let [left, _, top, _] = operator.padding;
    let gain = (up * up) as f64;
    let upsampled = convolve(&zeros_inserted, &operator.up, [top, left], 1, inner);
    let activate = |v: f64| {
        let v = v * gain;
        let v = if v < 0.0 { v * f64::from(operator.slope) } else { v };
        let clamp = f64::from(operator.clamp);
        (v * f64::from(operator.gain)).clamp(-clamp, clamp)
    };
    let samples = upsampled.samples.into_iter().map(activate).collect();
    let activated = Plane { size: inner, samples };
    let down = convolve(&activated, &operator.down, [0, 0], operator.down.factor, out);
    Ok(down.samples.into_iter().map(|v| v as f32).collect())
}

/// Convolves after padding by so many samples at the top and left, keeping every `step`-th.
fn convolve(
    x: &Plane,
    by: &Resampler,
    [top, left]: [i64; 2],
    step: usize,
    size: [usize; 2],
) -> Plane {
    let taps = by.taps();
    let tap = |i: usize, j: usize| match &by.filter {
        Filter::Separable(row) => row[i] * row[j],
        Filter::Radial { side, taps } => taps[i * side + j],
    };
    let sum = |y: usize, x0: usize| {
        let mut sum = 0.0;
        for (i, j) in (0..taps).flat_map(|i| (0..taps).map(move |j| (i, j))) {
            let row = (y * step + taps - 1 - i) as i64 - top;
            let column = (x0 * step + taps - 1 - j) as i64 - left;
            sum += tap(i, j) * x.at(row, column);
        }
        sum
    };
    let samples = (0..size[0] * size[1]).map(|k| sum(k / size[1], k % size[1])).collect();
    Plane { size, samples }
}
