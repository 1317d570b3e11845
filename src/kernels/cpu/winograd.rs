//! 3x3 convolutions in a quarter of the multiplications: F(4x4, 3x3) of Lavin and Gray (arXiv
//! 1509.09308), with the points 0, ±1/sqrt(2), ±sqrt(2) and infinity of Barabasz et al. (arXiv
//! 1803.10986), which keep float32's error lowest.
//!
//! Tiles of 6x6 pixels become 36 values that are multiplied one by one; as matrix products, since
//! every value is a sum over the channels.

use rayon::prelude::*;

use super::gemm::{Parts, Rows, Shared, grow, rows_of_product};
use super::lanes::Lanes;
use super::level::{Level, Work};
use super::matrix::{Factors, Matrix};
use super::planes::{Pixel, Planes};

/// Outputs a side of a tile, and inputs.
const OUT: usize = 4;
const IN: usize = 6;
/// Values of a transformed tile.
const POINTS: usize = IN * IN;

/// The finite points besides 0 are ±A and ±B; A B = 1.
const A: f32 = std::f32::consts::FRAC_1_SQRT_2;
const B: f32 = std::f32::consts::SQRT_2;
const A2: f32 = 0.5;
const B2: f32 = 2.0;

/// So many bytes of transformed tiles are worked on at a time: what a third-level cache can hold.
const CHUNK_BYTES: usize = 24 << 20;

/// A convolution's transformed weights: a matrix for each value of a tile.
#[derive(Debug, Clone)]
pub(super) struct Winograd {
    factors: Factors,
    matrices: Vec<Matrix>,
}

/// Transformed tiles, before and after the products.
#[derive(Debug, Default)]
pub(super) struct Tiles {
    inputs: Vec<Pixel>,
    outputs: Vec<Pixel>,
}

/// `G g` for three taps: the polynomial at each point over the product of its distances to the others.
fn at_points(taps: [f64; 3]) -> [f64; IN] {
    let points = [0.0, 0.5f64.sqrt(), -0.5f64.sqrt(), 2f64.sqrt(), -2f64.sqrt()];
    let mut values = [taps[2]; IN];
    for (i, p) in points.iter().enumerate() {
        let others = points.iter().enumerate().filter(|&(j, _)| j != i);
        let distances: f64 = others.map(|(_, q)| p - q).product();
        values[i] = (taps[0] + p * (taps[1] + p * taps[2])) / distances;
    }
    values
}

impl Winograd {
    /// Transforms weights `[outputs, inputs, 3, 3]`.
    pub fn new(factors: Factors, weights: &[f32], [inputs, outputs]: [usize; 2]) -> Self {
        let values = |input: usize, output: usize| {
            let taps = weights[(output * inputs + input) * 9..].first_chunk();
            transform(taps.unwrap_or(&[0.0; 9]))
        };
        Self { factors, matrices: Matrix::several::<POINTS>(factors, [inputs, outputs], values) }
    }

    /// Correlates `x` with full padding of 2: two pixels more a side.
    pub fn forward(&self, level: Level, x: &Planes, tiles: &mut Tiles, y: &mut Planes) {
        let across = y.size()[1].div_ceil(OUT);
        let count = y.size()[0].div_ceil(OUT) * across;
        let bytes_a_tile =
            POINTS * (self.factors.blocks(x.channels()) + y.blocks()) * size_of::<Pixel>();
        let chunks = (count * bytes_a_tile).div_ceil(CHUNK_BYTES);
        let chunk = count.div_ceil(chunks.max(1)).next_multiple_of(14).max(14);
        for from in (0..count).step_by(chunk) {
            let range = Range { from, count: chunk.min(count - from), across };
            self.chunk(level, x, range, tiles, y);
        }
    }

