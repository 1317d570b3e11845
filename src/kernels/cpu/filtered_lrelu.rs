//! The fused filtered leaky ReLU: rows stream through rings that stay in cache, and no upsampled
//! plane is ever stored.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::downsampling::{DownColumns, DownRows, DownSquare, ROWS};
use super::gemm::Shared;
use super::level::Level;
use super::planes::{Pixel, Planes};
use super::rows::{Picture, Ring};
use super::signs::{Signed, Signs};
use super::taps::{Down, Phases, Up};
use super::upsampling::{Activation, UpColumns, UpRows, UpSquare};
use crate::Result;
use crate::kernels::FilteredLrelu;

/// Output columns that one pass over a tile may have: more no longer stay in second-level cache.
const WIDEST: [usize; 2] = [448, 288];
/// Fewer output rows are not worth the rows that tiles filter twice.
const LOWEST: usize = 48;

/// A filtered leaky ReLU ready to run.
#[derive(Debug, Clone)]
pub struct Fused {
    operator: FilteredLrelu,
    up: Up,
    down: Down,
}

/// What is done to each channel on the way: `scale x + bias` before, times `out_scale` after.
#[derive(Debug, Clone, Copy)]
pub struct Channelwise<'a> {
    /// Factor of the input.
    pub scale: &'a [f32],
    /// Added to the scaled input; padding stays zero.
    pub bias: &'a [f32],
    /// Factor of the output.
    pub out_scale: &'a [f32],
}

/// A part of the output that one task makes.
struct Tile {
    block: usize,
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Rows that tiles use one after another.
#[derive(Default)]
struct Buffers {
    /// Between rows: one for each phase; for square filters, the inputs that a row takes part of.
    lifted: Vec<Vec<Pixel>>,
    /// One row after the nonlinearity.
    activated: Vec<Pixel>,
    /// The last rows before downsampling across rows.
    ring: Vec<Vec<Pixel>>,
    zeros: Vec<Pixel>,
    /// What the bias adds to each phase of a row.
    offsets: Vec<Pixel>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

impl Fused {
    /// Prepares the filters.
    pub fn new(operator: FilteredLrelu) -> Self {
        // The leaky ReLU passes its gain through, as long as that is positive.
        let up = Up::new(&operator.up, f64::from(operator.gain));
        Self { up, down: Down::new(&operator.down), operator }
    }

    /// What it computes.
    pub fn operator(&self) -> &FilteredLrelu {
        &self.operator
    }

    /// Applies it; `y` takes the size it needs.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where `x` is too small for the filters.
    pub fn forward(
        &self,
        level: Level,
        x: &Planes,
        channelwise: Channelwise,
        y: &mut Planes,
    ) -> Result<()> {
        self.pass(level, x, channelwise, Signed::Away, y)
    }

    /// Applies it and keeps the signs of the nonlinearity for [`Transposed::forward`].
    ///
    /// # Errors
    /// As [`Fused::forward`].
    pub fn forward_keeping(
        &self,
        level: Level,
        x: &Planes,
        channelwise: Channelwise,
        signs: &mut Signs,
        y: &mut Planes,
    ) -> Result<()> {
        signs.reset(x.blocks(), self.operator.inner_size(x.size())?);
        self.pass(level, x, channelwise, Signed::Kept(signs), y)
    }

    /// One pass over all tiles.
    pub(super) fn pass(
        &self,
        level: Level,
        x: &Planes,
        channelwise: Channelwise,
        signed: Signed,
        y: &mut Planes,
    ) -> Result<()> {
        let size = self.operator.out_size(x.size())?;
        y.reset(x.channels(), size);
        let area = size[0] * size[1];
        let out = Shared(y.pixels_mut().as_mut_ptr());
        let tiles = self.tiles(x.blocks(), size);
        tiles.into_par_iter().for_each(|tile| {
            // The whole of a shared pointer is moved in, not its one field.
            let out = { out };
            BUFFERS.with_borrow_mut(|buffers| {
                let pass = Pass::new(self, level, x, channelwise, &tile, signed, buffers);
                pass.run(|row| {
                    let to = tile.block * area + row * size[1] + tile.columns.start;
                    // SAFETY: the tile's rows and columns are within the output and its own.
                    unsafe { std::slice::from_raw_parts_mut(out.0.add(to), tile.columns.len()) }
                });
            });
        });
        Ok(())
    }

