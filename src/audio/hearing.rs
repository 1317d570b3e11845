//! The features of a piece, value by value.

use std::str::FromStr;

use super::beats::{Beats, beats};
use super::chroma::{self, Chroma, PITCHES};
use super::follow::Series;
use super::spectrum::{self, BANDS, NAMED, Spectrum, shares};
use super::{HOP, RATE};
use crate::report::nearest;

/// Pitches change slowly and take long windows: every so many hops is enough.
const CHROMA_EVERY: usize = 4;
/// Powers below that of the loudest band by this much (dB) count as silence for onsets.
const FLOOR_DB: f32 = 60.0;
/// A rise of a band by more (dB) counts as this much: what follows silence is an onset among others.
const RISE_DB: f32 = 20.0;

/// What is heard in a piece. Value `i` of each feature is of the moment `i * HOP / RATE` seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Hearing {
    /// Length in samples.
    pub samples: u64,
    /// Root mean square around each moment; a sine at full scale has 0.707.
    pub rms: Vec<f32>,
    /// The largest magnitude of a sample in each hop.
    pub peaks: Vec<f32>,
    /// Onset strength: how much louder the bands become from one moment to the next, dB on average.
    pub onset: Vec<f32>,
    /// Powers in the bands, [`BANDS`] for each moment.
    pub bands: Vec<f32>,
    /// Pitch classes, 12 for each moment.
    pub chroma: Vec<f32>,
    /// Tempo and beats.
    pub beats: Beats,
}

/// One signal of a piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Feature {
    /// Loudness.
    Rms,
    /// Onset strength.
    Onset,
    /// 1 on a beat, falling evenly to 0 at the next.
    Beat,
    /// Loudness between two frequencies, Hz.
    Band([f64; 2]),
    /// The share of a pitch class, from 0 for c.
    Chroma(usize),
}

impl Feature {
    /// All that have a name; besides there are bands such as `60-250`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let bands = NAMED.iter().map(|&(name, _)| name);
        ["rms", "onset", "beat"].into_iter().chain(bands).chain(PITCHES)
    }
}

impl FromStr for Feature {
    type Err = String;

    /// `rms`, `onset`, `beat`, a named band, `LOW-HIGH` in Hz, or a pitch such as `f#`.
    fn from_str(text: &str) -> Result<Self, String> {
        let band = |(low, high): (&str, &str)| {
            let ends = [low.trim().parse().ok()?, high.trim().parse().ok()?];
            (20.0..=20_000.0).contains(&ends[0]).then_some(())?;
            (ends[0] < ends[1] && ends[1] <= 20_000.0).then_some(Self::Band(ends))
        };
        let named = NAMED.iter().find(|(name, _)| *name == text).map(|&(_, ends)| ends);
        let pitch = PITCHES.iter().position(|&pitch| pitch == text);
        match (text, named, pitch, text.split_once('-')) {
            ("rms", ..) => Ok(Self::Rms),
            ("onset", ..) => Ok(Self::Onset),
            ("beat", ..) => Ok(Self::Beat),
            (_, Some(ends), ..) => Ok(Self::Band(ends)),
            (_, _, Some(pitch), _) => Ok(Self::Chroma(pitch)),
            (.., Some(ends)) => band(ends).ok_or_else(|| {
                format!("`{text}` is no band, expected two frequencies from 20 to 20000 Hz such as `60-250`")
            }),
            _ => {
                let names: Vec<_> = Self::names().collect();
                let hint = nearest(text, names.iter().copied())
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                Err(format!(
                    "nothing is heard by the name `{text}`{hint}; expected {}, or a band such as `60-250`",
                    names.join(", ")
                ))
            }
        }
    }
}

impl Hearing {
    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples as f64 / f64::from(RATE)
    }

    /// One feature over time, 0 to 1: scaled so that its largest value in the piece is 1, and pitch
    /// classes and beats as they are.
    pub fn series(&self, feature: Feature) -> Series {
        let values = match feature {
            Feature::Rms => self.rms.clone(),
            Feature::Onset => self.onset.clone(),
            Feature::Band(ends) => self.amplitudes(ends),
            Feature::Chroma(pitch) => self.chroma.iter().skip(pitch).step_by(12).copied().collect(),
            Feature::Beat => {
                let moment = |i: usize| i as f64 * HOP as f64 / f64::from(RATE);
                (0..self.rms.len()).map(|i| self.beats.nearness(moment(i)) as f32).collect()
            }
        };
        let scaled = !matches!(feature, Feature::Chroma(_) | Feature::Beat);
        let most = values.iter().copied().fold(0.0, f32::max);
        let scale = if scaled && most > 0.0 { most.recip() } else { 1.0 };
        Series::new(values.into_iter().map(|value| value * scale).collect())
    }

    /// Root mean square between two frequencies (Hz) at each moment.
    pub fn amplitudes(&self, ends: [f64; 2]) -> Vec<f32> {
        let shares = shares(ends);
        let power = |bands: &[f32]| {
            bands.iter().zip(&shares).map(|(power, share)| power * share).sum::<f32>()
        };
        self.bands.chunks_exact(BANDS).map(|bands| power(bands).sqrt()).collect()
    }
}

