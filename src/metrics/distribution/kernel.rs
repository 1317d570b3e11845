//! Kernel inception distance (Bińkowski et al. 2018): the squared maximum mean discrepancy under a
//! cubic kernel, by its unbiased estimator over subsets.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::{Features, same_kind};
use crate::Result;
use crate::signal::uniforms;

/// Pictures in a subset at most, and how many subsets are drawn.
const SUBSET: usize = 1000;
const SUBSETS: u32 = 100;

/// KID with the kernel `(x.y / d + 1)^3`: the mean over 100 subsets of 1000 pictures of each kind, or of
/// all where there are not more, and its standard error over the subsets, none for a single one.
///
/// # Errors
/// [`crate::Error::Invalid`] for features of different lengths or fewer than two pictures.
pub fn kernel_distance(a: &Features, b: &Features) -> Result<(f64, Option<f64>)> {
    same_kind(a, b, 2)?;
    let size = a.count().min(b.count()).min(SUBSET);
    // Where the subsets are everything, one says it all.
    let subsets = if a.count().max(b.count()) == size { 1 } else { SUBSETS };
    let estimates: Vec<f64> = (0..subsets)
        .into_par_iter()
        .map(|n| {
            let of = |features: &Features, seed: u32| {
                features.columns(drawn(features.count(), size, seed).into_iter())
            };
            discrepancy(&of(a, 2 * n), &of(b, 2 * n + 1))
        })
        .collect();
    let count = estimates.len() as f64;
    let mean = estimates.iter().sum::<f64>() / count;
    let variance = estimates.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (count - 1.0);
    Ok((mean, (subsets > 1).then(|| (variance / count).sqrt())))
}

/// `size` of `count` numbers, none twice: the beginning of a Fisher-Yates shuffle.
fn drawn(count: usize, size: usize, seed: u32) -> Vec<usize> {
    let mut all: Vec<usize> = (0..count).collect();
    for (i, u) in uniforms(seed, size).into_iter().enumerate() {
        all.swap(i, i + (u * (count - i) as f64) as usize);
    }
    all.truncate(size);
    all
}

/// The unbiased estimator for as many pictures of both kinds, in columns.
fn discrepancy(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    let (dim, count) = (a.nrows() as f64, a.ncols() as f64);
    let kernel = |dot: f64| (dot / dim + 1.0).powi(3);
    let (at, bt) = (a.transpose(), b.transpose());
    // Pictures are not held against themselves.
    let within = |m: &DMatrix<f64>, mt: &DMatrix<f64>| {
        let all = (mt * m).map(kernel);
        (all.sum() - all.trace()) / (count * (count - 1.0))
    };
    let between = (at.clone() * b).map(kernel).sum() / (count * count);
    within(a, &at) + within(b, &bt) - 2.0 * between
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, features};
    use super::*;

    #[test]
    fn the_estimate_is_that_of_numpy() {
        let (a, b) = (features("a", 24), features("b", 24));
        let (kid, error) = kernel_distance(&a, &b).unwrap();
        assert_close(kid, "kid", 1e-9);
        assert_eq!(error, None);
    }

    #[test]
    fn subsets_of_one_cloud_are_near_nothing() {
        let normals = |seed, n: usize| Features {
            dim: 4,
            values: crate::signal::randn(seed, 4 * n).into_iter().map(|v| v as f32).collect(),
        };
        let (a, b, fewer) = (normals(1, 1500), normals(2, 1200), normals(3, 300));
        let (kid, error) = kernel_distance(&a, &b).unwrap();
        assert!(kid.abs() < 0.02 && error.unwrap() < 0.01, "{kid} {error:?}");
        assert!(kernel_distance(&a, &fewer).unwrap().0.abs() < 0.05);
        let moved = Features { dim: 4, values: b.values.iter().map(|v| v + 0.5).collect() };
        assert!(kernel_distance(&a, &moved).unwrap().0 > 0.2);
        assert_eq!(kernel_distance(&a, &b).unwrap().0, kid);
    }

    #[test]
    fn draws_have_no_number_twice() {
        for (count, size) in [(1, 1), (10, 10), (100, 30)] {
            let mut found = drawn(count, size, 5);
            found.sort_unstable();
            found.dedup();
            assert!(found.len() == size && found.iter().all(|i| *i < count));
        }
    }
}
