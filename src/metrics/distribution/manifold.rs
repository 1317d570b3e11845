//! Precision and recall (Kynkäänniemi et al. 2019): which pictures lie within the manifold of the others,
//! the union of balls that reach to each picture's third nearest neighbour.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::{Features, same_kind};
use crate::Result;

/// Which neighbour a ball reaches.
const NEIGHBOUR: usize = 3;
/// Rows and columns of distances that are there at a time.
const ROWS: usize = 256;
const COLUMNS: usize = 2048;

/// Precision (the share of generated pictures that lie within the real ones' manifold) and recall (the
/// share of real ones within the generated ones').
///
/// # Errors
/// [`crate::Error::Invalid`] for features of different lengths or fewer than four pictures.
pub fn precision_and_recall(real: &Features, generated: &Features) -> Result<(f64, f64)> {
    same_kind(real, generated, NEIGHBOUR + 1)?;
    Ok((share_within(generated, real), share_within(real, generated)))
}

/// The share of pictures that lie within a ball of the others.
fn share_within(pictures: &Features, others: &Features) -> f64 {
    let reaches = reaches(others);
    let within = blocks(pictures, others, false, |inside: &mut bool, distance, j| {
        *inside |= distance <= reaches[j];
    });
    within.iter().filter(|inside| **inside).count() as f64 / pictures.count() as f64
}

/// Squared radius of each picture's ball.
fn reaches(features: &Features) -> Vec<f64> {
    let nearest = blocks(features, features, true, |nearest: &mut Nearest, distance, _| {
        nearest.see(distance);
    });
    nearest.into_iter().map(|nearest| nearest.0[NEIGHBOUR - 1]).collect()
}

/// The least distances, in order.
struct Nearest([f64; NEIGHBOUR]);

impl Default for Nearest {
    fn default() -> Self {
        Self([f64::INFINITY; NEIGHBOUR])
    }
}

impl Nearest {
    fn see(&mut self, distance: f64) {
        let at = self.0.partition_point(|own| *own <= distance);
        if at < NEIGHBOUR {
            self.0.copy_within(at..NEIGHBOUR - 1, at + 1);
            self.0[at] = distance;
        }
    }
}

/// Shows each row of `a` its squared distances to all rows of `b`, or to all others of `b`.
fn blocks<T: Default + Send>(
    a: &Features,
    b: &Features,
    others: bool,
    see: impl Fn(&mut T, f64, usize) + Sync,
) -> Vec<T> {
    let starts: Vec<usize> = (0..a.count()).step_by(ROWS).collect();
    let squares = |m: &DMatrix<f64>| -> Vec<f64> {
        m.column_iter().map(|column| column.norm_squared()).collect()
    };
    let block = |&from: &usize| {
        let rows = a.columns(from..(from + ROWS).min(a.count()));
        let own = squares(&rows);
        let rows = rows.transpose();
        let mut states: Vec<T> = own.iter().map(|_| T::default()).collect();
        for start in (0..b.count()).step_by(COLUMNS) {
            let columns = b.columns(start..(start + COLUMNS).min(b.count()));
            let lengths = squares(&columns);
            let dots = &rows * &columns;
            for (j, column) in dots.column_iter().enumerate() {
                for (i, dot) in column.iter().enumerate() {
                    if others && from + i == start + j {
                        continue;
                    }
                    let distance = (own[i] + lengths[j] - 2.0 * dot).max(0.0);
                    see(&mut states[i], distance, start + j);
                }
            }
        }
        states
    };
    starts.par_iter().map(block).collect::<Vec<_>>().into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_close, features};
    use super::*;

    #[test]
    fn shares_are_those_of_numpy() {
        let (a, b) = (features("a", 24), features("near", 24));
        let (precision, recall) = precision_and_recall(&a, &b).unwrap();
        assert_close(precision, "precision", 1e-12);
        assert_close(recall, "recall", 1e-12);
        assert!(precision > 0.1 && precision < 0.9 && recall > 0.1 && recall < 0.9);
    }

    #[test]
    fn blocks_leave_no_pair_out() {
        let normals = |seed, n: usize| Features {
            dim: 2,
            values: crate::signal::randn(seed, 2 * n).into_iter().map(|v| v as f32).collect(),
        };
        let (a, b) = (normals(1, ROWS + 3), normals(2, COLUMNS + 5));
        let seen = blocks(&a, &b, false, |count: &mut usize, _, _| *count += 1);
        assert!(seen.len() == ROWS + 3 && seen.iter().all(|count| *count == COLUMNS + 5));
        let seen = blocks(&a, &a, true, |count: &mut usize, _, _| *count += 1);
        assert!(seen.iter().all(|count| *count == ROWS + 2));
        let distances = blocks(&a, &b, false, |all: &mut Vec<f64>, d, _| all.push(d));
        for (i, j) in [(0, 0), (ROWS + 2, COLUMNS + 4), (7, COLUMNS)] {
            let plain: f64 =
                a.row(i).iter().zip(b.row(j)).map(|(x, y)| f64::from(x - y).powi(2)).sum();
            assert!((distances[i][j] - plain).abs() < 1e-6);
        }
    }

    #[test]
    fn far_clouds_share_nothing_and_a_cloud_all_of_itself() {
        let a = features("a", 24);
        let far = Features { dim: 24, values: a.values.iter().map(|v| v + 100.0).collect() };
        assert_eq!(precision_and_recall(&a, &far).unwrap(), (0.0, 0.0));
        assert_eq!(precision_and_recall(&a, &a).unwrap(), (1.0, 1.0));
        let few = Features { dim: 24, values: a.values[..72].to_vec() };
        assert_eq!(precision_and_recall(&a, &few).unwrap_err().exit_code(), 65);
    }
}
