//! Matrix products on blocks of sixteen channels: what every convolution here comes down to.

use std::cell::RefCell;

use rayon::prelude::*;

#[cfg(target_arch = "x86_64")]
use super::amx;
use super::lanes::Lanes;
use super::level::{Level, Work};
use super::matrix::{Factors, Matrix};
use super::planes::Pixel;

/// Pixels `from..to` of a product: of planes of `x_area` pixels, whose parts lie `x_part` pixels from each
/// other, into planes of `y_area`, there `moved` pixels further on.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub x_area: usize,
    pub x_part: usize,
    pub y_area: usize,
    pub moved: usize,
    pub from: usize,
    pub to: usize,
}

/// A pointer that threads may share because each writes places of its own.
#[derive(Clone, Copy)]
pub(super) struct Shared(pub *mut Pixel);
// SAFETY: see the uses; every one writes disjoint places.
unsafe impl Send for Shared {}
// SAFETY: likewise.
unsafe impl Sync for Shared {}

/// So many pixels are worked on at a time: a block of the matrix stays in second-level cache while they pass,
/// and they stay there while all blocks pass. A multiple of what registers take at a time, and of what AMX's
/// tiles do, of many channels' parts only of the latter.
fn pixels_a_task(level: Level, bytes_a_pixel: usize) -> usize {
    const CACHE: usize = 1 << 20;
    if level < Level::Avx512 {
        // Of such CPUs many have no more than 256 or 512 KB.
        48
    } else if 224 * bytes_a_pixel <= CACHE {
        224
    } else {
        128
    }
}

thread_local! {
    static ROUNDED: RefCell<Vec<Pixel>> = const { RefCell::new(Vec::new()) };
}

/// `y[o][p] = sum over i of x[i][p] * matrix[i][o]` for all pixels p of float32 planes of `area`
/// pixels.
pub(super) fn product(level: Level, area: usize, x: &[Pixel], matrix: &Matrix, y: &mut [Pixel]) {
    let blocks = x.len() / area.max(1);
    let words = blocks.div_ceil(matrix.factors.in_word());
    assert!(matrix.words() <= words * 16 && y.len() == matrix.blocks() * area);
    let y = Shared(y.as_mut_ptr());
    let chunk = pixels_a_task(level, words * matrix.factors.parts() * size_of::<Pixel>());
    (0..area.div_ceil(chunk)).into_par_iter().for_each(|i| {
        let (from, to) = (i * chunk, area.min((i + 1) * chunk));
        if matrix.factors == Factors::F32 {
            let rows = Rows { x_area: area, x_part: 0, y_area: area, moved: 0, from, to };
            // SAFETY: the sizes were checked, and every task has pixels of its own.
            return unsafe { rows_of_product(level, rows, x.as_ptr(), matrix, y) };
        }
        ROUNDED.with_borrow_mut(|rounded| {
            let count = to - from;
            let part = words * count;
            grow(rounded, matrix.factors.parts() * part);
            for pair in 0..words {
                let plane = |block: usize| &x[block * area..][from..to];
                let high = (2 * pair + 1 < blocks).then(|| plane(2 * pair + 1));
                let parts = Parts { factors: matrix.factors, part };
                let to = &mut rounded[pair * count..];
                level.run(Round { low: plane(2 * pair), high, parts, to });
            }
            let rows =
                Rows { x_area: count, x_part: part, y_area: area, moved: from, from: 0, to: count };
            // SAFETY: likewise.
            unsafe { rows_of_product(level, rows, rounded.as_ptr(), matrix, y) };
        });
    });
}

/// Where the parts of a value go: so many pixels from each other.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub factors: Factors,
    pub part: usize,
}

impl Parts {
    /// Writes sixteen values to the lower or the upper half of a pixel's words.
    ///
    /// # Safety
    /// `to`, and the pixels of the other parts behind it, must be there to be written.
    #[inline(always)]
    pub unsafe fn store<V: Lanes>(self, value: V, to: *mut Pixel, is_high: bool) {
        // SAFETY: a pixel has room for two times sixteen bfloat16.
        unsafe {
            let mut to = to.cast::<u16>().add(if is_high { 16 } else { 0 });
            let mut rest = value;
            for _ in 1..self.factors.parts() {
                // The first eight bits of it (Dekker 1971), which bfloat16 holds as they are.
                let scaled = rest.mul(V::splat(65537.0));
                let first = scaled.sub(scaled.sub(rest));
                first.store_bf16(to);
                rest = rest.sub(first);
                to = to.add(32 * self.part);
            }
            rest.store_bf16(to);
        }
    }
}

/// Memory for so many pixels, whatever they hold.
pub(super) fn grow(pixels: &mut Vec<Pixel>, len: usize) {
    if pixels.len() < len {
        pixels.resize(len, Pixel::default());
    }
}

/// Rounds two blocks of channels into words; where there is no second one, its halves are zeros.
struct Round<'a> {
    low: &'a [Pixel],
    high: Option<&'a [Pixel]>,
    parts: Parts,
    to: &'a mut [Pixel],
}

