//! Peak signal-to-noise ratio over many pictures, in decibels.

use serde::{Deserialize, Serialize};

use super::image::{Image, Mask};

/// Squared errors and how many samples they are of, in float64. Sums of parts add up to those of
/// the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Sum of squared differences.
    pub squares: f64,
    /// Samples compared: pixels that count, times channels.
    pub samples: f64,
}

impl Sums {
    /// Compares two pictures of one shape where the mask says so.
    pub fn compare(a: &Image, b: &Image, mask: &Mask) -> Self {
        let mut sums = Self::default();
        for (a, b) in a.planes().zip(b.planes()) {
            for ((a, b), _) in a.iter().zip(b).zip(&mask.0).filter(|(_, counts)| **counts) {
                sums.squares += (f64::from(*a) - f64::from(*b)).powi(2);
                sums.samples += 1.0;
            }
        }
        sums
    }

    /// PSNR in dB of pictures with a peak-to-peak range of 2: `20 log10(2) - 10 log10(MSE)`. Infinite
    /// for equal pictures, not a number where nothing was compared.
    pub fn decibels(&self) -> f64 {
        20.0 * 2f64.log10() - 10.0 * (self.squares / self.samples).log10()
    }
}

impl std::iter::Sum for Sums {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |a, b| Self {
            squares: a.squares + b.squares,
            samples: a.samples + b.samples,
        })
    }
}

/// The PSNR of all batches together, in dB, and the standard error that the spread of the batches'
/// own figures gives their mean: none for a single batch. A batch without any error, such as one whose
/// pictures were not moved by a whole pixel, has no figure of its own to spread.
pub fn figure(batches: &[Sums]) -> (f64, Option<f64>) {
    let own = batches.iter().map(Sums::decibels).filter(|db| db.is_finite());
    let own: Vec<f64> = own.collect();
    let n = own.len() as f64;
    let mean = own.iter().sum::<f64>() / n;
    let variance = own.iter().map(|db| (db - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let error = (n > 1.0).then(|| (variance / n).sqrt());
    (batches.iter().copied().sum::<Sums>().decibels(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(value: f32) -> Image {
        Image::from_fn([3, 4, 4], |_, _, _| value)
    }

    #[test]
    fn decibels_follow_the_definition() {
        let half = Mask::from_fn(4, 4, |y, _| y < 2);
        let sums = Sums::compare(&flat(0.0), &flat(0.02), &half);
        assert_eq!(sums.samples, 24.0);
        assert!((sums.decibels() - 40.0).abs() < 1e-5);
        assert_eq!(Sums::compare(&flat(1.0), &flat(1.0), &half).decibels(), f64::INFINITY);
        assert!(Sums::default().decibels().is_nan());
    }

    #[test]
    fn the_whole_is_not_the_mean_of_the_parts() {
        let parts = [(1.0, 100.0), (4.0, 100.0), (1.0, 200.0)];
        let batches = parts.map(|(squares, samples)| Sums { squares, samples });
        let (all, error) = figure(&batches);
        assert!((all - (20.0 * 2f64.log10() - 10.0 * (6.0f64 / 400.0).log10())).abs() < 1e-12);
        // 10 log10 of 4 times 100, 25 and 200: 26.0206, 20, 29.0309; their deviation is 4.5983.
        assert!((error.unwrap() - 4.5983 / 3f64.sqrt()).abs() < 1e-3, "{error:?}");
        assert_eq!(figure(&batches[..1]).1, None);
        let exact = Sums { squares: 0.0, samples: 100.0 };
        assert_eq!(figure(&[exact, batches[0]]).1, None);
        assert_eq!(figure(&[&[exact], &batches[..]].concat()).1, error);
    }
}
