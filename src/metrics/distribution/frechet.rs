//! Fréchet inception distance (Heusel et al. 2017): the Wasserstein-2 distance of two normal
//! distributions with the features' means and covariances, squared.

use nalgebra::{DMatrix, DVector};

use super::{Features, same_kind};
use crate::Result;

/// Rows that are multiplied at a time.
const BLOCK: usize = 512;

/// Mean and covariance (divided by n) of features.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
}

impl Moments {
    /// Of all rows.
    pub fn of(features: &Features) -> Self {
        let (count, dim) = (features.count(), features.dim);
        let mut mean = DVector::zeros(dim);
        for i in 0..count {
            for (sum, value) in mean.iter_mut().zip(features.row(i)) {
                *sum += f64::from(*value);
            }
        }
        mean /= count.max(1) as f64;
        let mut covariance = DMatrix::zeros(dim, dim);
        for from in (0..count).step_by(BLOCK) {
            let mut block = features.columns(from..(from + BLOCK).min(count));
            block.column_iter_mut().for_each(|mut column| column -= &mean);
            covariance.gemm(1.0 / count as f64, &block, &block.transpose(), 1.0);
        }
        Self { mean, covariance }
    }
}

/// FID: `|mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2))`.
///
/// # Errors
/// [`crate::Error::Invalid`] for features of different lengths or fewer than two pictures.
pub fn frechet_distance(a: &Features, b: &Features) -> Result<f64> {
    same_kind(a, b, 2)?;
    let (a, b) = (Moments::of(a), Moments::of(b));
    // With A = L L', A B has the eigenvalues of L' B L, which is symmetric.
    let factor = semidefinite_factor(&a.covariance);
    let inner = factor.transpose() * (&b.covariance * &factor);
    let symmetric = (&inner + inner.transpose()) * 0.5;
    let eigenvalues = symmetric.symmetric_eigenvalues();
    let root: f64 = eigenvalues.iter().map(|value| value.max(0.0).sqrt()).sum();
    let apart = (&a.mean - &b.mean).norm_squared();
    Ok(apart + a.covariance.trace() + b.covariance.trace() - 2.0 * root)
}

/// `L` with `L L' = A` for a positive semidefinite matrix: Cholesky's method, which takes the largest
/// pivot that is left, and ends where nothing is (Higham 2002, section 10.3). As many columns as the rank.
fn semidefinite_factor(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    let n = matrix.nrows();
    let mut diagonal: Vec<f64> = matrix.diagonal().iter().copied().collect();
    let least = diagonal.iter().copied().fold(0.0, f64::max) * n as f64 * f64::EPSILON;
    let mut columns: Vec<DVector<f64>> = Vec::new();
    while columns.len() < n {
        let largest = diagonal.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((pivot, value)) = largest.filter(|(_, value)| *value > least) else { break };
        let mut column: DVector<f64> = matrix.column(pivot).into_owned();
        for before in &columns {
            column.axpy(-before[pivot], before, 1.0);
        }
        column /= value.sqrt();
        for (left, entry) in diagonal.iter_mut().zip(column.iter()) {
            *left -= entry * entry;
        }
        diagonal[pivot] = 0.0;
        columns.push(column);
    }
    if columns.is_empty() { DMatrix::zeros(n, 1) } else { DMatrix::from_columns(&columns) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, features};
    use super::*;
    use crate::signal::randn;

    #[test]
    fn distances_are_those_of_scipy() {
        let [a, b, few] = ["a", "b", "few"].map(|name| features(name, 24));
        assert_close(frechet_distance(&a, &b).unwrap(), "fid", 1e-9);
        // Fewer pictures than values: a covariance without full rank.
        assert_close(frechet_distance(&a, &few).unwrap(), "fid.few", 1e-7);
        assert_close(frechet_distance(&few, &a).unwrap(), "fid.few", 1e-7);
    }

    #[test]
    fn a_cloud_is_nowhere_else() {
        let a = features("a", 24);
        assert!(frechet_distance(&a, &a).unwrap().abs() < 1e-9);
        let moved = Features { dim: 24, values: a.values.iter().map(|v| v + 0.5).collect() };
        assert!((frechet_distance(&a, &moved).unwrap() - 24.0 * 0.25).abs() < 1e-5);
        let one = Features { dim: 24, values: a.values[..24].to_vec() };
        assert_eq!(frechet_distance(&a, &one).unwrap_err().exit_code(), 65);
        // Nothing varies.
        let flat = Features { dim: 3, values: vec![1.0; 12] };
        assert_eq!(frechet_distance(&flat, &flat).unwrap(), 0.0);
    }

    #[test]
    fn factors_multiply_to_the_matrix_at_every_rank() {
        for (n, rank) in [(1, 1), (5, 5), (20, 7), (64, 63)] {
            let values = randn(n as u32, n * rank);
            let half = DMatrix::from_vec(n, rank, values);
            let matrix = &half * half.transpose();
            let factor = semidefinite_factor(&matrix);
            assert_eq!(factor.ncols(), rank);
            let error = (&factor * factor.transpose() - &matrix).abs().max();
            assert!(error < 1e-12 * matrix.trace(), "{n} {rank}: {error}");
        }
    }
}
