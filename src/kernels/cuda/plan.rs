//! What the kernel is compiled for: the constants of `filtered_lrelu.cu`, and the tile that costs
//! least among those that fit into a block's shared memory.

use crate::kernels::{FilteredLrelu, Resampler};
use crate::signal::Filter;
use crate::{Error, Result};

/// How samples lie in memory; the arithmetic is float32 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Storage {
    /// float32.
    F32,
    /// float16.
    F16,
}

impl Storage {
    /// Bytes a sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }
}

/// What becomes of the signs: two bits for each sample of the upsampled grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signs {
    /// The nonlinearity is applied and forgotten.
    Ignored,
    /// It is applied, and its signs are written for the gradient.
    Kept,
    /// Its derivative is applied, which the signs tell.
    Read,
}

/// One of the two filters, as far as the kernel's code depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stage {
    /// 1, 2 or 4.
    pub factor: usize,
    /// A side.
    pub taps: usize,
    /// Not separable.
    pub square: bool,
}

impl Stage {
    fn new(by: &Resampler) -> Self {
        let square = matches!(by.filter, Filter::Radial { .. });
        Self { factor: by.factor, taps: by.taps(), square }
    }
}

/// Everything that the kernel's code depends on: equal variants share a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Variant {
    /// Before the nonlinearity.
    pub up: Stage,
    /// After it.
    pub down: Stage,
    /// Whether the downsampling filter is square and equals its mirror image, left for right.
    pub mirrored: bool,
    /// How samples lie in memory.
    pub storage: Storage,
    /// What becomes of the signs.
    pub signs: Signs,
    /// How far the upsampled grid's first sample lies behind a multiple of the factor: down, across.
    pub shift: [usize; 2],
    /// Height and width of the output, samples.
    pub out: [usize; 2],
    /// Samples that are read at once: all rows are aligned to them.
    pub load: usize,
    /// Samples that may be written at once.
    pub store: usize,
}

/// Largest filter, taps a side: what the kernel's parameters have room for twice.
const MAX_TAPS: usize = 48;
/// Shared memory that a block has on every device without asking for more.
const SHARED_BYTES: usize = 48 << 10;
/// Samples of a column whose signs share a word.
pub const SIGNS_A_WORD: usize = 16;

impl Variant {
    /// The variant for inputs of `size` (height, width), `load` and `store` being what the pointers'
    /// alignment allows (in samples, powers of two).
    ///
    /// # Errors
    /// [`Error::Invalid`] for what the kernel does not do, and sizes too small for the filters.
    pub fn new(
        operator: &FilteredLrelu,
        size: [usize; 2],
        storage: Storage,
        signs: Signs,
        [load, store]: [usize; 2],
    ) -> Result<Self> {
        let (up, down) = (Stage::new(&operator.up), Stage::new(&operator.down));
        for stage in [up, down] {
            if ![1, 2, 4].contains(&stage.factor) || !(1..=MAX_TAPS).contains(&stage.taps) {
                return Err(Error::Invalid(format!(
                    "the CUDA kernel has no filtered leaky ReLU of factor {} and {} taps; \
                     expected a factor of 1, 2 or 4 and at most {MAX_TAPS} taps",
                    stage.factor, stage.taps
                )));
            }
        }
        // It becomes part of the upsampling filter.
        if operator.gain.is_nan() || operator.gain < 0.0 {
            return Err(Error::Invalid(format!(
                "the CUDA kernel has no filtered leaky ReLU of gain {}; expected 0 or more",
                operator.gain
            )));
        }
        let out = operator.out_size(size)?;
        let [left, _, top, _] = operator.padding;
        let aligned = |most: usize, width: usize| {
            (0..).map(|k| most >> k).find(|&n| n <= 1 || width.is_multiple_of(n)).unwrap_or(1)
        };
        Ok(Self {
            up,
            down,
            mirrored: mirrored(&operator.down.filter),
            storage,
            signs,
            shift: [top, left].map(|pad| origin(up, pad).rem_euclid(up.factor as i64) as usize),
            out,
            load: aligned(load, size[1]),
            store: aligned(store, out[1]),
        })
    }