    /// Tiles narrow enough for the cache and enough of them for all threads. No pixel depends on
    /// which tile it is in.
    fn tiles(&self, blocks: usize, [height, width]: [usize; 2]) -> Vec<Tile> {
        let split = |length: usize, parts: usize| -> Vec<Range<usize>> {
            (0..parts).map(|i| i * length / parts..(i + 1) * length / parts).collect()
        };
        let columns = split(width, width.div_ceil(WIDEST[usize::from(self.down.square)]));
        let wanted = (4 * rayon::current_num_threads()).div_ceil(blocks * columns.len());
        let rows = split(height, wanted.min(height / LOWEST).max(1));
        let mut tiles = Vec::new();
        for block in 0..blocks {
            for columns in &columns {
                tiles.extend(rows.iter().map(|rows| Tile {
                    block,
                    rows: rows.clone(),
                    columns: columns.clone(),
                }));
            }
        }
        tiles
    }
}

/// One tile's way through the rows. Samples of the upsampled grid are numbered from its top left; the
/// inputs g to `g + length - 1` give those from `factor g + padding - factor + 1` to
/// `factor g + padding`: group g.
struct Pass<'a> {
    fused: &'a Fused,
    level: Level,
    plane: &'a [Pixel],
    size: [usize; 2],
    scale: Pixel,
    bias: Pixel,
    out_scale: Pixel,
    tile: &'a Tile,
    signed: Signed<'a>,
    buffers: &'a mut Buffers,
    /// First group of columns.
    group: i64,
    groups: usize,
    /// Columns of the input that the groups take part of.
    inputs: Range<usize>,
    /// Where the tile's first sample lies in the groups' columns.
    skip: usize,
}

/// Sixteen channels' values.
fn lanes(values: &[f32], block: usize) -> Pixel {
    Pixel(std::array::from_fn(|i| values.get(block * 16 + i).copied().unwrap_or(0.0)))
}

fn div_ceil(a: i64, b: i64) -> i64 {
    -(-a).div_euclid(b)
}

impl<'a> Pass<'a> {
    fn new(
        fused: &'a Fused,
        level: Level,
        x: &'a Planes,
        channelwise: Channelwise,
        tile: &'a Tile,
        signed: Signed<'a>,
        buffers: &'a mut Buffers,
    ) -> Self {
        let [height, width] = x.size();
        let (factor, length) = (fused.up.factor() as i64, fused.up.length());
        let left = fused.operator.padding[0];
        let first = (tile.columns.start * fused.down.factor) as i64;
        let last = ((tile.columns.end - 1) * fused.down.factor + fused.down.side - 1) as i64;
        let group = div_ceil(first - left, factor);
        let groups = (div_ceil(last - left, factor) - group + 1) as usize;
        let clamped = |column: i64| column.clamp(0, width as i64) as usize;
        let inputs = clamped(group)..clamped(group + (groups + length - 1) as i64);
        Self {
            fused,
            level,
            plane: &x.pixels()[tile.block * height * width..][..height * width],
            size: [height, width],
            scale: lanes(channelwise.scale, tile.block),
            bias: lanes(channelwise.bias, tile.block),
            out_scale: lanes(channelwise.out_scale, tile.block),
            tile,
            signed,
            buffers,
            group,
            groups,
            inputs,
            skip: (first - (factor * group + left - factor + 1)) as usize,
        }
    }

    /// Makes a few rows at a time, where `place` says that each belongs.
    fn run(mut self, place: impl Fn(usize) -> &'a mut [Pixel]) {
        let Down { factor, side, square, .. } = self.fused.down;
        let up = self.fused.up.factor();
        let samples = self.groups * up;
        let width = if square { samples } else { self.tile.columns.len() };
        let ring = self.ring();
        self.prepare(ring, width, samples);

        let top = self.fused.operator.padding[2];
        let end = self.tile.rows.end;
        let first = (self.tile.rows.start * factor) as i64;
        let mut group = div_ceil(first - top, up as i64);
        for row in self.tile.rows.clone().step_by(ROWS) {
            let count = ROWS.min(end - row);
            let needed = row * factor..(row + count - 1) * factor + side;
            while up as i64 * (group - 1) + top < needed.end as i64 - 1 {
                self.rows_of(group, first);
                group += 1;
            }
            let rows = Ring {
                rows: &self.buffers.ring[..ring],
                first: needed.start as i64,
                skip: if square { self.skip } else { 0 },
                end: width,
            };
            let mut out: Vec<&mut [Pixel]> = (row..row + count).map(&place).collect();
            let (down, scale) = (&self.fused.down, self.out_scale);
            if square {
                self.level.run(DownSquare { down, rows, scale, out: &mut out });
            } else {
                self.level.run(DownRows { down, rows, scale, out: &mut out });
            }
        }
    }

