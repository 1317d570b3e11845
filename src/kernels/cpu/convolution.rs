//! Convolutions whose weights are prepared once.

use super::gemm::product;
use super::level::Level;
use super::matrix::{Factors, Matrix};
use super::planes::Planes;
use super::winograd::{Tiles, Winograd};

/// A correlation with full padding, `k - 1` on each side: 1x1 as a matrix product, 3x3 by Winograd's
/// algorithm.
#[derive(Debug, Clone)]
pub struct Convolution {
    outputs: usize,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    One(Matrix),
    Three(Winograd),
}

/// Memory that convolutions use from call to call.
#[derive(Debug, Default)]
pub struct Scratch(Tiles);

impl Convolution {
    /// Takes weights `[outputs, inputs, k, k]`; `None` for a `k` that is neither 1 nor 3.
    pub fn new(
        factors: Factors,
        weights: &[f32],
        [outputs, inputs, k]: [usize; 3],
    ) -> Option<Self> {
        assert_eq!(weights.len(), outputs * inputs * k * k);
        let shape = [inputs, outputs];
        let kind = match k {
            1 => Kind::One(Matrix::new(factors, shape, |i, o| weights[o * inputs + i])),
            3 => Kind::Three(Winograd::new(factors, weights, shape)),
            _ => return None,
        };
        Some(Self { outputs, kind })
    }

    /// `y` takes the size it needs: that of `x`, or two more with 3x3.
    pub fn forward(&self, level: Level, x: &Planes, scratch: &mut Scratch, y: &mut Planes) {
        match &self.kind {
            Kind::One(matrix) => {
                y.reset(self.outputs, x.size());
                product(level, x.size().iter().product(), x.pixels(), matrix, y.pixels_mut());
            }
            Kind::Three(winograd) => {
                y.reset(self.outputs, x.size().map(|n| n + 2));
                winograd.forward(level, x, &mut scratch.0, y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::randn;

    /// The sums written out, in float64.
    fn obvious(x: &Planes, weights: &[f32], [outputs, inputs, k]: [usize; 3]) -> Vec<f64> {
        let [height, width] = x.size();
        let samples = x.samples();
        let at = |c: usize, y: usize, x: usize| {
            let (y, x) = (y.wrapping_sub(k - 1), x.wrapping_sub(k - 1));
            if y < height && x < width {
                f64::from(samples[(c * height + y) * width + x])
            } else {
                0.0
            }
        };
        let mut sums = Vec::new();
        for o in 0..outputs {
            for (y, x) in (0..height + k - 1).flat_map(|y| (0..width + k - 1).map(move |x| (y, x)))
            {
                let mut sum = 0.0;
                for i in 0..inputs {
                    for tap in 0..k * k {
                        sum += f64::from(weights[(o * inputs + i) * k * k + tap])
                            * at(i, y + tap / k, x + tap % k);
                    }
                }
                sums.push(sum);
            }
        }
        sums
    }

    fn normals(seed: u32, count: usize) -> Vec<f32> {
        randn(seed, count).into_iter().map(|v| v as f32).collect()
    }

    fn round(v: f32) -> f32 {
        half::bf16::from_f32(v).to_f32()
    }

    fn rounded(x: &Planes) -> Planes {
        let mut x = x.clone();
        x.pixels_mut().iter_mut().for_each(|pixel| pixel.0 = pixel.0.map(round));
        x
    }

    #[test]
    fn agrees_with_the_obvious_sums_at_every_size_and_level() {
        let mut scratch = Scratch::default();
        let mut y = Planes::default();
        let sizes = [[1, 1], [1, 9], [2, 3], [5, 4], [6, 6], [7, 13], [16, 15], [33, 20]];
        let channels = [[1, 1], [3, 2], [16, 16], [5, 33], [17, 47], [40, 50], [64, 3]];
        for (seed, (size, [inputs, outputs])) in
            sizes.into_iter().flat_map(|s| channels.map(|c| (s, c))).enumerate()
        {
            // Tiles are rounded after their transform, which makes that worse.
            let tolerances = [
                (Factors::F32, 1, 2e-6),
                (Factors::F32, 3, 1e-5),
                (Factors::Split, 1, 2e-6),
                (Factors::Split, 3, 1e-5),
                (Factors::Bf16, 1, 2e-6),
                (Factors::Bf16, 3, 0.2),
            ];
            for (factors, k, tolerance) in tolerances {
                let shape = [outputs, inputs, k];
                let weights = normals(seed as u32, outputs * inputs * k * k);
                let mut x = Planes::new(inputs, size);
                x.fill(
                    &normals(seed as u32 + 1000, inputs * size[0] * size[1]),
                    &vec![1.0; inputs],
                );
                let expected = if factors == Factors::Bf16 && k == 1 {
                    obvious(
                        &rounded(&x),
                        &weights.iter().map(|&w| round(w)).collect::<Vec<_>>(),
                        shape,
                    )
                } else {
                    obvious(&x, &weights, shape)
                };
                let scale = ((inputs * k * k) as f64).sqrt();
                for level in Level::all() {
                    // What was there before must not show.
                    y.reset(outputs, size.map(|n| n + k - 1));
                    y.pixels_mut().iter_mut().for_each(|p| p.0 = [f32::NAN; 16]);
                    let convolution = Convolution::new(factors, &weights, shape).unwrap();
                    convolution.forward(level, &x, &mut scratch, &mut y);
                    assert_eq!(y.size(), size.map(|n| n + k - 1));
                    for (a, b) in y.samples().into_iter().zip(&expected) {
                        let error = (f64::from(a) - b).abs() / scale;
                        assert!(
                            error < tolerance,
                            "{factors:?} {level:?} {size:?} {shape:?}: {a} for {b}"
                        );
                    }
                    let spare = y.blocks() * 16 - outputs;
                    let area = y.size()[0] * y.size()[1];
                    for pixel in &y.pixels()[(y.blocks() - 1) * area..] {
                        assert_eq!(pixel.0[16 - spare..], vec![0.0; spare]);
                    }
                }
            }
        }
    }

    #[test]
    fn other_kernels_are_refused() {
        assert!(Convolution::new(Factors::F32, &[0.0; 25], [1, 1, 5]).is_none());
    }
}
