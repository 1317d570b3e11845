//! The passes after the nonlinearity.

use super::lanes::Lanes;
use super::level::Work;
use super::planes::Pixel;
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
        let mut sums = [V::splat(0.0); N];
        for k in 0..T / 2 {
            let tap = V::splat(taps[k]);
            for n in 0..N {
                let left = V::load(row.add(n * F + k).cast());
                let right = V::load(row.add(n * F + T - 1 - k).cast());
                sums[n] = left.add(right).mul_add(tap, sums[n]);
            }
        }
        for n in 0..N {
            sums[n].store(out.add(n).cast());
        }
    }
}

/// Across rows, times `scale` channel by channel.
pub(super) struct DownRows<'a> {
    pub down: &'a Down,
    /// `side` of them, of the width of `out`.
    pub rows: &'a [&'a [Pixel]],
    pub scale: Pixel,
    pub out: &'a mut [Pixel],
}

impl Work for DownRows<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        assert!(self.rows.len() == self.down.side);
        assert!(self.rows.iter().all(|row| row.len() == self.out.len()));
        // SAFETY: the lengths were just checked.
        unsafe {
            match (self.down.side, self.down.mirrored) {
                (12, true) => self.folded::<V, 12>(),
                _ => self.any::<V>(),
            }
        }
    }
}

impl DownRows<'_> {
    #[inline(always)]
    unsafe fn folded<V: Lanes, const T: usize>(self) {
        // SAFETY: the caller checked the lengths.
        unsafe {
            let rows: [*const Pixel; T] = std::array::from_fn(|k| self.rows[k].as_ptr());
            let scale = V::load(self.scale.0.as_ptr());
            for (x, out) in self.out.iter_mut().enumerate() {
                let mut sum = V::splat(0.0);
                for k in 0..T / 2 {
                    let upper = V::load(rows[k].add(x).cast());
                    let lower = V::load(rows[T - 1 - k].add(x).cast());
                    sum = upper.add(lower).mul_add(V::splat(self.down.taps[k]), sum);
                }
                sum.mul(scale).store(out.0.as_mut_ptr());
            }
        }
    }

    #[inline(always)]
    unsafe fn any<V: Lanes>(self) {
        for (x, out) in self.out.iter_mut().enumerate() {
            // SAFETY: pixels are sixteen values.
            unsafe {
                let mut sum = V::splat(0.0);
                for (row, tap) in self.rows.iter().zip(&self.down.taps) {
                    sum = V::load(row[x].0.as_ptr()).mul_add(V::splat(*tap), sum);
                }
                sum.mul(V::load(self.scale.0.as_ptr())).store(out.0.as_mut_ptr());
            }
        }
    }
}

/// Both axes at once, for filters that are not separable, times `scale` channel by channel.
pub(super) struct DownSquare<'a> {
    pub down: &'a Down,
    /// `side` of them.
    pub rows: &'a [&'a [Pixel]],
    pub scale: Pixel,
    pub out: &'a mut [Pixel],
}

impl Work for DownSquare<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let Down { factor, side, mirrored, .. } = *self.down;
        let needed = self.out.len().saturating_sub(1) * factor + side;
        assert!(self.rows.len() == side && self.rows.iter().all(|row| row.len() >= needed));
        // SAFETY: the lengths were just checked.
        unsafe {
            match (factor, side, mirrored) {
                (2, 12, true) => self.folded::<V, 2, 12>(),
                _ => self.any::<V>(),
            }
        }
    }
}

impl DownSquare<'_> {
    #[inline(always)]
    unsafe fn folded<V: Lanes, const F: usize, const T: usize>(self) {
        let (out, count) = (self.out.as_mut_ptr(), self.out.len());
        let mut x = 0;
        // SAFETY: the caller checked the lengths.
        unsafe {
            while x + 4 <= count {
                self.several::<V, F, T, 4>(x, out.add(x));
                x += 4;
            }
            while x < count {
                self.several::<V, F, T, 1>(x, out.add(x));
                x += 1;
            }
        }
    }

    /// `N` outputs beside each other: rows that mirror each other are added, then columns.
    #[inline(always)]
    unsafe fn several<V: Lanes, const F: usize, const T: usize, const N: usize>(
        &self,
        x: usize,
        out: *mut Pixel,
    ) {
        // SAFETY: handed down from the caller.
        unsafe {
            let zero = V::splat(0.0);
            let mut sums = [zero; N];
            for i in 0..T / 2 {
                let (upper, lower) = (self.rows[i].as_ptr(), self.rows[T - 1 - i].as_ptr());
                // Two rows of all columns that the outputs share; no filter here has more taps.
                let mut row = [zero; 24];
                for j in 0..(N - 1) * F + T {
                    let column = x * F + j;
                    row[j] = V::load(upper.add(column).cast()).add(V::load(lower.add(column).cast()));
                }
                for j in 0..T / 2 {
                    let tap = V::splat(self.down.taps[i * T + j]);
                    for n in 0..N {
                        sums[n] = row[n * F + j].add(row[n * F + T - 1 - j]).mul_add(tap, sums[n]);
                    }
                }
            }
            let scale = V::load(self.scale.0.as_ptr());
            for n in 0..N {
                sums[n].mul(scale).store(out.add(n).cast());
            }
        }
    }

    #[inline(always)]
    unsafe fn any<V: Lanes>(self) {
        let Down { factor, side, .. } = *self.down;
        for (x, out) in self.out.iter_mut().enumerate() {
            // SAFETY: pixels are sixteen values.
            unsafe {
                let mut sum = V::splat(0.0);
                for (row, taps) in self.rows.iter().zip(self.down.taps.chunks_exact(side)) {
                    for (pixel, tap) in row[x * factor..].iter().zip(taps) {
                        sum = V::load(pixel.0.as_ptr()).mul_add(V::splat(*tap), sum);
                    }
                }
                sum.mul(V::load(self.scale.0.as_ptr())).store(out.0.as_mut_ptr());
            }
        }
    }
}