    fn chunk(&self, level: Level, x: &Planes, range: Range, tiles: &mut Tiles, y: &mut Planes) {
        let blocks = self.factors.blocks(x.channels());
        let (inputs, outputs) = (blocks * range.count, y.blocks() * range.count);
        grow(&mut tiles.inputs, POINTS * inputs);
        grow(&mut tiles.outputs, POINTS * outputs);
        let (v, m) = (Shared(tiles.inputs.as_mut_ptr()), Shared(tiles.outputs.as_mut_ptr()));
        let pieces = |blocks: usize| {
            let each = 32;
            let pieces = range.count.div_ceil(each);
            (0..blocks * pieces).into_par_iter().map(move |i| {
                let from = i % pieces * each;
                Piece { block: i / pieces, from, to: range.count.min(from + each), range }
            })
        };
        pieces(x.blocks())
            .for_each(|piece| level.run(Forth { piece, x, factors: self.factors, v }));
        self.matrices.par_iter().enumerate().for_each(|(point, matrix)| {
            let count = range.count;
            let x_part = inputs / self.factors.parts();
            let rows = Rows { x_area: count, x_part, y_area: count, moved: 0, from: 0, to: count };
            // SAFETY: both have POINTS products of this size, and each task writes its own.
            unsafe {
                let x = { v }.0.add(point * inputs);
                rows_of_product(level, rows, x, matrix, Shared({ m }.0.add(point * outputs)));
            }
        });
        let (blocks, size) = (y.blocks(), y.size());
        let y = Shared(y.pixels_mut().as_mut_ptr());
        pieces(blocks).for_each(|piece| level.run(Back { piece, m, blocks, y, size }));
    }
}

/// `G g G^T`.
fn transform(taps: &[f32; 9]) -> [f32; POINTS] {
    let rows = [0, 1, 2].map(|row| at_points([0, 1, 2].map(|i| f64::from(taps[row * 3 + i]))));
    let mut values = [0.0; POINTS];
    for j in 0..IN {
        let column = at_points([rows[0][j], rows[1][j], rows[2][j]]);
        for i in 0..IN {
            values[i * IN + j] = column[i] as f32;
        }
    }
    values
}

/// Tiles `from..from + count`, of which `across` lie beside each other.
#[derive(Clone, Copy)]
struct Range {
    from: usize,
    count: usize,
    across: usize,
}

/// Some tiles of a range, of one block of channels.
#[derive(Clone, Copy)]
struct Piece {
    block: usize,
    from: usize,
    to: usize,
    range: Range,
}

impl Piece {
    /// Top left output pixel of a tile.
    fn corner(&self, tile: usize) -> [usize; 2] {
        let tile = self.range.from + tile;
        [tile / self.range.across * OUT, tile % self.range.across * OUT]
    }
}

/// `B^T d` in the direction of the array.
#[inline(always)]
unsafe fn input_points<V: Lanes>(x: [V; IN]) -> [V; IN] {
    // SAFETY: a value shows that its level is there.
    let splat = |value: f32| unsafe { V::splat(value) };
    let [x0, x1, x2, x3, x4, x5] = x;
    let between = splat(-(A2 + B2));
    let even_a = x2.mul_add(splat(-B2), x4);
    let odd_a = x1.mul_add(splat(-B2), x3).mul(splat(A));
    let even_b = x2.mul_add(splat(-A2), x4);
    let odd_b = x1.mul_add(splat(-A2), x3).mul(splat(B));
    [
        x2.mul_add(between, x0.add(x4)),
        even_a.add(odd_a),
        even_a.sub(odd_a),
        even_b.add(odd_b),
        even_b.sub(odd_b),
        x3.mul_add(between, x1.add(x5)),
    ]
}

