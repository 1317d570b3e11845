//! Average power spectra of pictures (Karras et al. 2021, appendix A, figure 17).

use rustfft::FftDirection;
use rustfft::num_complex::Complex64;

use super::fourier;
use crate::signal::kaiser_window;

/// Shape of the window over a picture.
const BETA: f64 = 8.0;
/// Points of the spectrum a frequency: the picture is padded to so many times its side.
const INTERPOLATION: usize = 4;

/// Gathers the spectrum of `(x - mean) / std` over many planes. Mean and deviation may be chosen at
/// the end, so that one pass over the pictures is enough.
#[derive(Debug, Clone)]
pub struct Spectrum {
    picture: usize,
    window: Vec<f64>,
    /// Sums over the planes of the windowed levels' transform and of its squared magnitude.
    linear: Vec<Complex64>,
    squared: Vec<f64>,
    planes: u64,
    level_sum: f64,
    level_squares: f64,
}

/// A power spectrum, linear, unscaled: 1 (0 dB) for white noise of the deviation it was scaled to.
#[derive(Debug, Clone, PartialEq)]
pub struct Power {
    /// Points a side: frequencies 0 to just below the sampling rate, the upper half negative.
    pub side: usize,
    /// `side * side` values, rows first, frequency 0 first (not shifted).
    pub values: Vec<f64>,
}

impl Spectrum {
    /// For square planes of `side` pixels.
    pub fn new(side: usize) -> Self {
        let window = kaiser_window(side, BETA);
        let norm = window.iter().map(|w| w * w).sum::<f64>().sqrt();
        let points = (side * INTERPOLATION).pow(2);
        Self {
            picture: side,
            window: window.into_iter().map(|w| w / norm).collect(),
            linear: vec![Complex64::default(); points],
            squared: vec![0.0; points],
            planes: 0,
            level_sum: 0.0,
            level_squares: 0.0,
        }
    }

    /// Pixels a side of the planes that it takes.
    pub fn side(&self) -> usize {
        self.picture
    }

    /// Takes one channel of a picture: `side * side` levels 0..255, rows first.
    pub fn add(&mut self, levels: &[u8]) {
        for &level in levels {
            self.level_sum += f64::from(level);
            self.level_squares += f64::from(level).powi(2);
        }
        let transformed = self.transformed(|i| f64::from(levels[i]));
        for ((linear, squared), value) in
            self.linear.iter_mut().zip(&mut self.squared).zip(transformed)
        {
            *linear += value;
            *squared += value.norm_sqr();
        }
        self.planes += 1;
    }

    /// Mean and standard deviation of all levels so far.
    pub fn mean_and_deviation(&self) -> (f64, f64) {
        let samples = (self.planes as f64 * (self.picture as f64).powi(2)).max(1.0);
        let mean = self.level_sum / samples;
        (mean, (self.level_squares / samples - mean * mean).max(0.0).sqrt())
    }

    /// The average over the planes of `|F((x - mean) / deviation)|^2`.
    pub fn power(&self, mean: f64, deviation: f64) -> Power {
        let flat = self.transformed(|_| mean);
        let n = self.planes as f64;
        let scale = (n * deviation * deviation).recip();
        let values = self.squared.iter().zip(&self.linear).zip(flat);
        let values = values.map(|((squared, linear), flat)| {
            (squared - 2.0 * (linear * flat.conj()).re + n * flat.norm_sqr()) * scale
        });
        Power { side: self.picture * INTERPOLATION, values: values.collect() }
    }

    fn transformed(&self, level: impl Fn(usize) -> f64) -> Vec<Complex64> {
        let side = self.picture * INTERPOLATION;
        let mut square = vec![Complex64::default(); side * side];
        for (y, wy) in self.window.iter().enumerate() {
            for (x, wx) in self.window.iter().enumerate() {
                square[y * side + x].re = level(y * self.picture + x) * wy * wx;
            }
        }
        fourier::transform_padded(&mut square, side, self.picture, FftDirection::Forward);
        square
    }
}

impl Power {
    /// The power in dB at a point, counted from frequency 0 in steps of `1 / side` of the sampling
    /// rate; it repeats beyond.
    pub fn decibels(&self, fy: i64, fx: i64) -> f64 {
        let [y, x] = [fy, fx].map(|f| f.rem_euclid(self.side.max(1) as i64) as usize);
        10.0 * self.values[y * self.side + x].log10()
    }

    /// Frequency (cycles a pixel) and dB along the x axis, to half the sampling rate.
    pub fn slice_0(&self) -> Vec<(f64, f64)> {
        let to = self.side as i64 / 2;
        (0..=to).map(|k| (k as f64 / self.side as f64, self.decibels(0, k))).collect()
    }

    /// The same along the diagonal, to its corner.
    pub fn slice_45(&self) -> Vec<(f64, f64)> {
        let step = 2f64.sqrt() / self.side as f64;
        let to = self.side as i64 / 2;
        (0..=to).map(|k| (k as f64 * step, self.decibels(k, k))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::golden::{bytes, golden};
    use crate::signal::randn;

    #[test]
    fn the_published_spectrum() {
        let mut spectrum = Spectrum::new(32);
        for plane in bytes("spectrum", "images").chunks_exact(32 * 32) {
            spectrum.add(plane);
        }
        assert_eq!(spectrum.planes, 12);
        let power = spectrum.power(120.0, 70.0);
        let expected = golden("spectrum", "spectrum");
        assert_eq!((power.side, power.values.len()), (128, expected.len()));
        for (value, expected) in power.values.iter().zip(expected) {
            assert!((value / expected - 1.0).abs() < 1e-6, "{value} {expected}");
        }
    }

    #[test]
    fn white_noise_has_no_decibels() {
        for side in [8, 24] {
            let mut spectrum = Spectrum::new(side);
            for plane in randn(1, 400 * side * side).chunks_exact(side * side) {
                let levels: Vec<u8> = plane.iter().map(|v| (v * 30.0 + 128.0) as u8).collect();
                spectrum.add(&levels);
            }
            let (mean, deviation) = spectrum.mean_and_deviation();
            assert!((mean - 127.5).abs() < 0.5 && (deviation - 30.0).abs() < 0.3);
            let power = spectrum.power(mean, deviation);
            let average = power.values.iter().sum::<f64>() / power.values.len() as f64;
            assert!((average - 1.0).abs() < 0.08, "{average}");
            for (_, db) in power.slice_0().into_iter().chain(power.slice_45()) {
                assert!(db.abs() < 2.0, "{db}");
            }
            assert_eq!(power.slice_45().last().unwrap().0, 0.5f64.sqrt());
        }
    }
}