/// Hears a piece bit by bit: memory grows with what is heard, not with the samples.
pub struct Analyser {
    spectrum: Spectrum,
    chroma: Chroma,
    /// Samples that later windows need, from `start` on.
    held: Vec<f32>,
    /// The place of the first sample held; there is silence before the beginning.
    start: i64,
    samples: u64,
    /// Moments heard.
    heard: usize,
    rms: Vec<f32>,
    peaks: Vec<f32>,
    bands: Vec<f32>,
    chromas: Vec<[f32; 12]>,
}

impl Default for Analyser {
    fn default() -> Self {
        let lead = chroma::WINDOW / 2;
        Self {
            spectrum: Spectrum::new(spectrum::WINDOW),
            chroma: Chroma::new(),
            held: vec![0.0; lead],
            start: -(lead as i64),
            samples: 0,
            heard: 0,
            rms: Vec::new(),
            peaks: Vec::new(),
            bands: Vec::new(),
            chromas: Vec::new(),
        }
    }
}

impl Analyser {
    /// Takes the next samples, at [`RATE`], about -1 to 1. What is not a number counts as silence.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples += samples.len() as u64;
        self.held.extend(samples.iter().map(|&s| if s.is_finite() { s } else { 0.0 }));
        self.hear(self.start + self.held.len() as i64);
    }

    /// The end of the piece.
    pub fn finish(mut self) -> Hearing {
        let moments = self.samples.div_ceil(HOP as u64) as usize;
        self.held.extend([0.0; chroma::WINDOW]);
        self.hear(((moments * HOP) as i64 - HOP as i64) + (chroma::WINDOW / 2) as i64);
        let onset = onsets(&self.bands);
        let chroma = (0..moments).flat_map(|i| between(&self.chromas, i));
        Hearing {
            samples: self.samples,
            beats: beats(&onset, f64::from(RATE) / HOP as f64),
            onset,
            chroma: chroma.collect(),
            rms: self.rms,
            peaks: self.peaks,
            bands: self.bands,
        }
    }

    /// Hears all moments whose windows end before `end`, and lets go of samples that none needs.
    fn hear(&mut self, end: i64) {
        loop {
            let moment = (self.heard * HOP) as i64;
            if moment + (chroma::WINDOW / 2) as i64 > end {
                break;
            }
            let around = |length: usize| {
                let from = (moment - length as i64 / 2 - self.start) as usize;
                &self.held[from..from + length]
            };
            let window = around(spectrum::WINDOW);
            let mean = window.iter().map(|x| x * x).sum::<f32>() / window.len() as f32;
            self.rms.push(mean.sqrt());
            let hop = &self.held[(moment - self.start) as usize..][..HOP];
            self.peaks.push(hop.iter().fold(0.0, |most, x| x.abs().max(most)));
            self.bands.extend(self.spectrum.bands(window));
            if self.heard.is_multiple_of(CHROMA_EVERY) {
                self.chromas.push(self.chroma.of(around(chroma::WINDOW)));
            }
            self.heard += 1;
        }
        let needed = (self.heard * HOP) as i64 - (chroma::WINDOW / 2) as i64;
        self.held.drain(..(needed - self.start).max(0) as usize);
        self.start = needed.max(self.start);
    }
}

/// Half-wave rectified differences of the bands' levels, averaged (Ellis 2007, section 3.1).
fn onsets(bands: &[f32]) -> Vec<f32> {
    let loudest = bands.iter().copied().fold(0.0, f32::max);
    if loudest == 0.0 {
        return vec![0.0; bands.len() / BANDS];
    }
    let level = |power: f32| (10.0 * (power / loudest).log10()).max(-FLOOR_DB);
    let mut last = [-FLOOR_DB; BANDS];
    let moments = bands.chunks_exact(BANDS).map(|bands| {
        let rises = bands.iter().zip(&mut last).map(|(&power, last)| {
            let now = level(power);
            (now - std::mem::replace(last, now)).clamp(0.0, RISE_DB)
        });
        rises.sum::<f32>() / BANDS as f32
    });
    moments.collect()
}

/// Pitch classes at a moment, between those that were taken.
fn between(taken: &[[f32; 12]], moment: usize) -> [f32; 12] {
    let (before, part) =
        (moment / CHROMA_EVERY, (moment % CHROMA_EVERY) as f32 / CHROMA_EVERY as f32);
    let [a, b] = [before, before + 1].map(|i| taken[i.min(taken.len() - 1)]);
    std::array::from_fn(|class| a[class] + (b[class] - a[class]) * part)
}
