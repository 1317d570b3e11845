//! Equivariance layer by layer: which of them breaks it.
//!
//! The pictures' own figures (EQ-T, EQ-R) are compared after the last layer. Here the same question is
//! asked of every signal on the way. With `x(U)` what a layer gives when the Fourier features are seen
//! under U, and `M` the motion that U stands for, done to the signal at the layer's own sampling rate,
//!
//! `dB = 10 log10(sum |x(I) - mean|^2 / sum |x(U) - M x(I)|^2)`,
//!
//! both sums over the pixels of the canvas, without the network's margins, that `M` gives from data, and
//! over channels and samples; the mean is that of each channel, because what is constant moves in any
//! case. Layers have no common range, hence the power of the signal in place of a peak: a figure of 0 dB
//! is an error as large as the signal. What one layer spoils stays spoilt in those after it: the one that
//! breaks it is where the curve falls.

use super::equivariance::Draw;
use super::image::{Image, Mask};
use super::rotation::{pseudo_rotation, rotation};
use super::shift::fine_shift;
use crate::Result;

/// What a layer gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// Samples a canvas.
    pub rate: f64,
    /// The samples, margins included: square, the canvas in the middle.
    pub image: Image,
}

/// A generator whose inner signals can be seen.
pub trait LayerSubject {
    /// The latents of a seed, untruncated, as the synthesis takes them.
    fn latents(&self, seed: u32) -> Result<Vec<f32>>;
    /// What the Fourier features (first) and each layer give for latents and a transform U.
    fn signals(&self, ws: &[f32], transform: [[f64; 3]; 3]) -> Result<Vec<Signal>>;
}

/// The power of a signal and of its errors, in float64. Sums of parts add up to those of the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Power {
    /// Sum of squared deviations from each channel's mean.
    pub signal: f64,
    /// Sum of squared errors.
    pub error: f64,
}

impl Power {
    /// Of `moved` against `reference`, where the mask says so.
    fn compare(reference: &Image, moved: &Image, mask: &Mask) -> Self {
        let mut sums = Self::default();
        for (a, b) in reference.planes().zip(moved.planes()) {
            let own = || {
                let values = a.iter().zip(b).zip(&mask.0);
                values
                    .filter(|(_, counts)| **counts)
                    .map(|((a, b), _)| (f64::from(*a), f64::from(*b)))
            };
            let (sum, n) = own().fold((0.0, 0.0), |(sum, n), (a, _)| (sum + a, n + 1.0));
            let mean = sum / n;
            for (a, b) in own() {
                sums.signal += (a - mean).powi(2);
                sums.error += (a - b).powi(2);
            }
        }
        sums
    }

    /// The figure in dB; infinite without errors, not a number without a signal.
    pub fn decibels(&self) -> f64 {
        10.0 * (self.signal / self.error).log10()
    }
}

impl std::iter::Sum for Power {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |a, b| Self {
            signal: a.signal + b.signal,
            error: a.error + b.error,
        })
    }
}

/// What is found of one layer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Found {
    /// Under shifts by parts of a pixel.
    pub shift: Power,
    /// What the filter that shifts the reference errs by itself: the signal shifted there and back,
    /// against the signal. Figures near this one say nothing about the layer.
    pub floor: Power,
    /// Under rotation, both sides reduced to the band that the two grids share (as for EQ-R).
    pub rotation: Power,
}

impl std::iter::Sum for Found {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |a, b| Self {
            shift: [a.shift, b.shift].into_iter().sum(),
            floor: [a.floor, b.floor].into_iter().sum(),
            rotation: [a.rotation, b.rotation].into_iter().sum(),
        })
    }
}

/// The transforms of a draw: its broken shift, its angle.
pub fn transforms(draw: &Draw) -> [[[f64; 3]; 3]; 2] {
    let ([x, y], (s, c)) = (draw.fractional_shift, draw.angle.sin_cos());
    [
        [[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]],
        [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]],
    ]
}

