//! Pitch classes: how much of each of the twelve semitones is heard, in whatever octave.

use super::RATE;
use super::spectrum::Spectrum;

/// Names of the pitch classes, in their order.
pub const PITCHES: [&str; 12] = ["c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b"];
/// Samples that pitches are taken of: 186 ms, so that semitones are told apart from about 100 Hz on.
pub const WINDOW: usize = 8192;
/// The pitches that count, Hz: below, semitones run together; above are mostly overtones.
const RANGE: [f64; 2] = [100.0, 5000.0];
/// Below this power (-60 dB) there is nothing to hear.
const SILENCE: f32 = 1e-6;

/// Takes pitch classes of windows.
pub struct Chroma {
    spectrum: Spectrum,
    /// For each bin its pitch class and how well it hits the semitone, 0 to 1.
    classes: Vec<Option<(usize, f32)>>,
}

impl Chroma {
    /// Equal temperament, a' at 440 Hz.
    pub fn new() -> Self {
        let class = |bin: usize| {
            let hertz = bin as f64 * f64::from(RATE) / WINDOW as f64;
            if !(RANGE[0]..=RANGE[1]).contains(&hertz) {
                return None;
            }
            // Semitones above c.
            let place = 12.0 * (hertz / 440.0).log2() + 9.0;
            let off = place - place.round();
            let class = (place.round() as i64).rem_euclid(12) as usize;
            Some((class, (-0.5 * (off / 0.25).powi(2)).exp() as f32))
        };
        Self { spectrum: Spectrum::new(WINDOW), classes: (0..=WINDOW / 2).map(class).collect() }
    }

    /// The classes' shares: the strongest is 1; all are 0 in silence.
    pub fn of(&mut self, samples: &[f32]) -> [f32; 12] {
        let mut classes = [0.0; 12];
        for (power, class) in self.spectrum.powers(samples).zip(&self.classes) {
            if let Some((class, weight)) = class {
                classes[*class] += power * weight;
            }
        }
        let most = classes.iter().copied().fold(0.0, f32::max);
        if most < SILENCE {
            return [0.0; 12];
        }
        classes.map(|power| (power / most).sqrt())
    }
}
