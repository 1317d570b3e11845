//! Inception score (Salimans et al. 2016): how sure a classifier is of each picture, and how unlike
//! one another it finds them.

use super::Features;
use crate::{Error, Result};

/// Parts of which the score is taken.
const SPLITS: usize = 10;

/// The score `exp(E KL(p(y|x) || p(y)))`: its mean and standard deviation over 10 parts.
///
/// # Errors
/// [`Error::Invalid`] for fewer pictures than parts, and rows that are no probabilities.
pub fn inception_score(probabilities: &Features) -> Result<(f64, f64)> {
    let count = probabilities.count();
    if count < SPLITS {
        return Err(Error::Invalid(format!(
            "the inception score is taken of {SPLITS} parts, expected as many pictures at least, not {count}"
        )));
    }
    for i in 0..count {
        let row = probabilities.row(i);
        let sum: f64 = row.iter().map(|&p| f64::from(p)).sum();
        if row.iter().any(|p| *p < 0.0) || (sum - 1.0).abs() > 0.01 {
            return Err(Error::Invalid(
                "the detector's output is no probabilities, expected rows that sum to 1; the inception \
                 score needs a classifier"
                    .into(),
            ));
        }
    }
    let scores: Vec<f64> = (0..SPLITS)
        .map(|i| score(probabilities, i * count / SPLITS..(i + 1) * count / SPLITS))
        .collect();
    let mean = scores.iter().sum::<f64>() / SPLITS as f64;
    let variance = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / SPLITS as f64;
    Ok((mean, variance.sqrt()))
}

fn score(probabilities: &Features, rows: std::ops::Range<usize>) -> f64 {
    let count = rows.len() as f64;
    let mut mean = vec![0.0; probabilities.dim];
    for i in rows.clone() {
        for (sum, p) in mean.iter_mut().zip(probabilities.row(i)) {
            *sum += f64::from(*p) / count;
        }
    }
    // p log p is 0 at 0.
    let term = |(p, mean): (&f32, &f64)| {
        let p = f64::from(*p);
        if p > 0.0 { p * (p / mean).ln() } else { 0.0 }
    };
    let divergence = rows.map(|i| probabilities.row(i).iter().zip(&mean).map(term).sum::<f64>());
    (divergence.sum::<f64>() / count).exp()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, features};
    use super::*;

    #[test]
    fn the_score_is_that_of_numpy() {
        let (mean, deviation) = inception_score(&features("probabilities", 12)).unwrap();
        assert_close(mean, "is", 1e-9);
        assert_close(deviation, "is.deviation", 1e-7);
    }

    #[test]
    fn the_score_counts_classes() {
        let sure = |n: usize| Features {
            dim: 5,
            values: (0..n)
                .flat_map(|i| [0, 1, 2, 3, 4].map(|c| f32::from(u8::from(i % 5 == c))))
                .collect(),
        };
        let (mean, deviation) = inception_score(&sure(100)).unwrap();
        assert!((mean - 5.0).abs() < 1e-12 && deviation < 1e-12);
        assert!(inception_score(&sure(9)).is_err());
        let wrong = Features { dim: 2, values: vec![0.7; 40] };
        assert!(inception_score(&wrong).unwrap_err().to_string().contains("probabilities"));
    }
}
