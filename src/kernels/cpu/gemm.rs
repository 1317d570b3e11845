//! Matrix products on blocks of sixteen channels: what every convolution here comes down to.

use rayon::prelude::*;

use super::lanes::Lanes;
use super::level::{Level, Work};
use super::planes::Pixel;

/// A matrix `[inputs, outputs]` in blocks of sixteen outputs, each `inputs` vectors.
#[derive(Debug, Clone, Default)]
pub(super) struct Matrix {
    inputs: usize,
    blocks: usize,
    columns: Vec<Pixel>,
}

impl Matrix {
    /// Takes `value(input, output)`.
    pub fn new(inputs: usize, outputs: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let blocks = outputs.div_ceil(16);
        let at = |block: usize, input: usize| {
            let lane = |lane: usize| {
                let output = block * 16 + lane;
                if output < outputs { value(input, output) } else { 0.0 }
            };
            Pixel(std::array::from_fn(lane))
        };
        let columns = (0..blocks * inputs).map(|i| at(i / inputs, i % inputs)).collect();
        Self { inputs, blocks, columns }
    }
}

/// A range of rows of a product: pixels `from..to` of planes that are `area` pixels each.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub area: usize,
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

/// `y[o][p] = sum over i of x[i][p] * matrix[i][o]` for all pixels p of planes of `area` pixels.
pub(super) fn product(level: Level, area: usize, x: &[Pixel], matrix: &Matrix, y: &mut [Pixel]) {
    assert_eq!(x.len(), matrix.inputs.div_ceil(16) * area);
    assert_eq!(y.len(), matrix.blocks * area);
    // So many pixels keep a vector block of the matrix in second-level cache while they pass.
    let chunk = 14 * 12;
    let y = Shared(y.as_mut_ptr());
    (0..area.div_ceil(chunk)).into_par_iter().for_each(|i| {
        let rows = Rows { area, from: i * chunk, to: area.min((i + 1) * chunk) };
        // SAFETY: the sizes were checked, and every task has pixels of its own.
        unsafe { rows_of_product(level, rows, x.as_ptr(), matrix, y) };
    });
}

/// Some pixels of a product.
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
    level.run(Product { rows, x, matrix, y });
}

struct Product<'a> {
    rows: Rows,
    x: *const Pixel,
    matrix: &'a Matrix,
    y: Shared,
}

impl Work for Product<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let mut block = 0;
        while block < self.matrix.blocks {
            let left = self.matrix.blocks - block;
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

impl Product<'_> {
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
        let Matrix { inputs, .. } = *self.matrix;
        let area = self.rows.area;
        // SAFETY: the callers' ranges are within the planes and the matrix.
        unsafe {
            let columns = self.matrix.columns.as_ptr().add(block * inputs);
            let mut sums = [[V::splat(0.0); N]; M];
            for first in (0..inputs).step_by(16) {
                let x = self.x.add(first / 16 * area + row).cast::<f32>();
                for lane in 0..(inputs - first).min(16) {
                    let mut w = [V::splat(0.0); N];
                    for n in 0..N {
                        w[n] = V::load(columns.add(n * inputs + first + lane).cast());
                    }
                    for m in 0..M {
                        let x = V::splat(*x.add(m * 16 + lane));
                        for n in 0..N {
                            sums[m][n] = x.mul_add(w[n], sums[m][n]);
                        }
                    }
                }
            }
            for m in 0..M {
                for n in 0..N {
                    sums[m][n].store(self.y.0.add((block + n) * area + row + m).cast());
                }
            }
        }
    }
}