/// Holds a layer's signals under the two [`transforms`] against the one without.
pub fn judge(draw: &Draw, still: &Signal, shifted: &Signal, turned: &Signal) -> Found {
    let canvas = canvas(still);
    let t = draw.fractional_shift.map(|t| t * still.rate);
    let (moved, there) = fine_shift(&still.image, t);
    let (again, back) = fine_shift(&moved, t.map(|t| -t));
    // A pixel that came back is sound where all that it came from was.
    let both = fine_shift(&as_image(&there, &still.image), t.map(|t| -t)).0;
    let sound = Mask(both.values.iter().map(|v| (v - 1.0).abs() < 1e-6).collect());
    let (reference, mask) = rotation(&still.image, draw.angle);
    let (own, own_mask) = pseudo_rotation(&turned.image, draw.angle);
    Found {
        shift: Power::compare(&moved, &shifted.image, &there.and(&canvas)),
        floor: Power::compare(&still.image, &again, &back.and(&sound).and(&canvas)),
        rotation: Power::compare(&reference, &own, &mask.and(&own_mask).and(&canvas)),
    }
}

/// The pixels of the canvas: those of the margins are there to be spoilt.
fn canvas(signal: &Signal) -> Mask {
    let (height, width) = (signal.image.height, signal.image.width);
    let inside = |i: usize, size: usize| {
        ((2 * i + 1) as f64 - size as f64).abs() <= signal.rate.min(size as f64)
    };
    Mask::from_fn(height, width, |y, x| inside(y, height) && inside(x, width))
}

fn as_image(mask: &Mask, like: &Image) -> Image {
    let values = mask.0.iter().map(|&counts| f32::from(u8::from(counts))).collect();
    Image { channels: 1, values, ..*like }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::equivariance::STILL;
    use std::f64::consts::TAU;

    /// Waves of up to `bandwidth` cycles a canvas with margins of 10, seen under U; `glue` of a grid on
    /// top that does not move.
    fn waves(rate: usize, bandwidth: f64, glue: f32, u: [[f64; 3]; 3]) -> Signal {
        let side = rate + 20;
        let place = |i: usize| (i as f64 + 0.5 - side as f64 / 2.0) / rate as f64;
        let image = Image::from_fn([2, side, side], |c, y, x| {
            let [px, py] = [0, 1].map(|r| u[r][0] * place(x) + u[r][1] * place(y) + u[r][2]);
            let wave = |i: usize| {
                let angle = (i * 7 + c) as f64;
                (TAU * bandwidth * (angle.cos() * px + angle.sin() * py) + angle).sin() as f32
            };
            3.0 + (0..5).map(wave).sum::<f32>() + glue * ((x + 2 * y) % 3) as f32
        });
        Signal { name: "L0".into(), rate: rate as f64, image }
    }

    fn found(rate: usize, bandwidth: f64, glue: f32) -> Found {
        let one = |seed| {
            let draw = Draw::of_seed(seed);
            let [shift, turn] = transforms(&draw);
            let signal = |u| waves(rate, bandwidth, glue, u);
            judge(&draw, &signal(STILL), &signal(shift), &signal(turn))
        };
        (0..4).map(one).sum()
    }

    #[test]
    fn what_moves_along_scores_high_and_glue_low() {
        for rate in [16, 32, 64] {
            let exact = found(rate, rate as f64 / 6.0, 0.0);
            let [shift, floor, rotation] =
                [exact.shift, exact.floor, exact.rotation].map(|power| power.decibels());
            assert!(shift > 60.0 && floor > 60.0, "{rate}: {shift} {floor}");
            assert!(rotation > 25.0, "{rate}: {rotation}");
            let glued = found(rate, rate as f64 / 6.0, 0.3);
            assert!(glued.shift.decibels() < 25.0, "{rate}: {glued:?}");
            assert!(glued.rotation.decibels() < rotation - 5.0, "{rate}: {glued:?}");
        }
        // Near half the sampling rate the filter itself errs, which the floor tells.
        let critical = found(32, 15.0, 0.0);
        assert!(
            critical.shift.decibels() < 40.0 && critical.floor.decibels() < 40.0,
            "{critical:?}"
        );
    }

    #[test]
    fn power_is_that_of_the_definition() {
        let image =
            |values: [f32; 4]| Image { channels: 1, height: 2, width: 2, values: values.into() };
        let mask = Mask(vec![true, true, true, false]);
        let power =
            Power::compare(&image([1.0, 2.0, 3.0, 9.0]), &image([1.0, 2.0, 3.2, 0.0]), &mask);
        assert!((power.signal - 2.0).abs() < 1e-12 && (power.error - 0.04).abs() < 1e-6);
        assert!((power.decibels() - 10.0 * 50f64.log10()).abs() < 1e-4);
        assert!(Power::default().decibels().is_nan());
    }
}
