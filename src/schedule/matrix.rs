//! Affine maps of the plane as 3 by 3 matrices, rows first.

/// A matrix whose last row is 0, 0, 1.
pub type Matrix = [[f64; 3]; 3];

/// `a` after `b`.
pub fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let entry = |i: usize, j: usize| (0..3).map(|k| a[i][k] * b[k][j]).sum();
    std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j)))
}

/// Moves by (x, y).
pub fn translation(x: f64, y: f64) -> Matrix {
    [[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]]
}

/// Turns by an angle in radians from x towards y.
pub fn rotation(angle: f64) -> Matrix {
    let (s, c) = angle.sin_cos();
    [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]
}

/// The inverse of an affine map; none if it flattens the plane or is not finite.
pub fn inverse(m: &Matrix) -> Option<Matrix> {
    let [[a, b, x], [c, d, y], _] = *m;
    let scale = 1.0 / (a * d - b * c);
    let (a, b, c, d) = (d * scale, -b * scale, -c * scale, a * scale);
    let inverse = [[a, b, -(a * x + b * y)], [c, d, -(c * x + d * y)], [0.0, 0.0, 1.0]];
    inverse.iter().flatten().all(|entry| entry.is_finite()).then_some(inverse)
}
