//! EQ-T, `EQ-T_frac` and EQ-R (Karras et al. 2021, appendix E): how nearly a generator whose input is
//! moved gives the moved picture.

use std::f64::consts::PI;

use rayon::prelude::*;

use super::image::Image;
use super::psnr::Sums;
use super::rotation::{pseudo_rotation, rotation};
use super::shift::{fractional_shift, integer_shift};
use crate::signal::uniforms;
use crate::{Error, Result};

/// Largest shift along an axis, in canvas widths.
pub const LARGEST_SHIFT: f64 = 0.125;

/// What a generator is asked: latents, and the transforms U of its Fourier features.
pub trait Subject: Sync {
    /// The latents of a seed, untruncated, as the generator's synthesis takes them.
    fn latents(&self, seed: u32) -> Result<Vec<f32>>;
    /// One picture for each of the latents with its transform.
    fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>>;
}

/// One of the measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// EQ-T: shifts by whole pixels.
    Shift,
    /// `EQ-T_frac`: shifts by parts of a pixel.
    FractionalShift,
    /// EQ-R: rotation.
    Rotation,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shift, Self::FractionalShift, Self::Rotation];

    /// `eq-t`, `eq-t-frac` or `eq-r`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shift => "eq-t",
            Self::FractionalShift => "eq-t-frac",
            Self::Rotation => "eq-r",
        }
    }
}

/// How the pictures of one sample are moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// For EQ-T: (x, y), canvas widths. Rounded to whole pixels where it is used.
    pub shift: [f64; 2],
    /// For `EQ-T_frac`: (x, y), canvas widths.
    pub fractional_shift: [f64; 2],
    /// For EQ-R: radians; the picture turns by as much the other way.
    pub angle: f64,
}

impl Draw {
    /// The draw of a seed: shifts up to [`LARGEST_SHIFT`] along each axis, any angle.
    pub fn of_seed(seed: u32) -> Self {
        // The seed itself draws the latent: its own numbers would follow that.
        let u = uniforms(!seed, 5);
        let within = |i: usize, reach: f64| (2.0 * u[i] - 1.0) * reach;
        let shift = |i| [within(i, LARGEST_SHIFT), within(i + 1, LARGEST_SHIFT)];
        Self { shift: shift(0), fractional_shift: shift(2), angle: within(4, PI) }
    }

    /// How far the picture moves: canvas widths for shifts, radians (0 to pi) for rotation.
    pub fn extent(&self, measure: Measure) -> f64 {
        match measure {
            Measure::Shift => self.shift[0].hypot(self.shift[1]),
            Measure::FractionalShift => self.fractional_shift[0].hypot(self.fractional_shift[1]),
            Measure::Rotation => self.angle.abs(),
        }
    }

    /// The transform to give to a network of so many pixels a side.
    fn transform(&self, measure: Measure, side: usize) -> [[f64; 3]; 3] {
        let by = |[x, y]: [f64; 2]| [[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]];
        match measure {
            Measure::Shift => by(whole(self.shift, side).map(|pixels| pixels as f64 / side as f64)),
            Measure::FractionalShift => by(self.fractional_shift),
            Measure::Rotation => {
                let (s, c) = self.angle.sin_cos();
                [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]
            }
        }
    }

    /// The errors of the picture that the network moved, against the one that is moved after it.
    fn judge(&self, measure: Measure, still: &Image, moved: &Image) -> Sums {
        let side = still.width;
        let (reference, mask) = match measure {
            Measure::Shift => integer_shift(still, whole(self.shift, side)),
            Measure::FractionalShift => {
                fractional_shift(still, self.fractional_shift.map(|t| t * side as f64))
            }
            Measure::Rotation => {
                let (reference, mask) = rotation(still, self.angle);
                let (moved, moved_mask) = pseudo_rotation(moved, self.angle);
                return Sums::compare(&moved, &reference, &mask.and(&moved_mask));
            }
        };
        Sums::compare(moved, &reference, &mask)
    }
}

fn whole(shift: [f64; 2], side: usize) -> [i64; 2] {
    shift.map(|t| (t * side as f64).round() as i64)
}

/// A picture to be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its latents.
    pub ws: Vec<f32>,
    /// The transform U under which it is seen.
    pub transform: [[f64; 3]; 3],
    /// How it is moved from there.
    pub draw: Draw,
}

impl Sample {
    /// The sample of a seed, as the paper draws it: without a transform of its own.
    ///
    /// # Errors
    /// Those of the subject.
    pub fn of_seed(subject: &dyn Subject, seed: u32) -> Result<Self> {
        Ok(Self { ws: subject.latents(seed)?, transform: STILL, draw: Draw::of_seed(seed) })
    }

    /// The transform of the moved picture: the viewer's motion comes last, hence on the right.
    fn moved(&self, measure: Measure, side: usize) -> [[f64; 3]; 3] {
        let by = self.draw.transform(measure, side);
        let entry = |i: usize, j: usize| (0..3).map(|k| self.transform[i][k] * by[k][j]).sum();
        [0, 1, 2].map(|i| [0, 1, 2].map(|j| entry(i, j)))
    }
}