    /// The plan whose tiles cost least.
    ///
    /// # Errors
    /// [`Error::Invalid`] where not even the smallest tile fits into shared memory.
    pub fn plan(&self) -> Result<Plan> {
        let rows = match self.signs {
            Signs::Kept => (SIGNS_A_WORD / self.down.factor).max(4),
            _ => 4,
        };
        let up_to = |n: usize, step: usize| (step..n.clamp(1, 128) + step).step_by(step);
        let tiles =
            up_to(self.out[0], rows).flat_map(|h| up_to(self.out[1], 4).map(move |w| [h, w]));
        let plans = tiles.map(|tile| Plan::new(self, tile));
        let fitting = plans.filter(|plan| plan.shared_bytes() <= SHARED_BYTES);
        fitting.min_by_key(|plan| plan.cost).ok_or_else(|| {
            Error::Invalid(format!(
                "the CUDA kernel's filters of {} and {} taps need more shared memory than a block has; \
                 expected fewer taps",
                self.up.taps, self.down.taps
            ))
        })
    }
}

/// The place on the zero-inserted input that the newest input of upsampled sample 0 lies at or before.
pub fn origin(up: Stage, padding: i64) -> i64 {
    up.taps as i64 - 1 - padding
}

/// Whether columns of a square filter are equal in pairs, up to float32's rounding.
fn mirrored(filter: &Filter) -> bool {
    let Filter::Radial { side, taps } = filter else { return false };
    let largest = taps.iter().fold(0.0f64, |m, tap| m.max(tap.abs()));
    let equal = |row: &[f64]| {
        row.iter().zip(row.iter().rev()).all(|(a, b)| (a - b).abs() <= 1e-7 * largest)
    };
    side % 2 == 0 && taps.chunks_exact(*side).all(equal)
}

/// A tile and what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Height and width in outputs.
    pub tile: [usize; 2],
    /// Inputs a sample of the upsampled grid is made of, along an axis.
    pub window: usize,
    /// Threads a block.
    pub threads: usize,
    /// float32 values in the two parts of shared memory.
    shared: [usize; 2],
    /// Instructions of all warps for a whole plane, about.
    cost: usize,
    /// `-D` options, `NAME=value`.
    pub constants: Vec<String>,
}

