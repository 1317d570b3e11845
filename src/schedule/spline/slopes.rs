//! How steep a cubic path is at its knots, which is all that tells one kind from another.

use super::tridiagonal::{Cyclic, Tridiagonal};
use crate::schedule::knots::Knots;
use crate::{Error, Result};

/// Copies of the keys that the published video tool lays end to end.
const COPIES: usize = 5;

/// A rule for the slopes at the knots, prepared for the knots' times. It is linear in the points
/// and treats every coordinate alike.
#[derive(Debug, Clone)]
pub enum Slopes {
    /// None: straight lines.
    Straight,
    /// The slope of the parabola through a knot and its neighbours, which for even spacing is that
    /// of the chord between them (Catmull and Rom 1974). An open end continues the way of its only
    /// segment.
    CatmullRom {
        /// Whether the ends are neighbours.
        looped: bool,
    },
    /// Twice continuously differentiable, without curvature at the ends.
    Natural(Tridiagonal),
    /// Twice continuously differentiable all the way round.
    Periodic(Cyclic),
    /// Twice continuously differentiable through five copies of the keys, with not-a-knot ends;
    /// the slopes of the middle copy.
    LoopCubic(Tridiagonal),
}

impl Slopes {
    /// Catmull-Rom slopes.
    pub fn catmull_rom(knots: &Knots) -> Self {
        Self::CatmullRom { looped: knots.looped() }
    }

    /// The slopes of the natural cubic spline, of the periodic one for a loop.
    ///
    /// That the second derivative has no jump at knot k, between segments of length a and b with
    /// secants d and e, reads `b m[k-1] + 2 (a + b) m[k] + a m[k+1] = 3 (b d + a e)`.
    pub fn natural(knots: &Knots) -> Self {
        let h = knots.intervals();
        match h.len() {
            // A loop of one key stands still: any rule gives slope 0.
            1 if knots.looped() => Self::catmull_rom(knots),
            n if knots.looped() => Self::Periodic(Cyclic::new(
                (0..n).map(|k| smooth(h[(k + n - 1) % n], h[k])).collect(),
            )),
            _ => {
                let inner = h.windows(2).map(|pair| smooth(pair[0], pair[1]));
                let rows: Vec<_> =
                    [[0.0, 2.0, 1.0]].into_iter().chain(inner).chain([[1.0, 2.0, 0.0]]).collect();
                Self::Natural(Tridiagonal::new(&rows))
            }
        }
    }

    /// The slopes of the published video tool's loop: the middle one of five copies of the keys,
    /// one period apart, on a cubic spline with not-a-knot ends. Needs a loop. The copies are
    /// alike to about 1e-5 only, and so are its slopes where it closes.
    pub fn loop_cubic(knots: &Knots) -> Result<Self> {
        if !knots.looped() {
            return Err(Error::Invalid(
                "the looping cubic needs a loop: give the latent path a period".into(),
            ));
        }
        let h = copies(&knots.intervals());
        let n = h.len();
        // The third derivative has no jump at the second knot and the last but one.
        let first = [0.0, h[1], h[0] + h[1]];
        let last = [h[n - 2] + h[n - 1], h[n - 2], 0.0];
        let inner = h.windows(2).map(|pair| smooth(pair[0], pair[1]));
        let rows: Vec<_> = [first].into_iter().chain(inner).chain([last]).collect();
        Ok(Self::LoopCubic(Tridiagonal::new(&rows)))
    }

    /// Rows of `dim` slopes, one a knot, for rows of values; none for straight lines.
    pub(super) fn rows(&self, intervals: &[f64], dim: usize, values: &[f64]) -> Option<Vec<f64>> {
        if matches!(self, Self::Straight) {
            return None;
        }
        let mut rows = vec![0.0; values.len()];
        for column in 0..dim {
            let coordinate: Vec<f64> = values.iter().skip(column).step_by(dim).copied().collect();
            let rises = coordinate.windows(2).map(|pair| pair[1] - pair[0]);
            let secants: Vec<f64> = rises.zip(intervals).map(|(rise, h)| rise / h).collect();
            let slopes = self.column(intervals, &secants);
            for (to, slope) in rows.iter_mut().skip(column).step_by(dim).zip(slopes) {
                *to = slope;
            }
        }
        Some(rows)
    }

    /// The slopes at the knots in one coordinate.
    fn column(&self, h: &[f64], d: &[f64]) -> Vec<f64> {
        let n = h.len();
        match self {
            Self::Straight => Vec::new(),
            Self::CatmullRom { looped } => {
                let slope = |knot: usize| {
                    let before = knot.checked_sub(1).or(looped.then_some(n - 1));
                    let after = (knot < n).then_some(knot).or(looped.then_some(0));
                    match (before, after) {
                        (Some(a), Some(b)) => (h[b] * d[a] + h[a] * d[b]) / (h[a] + h[b]),
                        (Some(only), None) | (None, Some(only)) => d[only],
                        (None, None) => 0.0,
                    }
                };
                (0..=n).map(slope).collect()
            }
            Self::Natural(system) => {
                let inner = (1..n).map(|k| right(h[k - 1], h[k], d[k - 1], d[k]));
                let mut x: Vec<f64> =
                    [3.0 * d[0]].into_iter().chain(inner).chain([3.0 * d[n - 1]]).collect();
                system.solve(&mut x);
                x
            }
            Self::Periodic(system) => {
                let before = |k: usize| (k + n - 1) % n;
                let row = |k: usize| right(h[before(k)], h[k], d[before(k)], d[k]);
                let mut x: Vec<f64> = (0..n).map(row).collect();
                system.solve(&mut x);
                x.push(x[0]);
                x
            }
            Self::LoopCubic(system) => {
                let (h, d) = (copies(h), copies(d));
                let last = h.len() - 1;
                let first_row = not_a_knot(h[0], h[1], d[0], d[1]);
                let last_row = not_a_knot(h[last], h[last - 1], d[last], d[last - 1]);
                let inner = (1..=last).map(|k| right(h[k - 1], h[k], d[k - 1], d[k]));
                let mut x: Vec<f64> =
                    [first_row].into_iter().chain(inner).chain([last_row]).collect();
                system.solve(&mut x);
                let middle = COPIES / 2 * n;
                x[middle..=middle + n].to_vec()
            }
        }
    }
}

/// The row of a knot between segments of length `a` and `b`: no jump in the second derivative.
fn smooth(a: f64, b: f64) -> [f64; 3] {
    [b, 2.0 * (a + b), a]
}

/// That row's right-hand side, for the segments' secants `d` and `e`.
fn right(a: f64, b: f64, d: f64, e: f64) -> f64 {
    3.0 * (b * d + a * e)
}

/// The right-hand side of a not-a-knot end (de Boor, A Practical Guide to Splines, chapter IV):
/// `a` and `d` are length and secant of the segment at the end, `b` and `e` of its neighbour.
fn not_a_knot(a: f64, b: f64, d: f64, e: f64) -> f64 {
    ((a + 2.0 * (a + b)) * b * d + a * a * e) / (a + b)
}

/// Five copies laid end to end; the last one's way back to the first key is left out, since no
/// further copy follows.
fn copies(segments: &[f64]) -> Vec<f64> {
    let mut all = segments.repeat(COPIES);
    all.pop();
    all
}