/// No transform.
pub const STILL: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// The errors of each sample under each of the measures, sample by sample.
///
/// The network makes one picture a sample, and one more for each measure. `side` is its resolution.
///
/// # Errors
/// Those of the subject; [`Error::Invalid`] for pictures with values that are no numbers.
pub fn measure(
    subject: &dyn Subject,
    side: usize,
    measures: &[Measure],
    samples: &[Sample],
) -> Result<Vec<Vec<Sums>>> {
    let inputs = samples.iter().flat_map(|sample| {
        let moved = measures.iter().map(|&measure| sample.moved(measure, side));
        std::iter::once(sample.transform).chain(moved).map(|u| (sample.ws.as_slice(), u))
    });
    let images = subject.images(&inputs.collect::<Vec<_>>())?;
    let judged = images.par_chunks(measures.len() + 1).zip(samples).map(|(images, sample)| {
        let moved = measures.iter().zip(&images[1..]);
        moved
            .map(|(&measure, moved)| sample.draw.judge(measure, &images[0], moved))
            .collect::<Vec<_>>()
    });
    let judged: Vec<Vec<Sums>> = judged.collect();
    if judged.iter().flatten().any(|sums| !sums.squares.is_finite()) {
        return Err(Error::Invalid(
            "the network makes pictures with values that are no numbers: check its file".into(),
        ));
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::psnr::figure;
    use std::f64::consts::TAU;

    /// A generator that is exact by construction: waves below half the sampling rate that fade towards
    /// the borders. `noise` of them is glued to the pixels.
    struct Waves {
        side: usize,
        glued: f32,
    }

    impl Subject for Waves {
        fn latents(&self, seed: u32) -> Result<Vec<f32>> {
            Ok(crate::signal::randn(seed, 24).into_iter().map(|v| v as f32).collect())
        }
        fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>> {
            let image = |(ws, u): &(&[f32], [[f64; 3]; 3])| {
                Image::from_fn([1, self.side, self.side], |_, y, x| {
                    let place = |i: usize| (i as f64 + 0.5) / self.side as f64 - 0.5;
                    let [x0, y0] = [place(x), place(y)];
                    let [px, py] = [0, 1].map(|r| u[r][0] * x0 + u[r][1] * y0 + u[r][2]);
                    let waves = ws.chunks_exact(3).map(|w| {
                        let turns = f64::from(w[0]) * 3.0 * px + f64::from(w[1]) * 3.0 * py;
                        (TAU * (turns + f64::from(w[2]))).sin() as f32 / 8.0
                    });
                    let own: f32 = waves.sum();
                    own + self.glued * ((7 * x + 3 * y) % 5) as f32
                })
            };
            Ok(inputs.iter().map(image).collect())
        }
    }

    fn decibels(side: usize, glued: f32) -> [f64; 3] {
        let subject = Waves { side, glued };
        let base = |seed: f64| [[0.8, -0.3, 0.1 * seed], [0.3, 0.8, 0.05], [0.0, 0.0, 1.0]];
        let sample = |seed: u32| Sample {
            transform: if seed.is_multiple_of(2) { STILL } else { base(seed.into()) },
            ..Sample::of_seed(&subject, seed).unwrap()
        };
        let samples: Vec<Sample> = (0..6).map(sample).collect();
        let sums = measure(&subject, side, &Measure::ALL, &samples).unwrap();
        [0, 1, 2].map(|i| figure(&sums.iter().map(|s| s[i]).collect::<Vec<_>>()).0)
    }

    #[test]
    fn an_exact_generator_is_near_exact_and_glue_shows() {
        for side in [64, 96] {
            let [shift, fractional, rotation] = decibels(side, 0.0);
            assert!(shift > 120.0, "{shift}");
            // What is left is the Lanczos filter's own error.
            assert!(fractional > 50.0 && rotation > 50.0, "{fractional} {rotation}");
            let [shift, fractional, rotation] = decibels(side, 0.02);
            for figure in [shift, fractional, rotation] {
                assert!((20.0..40.0).contains(&figure), "{shift} {fractional} {rotation}");
            }
        }
    }

    #[test]
    fn draws_fill_their_range() {
        let draws: Vec<Draw> = (0..500).map(Draw::of_seed).collect();
        let largest = |f: &dyn Fn(&Draw) -> f64| draws.iter().map(f).fold(0.0, f64::max);
        for (reach, f) in [
            (LARGEST_SHIFT, &(|d: &Draw| d.shift[0].abs()) as &dyn Fn(&Draw) -> f64),
            (LARGEST_SHIFT, &|d| d.fractional_shift[1].abs()),
            (PI, &|d| d.angle.abs()),
        ] {
            assert!((0.97 * reach..=reach).contains(&largest(f)));
        }
        assert_ne!(draws[0], draws[1]);
    }
}
