//! Filters that raise and lower octave bands.

use tch::Tensor;

use super::draw::Draw;
use crate::Result;

/// Bands of the filter bank.
pub(super) const BANDS: usize = 4;
/// Autocorrelations of the wavelet sym2's low-pass and high-pass filters.
const LOW: [f64; 7] = [-1.0, 0.0, 9.0, 16.0, 9.0, 0.0, -1.0];
const HIGH: [f64; 7] = [1.0, 0.0, -9.0, 16.0, -9.0, 0.0, 1.0];

/// The bank: a row of 43 taps for each band, the lowest first; together they do nothing.
pub fn filter_bank() -> Vec<Vec<f64>> {
    let mut bank = vec![vec![1.0], vec![0.0], vec![0.0], vec![0.0]];
    for high in 1..BANDS {
        for row in &mut bank {
            let mut spread = vec![0.0; 2 * row.len() - 1];
            for (i, tap) in row.iter().enumerate() {
                spread[2 * i] = *tap;
            }
            let mut filtered = vec![0.0; spread.len() + LOW.len() - 1];
            for (i, tap) in spread.iter().enumerate() {
                for (j, low) in LOW.iter().enumerate() {
                    filtered[i + j] += tap * low / 32.0;
                }
            }
            *row = filtered;
        }
        let first = (bank[high].len() - HIGH.len()) / 2;
        for (tap, value) in bank[high][first..].iter_mut().zip(HIGH) {
            *tap += value / 32.0;
        }
    }
    bank
}

/// Filters the images as they are drawn.
pub(super) fn filter(images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
    if draws.iter().all(|draw| draw.bands.is_none()) {
        return Ok(images.shallow_clone());
    }
    let (n, channels, height, width) = images.size4()?;
    let bank = filter_bank();
    let length = bank[0].len();
    let mut kernels: Vec<f32> = Vec::new();
    for draw in draws {
        let gains = draw.bands.unwrap_or([1.0; BANDS]);
        let tap = |i: usize| bank.iter().zip(gains).map(|(row, gain)| row[i] * gain).sum::<f64>();
        let kernel: Vec<f32> = (0..length).map(|i| tap(i) as f32).collect();
        (0..channels).for_each(|_| kernels.extend(&kernel));
    }
    let kernels = Tensor::f_from_slice(&kernels)?.f_to_device(images.device())?;
    // Small pictures have less to mirror than the filter is long: again and again, then.
    let mut x = images.f_reshape([1, n * channels, height, width])?;
    let mut left = length as i64 / 2;
    while left > 0 {
        let size = x.size();
        let now = left.min(size[2] - 1).min(size[3] - 1).max(1);
        x = x.f_reflection_pad2d([now; 4])?;
        left -= now;
    }
    let length = length as i64;
    for shape in [[n * channels, 1, 1, length], [n * channels, 1, length, 1]] {
        let kernel = kernels.f_reshape(shape)?;
        x = x.f_conv2d(&kernel, None::<&Tensor>, [1, 1], [0, 0], [1, 1], n * channels)?;
    }
    Ok(x.f_reshape([n, channels, height, width])?)
}
