//! The fused filtered leaky ReLU: rows stream through rings that stay in cache, and no upsampled
//! plane is ever stored.

use std::ops::Range;

use rayon::prelude::*;

use super::gemm::Shared;
use super::level::Level;
use super::pass::{BUFFERS, Pass, Tile};
use super::planes::Planes;
use super::signs::{Signed, Signs};
use super::taps::{Down, Up};
use crate::Result;
use crate::kernels::FilteredLrelu;

/// Output columns that one pass over a tile may have: more no longer stay in second-level cache.
const WIDEST: [usize; 2] = [448, 288];
/// Fewer output rows are not worth the rows that tiles filter twice.
const LOWEST: usize = 48;

/// A filtered leaky ReLU ready to run.
#[derive(Debug, Clone)]
pub struct Fused {
    pub(super) operator: FilteredLrelu,
    pub(super) up: Up,
    pub(super) down: Down,
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
