//! Great circles through points of a normal latent space.

use super::knots::{Knots, close};
use super::spline::Lengths;

/// A path whose direction follows the great circle from each point to the next at even speed
/// (Shoemake 1985), and whose norm goes straight.
///
/// Between opposite points, where every great circle is as short, the way leads over the axis that
/// is the farthest from both. A point at the origin takes the direction of its neighbour.
#[derive(Debug, Clone)]
pub struct Circles {
    knots: Knots,
    arcs: Vec<Arc>,
    /// For a speed that was measured.
    lengths: Option<Lengths>,
}

#[derive(Debug, Clone)]
struct Arc {
    /// Direction of the first point: a unit vector.
    start: Vec<f64>,
    /// The direction a quarter turn on: a unit vector at right angles to the first.
    side: Vec<f64>,
    /// Between the points, radians, 0 to pi.
    angle: f64,
    /// Norms of the two points.
    norms: [f64; 2],
}

impl Circles {
    /// A path through `points`: rows of `dim` values, one for each key.
    pub fn new(knots: Knots, dim: usize, points: Vec<f64>) -> Self {
        let rows = close(points, dim, &knots);
        let arc = |segment: usize| {
            let (from, to) = (segment * dim, (segment + 1) * dim);
            Arc::new(&rows[from..from + dim], &rows[to..to + dim])
        };
        let arcs = (0..knots.intervals().len()).map(arc).collect();
        Self { knots, arcs, lengths: None }
    }

    /// The same path at a speed that a table of lengths decides: see [`Lengths::of_table`].
    #[must_use]
    pub fn measured(mut self, table: &[f64]) -> Self {
        self.lengths = Some(Lengths::of_table(self.arcs.len(), table.to_vec()));
        self
    }

    /// The point at a time in frames, `dim` values.
    pub fn at(&self, frame: f64) -> Vec<f64> {
        let (segment, progress) = match &self.lengths {
            Some(lengths) => lengths.place(self.knots.share(frame)),
            None => self.knots.locate(frame),
        };
        self.point(segment, progress)
    }

    /// The point of a segment at a progress on it, `dim` values.
    pub fn point(&self, segment: usize, progress: f64) -> Vec<f64> {
        self.arcs[segment].at(progress)
    }
}

impl Arc {
    fn new(from: &[f64], to: &[f64]) -> Self {
        let norms = [norm(from), norm(to)];
        let start = unit(if norms[0] > 0.0 { from } else { to });
        let end = unit(if norms[1] > 0.0 { to } else { from });
        // Accurate for all angles, unlike the arc cosine near 0 and pi (Kahan 2006).
        let difference: Vec<f64> = start.iter().zip(&end).map(|(a, b)| a - b).collect();
        let sum: Vec<f64> = start.iter().zip(&end).map(|(a, b)| a + b).collect();
        let angle = 2.0 * norm(&difference).atan2(norm(&sum));
        let side = orthogonal(&start, &end).unwrap_or_else(|| {
            // Parallel, where the side does not matter, or opposite.
            let by_size =
                |(_, a): &(usize, &f64), (_, b): &(usize, &f64)| a.abs().total_cmp(&b.abs());
            let mut axis = vec![0.0; start.len()];
            if let Some((smallest, _)) = start.iter().enumerate().min_by(by_size) {
                axis[smallest] = 1.0;
            }
            orthogonal(&start, &axis).unwrap_or(axis)
        });
        Self { start, side, angle, norms }
    }

    fn at(&self, progress: f64) -> Vec<f64> {
        let norm = (1.0 - progress) * self.norms[0] + progress * self.norms[1];
        let (sin, cos) = (progress * self.angle).sin_cos();
        let (along, aside) = (norm * cos, norm * sin);
        self.start.iter().zip(&self.side).map(|(a, b)| along * a + aside * b).collect()
    }
}

