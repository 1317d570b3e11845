//! Linear systems in which each unknown meets its two neighbours only.

/// A tridiagonal system, eliminated once for any number of right-hand sides.
///
/// There is no pivoting: every system of [`super::slopes`] keeps its pivots away from 0 (they are
/// diagonally dominant, and the not-a-knot rows are so after their first step of elimination).
#[derive(Debug, Clone)]
pub struct Tridiagonal {
    /// Below the diagonal; the first is not used.
    lower: Vec<f64>,
    /// 1 over the diagonal as the elimination left it.
    pivots: Vec<f64>,
    /// Above the diagonal, divided by the pivots; the last is not used.
    upper: Vec<f64>,
}

impl Tridiagonal {
    /// The system whose row `i` is `rows[i]`: what multiplies unknowns `i - 1`, `i` and `i + 1`.
    pub fn new(rows: &[[f64; 3]]) -> Self {
        let n = rows.len();
        let (mut pivots, mut above) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut carried = 0.0;
        for &[lower, diagonal, upper] in rows {
            let pivot = 1.0 / (diagonal - lower * carried);
            carried = upper * pivot;
            pivots.push(pivot);
            above.push(carried);
        }
        Self { lower: rows.iter().map(|row| row[0]).collect(), pivots, upper: above }
    }

    /// Replaces the right-hand side by the solution.
    pub fn solve(&self, x: &mut [f64]) {
        let mut before = 0.0;
        for ((x, lower), pivot) in x.iter_mut().zip(&self.lower).zip(&self.pivots) {
            *x = (*x - lower * before) * pivot;
            before = *x;
        }
        let mut after = 0.0;
        for (x, upper) in x.iter_mut().zip(&self.upper).rev() {
            *x -= upper * after;
            after = *x;
        }
    }
}

/// A tridiagonal system whose first and last unknown are neighbours too.
///
/// The corners are split off as the outer product `u v^T`, and the solution corrected for them
/// (Sherman and Morrison 1950).
#[derive(Debug, Clone)]
pub struct Cyclic {
    inner: Tridiagonal,
    /// What multiplies the last unknown in `v^T x`; the first is multiplied by 1.
    last: f64,
    /// The inner system's solution for `u`, divided by `1 + v^T` of it.
    correction: Vec<f64>,
}

impl Cyclic {
    /// The system of `rows`, at least two, whose neighbours go around.
    pub fn new(mut rows: Vec<[f64; 3]>) -> Self {
        let end = rows.len() - 1;
        let (corner_first, corner_last) = (rows[0][0], rows[end][2]);
        // Any value but 0 is right; this one doubles the first pivot instead of cancelling it.
        let gamma = -rows[0][1];
        let last = corner_first / gamma;
        let mut u = vec![0.0; rows.len()];
        u[0] = gamma;
        u[end] = corner_last;
        rows[0][1] -= gamma;
        rows[end][1] -= corner_last * last;
        let inner = Tridiagonal::new(&rows);
        inner.solve(&mut u);
        let scale = 1.0 / (1.0 + u[0] + last * u[end]);
        u.iter_mut().for_each(|u| *u *= scale);
        Self { inner, last, correction: u }
    }

    /// Replaces the right-hand side by the solution.
    pub fn solve(&self, x: &mut [f64]) {
        self.inner.solve(x);
        let (Some(&first), Some(&last)) = (x.first(), x.last()) else {
            return;
        };
        let along = first + self.last * last;
        for (x, correction) in x.iter_mut().zip(&self.correction) {
            *x -= along * correction;
        }
    }
}