impl Plan {
    fn new(variant: &Variant, tile: [usize; 2]) -> Self {
        let Variant { up, down, shift, .. } = variant;
        let [height, width] = tile;
        let window = up.taps.div_ceil(up.factor);
        // The tile's part of the upsampled grid.
        let mid = tile.map(|n| (n - 1) * down.factor + down.taps);
        let step = up.factor.max(down.factor);
        let pending = (down.taps + shift[0]).saturating_sub(down.factor).div_ceil(down.factor);
        let steps = (height + pending).div_ceil(step / down.factor);
        let strips = mid[0].div_ceil(SIGNS_A_WORD);
        let strip_inputs = (SIGNS_A_WORD + shift[0]).div_ceil(up.factor);
        let in_h = window - 1
            + if down.square {
                (strips - 1) * SIGNS_A_WORD / up.factor + strip_inputs
            } else {
                steps * step / up.factor
            };
        // Inputs that upsampled columns belong to; in fours where rows are upsampled by themselves.
        let columns = (shift[1] + mid[1]).div_ceil(up.factor);
        let quads = columns.div_ceil(4);
        let in_w = window - 1 + if up.square { columns } else { quads * 4 };
        // Whole packs, wherever in the first of them the tile's input begins.
        let packs = (in_w + 2 * variant.load - 2) / variant.load;
        // Odd pitches put the rows, which a warp's lanes take, into different banks.
        let [in_pitch, rows_pitch, walked_pitch, out_pitch] =
            [packs * variant.load, quads * 4 * up.factor, mid[1], width].map(|n| n | 1);
        let plane_pitch = width - 4 + (4 + (down.taps - 1) / down.factor).next_multiple_of(4);
        let input = in_h * in_pitch;
        let (upsampled, staged) = if up.square { (input, 0) } else { (in_h * rows_pitch, input) };
        let walked =
            if down.square { mid[0] * down.factor * plane_pitch } else { height * walked_pitch };
        let shared =
            [upsampled.max(height * out_pitch), staged.max(walked)].map(|n| n.next_multiple_of(4));

        let walks = if up.square { columns } else { mid[1] } * if down.square { strips } else { 1 };
        let groups = height * width / if down.square { 16 } else { 4 };
        let threads = walks.max(groups).div_ceil(32).clamp(2, 8) * 32;
        let tiles = variant.out[0].div_ceil(height) * variant.out[1].div_ceil(width);
        let warps = |items: usize| items.div_ceil(32);
        let (across, lines) = if up.square { (window, up.factor) } else { (1, 1) };
        let per_sample =
            window * across + 4 + if down.square { 1 } else { down.taps / down.factor };
        let samples = if down.square { strip_inputs * up.factor } else { steps * step };
        let products = if variant.mirrored { down.taps / 2 * 6 } else { down.taps * 4 };
        let cost = warps(in_h * packs) * (10 + 2 * variant.load)
            + if up.square {
                0
            } else {
                warps(in_h * quads) * (4 * up.factor * (window + 1) + window + 4)
            }
            + warps(walks) * samples * lines * per_sample
            + warps(groups)
                * if down.square { down.taps * 4 * products } else { 5 * down.taps + 12 };
        let store = (0..).map(|k| variant.store >> k).find(|&n| n <= 1 || width.is_multiple_of(n));
        let constants = [
            // Whether samples are stored as float16, and what becomes of the signs.
            ("HALF", usize::from(variant.storage == Storage::F16)),
            ("KEEPS", usize::from(variant.signs == Signs::Kept)),
            ("READS", usize::from(variant.signs == Signs::Read)),
            // The filters: factors, and taps a side (for upsampling, padded to WINDOW * UP).
            ("UP", up.factor),
            ("UP_2D", usize::from(up.square)),
            ("WINDOW", window),
            ("DOWN", down.factor),
            ("DOWN_2D", usize::from(down.square)),
            ("DOWN_TAPS", down.taps),
            ("MIRRORED", usize::from(variant.mirrored)),
            ("UNROLL_2D", if down.taps <= 16 { 3 * down.factor + down.taps } else { 1 }),
            // The tile in outputs, its part of the upsampled grid, and of the input in rows and packs.
            ("TILE_H", height),
            ("TILE_W", width),
            ("MID_H", mid[0]),
            ("MID_W", mid[1]),
            ("IN_H", in_h),
            ("IN_PACKS", packs),
            // How far the tile's first upsampled sample lies behind the first that is made.
            ("SHIFT_Y", shift[0]),
            ("SHIFT_X", shift[1]),
            // How the work is cut: groups of four inputs a row, strips of 16 rows or steps down.
            ("QUADS", quads),
            ("STRIPS", strips),
            ("STEP", step),
            ("STEPS", steps),
            ("PENDING", pending),
            // Samples to a row, or (PLANE_PITCH) to each of the DOWN parts of a row.
            ("IN_PITCH", in_pitch),
            ("ROWS_PITCH", rows_pitch),
            ("WALKED_PITCH", walked_pitch),
            ("PLANE_PITCH", plane_pitch),
            ("OUT_PITCH", out_pitch),
            // Where the second part of shared memory begins; samples to a read and a write.
            ("FRONT", shared[0]),
            ("LOAD", variant.load),
            ("STORE", store.unwrap_or(1)),
            ("THREADS", threads),
        ];
        let constants = constants.map(|(name, value)| format!("{name}={value}")).to_vec();
        Self { tile, window, threads, shared, cost: cost * tiles, constants }
    }

    /// Tiles down and across that an output of `out` (height, width) takes.
    pub fn tiles(&self, out: [usize; 2]) -> [usize; 2] {
        [out[0].div_ceil(self.tile[0]), out[1].div_ceil(self.tile[1])]
    }

    /// Shared memory of a block.
    pub fn shared_bytes(&self) -> usize {
        self.shared.iter().sum::<usize>() * 4
    }
}
