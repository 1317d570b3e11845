//! Walks through a normal latent space that come back to where they began.

use std::f64::consts::TAU;

use crate::signal::randn;

/// `z(t) = sum over k of (a_k cos k t + b_k sin k t) / sqrt(n)` with normal a and b: at every moment z is
/// normal, as a network expects it, whatever the moment; the way is smooth, and closes exactly. Lattice
/// noise would be 0 at its lattice's points and have too little variance between them.
#[derive(Debug, Clone)]
pub struct Walk {
    start: f64,
    period: f64,
    /// a and b of each wave, already divided.
    waves: Vec<[Vec<f64>; 2]>,
}

impl Walk {
    /// A circle in the plane of two points: at the first one at `start`, at the other after a quarter of
    /// the period (frames, above 0).
    pub fn circle(start: f64, period: f64, first: Vec<f64>, second: Vec<f64>) -> Self {
        Self { start, period, waves: vec![[first, second]] }
    }

    /// So many waves (at least 1) of `dim` values, drawn from a seed.
    pub fn noise(start: f64, period: f64, dim: usize, seed: u32, waves: u32) -> Self {
        let normals = randn(seed, 2 * dim * waves as usize);
        let scale = f64::from(waves).sqrt().recip();
        let mut rows =
            normals.chunks_exact(dim.max(1)).map(|row| row.iter().map(|x| x * scale).collect());
        let wave = |_| [rows.next().unwrap_or_default(), rows.next().unwrap_or_default()];
        Self { start, period, waves: (0..waves).map(wave).collect() }
    }

    /// The point at a time in frames.
    pub fn at(&self, frame: f64) -> Vec<f64> {
        let share = ((frame - self.start) / self.period).rem_euclid(1.0);
        let mut point = Vec::new();
        for (k, [a, b]) in self.waves.iter().enumerate() {
            let (sin, cos) = (TAU * (k as f64 + 1.0) * share).sin_cos();
            point.resize(a.len(), 0.0);
            for ((sum, a), b) in point.iter_mut().zip(a).zip(b) {
                *sum += cos * a + sin * b;
            }
        }
        point
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn a_circle_goes_through_both_and_closes() {
        let (a, b) = (randn(1, 64), randn(2, 64));
        let walk = Walk::circle(3.0, 40.0, a.clone(), b.clone());
        assert_eq!(walk.at(3.0), a);
        assert!(distance(&walk.at(13.0), &b) < 1e-12);
        for i in 0..40 {
            let frame = f64::from(i) + 0.3;
            assert!(distance(&walk.at(frame), &walk.at(frame + 40.0)) < 1e-11);
            assert!(distance(&walk.at(frame), &walk.at(frame - 4000.0)) < 1e-9);
        }
    }

    #[test]
    fn noise_is_normal_smooth_and_closes() {
        for waves in [1, 3, 16] {
            let walk = Walk::noise(0.0, 48.0, 512, 7, waves);
            for i in 0..96 {
                let frame = f64::from(i) / 2.0;
                let z = walk.at(frame);
                let square = z.iter().map(|z| z * z).sum::<f64>() / 512.0;
                assert!((0.7..1.35).contains(&square), "{waves} {frame}: {square}");
                assert!(distance(&z, &walk.at(frame + 48.0)) < 1e-9);
                // No faster than its fastest wave.
                let step = distance(&z, &walk.at(frame + 0.01));
                assert!(
                    step < 0.01 * 512f64.sqrt() * 1.4 * TAU * f64::from(waves) / 48.0,
                    "{waves}: {step}"
                );
            }
            assert!(distance(&walk.at(0.0), &walk.at(24.0)) > 10.0);
        }
    }
}
