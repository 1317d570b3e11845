//! Matrix products on blocks of sixteen channels: what every convolution here comes down to.
//!
//! A pixel holds sixteen words: a word is a float32 channel, or a pair of bfloat16 channels whose
//! products are summed in float32.

use std::cell::RefCell;

use rayon::prelude::*;

#[cfg(target_arch = "x86_64")]
use super::amx;
use super::lanes::Lanes;
use super::level::{Level, Work};
use super::planes::Pixel;

/// How the factors of a product are held; sums are always float32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factors {
    /// As they are.
    F32,
    /// Rounded to bfloat16: half the memory and, where the CPU has the instructions, twice the speed.
    Bf16,
}

impl Factors {
    /// Channels in a word.
    pub(super) fn in_word(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 => 2,
        }
    }

    /// Pixels of words that so many channels take.
    pub(super) fn blocks(self, channels: usize) -> usize {
        channels.div_ceil(16 * self.in_word())
    }
}

/// A matrix `[inputs, outputs]` in blocks of sixteen outputs, each a vector for every word of inputs.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    pub factors: Factors,
    /// Words of inputs.
    words: usize,
    /// Vectors from block to block: whole tiles of words for AMX, the last one filled up with zeros.
    stride: usize,
    blocks: usize,
    columns: Vec<Pixel>,
}

impl Matrix {
    /// Takes `value(input, output)`.
    pub fn new(
        factors: Factors,
        [inputs, outputs]: [usize; 2],
        value: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Self {
        Self::several(factors, [inputs, outputs], |i, o| [value(i, o)]).swap_remove(0)
    }

    /// Takes the values of several matrices at once: of large ones, asking each value's place N times
    /// would fetch the same memory N times.
    pub fn several<const N: usize>(
        factors: Factors,
        [inputs, outputs]: [usize; 2],
        values: impl Fn(usize, usize) -> [f32; N] + Sync,
    ) -> Vec<Self> {
        let (words, blocks) = (inputs.div_ceil(factors.in_word()), outputs.div_ceil(16));
        let stride = match factors {
            Factors::F32 => words,
            Factors::Bf16 => words.next_multiple_of(16),
        };
        let values = |input: usize, output: usize| {
            if input < inputs && output < outputs { values(input, output) } else { [0.0; N] }
        };
        let word = |word: usize, output: usize| match factors {
            Factors::F32 => values(word, output),
            Factors::Bf16 => {
                let (low, high) = (values(2 * word, output), values(2 * word + 1, output));
                let half = |value| u32::from(half::bf16::from_f32(value).to_bits());
                std::array::from_fn(|n| f32::from_bits(half(low[n]) | half(high[n]) << 16))
            }
        };
        let vectors = |i: usize| -> [Pixel; N] {
            let (block, input) = (i / stride, i % stride);
            let lanes: [[f32; N]; 16] = std::array::from_fn(|lane| word(input, block * 16 + lane));
            std::array::from_fn(|n| Pixel(std::array::from_fn(|lane| lanes[lane][n])))
        };
        let vectors: Vec<_> = (0..blocks * stride).into_par_iter().map(vectors).collect();
        let matrix = |n: usize| {
            let columns = vectors.iter().map(|vectors| vectors[n]).collect();
            Self { factors, words, stride, blocks, columns }
        };
        (0..N).into_par_iter().map(matrix).collect()
    }

    /// Words of inputs.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Blocks of sixteen outputs.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// The vectors of a block: [`Matrix::words`], and with pairs zeros up to the next multiple of sixteen.
    pub fn columns(&self, block: usize) -> *const Pixel {
        self.columns[block * self.stride..].as_ptr()
    }
}

/// Pixels `from..to` of a product: of planes of `x_area` pixels into planes of `y_area`, there
/// `moved` pixels further on.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub x_area: usize,
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

/// So many pixels keep a block of the matrix in second-level cache while they pass. A multiple of what
/// registers take at a time, and of what AMX's tiles do.
const CHUNK: usize = 14 * 16;

thread_local! {
    static ROUNDED: RefCell<Vec<Pixel>> = const { RefCell::new(Vec::new()) };
}

/// `y[o][p] = sum over i of x[i][p] * matrix[i][o]` for all pixels p of float32 planes of `area`
/// pixels.
pub(super) fn product(level: Level, area: usize, x: &[Pixel], matrix: &Matrix, y: &mut [Pixel]) {
    assert!(matrix.words * matrix.factors.in_word() <= x.len() / area.max(1) * 16 + 1);
    assert_eq!(y.len(), matrix.blocks * area);
    let y = Shared(y.as_mut_ptr());
    (0..area.div_ceil(CHUNK)).into_par_iter().for_each(|i| {
        let (from, to) = (i * CHUNK, area.min((i + 1) * CHUNK));
        if matrix.factors == Factors::F32 {
            let rows = Rows { x_area: area, y_area: area, moved: 0, from, to };
            // SAFETY: the sizes were checked, and every task has pixels of its own.
            return unsafe { rows_of_product(level, rows, x.as_ptr(), matrix, y) };
        }
        ROUNDED.with_borrow_mut(|rounded| {
            let count = to - from;
            let blocks = x.len() / area;
            grow(rounded, blocks.div_ceil(2) * CHUNK);
            for (pair, to) in rounded.chunks_exact_mut(count).take(blocks.div_ceil(2)).enumerate() {
                let plane = |block: usize| &x[block * area..][from..from + count];
                let high = (2 * pair + 1 < blocks).then(|| plane(2 * pair + 1));
                level.run(Round { low: plane(2 * pair), high, to });
            }
            let rows = Rows { x_area: count, y_area: area, moved: from, from: 0, to: count };
            // SAFETY: likewise.
            unsafe { rows_of_product(level, rows, rounded.as_ptr(), matrix, y) };
        });
    });
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
    to: &'a mut [Pixel],
}

impl Work for Round<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        for (i, to) in self.to.iter_mut().enumerate() {
            // SAFETY: a pixel has room for two blocks of bfloat16.
            unsafe {
                let high = match self.high {
                    Some(high) => V::load(high[i].0.as_ptr()),
                    None => V::splat(0.0),
                };
                let to = to.0.as_mut_ptr().cast::<u16>();
                V::load(self.low[i].0.as_ptr()).store_bf16(to);
                high.store_bf16(to.add(16));
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
        Factors::Bf16 if level.has_tiles() => unsafe { amx::product(rows, x, matrix, y) },
        Factors::Bf16 => level.run(Product::<true> { rows, x, matrix, y }),
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
        let words = self.matrix.words;
        let Rows { x_area, y_area, moved, .. } = self.rows;
        // SAFETY: the callers' ranges are within the planes and the matrix.
        unsafe {
            let (columns, stride) = (self.matrix.columns(block), self.matrix.stride);
            let mut sums = [[V::splat(0.0); N]; M];
            for first in (0..words).step_by(16) {
                let x = self.x.add(first / 16 * x_area + row).cast::<f32>();
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
            for m in 0..M {
                for n in 0..N {
                    let to = self.y.0.add((block + n) * y_area + moved + row + m);
                    sums[m][n].store(to.cast());
                }
            }
        }
    }
}