/// The direction of `b` without its part along the unit vector `a`; none where next to nothing but
/// rounding remains. Taken twice, since the first time leaves rounding that a small rest magnifies
/// (Parlett, The Symmetric Eigenvalue Problem, section 6.9).
fn orthogonal(a: &[f64], b: &[f64]) -> Option<Vec<f64>> {
    let without_a = |b: &[f64]| -> Vec<f64> {
        let along: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        a.iter().zip(b).map(|(a, b)| b - along * a).collect()
    };
    let rest = without_a(b);
    (norm(&rest) > 1e-12).then(|| unit(&without_a(&unit(&rest))))
}

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// `v` at length 1; the origin stays there.
fn unit(v: &[f64]) -> Vec<f64> {
    let norm = norm(v);
    let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
    v.iter().map(|x| x * scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::randn;
    use crate::timeline::curve::Key;
    use crate::timeline::easing::Easing;

    fn circles(points: &[Vec<f64>], period: Option<f64>) -> Circles {
        let key = |i| Key { at: i as f64, value: (), easing: Easing::Linear };
        let keys: Vec<_> = (0..points.len()).map(key).collect();
        let knots = Knots::new(&keys, period).unwrap();
        Circles::new(knots, points[0].len(), points.concat())
    }

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
    }

    /// Shoemake's formula as it stands.
    fn slow(a: &[f64], b: &[f64], t: f64) -> Vec<f64> {
        let (norm_a, norm_b) = (norm(a), norm(b));
        let cos: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / (norm_a * norm_b);
        let angle = cos.acos();
        let weight = |t: f64| (t * angle).sin() / angle.sin();
        let norm = norm_a + (norm_b - norm_a) * t;
        let mix = |(a, b)| norm * (weight(1.0 - t) * a / norm_a + weight(t) * b / norm_b);
        a.iter().zip(b).map(mix).collect()
    }

    #[test]
    fn arcs_agree_with_the_textbook() {
        for dim in [2, 3, 8, 512] {
            let points: Vec<_> = (0..4).map(|seed| randn(seed, dim)).collect();
            let path = circles(&points, Some(5.5));
            for i in 0..=100 {
                let u = f64::from(i) / 100.0;
                for k in 0..3 {
                    let expected = slow(&points[k], &points[k + 1], u);
                    assert!(distance(&path.at(k as f64 + u), &expected) < 1e-11, "{dim} {k} {u}");
                }
                let expected = slow(&points[3], &points[0], u);
                assert!(distance(&path.at(3.0 + 2.5 * u), &expected) < 1e-11, "{dim} closing {u}");
            }
        }
    }

    #[test]
    fn a_key_at_its_time_is_itself_in_float32() {
        let points: Vec<Vec<f64>> = (0..9)
            .map(|seed| randn(seed, 512).iter().map(|&z| f64::from(z as f32)).collect())
            .collect();
        let path = circles(&points, None);
        for (k, point) in points.iter().enumerate().take(8) {
            let got = path.at(k as f64);
            assert!(got.iter().zip(point).all(|(a, b)| *a as f32 == *b as f32), "key {k}");
        }
    }

    #[test]
    fn nearly_parallel_and_opposite_points_keep_norm_and_even_speed() {
        let a = randn(3, 16);
        for (sign, offset) in [1.0, -1.0]
            .into_iter()
            .flat_map(|s| [0.0, 1e-16, 1e-13, 1e-11, 1e-8, 1e-5, 1e-2].map(|offset| (s, offset)))
        {
            let b: Vec<f64> =
                a.iter().zip(randn(4, 16)).map(|(a, r)| 2.0 * sign * (a + offset * r)).collect();
            let path = circles(&[a.clone(), b.clone()], None);
            assert!(distance(&path.at(0.0), &a) < 1e-14);
            assert!(distance(&path.at(1.0), &b) < 1e-10, "{sign} {offset}");
            let steps: Vec<_> = (0..=64).map(|i| path.at(f64::from(i) / 64.0)).collect();
            let angle = distance(&unit(&steps[0]), &unit(&steps[1]));
            for (i, pair) in steps.windows(2).enumerate() {
                let expected = norm(&a) + (norm(&b) - norm(&a)) * i as f64 / 64.0;
                assert!((norm(&pair[0]) - expected).abs() < 1e-12, "norm at {sign} {offset} {i}");
                let step = distance(&unit(&pair[0]), &unit(&pair[1]));
                assert!((step - angle).abs() < 1e-14, "speed at {sign} {offset} {i}");
            }
        }
    }

    #[test]
    fn the_origin_has_every_direction() {
        let (zero, a) = (vec![0.0; 5], randn(1, 5));
        let path = circles(&[zero.clone(), a.clone(), zero.clone(), zero.clone()], None);
        let half: Vec<f64> = a.iter().map(|x| x / 2.0).collect();
        for (time, expected) in [(0.0, &zero), (0.5, &half), (1.0, &a), (1.5, &half), (2.5, &zero)]
        {
            assert!(distance(&path.at(time), expected) < 1e-15, "at {time}");
        }
    }
}
