//! Directions of w along which pictures change, found without labels: principal components (Härkönen et
//! al. 2020, GANSpace, section 3.1) and the closed form of SeFa (Shen & Zhou 2021, section 3.2).

use nalgebra::{DMatrix, DVector};

use crate::{Error, Result};

/// Rows that are multiplied at a time.
const BLOCK: usize = 512;
/// Sweeps of the eigenvalue iteration for each row, at most; a few are usual.
const SWEEPS: usize = 100;

/// Mean and covariance of latents.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    mean: DVector<f64>,
    /// Divided by n - 1.
    covariance: DMatrix<f64>,
}

/// A direction of w.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Of length 1; its entry of the largest magnitude is above 0.
    pub vector: Vec<f64>,
    /// Standard deviation of the latents along it.
    pub deviation: f64,
    /// What it has of the whole that its method orders by, 0 to 1: of the latents' variance, or of the
    /// squared effect on the styles.
    pub share: f64,
}

impl Moments {
    /// Of `rows`: latents of `dim` values each.
    ///
    /// # Errors
    /// [`Error::Invalid`] for fewer than two latents, and for those that are no numbers.
    pub fn of(rows: &[f32], dim: usize) -> Result<Self> {
        let count = rows.len() / dim.max(1);
        if count < 2 || rows.len() != count * dim || !rows.iter().all(|value| value.is_finite()) {
            return Err(Error::Invalid(format!(
                "{} values are no latents of {dim} finite values each, two at least",
                rows.len()
            )));
        }
        let mut mean = DVector::zeros(dim);
        for row in rows.chunks_exact(dim) {
            mean.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        mean /= count as f64;
        let covariance = products(rows, &mean) / (count - 1) as f64;
        Ok(Self { mean, covariance })
    }

    /// The mean.
    pub fn mean(&self) -> &[f64] {
        self.mean.as_slice()
    }

    /// Standard deviation along a vector of length 1.
    fn deviation(&self, vector: &DVector<f64>) -> f64 {
        vector.dot(&(&self.covariance * vector)).max(0.0).sqrt()
    }

    /// The principal components: most variance first, `count` of them or as many as w has values.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the iteration for the eigenvalues does not end.
    pub fn components(&self, count: usize) -> Result<Vec<Axis>> {
        self.axes(&self.covariance, count)
    }

    /// The directions that change the styles most: eigenvectors of A'A for `styles`, the rows of A, which
    /// is the weight of all affine layers that are looked at, one upon another.
    ///
    /// # Errors
    /// [`Error::Invalid`] for rows of another length than w's and those that are no numbers.
    pub fn style_directions(&self, styles: &[f32], count: usize) -> Result<Vec<Axis>> {
        let dim = self.mean.len();
        if styles.is_empty()
            || !styles.len().is_multiple_of(dim)
            || !styles.iter().all(|value| value.is_finite())
        {
            return Err(Error::Invalid(format!(
                "{} values are no weights of an affine layer that takes {dim}",
                styles.len()
            )));
        }
        self.axes(&products(styles, &DVector::zeros(dim)), count)
    }

    /// The eigenvectors of a symmetric matrix, the largest eigenvalues first.
    fn axes(&self, matrix: &DMatrix<f64>, count: usize) -> Result<Vec<Axis>> {
        let symmetric = (matrix + matrix.transpose()) * 0.5;
        let trace = symmetric.trace();
        let sweeps = SWEEPS * symmetric.nrows().max(1);
        let eigen = symmetric
            .try_symmetric_eigen(f64::EPSILON, sweeps)
            .ok_or_else(|| Error::Invalid("the latents' covariance has no eigenvalues".into()))?;
        let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let axis = |&i: &usize| {
            let mut vector = eigen.eigenvectors.column(i).into_owned();
            let largest = vector.iamax();
            if vector[largest] < 0.0 {
                vector.neg_mut();
            }
            let share = if trace > 0.0 { eigen.eigenvalues[i].max(0.0) / trace } else { 0.0 };
            Axis { deviation: self.deviation(&vector), share, vector: vector.as_slice().to_vec() }
        };
        Ok(order.iter().take(count).map(axis).collect())
    }
}

/// The sum over all rows of r r', with `r` a row without the mean.
fn products(rows: &[f32], mean: &DVector<f64>) -> DMatrix<f64> {
    let dim = mean.len();
    let mut sum = DMatrix::zeros(dim, dim);
    for block in rows.chunks(BLOCK * dim) {
        let values = block.iter().map(|&value| f64::from(value));
        let mut columns = DMatrix::from_iterator(dim, block.len() / dim, values);
        columns.column_iter_mut().for_each(|mut column| column -= mean);
        sum.gemm(1.0, &columns, &columns.transpose(), 1.0);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::randn;

    /// `count` latents of `dim` values, whose spread differs from axis to axis of a slanted basis.
    fn latents(count: usize, dim: usize) -> Vec<f32> {
        let mix = randn(9, dim * dim);
        let rows = (0..count as u32).flat_map(|seed| {
            let z = randn(seed, dim);
            let w = |i: usize| {
                let sum = (0..dim).map(|j| mix[i * dim + j] * z[j] * (j + 1) as f64).sum::<f64>();
                (sum + i as f64) as f32
            };
            (0..dim).map(w).collect::<Vec<_>>()
        });
        rows.collect()
    }

    /// The power method and deflation: the obvious way to eigenvectors.
    fn slow(mut matrix: Vec<Vec<f64>>, count: usize) -> Vec<(f64, Vec<f64>)> {
        let dim = matrix.len();
        let mut found = Vec::new();
        for _ in 0..count {
            let mut v = vec![1.0; dim];
            let mut value = 0.0;
            for _ in 0..20_000 {
                let next: Vec<f64> =
                    matrix.iter().map(|row| row.iter().zip(&v).map(|(a, b)| a * b).sum()).collect();
                value = next.iter().map(|x| x * x).sum::<f64>().sqrt();
                v = next.into_iter().map(|x| x / value).collect();
            }
            for i in 0..dim {
                for j in 0..dim {
                    matrix[i][j] -= value * v[i] * v[j];
                }
            }
            let largest =
                v.iter().copied().fold(0.0, |m: f64, x| if x.abs() > m.abs() { x } else { m });
            found.push((value, v.into_iter().map(|x| x * largest.signum()).collect()));
        }
        found
    }

    fn assert_axes(axes: &[Axis], expected: &[(f64, Vec<f64>)], what: usize) {
        assert_eq!(axes.len(), expected.len());
        for (axis, (_, vector)) in axes.iter().zip(expected) {
            let near = axis.vector.iter().zip(vector).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(near, "{what}: {:?} for {vector:?}", axis.vector);
            let norm: f64 = axis.vector.iter().map(|x| x * x).sum();
            assert!((norm - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn components_are_those_of_the_covariance() {
        for (count, dim) in [(40, 3), (700, 5), (513, 8), (2000, 12)] {
            let rows = latents(count, dim);
            let mean = |i: usize| {
                rows.chunks(dim).map(|row| f64::from(row[i])).sum::<f64>() / count as f64
            };
            let means: Vec<f64> = (0..dim).map(mean).collect();
            let entry = |i: usize, j: usize| {
                let products = rows
                    .chunks(dim)
                    .map(|row| (f64::from(row[i]) - means[i]) * (f64::from(row[j]) - means[j]));
                products.sum::<f64>() / (count - 1) as f64
            };
            let covariance: Vec<Vec<f64>> =
                (0..dim).map(|i| (0..dim).map(|j| entry(i, j)).collect()).collect();
            let total: f64 = (0..dim).map(|i| covariance[i][i]).sum();
            let expected = slow(covariance, 3);
            let moments = Moments::of(&rows, dim).unwrap();
            let axes = moments.components(3).unwrap();
            assert_axes(&axes, &expected, dim);
            for (axis, (value, _)) in axes.iter().zip(&expected) {
                assert!((axis.deviation - value.sqrt()).abs() < 1e-7 * axis.deviation);
                assert!((axis.share - value / total).abs() < 1e-9);
            }
            assert!(moments.mean().iter().zip(&means).all(|(a, b)| (a - b).abs() < 1e-9));
            assert_eq!(moments.components(99).unwrap().len(), dim);
        }
    }

    #[test]
    fn styles_are_moved_most_along_the_eigenvectors() {
        // By hand: A'A = diag(1, 100, 4) in a basis that is turned by 30 degrees.
        let (sin, cos) = 30f64.to_radians().sin_cos();
        let rows = [[cos, sin, 0.0], [-10.0 * sin, 10.0 * cos, 0.0], [0.0, 0.0, -2.0]];
        let styles: Vec<f32> = rows.iter().flatten().map(|&v| v as f32).collect();
        let moments = Moments::of(&latents(300, 3), 3).unwrap();
        let axes = moments.style_directions(&styles, 3).unwrap();
        let expected = [vec![-sin, cos, 0.0], vec![0.0, 0.0, 1.0], vec![cos, sin, 0.0]];
        for (axis, expected) in axes.iter().zip(&expected) {
            let near = axis.vector.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(near, "{:?} for {expected:?}", axis.vector);
            // Measured in the latents, not in the styles.
            let along = latents(300, 3)
                .chunks(3)
                .map(|w| w.iter().zip(&axis.vector).map(|(w, v)| f64::from(*w) * v).sum::<f64>())
                .collect::<Vec<_>>();
            let mean = along.iter().sum::<f64>() / 300.0;
            let variance = along.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / 299.0;
            assert!((axis.deviation - variance.sqrt()).abs() < 1e-6 * axis.deviation);
        }
        assert!((axes[0].share - 100.0 / 105.0).abs() < 1e-6);
    }

    #[test]
    fn a_planted_axis_is_found() {
        let dim = 24;
        let planted: Vec<f64> = {
            let v = randn(5, dim);
            let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            v.into_iter().map(|x| x / norm).collect()
        };
        let rows: Vec<f32> = (0..3000u32)
            .flat_map(|seed| {
                let z = randn(seed, dim + 1);
                planted
                    .iter()
                    .zip(&z)
                    .map(|(v, z0)| (0.1 * z0 + 3.0 * z[dim] * v) as f32)
                    .collect::<Vec<_>>()
            })
            .collect();
        let axes = Moments::of(&rows, dim).unwrap().components(2).unwrap();
        let cosine: f64 = axes[0].vector.iter().zip(&planted).map(|(a, b)| a * b).sum();
        assert!(cosine.abs() > 0.999, "{cosine}");
        assert!((axes[0].deviation - 3.0).abs() < 0.15 && axes[1].deviation < 0.2);
    }

    #[test]
    fn what_has_no_directions_is_refused_or_still() {
        assert!(Moments::of(&[1.0, 2.0], 2).is_err());
        assert!(Moments::of(&[1.0, 2.0, 3.0], 2).is_err());
        assert!(Moments::of(&[1.0, f32::NAN, 3.0, 4.0], 2).is_err());
        let still = Moments::of(&[1.0, 2.0].repeat(5), 2).unwrap();
        let axes = still.components(2).unwrap();
        assert!(axes.iter().all(|axis| axis.deviation == 0.0 && axis.share == 0.0));
        assert!(still.style_directions(&[1.0; 3], 1).is_err());
        assert!(still.style_directions(&[f32::INFINITY; 2], 1).is_err());
    }
}
