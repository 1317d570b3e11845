//! The band limit that a square grid and a turned square grid share (Karras et al. 2021, appendix E.3).

use std::f64::consts::PI;

use rustfft::FftDirection;
use rustfft::num_complex::Complex64;

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
        // All are even, so their transforms are real: two share a complex one, forth and back.
        let mut sincs = vec![Complex64::default(); grid * grid];
        let mut windows = sincs.clone();
        let [turned_x, turned_y] = [
            Turned::new(angle.cos(), angle.sin(), up, reach),
            Turned::new(-angle.sin(), angle.cos(), up, reach),
        ];
        for (i, (sinc, window)) in sincs.iter_mut().zip(&mut windows).enumerate() {
            let (y, x) = (i / grid, i % grid);
            // Index 0 is the centre, as the transform wants it.
            let (j, k) = ((y + reach) % grid, (x + reach) % grid);
            let (across, down) = (turned_x.at(j, k), turned_y.at(j, k));
            let (x, y) = (position(k, reach, up), position(j, reach, up));
            sinc.re = turned_x.plain[k] * turned_x.plain[j];
            sinc.im = across.1 * down.1;
            window.re = lanczos(x) * lanczos(y);
            window.im = lanczos(across.0) * lanczos(down.0);
        }
        for square in [&mut sincs, &mut windows] {
            fourier::transform(square, grid, FftDirection::Forward);
        }
        let mut both: Vec<_> = sincs
            .iter()
            .zip(&windows)
            .map(|(s, l)| Complex64::new(s.re * s.im, l.re * l.im))
            .collect();
        fourier::transform(&mut both, grid, FftDirection::Inverse);
        let side = 2 * half + 1;
        let wrapped = |i: usize| (i + grid - half) % grid;
        let mut taps: Vec<f64> = (0..side * side)
            .map(|i| both[wrapped(i / side) * grid + wrapped(i % side)])
            .map(|v| v.re * v.im)
            .collect();
        normalise(&mut taps, side, up);
        Self { side, taps }
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
    /// The sinc along an axis of the grid that is not turned.
    plain: Vec<f64>,
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
        let plain = (0..=2 * reach).map(|i| sinc(position(i, reach, up))).collect();
        Self { x: along(by_x), y: along(by_y), plain }
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
