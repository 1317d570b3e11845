//! The gradient of a filtered leaky ReLU, which is again one (specification section 6): the filters
//! change places and are flipped, and the kept signs stand for the nonlinearity.

use crate::Result;
use crate::kernels::{FilteredLrelu, Resampler};
use crate::signal::Filter;

/// The operator that takes the gradient by the output to that by the input of `size` (height, width),
/// with the derivative (gain times 1, slope or 0) in the nonlinearity's place.
///
/// # Errors
/// [`crate::Error::Invalid`] where `operator` cannot take this size.
pub fn transposed(operator: &FilteredLrelu, size: [usize; 2]) -> Result<FilteredLrelu> {
    let out = operator.out_size(size)?;
    let (up, down) = (&operator.up, &operator.down);
    let [left, _, top, _] = operator.padding;
    let along = |n: usize, out: usize, low: i64| {
        let before = (up.taps() + down.taps()) as i64 - 2 - low;
        let after =
            (n * up.factor) as i64 - (out * down.factor) as i64 + low - (up.factor as i64 - 1);
        [before, after]
    };
    let ([x0, x1], [y0, y1]) = (along(size[1], out[1], left), along(size[0], out[0], top));
    let ratio = up.factor as f32 / down.factor as f32;
    Ok(FilteredLrelu {
        up: flipped(down),
        down: flipped(up),
        padding: [x0, x1, y0, y1],
        slope: operator.slope,
        gain: operator.gain * ratio * ratio,
        clamp: f32::INFINITY,
    })
}

/// Where the forward pass's upsampled grid begins in the transposed pass's, down and across.
pub fn signs_origin(operator: &FilteredLrelu) -> [i64; 2] {
    let [left, _, top, _] = operator.padding;
    [top, left].map(|low| operator.up.taps() as i64 - 1 - low)
}

fn flipped(by: &Resampler) -> Resampler {
    let mut by = by.clone();
    match &mut by.filter {
        Filter::Separable(taps) | Filter::Radial { taps, .. } => taps.reverse(),
    }
    by
}
