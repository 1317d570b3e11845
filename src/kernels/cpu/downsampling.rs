//! The passes after the nonlinearity.

use super::folded::{MOST, ROWS, convolve};
use super::lanes::Lanes;
use super::level::Work;
use super::planes::Pixel;
use super::rows::{Ring, Rows};
use super::taps::Down;

/// Along a row: output x is the sum over k of `taps[k] row[factor x + k]`.
pub(super) struct DownColumns<'a> {
    pub down: &'a Down,
    pub row: &'a [Pixel],
    pub out: &'a mut [Pixel],
}

impl Work for DownColumns<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let Down { factor, side, mirrored, .. } = *self.down;
        assert!(self.out.is_empty() || self.row.len() >= (self.out.len() - 1) * factor + side);
        // SAFETY: the lengths were just checked.
        unsafe {
            match (factor, side, mirrored) {
                (2, 12, true) => self.folded::<V, 2, 12>(),
                _ => self.any::<V>(),
            }
        }
    }
}

impl DownColumns<'_> {
    #[inline(always)]
    unsafe fn folded<V: Lanes, const F: usize, const T: usize>(self) {
        let (row, out, count) = (self.row.as_ptr(), self.out.as_mut_ptr(), self.out.len());
        let mut x = 0;
        // SAFETY: the caller checked the lengths.
        unsafe {
            while x + 4 <= count {
                several_folded::<V, F, T, 4>(&self.down.taps, row.add(x * F), out.add(x));
                x += 4;
            }
            while x < count {
                several_folded::<V, F, T, 1>(&self.down.taps, row.add(x * F), out.add(x));
                x += 1;
            }
        }
    }

    #[inline(always)]
    unsafe fn any<V: Lanes>(self) {
        for (x, out) in self.out.iter_mut().enumerate() {
            // SAFETY: pixels are sixteen values.
            unsafe {
                let mut sum = V::splat(0.0);
                for (pixel, tap) in self.row[x * self.down.factor..].iter().zip(&self.down.taps) {
                    sum = V::load(pixel.0.as_ptr()).mul_add(V::splat(*tap), sum);
                }
                sum.store(out.0.as_mut_ptr());
            }
        }
    }
}

/// `N` outputs beside each other.
#[inline(always)]
unsafe fn several_folded<V: Lanes, const F: usize, const T: usize, const N: usize>(
    taps: &[f32],
    row: *const Pixel,
    out: *mut Pixel,
) {
    // SAFETY: handed down from the caller.
    unsafe {
        let load = |i: usize| V::load(row.add(i).cast());
        let sums = convolve::<V, F, T, N>(taps, load, [V::splat(0.0); N]);
        for n in 0..N {
            sums[n].store(out.add(n).cast());
        }
    }
}

/// Across rows, times `scale` channel by channel: output row n is made of the rows from
/// `factor n` on.
pub(super) struct DownRows<'a> {
    pub down: &'a Down,
    /// At least of the width of the outputs.
    pub rows: Ring<'a>,
    pub scale: Pixel,
    /// At most [`ROWS`].
    pub out: &'a mut [&'a mut [Pixel]],
}

impl Work for DownRows<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(mut self) {
        let Down { factor, side, mirrored, .. } = *self.down;
        let width = self.out.first().map_or(0, |row| row.len());
        assert!(self.rows.end >= self.rows.skip + width);
        assert!(self.out.iter().all(|row| row.len() == width));
        // SAFETY: the lengths were just checked.
        unsafe {
            match (factor, side, mirrored) {
                (2, 12, true) if self.out.len() == ROWS => self.folded::<V, 2, 12, ROWS>(0, width),
                (2, 12, true) => {
                    for n in 0..self.out.len() {
                        self.folded::<V, 2, 12, 1>(n, width);
                    }
                }
                _ => self.any::<V>(),
            }
        }
    }
}

