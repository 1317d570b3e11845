//! What the filtered leaky ReLU is (Karras et al. 2021, section 3 and figure 4b): factors, filters,
//! padding, nonlinearity, and the sizes that follow.

use crate::signal::Filter;
use crate::{Error, Result};

/// A change of sampling rate with its filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampler {
    /// 1 or more.
    pub factor: usize,
    /// A single tap of 1 for no filter.
    pub filter: Filter,
}

impl Resampler {
    /// Neither a factor nor a filter.
    pub fn identity() -> Self {
        Self { factor: 1, filter: Filter::Separable(vec![1.0]) }
    }

    /// The same factor with the filter turned around.
    fn flipped(&self) -> Self {
        let reversed = |taps: &[f64]| taps.iter().rev().copied().collect();
        let filter = match &self.filter {
            Filter::Separable(taps) => Filter::Separable(reversed(taps)),
            Filter::Radial { side, taps } => Filter::Radial { side: *side, taps: reversed(taps) },
        };
        Self { factor: self.factor, filter }
    }

    /// Taps a side.
    pub fn taps(&self) -> usize {
        match &self.filter {
            Filter::Separable(taps) => taps.len(),
            Filter::Radial { side, .. } => *side,
        }
    }
}

/// `downsample(clamp(gain lrelu(upsample(x + bias))))` on planes of `height x width` samples.
///
/// Upsampling thinks `factor - 1` zeros after every sample, pads (or crops) and convolves, with the
/// filter scaled by the factor along each axis; downsampling convolves and keeps every `factor`-th
/// sample. Both keep only where the filter overlaps fully.
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredLrelu {
    /// Before the nonlinearity.
    pub up: Resampler,
    /// After it.
    pub down: Resampler,
    /// On the zero-inserted grid, after the bias: left, right, top, bottom; negative values crop.
    pub padding: [i64; 4],
    /// Slope for negative values, 0 to 1.
    pub slope: f32,
    /// What the leaky ReLU's output is multiplied by.
    pub gain: f32,
    /// Largest magnitude after the gain; infinity for no limit.
    pub clamp: f32,
}

impl FilteredLrelu {
    /// Height and width of the grid on which the nonlinearity acts, for an input of `size`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the padded input is smaller than the upsampling filter.
    pub fn inner_size(&self, size: [usize; 2]) -> Result<[usize; 2]> {
        let [left, right, top, bottom] = self.padding;
        let along = |n: usize, padding: i64| {
            let inner = (n * self.up.factor) as i64 + padding - (self.up.taps() as i64 - 1);
            usize::try_from(inner).ok().filter(|&inner| inner > 0).ok_or_else(|| {
                Error::Invalid(format!(
                    "a filtered leaky ReLU of {} upsampling taps and padding {:?} cannot take {n} samples; \
                     expected at least one full overlap of the filter",
                    self.up.taps(),
                    self.padding
                ))
            })
        };
        Ok([along(size[0], top + bottom)?, along(size[1], left + right)?])
    }

    /// Height and width of the output for an input of `size`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where an inner or padded size is smaller than its filter.
    pub fn out_size(&self, size: [usize; 2]) -> Result<[usize; 2]> {
        let taps = self.down.taps();
        let along = |inner: usize| {
            inner.checked_sub(taps).map(|rest| rest / self.down.factor + 1).ok_or_else(|| {
                Error::Invalid(format!(
                    "a filtered leaky ReLU of {taps} downsampling taps has only {inner} samples to filter; \
                     expected at least {taps}"
                ))
            })
        };
        let [height, width] = self.inner_size(size)?;
        Ok([along(height)?, along(width)?])
    }

    /// The operator whose nonlinearity's derivative, taken from the signs of this one's, makes it this
    /// one's gradient for inputs of `size` (specification section 6), and by how many rows and columns
    /// its inner grid is further on than this one's.
    ///
    /// # Errors
    /// [`Error::Invalid`] where such an input is too small for the filters.
    pub fn transposed(&self, size: [usize; 2]) -> Result<(Self, [i64; 2])> {
        let out = self.out_size(size)?;
        let (up, down) = (self.up.factor as i64, self.down.factor as i64);
        let (tu, td) = (self.up.taps() as i64, self.down.taps() as i64);
        let [left, _, top, _] = self.padding;
        let low = |low: i64| tu - 1 + td - 1 - low;
        let high = |axis: usize, low: i64| {
            size[axis] as i64 * up - out[axis] as i64 * down + low - (up - 1)
        };
        let gain = (up * up) as f32 / (down * down) as f32;
        let transposed = Self {
            up: self.down.flipped(),
            down: self.up.flipped(),
            padding: [low(left), high(1, left), low(top), high(0, top)],
            slope: self.slope,
            gain: self.gain * gain,
            clamp: self.clamp,
        };
        Ok((transposed, [tu - 1 - top, tu - 1 - left]))
    }
}
