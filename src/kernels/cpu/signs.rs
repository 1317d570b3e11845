//! What the gradient needs to know of the nonlinearity: two bits a sample.

use std::sync::atomic::{AtomicU32, Ordering};

use super::lanes::Lanes;
use super::level::Work;
use super::planes::Pixel;
use super::upsampling::Activation;

/// For each sample of the upsampled grid and sixteen channels: which were negative, and which clamped.
#[derive(Debug, Default)]
pub struct Signs {
    size: [usize; 2],
    /// Block by block, row by row: negative in the lower half, clamped in the upper. Atomic, because
    /// neighbouring tiles both write, alike, where they overlap.
    bits: Vec<AtomicU32>,
}

impl Signs {
    /// Signs out of [`Signs::words`], for a grid of this height and width.
    pub fn from_words(size: [usize; 2], words: &[i32]) -> Self {
        let bits = words.iter().map(|&word| AtomicU32::new(word.cast_unsigned())).collect();
        Self { size, bits }
    }

    /// Block by block and row by row: of sixteen channels, which were negative in the lower half,
    /// which clamped in the upper.
    pub fn words(&self) -> impl Iterator<Item = i32> {
        self.bits.iter().map(|bits| bits.load(Ordering::Relaxed).cast_signed())
    }

    /// Room for blocks of a grid of this height and width.
    pub(super) fn reset(&mut self, blocks: usize, size: [usize; 2]) {
        self.size = size;
        self.bits.resize_with(blocks * size[0] * size[1], AtomicU32::default);
    }

    /// The samples of a row from column `first` on, `count` at most: how many columns must be left
    /// out before them, and they. None for a row beyond the grid.
    fn row(
        &self,
        block: usize,
        row: i64,
        first: i64,
        count: usize,
    ) -> Option<(usize, &[AtomicU32])> {
        let [height, width] = self.size;
        let row = usize::try_from(row).ok().filter(|&row| row < height)?;
        let clamped = |column: i64| column.clamp(0, width as i64) as usize;
        let (from, to) = (clamped(first), clamped(first + count as i64));
        let before = (from as i64 - first).clamp(0, count as i64) as usize;
        Some((before, &self.bits[(block * height + row) * width..][from..to]))
    }
}

/// What becomes of the signs.
#[derive(Clone, Copy)]
pub(super) enum Signed<'a> {
    /// They are not wanted.
    Away,
    /// The nonlinearity is done, and they are kept.
    Kept(&'a Signs),
    /// The nonlinearity's derivative is multiplied in, from the signs of the samples so many rows and
    /// columns before; beyond their grid it is 0.
    Replayed(&'a Signs, [i64; 2]),
}

impl<'a> Signed<'a> {
    /// The work on a row of the grid that was upsampled without the nonlinearity, from column `first`.
    pub fn work(
        self,
        activation: Activation,
        block: usize,
        [row, first]: [i64; 2],
        out: &'a mut [Pixel],
    ) -> SignRow<'a> {
        let count = out.len();
        let (found, replay) = match self {
            Self::Away => (None, false),
            Self::Kept(signs) => (signs.row(block, row, first, count), false),
            Self::Replayed(signs, [down, right]) => {
                (signs.row(block, row - down, first - right, count), true)
            }
        };
        let (before, bits) = found.unwrap_or_default();
        SignRow { activation, before, bits, replay, out }
    }
}

/// The nonlinearity of one row, or its derivative.
pub(super) struct SignRow<'a> {
    activation: Activation,
    before: usize,
    bits: &'a [AtomicU32],
    replay: bool,
    out: &'a mut [Pixel],
}

impl Work for SignRow<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let end = self.before + self.bits.len();
        if self.replay {
            self.out[..self.before].fill(Pixel::default());
            self.out[end..].fill(Pixel::default());
        }
        // SAFETY: pixels are sixteen values.
        unsafe {
            let (zero, slope) = (V::splat(0.0), V::splat(self.activation.slope));
            let limit = V::splat(self.activation.clamp);
            for (pixel, bits) in self.out[self.before..end].iter_mut().zip(self.bits) {
                let value = V::load(pixel.0.as_ptr());
                let sloped = value.mul(slope);
                let out = if self.replay {
                    let bits = bits.load(Ordering::Relaxed);
                    let derived = sloped.select(bits as u16, value);
                    zero.select((bits >> 16) as u16, derived)
                } else {
                    let negative = value.less(zero);
                    let active = sloped.select(negative, value);
                    let clamped = limit.less(active) | active.less(zero.sub(limit));
                    bits.store(u32::from(negative) | u32::from(clamped) << 16, Ordering::Relaxed);
                    active.clamp(limit)
                };
                out.store(pixel.0.as_mut_ptr());
            }
        }
    }
}
