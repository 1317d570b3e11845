//! Geometric transforms: resampled at twice the resolution between the two halves of an orthogonal
//! wavelet's low-pass filter, so that what does not move is reconstructed exactly.

use tch::{Kind, Tensor};

use super::draw::Draw;
use crate::Result;
use crate::network::sample;

/// The low-pass filter of the wavelet sym6 (Daubechies 1992).
const SYM6: [f64; 12] = [
    0.015_404_109_327_027_373,
    0.003_490_712_084_217_470_2,
    -0.117_990_111_148_190_57,
    -0.048_311_742_585_633,
    0.491_055_941_926_746_7,
    0.787_641_141_030_194,
    0.337_929_421_727_621_8,
    -0.072_637_522_786_462_52,
    -0.021_060_292_512_300_564,
    0.044_724_901_770_665_78,
    0.001_767_711_864_242_803_6,
    -0.007_800_708_325_034_148,
];
/// Taps before the one that a sample's own value goes to.
const BEFORE: i64 = 5;

/// Moves the images as they are drawn.
pub(super) fn transform(images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
    if draws.iter().all(Draw::is_still) {
        return Ok(images.shallow_clone());
    }
    let (n, channels, height, width) = images.size4()?;
    let pads = pads(draws, [height, width]);
    let x = images.f_reflection_pad2d(pads)?;
    let (_, _, padded_height, padded_width) = x.size4()?;

    let sum: f64 = SYM6.iter().sum();
    let taps: Vec<f32> = SYM6.iter().map(|tap| (tap / sum) as f32).collect();
    let taps = Tensor::f_from_slice(&taps)?.f_to_device(images.device())?;
    let along = [[1, 1, 1, 12], [1, 1, 12, 1]];
    let strides = [[1, 2], [2, 1]];

    let mut x = x.f_reshape([n * channels, 1, padded_height, padded_width])?;
    for (shape, stride) in along.iter().zip(strides) {
        let kernel = taps.f_mul_scalar(2.0)?.f_reshape(shape)?;
        x = x.f_conv_transpose2d(&kernel, None::<&Tensor>, stride, [0, 0], [0, 0], 1, [1, 1])?;
    }
    let doubled = [x.size()[2], x.size()[3]];
    let x = x.f_reshape([n, channels, doubled[0], doubled[1]])?;

    let theta: Vec<f32> =
        draws.iter().flat_map(|draw| theta(draw, [height, width], doubled, pads)).collect();
    let theta = Tensor::f_from_slice(&theta)?.f_reshape([n, 2, 3])?;
    let theta = theta.f_to_device(images.device())?.f_to_kind(Kind::Float)?;
    let out = [2 * height + 10, 2 * width + 10];
    let grid = Tensor::f_affine_grid_generator(&theta, [n, channels, out[0], out[1]], false)?;
    let mut x = sample(&x, &grid)?.f_reshape([n * channels, 1, out[0], out[1]])?;

    for (shape, stride) in along.iter().zip(strides) {
        let kernel = taps.f_reshape(shape)?;
        x = x.f_conv2d(&kernel, None::<&Tensor>, stride, [0, 0], [1, 1], 1)?;
    }
    Ok(x.f_reshape([n, channels, height, width])?)
}

/// From the grid that is filtered down (its places from -1 to 1) to the doubled image (likewise).
fn theta(
    draw: &Draw,
    [height, width]: [i64; 2],
    doubled: [i64; 2],
    [left, _, top, _]: [i64; 4],
) -> Vec<f32> {
    // Sample i of the grid is m = i - BEFORE of the doubled image, whose middle is at size - 1.
    let half = [(width + BEFORE) as f64, (height + BEFORE) as f64];
    let row = |axis: usize| {
        let (size, before, doubled) =
            if axis == 0 { (width, left, doubled[1]) } else { (height, top, doubled[0]) };
        let [a, b, t] = draw.geometry[axis];
        let middle = 0.5 * (a + b) + 2.0 * t + (size - 1 + 2 * before + BEFORE) as f64;
        let scale = 2.0 / doubled as f64;
        [a * half[0] * scale, b * half[1] * scale, (middle + 0.5) * scale - 1.0].map(|x| x as f32)
    };
    [row(0), row(1)].concat()
}

/// Pixels that have to be mirrored beyond the edges: left, right, top, bottom; as many as there are to
/// mirror at most.
fn pads(draws: &[Draw], [height, width]: [i64; 2]) -> [i64; 4] {
    let mut pads = [0; 4];
    for draw in draws {
        for (axis, size) in [(0, width), (1, height)] {
            let [a, b, t] = draw.geometry[axis];
            // The grid reaches this far from the middle, pixels; a filter's half is added below.
            let reach = |size: i64| size as f64 / 2.0 + 3.0;
            let spread = a.abs() * reach(width) + b.abs() * reach(height);
            let middle = (size - 1) as f64 / 2.0;
            let (low, high) = (middle + t - spread, middle + t + spread);
            let missing = [-low, high - (size - 1) as f64];
            for (side, missing) in missing.into_iter().enumerate() {
                let pad = (missing.ceil() as i64 + 4).clamp(0, size - 1);
                let held = &mut pads[2 * axis + side];
                *held = (*held).max(pad);
            }
        }
    }
    pads
}
