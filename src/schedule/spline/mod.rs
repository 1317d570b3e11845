//! Curves through points of a space of many dimensions.

mod even;
mod slopes;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod tests;
mod tridiagonal;

pub use even::Lengths;
pub use slopes::Slopes;

use super::knots::{Knots, close};

/// A piecewise linear or cubic path in Hermite form: a value and a slope at every knot. Its
/// coefficients are computed once; a point costs a search among the knots and one pass.
///
/// An easing that leaves 0..1 carries the segment's own polynomial beyond its ends, so that an
/// overshoot looks the same between any two keys, the last two included.
#[derive(Debug, Clone)]
pub struct Spline {
    knots: Knots,
    dim: usize,
    /// Rows of `dim` values, one a knot.
    values: Vec<f64>,
    /// Rows of `dim` slopes per frame, one a knot; none for straight lines.
    slopes: Option<Vec<f64>>,
    /// For an even speed.
    lengths: Option<Lengths>,
}

impl Spline {
    /// A path through `points`: rows of `dim` values, one for each key. `slopes` must have been
    /// made for the same knots.
    pub fn new(knots: Knots, dim: usize, points: Vec<f64>, slopes: &Slopes) -> Self {
        let values = close(points, dim, &knots);
        let slopes = slopes.rows(&knots.intervals(), dim, &values);
        Self { knots, dim, values, slopes, lengths: None }
    }

    /// The same path at an even speed from end to end: keys' times and easings count no more.
    #[must_use]
    pub fn even(mut self) -> Self {
        let segments = self.knots.intervals().len();
        self.lengths = Some(Lengths::new(segments, |segment, u| self.point(segment, u)));
        self
    }

    /// The same path at a speed that a table of lengths decides: see [`Lengths::of_table`].
    #[must_use]
    pub fn measured(mut self, table: &[f64]) -> Self {
        self.lengths = Some(Lengths::of_table(self.knots.intervals().len(), table.to_vec()));
        self
    }

    /// The point at a time in frames, `dim` values.
    pub fn at(&self, frame: f64) -> Vec<f64> {
        let (segment, u) = match &self.lengths {
            Some(lengths) => lengths.place(self.knots.share(frame)),
            None => self.knots.locate(frame),
        };
        self.point(segment, u)
    }

    /// The point of a segment at a progress on it, `dim` values.
    pub fn point(&self, segment: usize, u: f64) -> Vec<f64> {
        let v = 1.0 - u;
        let (p, q) = self.ends(segment, &self.values);
        let ends = p.iter().zip(q);
        let Some(slopes) = &self.slopes else {
            return ends.map(|(p, q)| v * p + u * q).collect();
        };
        // The cubic Hermite basis; slopes are per frame, the basis per segment.
        let (p_weight, q_weight) = (v * v * (1.0 + 2.0 * u), u * u * (3.0 - 2.0 * u));
        let length = self.knots.interval(segment);
        let (m_weight, n_weight) = (length * u * v * v, -length * u * u * v);
        let (m, n) = self.ends(segment, slopes);
        let slopes = m.iter().zip(n);
        let point = |((p, q), (m, n))| p_weight * p + q_weight * q + m_weight * m + n_weight * n;
        ends.zip(slopes).map(point).collect()
    }

    /// The rows of a segment's two knots.
    fn ends<'a>(&self, segment: usize, rows: &'a [f64]) -> (&'a [f64], &'a [f64]) {
        rows[segment * self.dim..(segment + 2) * self.dim].split_at(self.dim)
    }
}
