//! Perceptual path length (Karras et al. 2019): how far pictures change for a small step in w.

use super::Features;
use crate::{Error, Result};

/// The step, as a share of the way between two latents.
pub const EPSILON: f64 = 1e-4;

/// The mean of squared distances over the squared step, without the least and the largest
/// hundredth. `from` and `to` hold the features at both ends of each step.
///
/// # Errors
/// [`Error::Invalid`] for no steps, or as many at one end only.
pub fn path_length(from: &Features, to: &Features) -> Result<f64> {
    if from.count() == 0 || from.count() != to.count() || from.dim != to.dim {
        return Err(Error::Invalid(format!(
            "there are {} beginnings and {} ends of steps, expected as many",
            from.count(),
            to.count()
        )));
    }
    let squares = |i: usize| -> f64 {
        let pairs = from.row(i).iter().zip(to.row(i));
        pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
    };
    let mut lengths: Vec<f64> =
        (0..from.count()).map(|i| squares(i) / (EPSILON * EPSILON)).collect();
    lengths.sort_by(f64::total_cmp);
    let last = (lengths.len() - 1) as f64;
    let (least, most) = ((0.01 * last).floor() as usize, (0.99 * last).ceil() as usize);
    let kept = &lengths[least..=most];
    Ok(kept.iter().sum::<f64>() / kept.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, features};
    use super::*;

    #[test]
    fn the_length_is_that_of_numpy() {
        let (from, to) = (features("ppl.from", 6), features("ppl.to", 6));
        assert_close(path_length(&from, &to).unwrap(), "ppl", 1e-9);
        assert!(path_length(&from, &Features::default()).is_err());
        assert!(path_length(&Features::default(), &Features::default()).is_err());
    }

    #[test]
    fn the_ends_are_cut_off() {
        let from = Features { dim: 1, values: vec![0.0; 300] };
        let mut to = Features { dim: 1, values: vec![0.5; 300] };
        let plain = path_length(&from, &to).unwrap();
        (to.values[7], to.values[100]) = (1e6, 0.0);
        assert_eq!(path_length(&from, &to).unwrap(), plain);
    }
}