/// `A^T m` in the direction of the array.
#[inline(always)]
unsafe fn outputs_of<V: Lanes>(m: [V; IN]) -> [V; OUT] {
    // SAFETY: a value shows that its level is there.
    let splat = |value: f32| unsafe { V::splat(value) };
    let (sum_a, difference_a) = (m[1].add(m[2]), m[1].sub(m[2]));
    let (sum_b, difference_b) = (m[3].add(m[4]), m[3].sub(m[4]));
    [
        m[0].add(sum_a).add(sum_b),
        difference_a.mul(splat(A)).add(difference_b.mul(splat(B))),
        sum_a.mul(splat(A2)).add(sum_b.mul(splat(B2))),
        difference_a.mul(splat(A * A2)).add(difference_b.mul_add(splat(B * B2), m[5])),
    ]
}

/// The transform of a piece's tiles.
struct Forth<'a> {
    piece: Piece,
    x: &'a Planes,
    factors: Factors,
    v: Shared,
}

impl Work for Forth<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let [height, width] = self.x.size();
        let Piece { block, from, to, range } = self.piece;
        let plane = &self.x.pixels()[block * height * width..][..height * width];
        let nothing = Pixel::default();
        let stride = self.factors.blocks(self.x.channels()) * range.count;
        let parts = Parts { factors: self.factors, part: stride / self.factors.parts() };
        // The last block of bfloat16 pairs may have no second half; what it would hold is never used
        // but as zeros.
        let alone = block % 2 == 0 && block + 1 == self.x.blocks();
        for tile in from..to {
            // The padding of 2 moves the tile's inputs up and left.
            let [top, left] = self.piece.corner(tile);
            let inside = top >= 2 && left >= 2 && top + 4 <= height && left + 4 <= width;
            // SAFETY: pixels are taken from the plane's slice; the output is this tile's own.
            unsafe {
                let at = |y: usize, x: usize| {
                    let (row, column) = ((top + y).wrapping_sub(2), (left + x).wrapping_sub(2));
                    if inside || (row < height && column < width) {
                        plane.as_ptr().add(row * width + column)
                    } else {
                        &raw const nothing
                    }
                };
                let mut half = [[V::splat(0.0); IN]; IN];
                for y in 0..IN {
                    let mut row = [V::splat(0.0); IN];
                    for x in 0..IN {
                        row[x] = V::load(at(y, x).cast());
                    }
                    half[y] = input_points(row);
                }
                for j in 0..IN {
                    let mut column = [V::splat(0.0); IN];
                    for i in 0..IN {
                        column[i] = half[i][j];
                    }
                    let column = input_points(column);
                    for i in 0..IN {
                        let to = self.v.0.add((i * IN + j) * stride);
                        match self.factors {
                            Factors::F32 => {
                                column[i].store(to.add(block * range.count + tile).cast());
                            }
                            Factors::Bf16 | Factors::Split => {
                                let to = to.add(block / 2 * range.count + tile);
                                parts.store(column[i], to, block % 2 == 1);
                                if alone {
                                    parts.store(V::splat(0.0), to, true);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The way back: a piece's products to pixels.
struct Back {
    piece: Piece,
    m: Shared,
    blocks: usize,
    y: Shared,
    size: [usize; 2],
}

impl Work for Back {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let [height, width] = self.size;
        let Piece { block, from, to, range } = self.piece;
        let stride = self.blocks * range.count;
        for tile in from..to {
            let [top, left] = self.piece.corner(tile);
            // SAFETY: pixels outside the plane are left out; no other tile has these.
            unsafe {
                let mut half = [[V::splat(0.0); IN]; OUT];
                for j in 0..IN {
                    let mut column = [V::splat(0.0); IN];
                    for i in 0..IN {
                        let from = (i * IN + j) * stride + block * range.count + tile;
                        column[i] = V::load(self.m.0.add(from).cast());
                    }
                    let column = outputs_of(column);
                    for i in 0..OUT {
                        half[i][j] = column[i];
                    }
                }
                for i in 0..OUT.min(height - top) {
                    let row = outputs_of(half[i]);
                    let to = self.y.0.add((block * height + top + i) * width + left);
                    for (j, pixel) in row.into_iter().enumerate().take(width - left) {
                        pixel.store(to.add(j).cast());
                    }
                }
            }
        }
    }
}