impl Work for Round<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        for (i, low) in self.low.iter().enumerate() {
            // SAFETY: the caller has made room for all parts.
            unsafe {
                let high = match self.high {
                    Some(high) => V::load(high[i].0.as_ptr()),
                    None => V::splat(0.0),
                };
                let to = self.to.as_mut_ptr().add(i);
                self.parts.store(V::load(low.0.as_ptr()), to, false);
                self.parts.store(high, to, true);
            }
        }
    }
}

/// Some pixels of a product, whose factors are as the matrix has them.
///
/// # Safety
/// `x` and `y` must point to all planes, and nobody else may use these pixels of `y`.
pub(super) unsafe fn rows_of_product(
    level: Level,
    rows: Rows,
    x: *const Pixel,
    matrix: &Matrix,
    y: Shared,
) {
    match matrix.factors {
        Factors::F32 => level.run(Product::<false> { rows, x, matrix, y }),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level says that tiles are there; the rest is the caller's.
        _ if level.has_tiles() => unsafe { amx::product(rows, x, matrix, y) },
        Factors::Bf16 | Factors::Split => level.run(Product::<true> { rows, x, matrix, y }),
    }
}

struct Product<'a, const PAIRS: bool> {
    rows: Rows,
    x: *const Pixel,
    matrix: &'a Matrix,
    y: Shared,
}

impl<const PAIRS: bool> Work for Product<'_, PAIRS> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let mut block = 0;
        while block < self.matrix.blocks() {
            let left = self.matrix.blocks() - block;
            // SAFETY: block + columns stay within the matrix.
            unsafe {
                match (V::COLUMNS, V::ROWS) {
                    // An odd block joins two others rather than going alone.
                    (2, 14) if left == 3 => self.blocks::<V, 3, 9>(block),
                    (2, 14) if left >= 2 => self.blocks::<V, 2, 14>(block),
                    (2, 14) => self.blocks::<V, 1, 14>(block),
                    (_, 6) => self.blocks::<V, 1, 6>(block),
                    _ => self.blocks::<V, 1, 4>(block),
                }
            }
            block += match (V::COLUMNS, left) {
                (2, 3) => 3,
                (2, 2..) => 2,
                _ => 1,
            };
        }
    }
}

impl<const PAIRS: bool> Product<'_, PAIRS> {
    /// All rows of `N` blocks of outputs, `M` at a time.
    #[inline(always)]
    unsafe fn blocks<V: Lanes, const N: usize, const M: usize>(&self, block: usize) {
        let Rows { from, to, .. } = self.rows;
        let mut row = from;
        while row + M <= to {
            // SAFETY: these rows and blocks are within the planes.
            unsafe { self.tile::<V, N, M>(block, row) };
            row += M;
        }
        if row < to && to - from >= M {
            // The last ones once more with those before them: the same values again.
            // SAFETY: likewise.
            unsafe { self.tile::<V, N, M>(block, to - M) };
        } else {
            for row in row..to {
                // SAFETY: likewise.
                unsafe { self.tile::<V, N, 1>(block, row) };
            }
        }
    }

    /// `M` rows by `N` blocks, in registers.
    #[inline(always)]
    unsafe fn tile<V: Lanes, const N: usize, const M: usize>(&self, block: usize, row: usize) {
        let words = self.matrix.words();
        let Rows { x_area, x_part, y_area, moved, .. } = self.rows;
        // SAFETY: the callers' ranges are within the planes and the matrix.
        unsafe {
            let mut sums = [[V::splat(0.0); N]; M];
            for &[x_of, w_of] in self.matrix.factors.products() {
                let x = self.x.add(x_of * x_part + row);
                let (columns, stride) = (self.matrix.columns(w_of, block), self.matrix.stride());
                for first in (0..words).step_by(16) {
                    // The next ones lie in another plane, where no CPU expects them.
                    let next = x.wrapping_add((first / 16 + 1) * x_area);
                    for m in 0..M {
                        V::fetch(next.wrapping_add(m).cast());
                    }
                    let x = x.add(first / 16 * x_area).cast::<f32>();
                    for word in 0..(words - first).min(16) {
                        let mut w = [V::splat(0.0); N];
                        for n in 0..N {
                            w[n] = V::load(columns.add(n * stride + first + word).cast());
                        }
                        for m in 0..M {
                            let x = V::splat(*x.add(m * 16 + word));
                            for n in 0..N {
                                sums[m][n] = if PAIRS {
                                    x.dot_pairs(w[n], sums[m][n])
                                } else {
                                    x.mul_add(w[n], sums[m][n])
                                };
                            }
                        }
                    }
                }
            }
            for m in 0..M {
                for n in 0..N {
                    let to = self.y.0.add((block + n) * y_area + moved + row + m);
                    sums[m][n].store(to.cast());
                }
            }
        }
    }
}
