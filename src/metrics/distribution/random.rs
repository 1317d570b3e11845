//! A detector that needs no file: a fixed network of random convolutions. Its features tell textures,
//! shapes and colours apart well enough to follow a training run; they compare with nothing else.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::{Detector, Features, Output, Pixels};
use crate::signal::randn;
use crate::{Error, Result};

/// Channels of the layers, the first ones of which a picture of few pixels has.
const CHANNELS: [usize; 7] = [32, 64, 96, 128, 160, 192, 192];
/// Kernels are 4x4, two pixels apart.
const KERNEL: usize = 4;
/// The seed of the first layer's weights; those of the others follow.
const SEED: u32 = 20_211_206;

/// Layers of 4x4 convolutions with stride 2 and a leaky ReLU, down to 4x4 positions. Its features are the
/// mean and the standard deviation of every channel of every layer. Weights are normals over the square
/// root of the fan-in, times sqrt 2. The same on every machine but for the last bits.
pub struct RandomDetector {
    /// `[channels, positions of the kernel times channels before]`.
    weights: Vec<DMatrix<f32>>,
}

impl Default for RandomDetector {
    fn default() -> Self {
        let before = std::iter::once(3).chain(CHANNELS);
        let layer = |(i, (before, channels)): (usize, (usize, usize))| {
            let inputs = KERNEL * KERNEL * before;
            let gain = (2.0 / inputs as f64).sqrt();
            let normals = randn(SEED.wrapping_add(i as u32), inputs * channels);
            let values = normals.into_iter().map(|n| (n * gain) as f32).collect();
            DMatrix::from_vec(channels, inputs, values)
        };
        Self { weights: before.zip(CHANNELS).enumerate().map(layer).collect() }
    }
}

impl Detector for RandomDetector {
    fn id(&self) -> &'static str {
        "random-1"
    }

    fn check(&self, output: Output) -> Result<()> {
        match output {
            Output::Features => Ok(()),
            _ => Err(Error::Usage(
                "the random detector has features only, for fid, kid and pr; `is` needs InceptionV3's weights \
                 (`--detector FILE.safetensors`) or a TorchScript file, `ppl` a TorchScript file with LPIPS"
                    .into(),
            )),
        }
    }

    fn look(&self, pixels: &Pixels, output: Output) -> Result<Features> {
        self.check(output)?;
        let side = pixels.side;
        if !side.is_power_of_two() || side < 8 {
            return Err(Error::Invalid(format!(
                "the pictures have {side}x{side} pixels, expected a power of two from 8 on"
            )));
        }
        let rows: Vec<Vec<f32>> = pixels
            .values
            .par_chunks_exact(3 * side * side)
            .map(|picture| self.features(picture, side))
            .collect();
        let dim = rows.first().map_or(0, Vec::len);
        Ok(Features { dim, values: rows.concat() })
    }
}

impl RandomDetector {
    fn features(&self, picture: &[f32], mut side: usize) -> Vec<f32> {
        let area = side * side;
        // Channels beside each other, so that a kernel's row is one piece of memory.
        let mut map: Vec<f32> =
            (0..3 * area).map(|i| (picture[i % 3 * area + i / 3] - 127.5) / 64.0).collect();
        let mut features = Vec::new();
        for weights in &self.weights {
            if side <= 4 {
                break;
            }
            map = convolved(&map, side, weights);
            side /= 2;
            features.extend(means_and_deviations(&map, weights.nrows()));
        }
        features
    }
}

/// A layer: `[side, side, channels]` to half the side. Beyond the borders there are zeros.
fn convolved(map: &[f32], side: usize, weights: &DMatrix<f32>) -> Vec<f32> {
    let half = side / 2;
    let channels = map.len() / (side * side);
    let mut patches = vec![0.0; half * half * KERNEL * KERNEL * channels];
    let pieces = patches.chunks_exact_mut(KERNEL * channels);
    for (n, piece) in pieces.enumerate() {
        let (position, dy) = (n / KERNEL, n % KERNEL);
        let (y, x) = (2 * (position / half) + dy, 2 * (position % half));
        // The kernel reaches one pixel beyond, hence the ones.
        if !(1..=side).contains(&y) {
            continue;
        }
        let from = usize::from(x == 0);
        let to = KERNEL - usize::from(x + KERNEL - 1 > side);
        let row = ((y - 1) * side + x + from - 1) * channels;
        piece[from * channels..to * channels]
            .copy_from_slice(&map[row..row + (to - from) * channels]);
    }
    let patches = DMatrix::from_vec(KERNEL * KERNEL * channels, half * half, patches);
    let summed: DMatrix<f32> = weights * patches;
    let leaky = |v: f32| if v < 0.0 { 0.2 * v } else { v };
    summed.data.as_vec().iter().map(|&v| leaky(v)).collect()
}

