//! Signals over time, and how a value follows one.

use super::{HOP, RATE};

/// Values at even distances, `HOP / RATE` seconds apart.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series(Vec<f32>);

/// How a value follows a signal. Times are seconds; 0 is at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Follow {
    /// What the signal is multiplied by.
    pub gain: f64,
    /// The deviation of a Gaussian that the signal is smoothed with, before and behind alike: nothing
    /// comes late.
    pub smooth: f64,
    /// The time in which a rise is followed to 63 %.
    pub attack: f64,
    /// The time in which a fall is followed to 63 %.
    pub release: f64,
}

impl Default for Follow {
    fn default() -> Self {
        Self { gain: 1.0, smooth: 0.0, attack: 0.0, release: 0.0 }
    }
}

/// Seconds between two values.
const STEP: f64 = HOP as f64 / RATE as f64;
/// Deviations beyond which a Gaussian is nothing.
const REACH: f64 = 4.0;

impl Series {
    /// Of values as they are.
    pub fn new(values: Vec<f32>) -> Self {
        Self(values)
    }

    /// The values.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// The value at a time in seconds, between two values on the line through them; 0 before the first
    /// and after the last.
    pub fn at(&self, seconds: f64) -> f64 {
        let place = seconds / STEP;
        if !(0.0..self.0.len() as f64).contains(&place) {
            return 0.0;
        }
        let (before, part) = (place as usize, place.fract());
        let value = |i: usize| f64::from(self.0.get(i).copied().unwrap_or(0.0));
        value(before) + (value(before + 1) - value(before)) * part
    }

    /// What follows this signal: smoothed, then with its attack and release, then with its gain.
    pub fn followed(&self, by: Follow) -> Self {
        let mut values = smoothed(&self.0, by.smooth / STEP);
        let share = |time: f64| if time > 0.0 { 1.0 - (-STEP / time).exp() } else { 1.0 };
        let (attack, release) = (share(by.attack), share(by.release));
        let mut now = values.first().copied().map_or(0.0, f64::from);
        for value in &mut values {
            let target = f64::from(*value);
            now += (target - now) * if target > now { attack } else { release };
            *value = (now * by.gain) as f32;
        }
        Self(values)
    }
}

/// Convolution with a Gaussian of a deviation in values; the ends count as going on.
fn smoothed(values: &[f32], deviation: f64) -> Vec<f32> {
    let reach = (REACH * deviation).ceil() as usize;
    if reach == 0 || values.is_empty() {
        return values.to_vec();
    }
    let weight = |i: usize| (-0.5 * (i as f64 / deviation).powi(2)).exp();
    let weights: Vec<f64> = (0..=reach).map(weight).collect();
    let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    let last = values.len() - 1;
    let value = |i: usize| f64::from(values[i.min(last)]);
    let smooth = |i: usize| {
        let pair = |k: usize| value(i.saturating_sub(k)) + value(i.saturating_add(k));
        let sides: f64 = (1..=reach).map(|k| weights[k] * pair(k)).sum();
        ((weights[0] * value(i) + sides) / sum) as f32
    };
    (0..values.len()).map(smooth).collect()
}
