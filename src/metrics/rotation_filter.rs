//! The band limit that a square grid and a turned square grid share (Karras et al. 2021, appendix E.3).

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use rustfft::num_complex::Complex64;
use rustfft::{FftDirection, FftPlanner};

use super::fourier;

/// Reach of the sincs before they are cut, in pixels.
const REACH: usize = 64;
/// Reach of the filter, in pixels: two Lanczos windows of 3.
const WINDOW: usize = 6;

/// A filter whose pass band is that of two square grids, one turned by an angle against the other.
#[derive(Debug, Clone, PartialEq)]
pub struct RotationFilter {
    /// Taps a side, an odd number.
    pub side: usize,
    /// `side * side` taps, rows first. They sum to 1, and each of the components that an upsampling
    /// uses at once to the same share of it.
    pub taps: Vec<f64>,
}

impl RotationFilter {
    /// `angle` in radians; `up` (at least 1) taps a pixel.
    ///
    /// With S the sinc of a grid and L its Lanczos window (a = 3), the filter is `(S * S') (L * L')`,
    /// the dashed ones turned, `*` a circular convolution over 64 pixels to each side.
    pub fn new(angle: f64, up: usize) -> Self {
        let (reach, half) = (REACH * up - 1, WINDOW * up - 1);
        let grid = 2 * reach + 1;
        let upright = Upright::of(up);
        // Sinc and window of the turned grid are even, so that their transforms are real: they share a
        // complex one, forth and back.
        let mut turned = vec![Complex64::default(); grid * grid];
        let [turned_x, turned_y] = [
            Turned::new(angle.cos(), angle.sin(), up, reach),
            Turned::new(-angle.sin(), angle.cos(), up, reach),
        ];
        turned.par_chunks_exact_mut(grid).enumerate().for_each(|(y, row)| {
            for (x, value) in row.iter_mut().enumerate() {
                // Index 0 is the centre, as the transform wants it.
                let (j, k) = ((y + reach) % grid, (x + reach) % grid);
                let (across, down) = (turned_x.at(j, k), turned_y.at(j, k));
                value.re = across.1 * down.1;
                value.im = lanczos(across.0) * lanczos(down.0);
            }
        });
        fourier::transform(&mut turned, grid, FftDirection::Forward);
        turned.par_chunks_exact_mut(grid).enumerate().for_each(|(v, row)| {
            for (u, value) in row.iter_mut().enumerate() {
                value.re *= upright.sinc[u] * upright.sinc[v];
                value.im *= upright.window[u] * upright.window[v];
            }
        });
        let side = 2 * half + 1;
        let wanted: Vec<usize> = (0..side).map(|i| (i + grid - half) % grid).collect();
        let mut taps: Vec<f64> =
            fourier::inverse_at(turned, grid, &wanted).into_iter().map(|v| v.re * v.im).collect();
        normalise(&mut taps, side, up);
        Self { side, taps }
    }
}

/// The transforms of the upright grid's sinc and window along one axis: no angle changes them.
struct Upright {
    sinc: Vec<f64>,
    window: Vec<f64>,
}

impl Upright {
    /// For so many taps a pixel, of which two numbers are in use.
    fn of(up: usize) -> Arc<Self> {
        static KNOWN: Mutex<BTreeMap<usize, Arc<Upright>>> = Mutex::new(BTreeMap::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(up).or_insert_with(|| Arc::new(Self::new(up))).clone()
    }

    fn new(up: usize) -> Self {
        let reach = REACH * up - 1;
        let grid = 2 * reach + 1;
        let mut both: Vec<Complex64> = (0..grid)
            .map(|i| position((i + reach) % grid, reach, up))
            .map(|x| Complex64::new(sinc(x), lanczos(x)))
            .collect();
        FftPlanner::new().plan_fft_forward(grid).process(&mut both);
        let (sinc, window) = both.into_iter().map(|value| (value.re, value.im)).unzip();
        Self { sinc, window }
    }
}

/// Each polyphase component to the sum `1 / up^2`.
fn normalise(taps: &mut [f64], side: usize, up: usize) {
    let mut sums = vec![0.0; up * up];
    let component = |i: usize| (i / side % up) * up + i % side % up;
    for (i, tap) in taps.iter().enumerate() {
        sums[component(i)] += tap;
    }
    for (i, tap) in taps.iter_mut().enumerate() {
        *tap /= sums[component(i)] * (up * up) as f64;
    }
}

fn position(index: usize, reach: usize, up: usize) -> f64 {
    (index as f64 - reach as f64) / up as f64
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

fn lanczos(x: f64) -> f64 {
    if x.abs() < 3.0 { sinc(x / 3.0) } else { 0.0 }
}

/// The sinc along one axis of the turned grid: the sine of a sum needs no sine a point.
struct Turned {
    /// `[position, sin, cos]` of the share along x and along y.
    x: Vec<[f64; 3]>,
    y: Vec<[f64; 3]>,
}

impl Turned {
    fn new(by_x: f64, by_y: f64, up: usize, reach: usize) -> Self {
        let along = |by: f64| {
            let share = |i| {
                let at = by * position(i, reach, up);
                [at, (PI * at).sin(), (PI * at).cos()]
            };
            (0..=2 * reach).map(share).collect()
        };
        Self { x: along(by_x), y: along(by_y) }
    }

    /// Position along the axis, and the sinc there, at row j and column k.
    fn at(&self, j: usize, k: usize) -> (f64, f64) {
        let ([x, sin_x, cos_x], [y, sin_y, cos_y]) = (self.x[k], self.y[j]);
        let at = x + y;
        (at, if at.abs() < 1e-9 { 1.0 } else { (sin_x * cos_y + cos_x * sin_y) / (PI * at) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::golden::golden;

    #[test]
    fn the_published_filter() {
        let filter = RotationFilter::new(0.3, 4);
        let expected = golden("equivariance", "bandlimit_filter.0.3");
        assert_eq!(filter.taps.len(), expected.len());
        for (tap, expected) in filter.taps.iter().zip(expected) {
            assert!((tap - expected).abs() < 1e-6, "{tap} {expected}");
        }
    }

    #[test]
    fn its_shape_is_as_described() {
        for (up, angle) in [(1, 0.0), (1, -2.0), (2, 1.0), (4, 3.0)] {
            let RotationFilter { side, taps } = RotationFilter::new(angle, up);
            assert_eq!((side, taps.len()), (12 * up - 1, side * side));
            for phase in 0..up * up {
                let own = |i: &usize| (i / side % up) * up + i % side % up == phase;
                let sum: f64 = (0..side * side).filter(own).map(|i| taps[i]).sum();
                assert!((sum - ((up * up) as f64).recip()).abs() < 1e-12);
            }
            for (a, b) in taps.iter().zip(taps.iter().rev()) {
                assert!((a - b).abs() < 1e-12, "not even");
            }
        }
    }
}