impl DownRows<'_> {
    /// `N` output rows from number `first` on.
    #[inline(always)]
    unsafe fn folded<V: Lanes, const F: usize, const T: usize, const N: usize>(
        &mut self,
        first: usize,
        width: usize,
    ) {
        let rows: [_; MOST] =
            std::array::from_fn(|i| self.rows.row(first * F + i.min((N - 1) * F + T - 1)).as_ptr());
        // SAFETY: the caller checked the lengths.
        unsafe {
            let scale = V::load(self.scale.0.as_ptr());
            for x in 0..width {
                let load = |i: usize| V::load(rows[i].add(x).cast());
                let sums = convolve::<V, F, T, N>(&self.down.taps, load, [V::splat(0.0); N]);
                for n in 0..N {
                    sums[n].mul(scale).store(self.out[first + n].as_mut_ptr().add(x).cast());
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn any<V: Lanes>(self) {
        for (n, out) in self.out.iter_mut().enumerate() {
            for (x, out) in out.iter_mut().enumerate() {
                // SAFETY: pixels are sixteen values.
                unsafe {
                    let mut sum = V::splat(0.0);
                    for (i, tap) in self.down.taps.iter().enumerate() {
                        let pixel = self.rows.row(n * self.down.factor + i)[x];
                        sum = V::load(pixel.0.as_ptr()).mul_add(V::splat(*tap), sum);
                    }
                    sum.mul(V::load(self.scale.0.as_ptr())).store(out.0.as_mut_ptr());
                }
            }
        }
    }
}

/// Both axes at once, for filters that are not separable, times `scale` channel by channel.
pub(super) struct DownSquare<'a> {
    pub down: &'a Down,
    /// Output row n is made of those from `factor n` on.
    pub rows: Ring<'a>,
    pub scale: Pixel,
    /// At most [`ROWS`].
    pub out: &'a mut [&'a mut [Pixel]],
}

impl Work for DownSquare<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let Down { factor, side, mirrored, .. } = *self.down;
        let width = self.out.first().map_or(0, |row| row.len());
        let needed = width.saturating_sub(1) * factor + side;
        assert!(self.rows.end >= self.rows.skip + needed);
        assert!(self.out.iter().all(|row| row.len() == width));
        // SAFETY: the lengths were just checked.
        unsafe {
            match (factor, side, mirrored) {
                (2, 12, true) => self.folded::<V, 2, 12>(width),
                _ => self.any::<V>(),
            }
        }
    }
}

impl DownSquare<'_> {
    /// A few columns at a time through all rows, so that rows are fetched from second-level cache
    /// once and not once an output row.
    #[inline(always)]
    unsafe fn folded<V: Lanes, const F: usize, const T: usize>(mut self, width: usize) {
        let count = (self.out.len().max(1) - 1) * F + T;
        let rows: [_; MOST] = std::array::from_fn(|i| self.rows.row(i.min(count - 1)).as_ptr());
        let mut x = 0;
        // SAFETY: the caller checked the lengths.
        unsafe {
            while x + 4 <= width {
                for n in 0..self.out.len() {
                    self.several::<V, F, T, 4>(&rows, n, x);
                }
                x += 4;
            }
            while x < width {
                for n in 0..self.out.len() {
                    self.several::<V, F, T, 1>(&rows, n, x);
                }
                x += 1;
            }
        }
    }

    /// `N` outputs beside each other: rows that mirror each other are added, then columns.
    #[inline(always)]
    unsafe fn several<V: Lanes, const F: usize, const T: usize, const N: usize>(
        &mut self,
        rows: &[*const Pixel; MOST],
        n: usize,
        x: usize,
    ) {
        // SAFETY: handed down from the caller.
        unsafe {
            let mut sums = [V::splat(0.0); N];
            for i in 0..T / 2 {
                let row = |i: usize| rows[n * F + i].add(x * F);
                let (upper, lower) = (row(i), row(T - 1 - i));
                let load =
                    |j: usize| V::load(upper.add(j).cast()).add(V::load(lower.add(j).cast()));
                sums = convolve::<V, F, T, N>(&self.down.taps[i * T..], load, sums);
            }
            let scale = V::load(self.scale.0.as_ptr());
            let out = self.out[n].as_mut_ptr().add(x);
            for n in 0..N {
                sums[n].mul(scale).store(out.add(n).cast());
            }
        }
    }

    #[inline(always)]
    unsafe fn any<V: Lanes>(self) {
        let Down { factor, side, .. } = *self.down;
        for (n, out) in self.out.iter_mut().enumerate() {
            for (x, out) in out.iter_mut().enumerate() {
                // SAFETY: pixels are sixteen values.
                unsafe {
                    let mut sum = V::splat(0.0);
                    for (i, taps) in self.down.taps.chunks_exact(side).enumerate() {
                        let row = &self.rows.row(n * factor + i)[x * factor..];
                        for (pixel, tap) in row.iter().zip(taps) {
                            sum = V::load(pixel.0.as_ptr()).mul_add(V::splat(*tap), sum);
                        }
                    }
                    sum.mul(V::load(self.scale.0.as_ptr())).store(out.0.as_mut_ptr());
                }
            }
        }
    }
}
