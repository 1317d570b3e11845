//! What one frame is put together of: the canvas, the shutter, the grid and its cells.

use super::super::document;
use super::super::resolved::{Canvas, Cell, Grid, Ground, Shutter};
use super::Check;

/// The largest picture that common encoders take, pixels a side.
const MAX_SIDE: u32 = 16384;
/// The smallest canvas, pixels a side.
const MIN_CANVAS: u32 = 16;
/// The largest canvas, in areas of the trained one: the memory and time of a frame grow as much.
const MAX_AREAS: u64 = 64;
/// Degrees of the shutter that make a frame.
const FRAME: f64 = 360.0;

impl Check<'_> {
    /// The canvas that is synthesised, where it is not the trained square.
    pub fn extent(&mut self) -> Option<(u32, u32)> {
        let written = self.document.written.canvas.as_ref()?;
        let ((width, height), span) = (written.value, written.span.clone());
        let network = self.network?;
        let side = network.resolution;
        if !network.has_camera {
            let message = format!(
                "`canvas` needs an alias-free network (StyleGAN3): a {} network's picture has no more than {side}x{side}",
                network.kind
            );
            self.report.error(span, message).help("use `size`, which scales the picture");
            return None;
        }
        let areas = u64::from(width) * u64::from(height) / u64::from(side).pow(2).max(1);
        if width.min(height) < MIN_CANVAS {
            let message = format!(
                "a canvas of {width}x{height} is too small: expected {MIN_CANVAS} pixels a side"
            );
            self.report.error(span, message);
        } else if areas > MAX_AREAS {
            let message = format!(
                "a canvas of {width}x{height} is {areas} times as large as the trained {side}x{side}: at most {MAX_AREAS} \
                 times are synthesised"
            );
            self.report
                .error(span, message)
                .help("use `size`, which scales the picture, or a smaller canvas");
        } else {
            return Some((width, height)).filter(|canvas| *canvas != (side, side));
        }
        None
    }

    pub fn shutter(&self) -> Option<Shutter> {
        let written = self.document.written.motion_blur.as_ref()?;
        let open = written.shutter / FRAME;
        let opens = written.phase.map_or(-open / 2.0, |phase| phase / FRAME);
        Some(Shutter { opens, open, samples: written.samples })
    }

    /// The grid without what its cells hold.
    fn places(grid: &document::Grid) -> Grid {
        let needed = (grid.cells.len() as u32).div_ceil(grid.columns).max(1);
        Grid {
            columns: grid.columns,
            rows: grid.rows.unwrap_or(needed),
            gap: grid.gap,
            background: grid.background.unwrap_or_default(),
            cells: Vec::new(),
        }
    }

    /// Width and height of a grid whose cells have an image's size; none where that is too large, which
    /// is told of.
    pub fn around(&mut self, grid: &document::Grid, image: (u32, u32)) -> Option<(u32, u32)> {
        let (width, height) = Self::places(grid).around(image);
        if width.max(height) <= MAX_SIDE {
            return Some((width, height));
        }
        let message = format!(
            "this grid has {width}x{height} pixels: at most {MAX_SIDE} a side can be written"
        );
        self.report.error(grid.span.clone(), message).help("give the whole a `size`");
        None
    }

    pub fn grid(&mut self, frames: Option<u64>, canvas: &Canvas) -> Option<Grid> {
        let written = self.document.written.grid.as_ref()?;
        let mut grid = Self::places(written);
        if let (None, Ground::Colour(colour)) = (written.background, canvas.ground) {
            grid.background = colour;
        }
        let (places, cells) = ((grid.columns * grid.rows) as usize, written.cells.len());
        if cells > places {
            let message = format!(
                "{cells} cells do not fit a grid of {} columns and {} rows",
                grid.columns, grid.rows
            );
            self.report.error(written.span.clone(), message).help("leave `rows` out, or add some");
        }
        if let Some((width, height)) = canvas.size {
            let cell = grid.cell_size((width, height));
            if cell.0.min(cell.1) == 0 {
                let message = format!(
                    "{width}x{height} pixels leave none for the cells of this grid: {} columns and {} rows with gaps of {}",
                    grid.columns, grid.rows, grid.gap
                );
                self.report.error(written.span.clone(), message);
            }
        }
        for cell in &written.cells {
            let psi = cell.psi.as_ref().map(|psi| self.psi(Some(psi)));
            let camera =
                cell.camera.as_ref().map(|camera| self.camera(Some(camera), frames, canvas));
            let latent = cell.source.as_ref().and_then(|source| self.source(source));
            grid.cells.push(Cell { latent, psi, camera });
        }
        Some(grid)
    }
}
