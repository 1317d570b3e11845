//! The power of a piece of sound in bands of a sixth of an octave.

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::RATE;

/// Samples that a spectrum is taken of: 46 ms.
pub const WINDOW: usize = 2048;
/// Bands of a sixth of an octave, from 20 Hz to 20.48 kHz.
pub const BANDS: usize = 60;
const LOWEST: f64 = 20.0;
const PER_OCTAVE: f64 = 6.0;

/// The bands that have names, with their ends in Hz.
pub const NAMED: [(&str, [f64; 2]); 7] = [
    ("sub", [20.0, 60.0]),
    ("bass", [60.0, 250.0]),
    ("low_mid", [250.0, 500.0]),
    ("mid", [500.0, 2000.0]),
    ("high_mid", [2000.0, 4000.0]),
    ("presence", [4000.0, 6000.0]),
    ("brilliance", [6000.0, 20_000.0]),
];

/// Lower and upper end of a band, Hz.
pub fn band_edges(band: usize) -> [f64; 2] {
    [band, band + 1].map(|edge| LOWEST * (edge as f64 / PER_OCTAVE).exp2())
}

/// How much of each band lies between two frequencies, 0 to 1, by the octave.
pub fn shares([low, high]: [f64; 2]) -> [f32; BANDS] {
    let place = |hertz: f64| PER_OCTAVE * (hertz.max(1e-3) / LOWEST).log2();
    let (low, high) = (place(low), place(high));
    std::array::from_fn(|band| {
        let band = band as f64;
        (high.min(band + 1.0) - low.max(band)).clamp(0.0, 1.0) as f32
    })
}

/// A window's spectrum as powers: a sine of amplitude 1 has the power 1/2 in all.
pub struct Spectrum {
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    values: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// For each bin: its first band and the shares of it and the following ones.
    spread: Vec<(usize, Vec<f32>)>,
}

impl Spectrum {
    /// For windows of so many samples.
    pub fn new(length: usize) -> Self {
        let fft = FftPlanner::new().plan_fft_forward(length);
        let scratch = vec![Complex32::default(); fft.get_inplace_scratch_len()];
        let window = (0..length).map(|i| {
            let turn = std::f64::consts::TAU * i as f64 / length as f64;
            (0.5 - 0.5 * turn.cos()) as f32
        });
        let spread = (0..=length / 2).map(|bin| spread(bin, length)).collect();
        Self {
            window: window.collect(),
            values: vec![Complex32::default(); length],
            scratch,
            spread,
            fft,
        }
    }

    /// The powers of bins 0 to half the length of a Hann-windowed piece. By Parseval's theorem they
    /// sum to its mean square.
    pub fn powers(&mut self, samples: &[f32]) -> impl Iterator<Item = f32> + '_ {
        for ((value, &sample), &weight) in self.values.iter_mut().zip(samples).zip(&self.window) {
            *value = Complex32::new(sample * weight, 0.0);
        }
        self.fft.process_with_scratch(&mut self.values, &mut self.scratch);
        let length = self.window.len();
        // The Hann window's mean square is 3/8.
        let scale = (8.0 / 3.0) / (length as f32 * length as f32);
        self.values[..=length / 2].iter().enumerate().map(move |(bin, value)| {
            let both_sides = if bin == 0 || bin == length / 2 { 1.0 } else { 2.0 };
            both_sides * scale * value.norm_sqr()
        })
    }

    /// The powers in the bands.
    pub fn bands(&mut self, samples: &[f32]) -> [f32; BANDS] {
        let mut bands = [0.0; BANDS];
        let spread = std::mem::take(&mut self.spread);
        for (power, (first, shares)) in self.powers(samples).zip(&spread) {
            for (band, share) in bands[*first..].iter_mut().zip(shares) {
                *band += power * share;
            }
        }
        self.spread = spread;
        bands
    }
}

/// How a bin's power is spread over the bands that it covers, by width. The lowest bins are wider
/// than the lowest bands.
fn spread(bin: usize, length: usize) -> (usize, Vec<f32>) {
    let hertz = |bin: f64| bin * f64::from(RATE) / length as f64;
    let (low, high) = (hertz(bin as f64 - 0.5), hertz(bin as f64 + 0.5));
    let overlap = |band: usize| {
        let [from, to] = band_edges(band);
        ((high.min(to) - low.max(from)) / (high - low)).max(0.0) as f32
    };
    let shares: Vec<f32> = (0..BANDS).map(overlap).collect();
    let first = shares.iter().position(|&share| share > 0.0).unwrap_or(0);
    let last = shares.iter().rposition(|&share| share > 0.0).map_or(0, |last| last + 1);
    (first, shares[first.min(last)..last].to_vec())
}