    /// Rows that are kept: those that a few output rows are made of, and what a group gives beyond.
    fn ring(&self) -> usize {
        let Down { factor, side, .. } = self.fused.down;
        side + (ROWS - 1) * factor + self.fused.up.factor()
    }

    /// Buffers of this tile's sizes; what lies beyond the picture's columns is zero.
    fn prepare(&mut self, ring: usize, width: usize, samples: usize) {
        let up = &self.fused.up;
        let lifted = match up {
            Up::Separable { rows, .. } => rows.factor,
            Up::Square { length, .. } => *length,
        };
        let sized = |rows: &mut Vec<Vec<Pixel>>, count: usize, width: usize| {
            rows.resize_with(count.max(rows.len()), Vec::new);
            rows.iter_mut().take(count).for_each(|row| row.resize(width, Pixel::default()));
        };
        let buffers = &mut *self.buffers;
        sized(&mut buffers.lifted, lifted, self.groups + up.length() - 1);
        buffers.lifted.iter_mut().take(lifted).for_each(|row| row.fill(Pixel::default()));
        sized(&mut buffers.ring, ring, width);
        buffers.activated.resize(samples, Pixel::default());
        buffers.zeros.resize(self.inputs.len(), Pixel::default());
    }

    /// Makes the rows of a group of the upsampled grid, from number `first` on.
    fn rows_of(&mut self, group: i64, first: i64) {
        let fused = self.fused;
        let top = fused.operator.padding[2];
        let factor = fused.up.factor();
        match &fused.up {
            Up::Separable { rows, .. } => self.lift(rows, group, 0, factor),
            Up::Square { length, .. } => {
                for j in 0..*length as i64 {
                    let place = (group + j).rem_euclid(*length as i64) as usize;
                    self.lift(&Phases::identity(), group + j, place, 1);
                }
            }
        }
        let ring = self.ring();
        let activation = Activation { slope: fused.operator.slope, clamp: fused.operator.clamp };
        let now = if matches!(self.signed, Signed::Away) { activation } else { Activation::NONE };
        for phase in (0..factor).rev() {
            let number = factor as i64 * group + top - phase as i64;
            if number < first {
                continue;
            }
            let place = number as usize % ring;
            let Buffers { lifted, activated, ring, .. } = &mut *self.buffers;
            let out = if fused.down.square { &mut ring[place] } else { &mut *activated };
            match &fused.up {
                Up::Separable { columns: phases, .. } => {
                    self.level.run(UpColumns { phases, row: &lifted[phase], activation: now, out });
                }
                Up::Square { factor, length, taps } => {
                    let end = lifted[0].len();
                    let rows = Ring { rows: &lifted[..*length], first: group, skip: 0, end };
                    let taps = &taps[phase * factor * length * length..];
                    let (factor, length) = (*factor, *length);
                    self.level.run(UpSquare { factor, length, taps, rows, activation: now, out });
                }
            }
            if !matches!(self.signed, Signed::Away) {
                let first = (self.tile.columns.start * fused.down.factor) as i64 - self.skip as i64;
                let out = if fused.down.square { &mut ring[place] } else { &mut *activated };
                let row = [number, first];
                self.level.run(self.signed.work(activation, self.tile.block, row, out));
            }
            if !fused.down.square {
                let (down, row) = (&fused.down, &activated[self.skip..]);
                self.level.run(DownColumns { down, row, out: &mut ring[place] });
            }
        }
    }

    /// Filters across the inputs from row `first` on into the lifted rows from `place` on.
    fn lift(&mut self, phases: &Phases, first: i64, place: usize, count: usize) {
        let [height, width] = self.size;
        let Buffers { lifted, zeros, offsets, .. } = &mut *self.buffers;
        let columns = self.inputs.clone();
        let zeros = &zeros[..columns.len()];
        let rows = Picture { plane: self.plane, width, height, first, columns, zeros };
        // The bias of the rows that there are.
        offsets.clear();
        offsets.extend((0..phases.factor).map(|k| {
            let taps = phases.phase(k).iter().enumerate();
            let sum: f32 = taps.filter(|(i, _)| rows.has(*i)).map(|(_, tap)| tap).sum();
            Pixel(self.bias.0.map(|bias| bias * sum))
        }));
        // A tile that lies in the padding alone takes part of no column.
        let start = if self.inputs.is_empty() { 0 } else { self.inputs.start as i64 - self.group };
        self.level.run(UpRows {
            phases,
            rows,
            scale: self.scale,
            offsets,
            out: &mut lifted[place..place + count],
            start: start as usize,
        });
    }
}
