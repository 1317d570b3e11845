//! Grids of images, to see what is trained.

use tch::{Device, Kind, Tensor};

use super::draws::Purpose;
use super::settings::Settings;
use super::state::State;
use crate::Result;
use crate::dataset::Dataset;
use crate::diagnostics::png;
use crate::network::trainable::{Noise, Trainable};
use crate::signal::Draws;

/// Columns and rows of a grid: about a screen full.
fn grid(side: usize) -> (usize, usize) {
    ((1280 / side).clamp(3, 12), (720 / side).clamp(2, 7))
}

/// Images of the set, drawn at random, as a PNG file.
///
/// # Errors
/// What reading an image says.
pub fn reals(images: &Dataset, seed: u64) -> Result<Vec<u8>> {
    let (columns, rows) = grid(images.side());
    let order = Draws::new(seed, Purpose::Samples as u32, u64::MAX).permutation(images.len());
    let tiles = order.iter().cycle().take(columns * rows).map(|&i| images.image(i));
    paste(&tiles.collect::<Result<Vec<_>>>()?, images.side(), images.channels(), columns)
}

/// What the averaged generator makes of latents that are the same all through the training, as a PNG file.
/// Where there are classes, each row is of one.
///
/// # Errors
/// What libtorch says.
pub fn generated(state: &State, settings: &Settings) -> Result<Vec<u8>> {
    let _no_grad = tch::no_grad_guard();
    let (side, channels) = settings.generator.image();
    let (z_dim, c_dim, _) = settings.generator.dims();
    let (columns, rows) = grid(side);
    let device = state.g_ema.device();
    let g = Trainable::new(&settings.generator, &state.g_ema, true, settings.half)?;
    let numbers: Vec<usize> = (0..columns * rows).collect();
    let mut tiles = Vec::new();
    for part in numbers.chunks(settings.batch_gpu) {
        let z: Vec<f32> = part
            .iter()
            .flat_map(|&i| {
                let mut draws = Draws::new(settings.seed, Purpose::Samples as u32, i as u64);
                draws.normal_values(z_dim)
            })
            .collect();
        let z = Tensor::f_from_slice(&z)?.f_reshape([-1, z_dim as i64])?.f_to_device(device)?;
        let c = (c_dim > 0).then(|| -> Result<Tensor> {
            let mut one_hot = vec![0.0f32; part.len() * c_dim];
            for (row, i) in one_hot.chunks_exact_mut(c_dim).zip(part) {
                row[i / columns % c_dim] = 1.0;
            }
            let c = Tensor::f_from_slice(&one_hot)?.f_reshape([-1, c_dim as i64])?;
            Ok(c.f_to_device(device)?)
        });
        let w = g.map(&z, c.transpose()?.as_ref(), None)?;
        let ws = w.f_unsqueeze(1)?.f_repeat([1, settings.generator.num_ws() as i64, 1])?;
        let images = g.synthesise(&ws, &Noise::Constant, None)?.f_to_device(Device::Cpu)?;
        let images = images.f_mul_scalar(127.5)?.f_add_scalar(128.0)?.f_clamp(0.0, 255.0)?;
        let bytes = Vec::<u8>::try_from(images.f_to_kind(Kind::Uint8)?.f_flatten(0, -1)?)?;
        tiles.extend(bytes.chunks_exact(channels * side * side).map(<[u8]>::to_vec));
    }
    paste(&tiles, side, channels, columns)
}

/// Tiles `[channels, side, side]` row by row.
fn paste(tiles: &[Vec<u8>], side: usize, channels: usize, columns: usize) -> Result<Vec<u8>> {
    let (width, height) = (columns * side, tiles.len() / columns * side);
    let mut pixels = vec![0; 3 * width * height];
    for (n, tile) in tiles.iter().enumerate() {
        let (left, top) = (n % columns * side, n / columns * side);
        for (i, pixel) in (0..side * side).map(|i| (i, (top + i / side) * width + left + i % side))
        {
            for c in 0..3 {
                pixels[3 * pixel + c] = tile[c.min(channels - 1) * side * side + i];
            }
        }
    }
    png((width as u32, height as u32), &pixels)
}
