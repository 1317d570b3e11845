//! One tile's way through the rows of the fused operator.

use std::cell::RefCell;
use std::ops::Range;

use super::downsampling::{DownColumns, DownRows, DownSquare};
use super::filtered_lrelu::{Channelwise, Fused};
use super::folded::ROWS;
use super::level::Level;
use super::planes::{Pixel, Planes};
use super::rows::{Picture, Ring};
use super::signs::Signed;
use super::taps::{Down, Phases, Up};
use super::upsampling::{Activation, UpColumns, UpRows, UpSquare};

/// A part of the output that one task makes.
pub(super) struct Tile {
    pub block: usize,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

/// Rows that tiles use one after another.
#[derive(Default)]
pub(super) struct Buffers {
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
    /// This thread's.
    pub(super) static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// One tile's way through the rows. Samples of the upsampled grid are numbered from its top left; the
/// inputs g to `g + length - 1` give those from `factor g + padding - factor + 1` to
/// `factor g + padding`: group g.
pub(super) struct Pass<'a> {
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
    pub fn new(
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
    pub fn run(mut self, place: impl Fn(usize) -> &'a mut [Pixel]) {
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
