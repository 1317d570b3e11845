//! The kernel's parameter, laid out as `struct Arguments` in `filtered_lrelu.cu`.

use super::launch::Run;
use super::plan::{Plan, Stage, Storage, Variant, origin};
use crate::kernels::Resampler;
use crate::signal::Filter;
use crate::{Error, Result};

/// Device addresses; 0 for none.
#[derive(Debug, Clone, Copy)]
pub struct Pointers {
    pub x: u64,
    pub bias: u64,
    pub y: u64,
    pub signs: u64,
}

impl Pointers {
    /// Samples at a time that `x` and `y` are aligned to: 16 bytes at most.
    pub fn alignment(&self, storage: Storage) -> [usize; 2] {
        let bytes = |pointer: u64| 1 << pointer.trailing_zeros().min(4);
        [self.x, self.y].map(|pointer| (bytes(pointer) / storage.bytes()).max(1))
    }
}

/// The largest grid that the driver takes.
const MAX_BLOCKS: usize = i32::MAX as usize;

/// Planes that one launch can do.
///
/// # Errors
/// [`Error::Invalid`] where not even one fits.
pub fn planes_per_launch(variant: &Variant, plan: &Plan) -> Result<usize> {
    let [down, across] = plan.tiles(variant.out);
    match MAX_BLOCKS / (down * across) {
        0 => Err(too_large(variant.out)),
        planes => Ok(planes),
    }
}

fn too_large([height, width]: [usize; 2]) -> Error {
    Error::Invalid(format!(
        "the CUDA kernel cannot take planes of {height} x {width} samples; expected sides of less than {LARGEST_SIDE}"
    ))
}

/// So that no position on the upsampled grid leaves 32 bits.
const LARGEST_SIDE: usize = 1 << 26;

/// The parameter for the planes from `first_plane` on, in the words of 8 bytes that it is aligned to.
///
/// # Errors
/// [`Error::Invalid`] for planes too large.
pub fn arguments(
    run: &Run,
    plan: &Plan,
    pointers: Pointers,
    channels: usize,
    first_plane: usize,
) -> Result<Vec<u64>> {
    let Run { operator, size, variant, .. } = run;
    for size in [*size, variant.out] {
        if size.iter().any(|&side| side >= LARGEST_SIDE) {
            return Err(too_large(size));
        }
    }
    let mut bytes = Vec::new();
    for word in [pointers.x, pointers.bias, pointers.y, pointers.signs, first_plane as u64] {
        bytes.extend(word.to_ne_bytes());
    }
    let [left, _, top, _] = operator.padding;
    let first = |pad: i64| {
        let newest = origin(variant.up, pad).div_euclid(variant.up.factor as i64);
        newest - (plan.window as i64 - 1)
    };
    let count = |n: usize| n as i64;
    let integers = [
        count(channels),
        count(size[0]),
        count(size[1]),
        count(variant.out[0]),
        count(variant.out[1]),
        first(top),
        first(left),
        count(plan.tiles(variant.out)[0]),
        count(plan.tiles(variant.out)[1]),
        count(run.signs_size[0]),
        count(run.signs_size[1]),
        run.signs_origin[0],
        run.signs_origin[1],
    ];
    for integer in integers {
        let integer = i32::try_from(integer).map_err(|_| too_large(*size))?;
        bytes.extend(integer.to_ne_bytes());
    }
    let up = up_taps(&operator.up, variant.up, plan.window, operator.gain);
    let floats = [operator.slope, operator.clamp]
        .into_iter()
        .chain(up)
        .chain(down_taps(&operator.down, variant));
    bytes.extend(floats.flat_map(f32::to_ne_bytes));
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    Ok(bytes.as_chunks().0.iter().map(|&word| u64::from_ne_bytes(word)).collect())
}

/// The upsampling filter with its own gain and the nonlinearity's (a leaky ReLU's scale is its
/// input's), filled up with zeros to whole windows.
fn up_taps(by: &Resampler, stage: Stage, window: usize, gain: f32) -> Vec<f32> {
    let (side, gain) = (window * stage.factor, f64::from(gain));
    let factor = stage.factor as f64;
    match &by.filter {
        Filter::Separable(taps) => {
            let taps = taps.iter().map(|tap| (tap * factor * gain.sqrt()) as f32);
            taps.chain(std::iter::repeat(0.0)).take(side).collect()
        }
        Filter::Radial { side: own, taps } => {
            let tap =
                |y: usize, x: usize| if y < *own && x < *own { taps[y * own + x] } else { 0.0 };
            let at = |i: usize| (tap(i / side, i % side) * factor * factor * gain) as f32;
            (0..side * side).map(at).collect()
        }
    }
}

/// The downsampling filter, flipped, since the kernel goes forward where a convolution goes back;
/// mirrored columns made exactly equal.
fn down_taps(by: &Resampler, variant: &Variant) -> Vec<f32> {
    let (Filter::Separable(taps) | Filter::Radial { taps, .. }) = &by.filter;
    let mut taps: Vec<f64> = taps.iter().rev().copied().collect();
    if variant.mirrored {
        for row in taps.chunks_exact_mut(variant.down.taps) {
            let mirror: Vec<f64> = row.iter().rev().copied().collect();
            row.iter_mut().zip(mirror).for_each(|(tap, other)| *tap = (*tap + other) / 2.0);
        }
    }
    taps.into_iter().map(|tap| tap as f32).collect()
}
