//! Obviously correct slow versions of the paths: a dense linear system for the coefficients of all
//! cubics at once, and the pyramid of Barry and Goldman.

/// What holds at the ends of a spline.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Ends {
    Natural,
    NotAKnot,
    Periodic,
}

/// A cubic spline in powers of `t - t[k]`, four coefficients a segment, from the conditions that
/// define it, by Gaussian elimination with pivoting.
pub fn dense_spline(t: &[f64], y: &[f64], ends: Ends) -> Box<dyn Fn(f64) -> f64> {
    let n = t.len() - 1;
    let mut rows: Vec<(Vec<f64>, f64)> = Vec::new();
    // Coefficients of the derivative of an order, in segment k at distance x from its knot.
    let derivative = |k: usize, x: f64, order: i32| {
        let mut row = vec![0.0; 4 * n];
        for power in order..4 {
            let factor: i32 = (power - order + 1..=power).product();
            row[4 * k + power as usize] = f64::from(factor) * x.powi(power - order);
        }
        row
    };
    let minus = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a - b).collect::<Vec<_>>();
    for k in 0..n {
        let h = t[k + 1] - t[k];
        rows.push((derivative(k, 0.0, 0), y[k]));
        rows.push((derivative(k, h, 0), y[k + 1]));
        if k + 1 < n {
            for order in 1..3 {
                rows.push((minus(derivative(k, h, order), derivative(k + 1, 0.0, order)), 0.0));
            }
        }
    }
    let last = t[n] - t[n - 1];
    match ends {
        Ends::Natural => {
            rows.push((derivative(0, 0.0, 2), 0.0));
            rows.push((derivative(n - 1, last, 2), 0.0));
        }
        Ends::NotAKnot => {
            rows.push((minus(derivative(0, 0.0, 3), derivative(1, 0.0, 3)), 0.0));
            rows.push((minus(derivative(n - 2, 0.0, 3), derivative(n - 1, 0.0, 3)), 0.0));
        }
        Ends::Periodic => {
            for order in 1..3 {
                rows.push((minus(derivative(n - 1, last, order), derivative(0, 0.0, order)), 0.0));
            }
        }
    }
    let c = gauss(rows);
    let t = t.to_vec();
    Box::new(move |time| {
        let k = t.partition_point(|&knot| knot <= time).clamp(1, t.len() - 1) - 1;
        (0..4).rev().fold(0.0, |sum, power| sum * (time - t[k]) + c[4 * k + power])
    })
}

fn gauss(mut rows: Vec<(Vec<f64>, f64)>) -> Vec<f64> {
    let n = rows.len();
    for i in 0..n {
        let pivot = (i..n).max_by(|&a, &b| rows[a].0[i].abs().total_cmp(&rows[b].0[i].abs()));
        rows.swap(i, pivot.unwrap());
        let (row, right) = rows[i].clone();
        for other in rows.iter_mut().enumerate().filter(|(j, _)| *j != i).map(|(_, other)| other) {
            let factor = other.0[i] / row[i];
            other.0.iter_mut().zip(&row).for_each(|(x, y)| *x -= factor * y);
            other.1 -= factor * right;
        }
    }
    rows.iter().enumerate().map(|(i, (row, right))| right / row[i]).collect()
}

/// Barry and Goldman's pyramid (SIGGRAPH 1988) upon four points around a segment.
pub fn pyramid(t: [f64; 4], p: [f64; 4], time: f64) -> f64 {
    let lerp =
        |(ta, a): (f64, f64), (tb, b): (f64, f64)| ((tb - time) * a + (time - ta) * b) / (tb - ta);
    let [a, b, c] = [0, 1, 2].map(|i| lerp((t[i], p[i]), (t[i + 1], p[i + 1])));
    let [d, e] = [lerp((t[0], a), (t[2], b)), lerp((t[1], b), (t[3], c))];
    lerp((t[1], d), (t[2], e))
}