fn means_and_deviations(map: &[f32], channels: usize) -> Vec<f32> {
    let (mut sums, mut squares) = (vec![0.0f64; channels], vec![0.0f64; channels]);
    for position in map.chunks_exact(channels) {
        for (c, &v) in position.iter().enumerate() {
            sums[c] += f64::from(v);
            squares[c] += f64::from(v) * f64::from(v);
        }
    }
    let count = (map.len() / channels) as f64;
    let means = sums.iter().map(|sum| (sum / count) as f32);
    let deviation = |(sum, square): (&f64, &f64)| {
        (square / count - (sum / count).powi(2)).max(0.0).sqrt() as f32
    };
    means.chain(sums.iter().zip(&squares).map(deviation)).collect()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::kernel_distance;
    use super::*;
    use crate::signal::uniforms;

    /// Waves of random directions, colours and a given frequency.
    fn pictures(seed: u32, count: usize, side: usize, frequency: f64) -> Pixels {
        let mut values = Vec::new();
        for n in 0..count {
            let u = uniforms(seed + n as u32, 5);
            for c in 0..3 {
                for i in 0..side * side {
                    let (x, y) = ((i % side) as f64 / side as f64, (i / side) as f64 / side as f64);
                    let angle = TAU * u[0];
                    let wave = (frequency * (x * angle.cos() + y * angle.sin()) + TAU * u[1]).sin();
                    values.push((128.0 + 90.0 * wave * u[2 + c]).floor() as f32);
                }
            }
        }
        Pixels { side, values }
    }

    #[test]
    fn convolutions_are_those_of_the_obvious_loop() {
        for (side, channels, out) in [(8, 3, 5), (16, 7, 4)] {
            let map: Vec<f32> =
                randn(1, side * side * channels).into_iter().map(|v| v as f32).collect();
            let inputs = KERNEL * KERNEL * channels;
            let weights = DMatrix::from_vec(
                out,
                inputs,
                randn(2, out * inputs).into_iter().map(|v| v as f32).collect(),
            );
            let found = convolved(&map, side, &weights);
            let half = side / 2;
            for (i, value) in found.iter().enumerate() {
                let (o, x, y) = (i % out, i / out % half, i / out / half);
                let mut sum = 0.0;
                for k in 0..inputs {
                    let (c, dx, dy) = (k % channels, k / channels % KERNEL, k / channels / KERNEL);
                    let (sx, sy) = ((2 * x + dx) as i64 - 1, (2 * y + dy) as i64 - 1);
                    if (0..side as i64).contains(&sx) && (0..side as i64).contains(&sy) {
                        let at = (sy as usize * side + sx as usize) * channels + c;
                        sum += f64::from(weights[(o, k)]) * f64::from(map[at]);
                    }
                }
                let expected = if sum < 0.0 { 0.2 * sum } else { sum };
                assert!((f64::from(*value) - expected).abs() < 1e-4, "{i}: {value} {expected}");
            }
        }
    }

    #[test]
    fn other_pictures_are_further_than_others_of_the_kind() {
        let detector = RandomDetector::default();
        let of = |pixels: &Pixels| detector.look(pixels, Output::Features).unwrap();
        let (a, b) = (of(&pictures(0, 40, 32, 12.0)), of(&pictures(900, 40, 32, 12.0)));
        let [near, far] = [13.0, 25.0].map(|f| of(&pictures(1800, 40, 32, f)));
        assert_eq!((a.count(), a.dim), (40, 2 * (32 + 64 + 96)));
        let kid = |other| kernel_distance(&a, other).unwrap().0;
        assert!(
            kid(&b) < kid(&near) + 0.02 && kid(&b) < 0.5 * kid(&far),
            "{} {} {}",
            kid(&b),
            kid(&near),
            kid(&far)
        );
        assert_eq!(of(&pictures(0, 40, 32, 12.0)), a);
    }

    #[test]
    fn what_it_cannot_do_is_told() {
        let detector = RandomDetector::default();
        let small = pictures(0, 1, 4, 1.0);
        assert_eq!(detector.look(&small, Output::Features).unwrap_err().exit_code(), 65);
        let error = detector.look(&pictures(0, 1, 8, 1.0), Output::Probabilities).unwrap_err();
        assert_eq!(error.exit_code(), 64);
        let none = Pixels { side: 16, values: Vec::new() };
        assert_eq!(detector.look(&none, Output::Features).unwrap().count(), 0);
    }
}
