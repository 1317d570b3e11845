//! Pictures made of several images: weighted in linear light, side by side.

use std::collections::VecDeque;

use rayon::prelude::*;
use tch::{Kind, Tensor};

use super::finish::{Finish, quantise, values};
use super::light::{encoded, linear};
use super::passes::Share;
use crate::encode::{Depth, Picture};
use crate::timeline::resolved::{Canvas, Grid};
use crate::{Error, Result};

/// Puts frames together as their images come.
pub struct Composer {
    /// How the images of each network become a cell.
    finishes: Vec<Finish>,
    /// Where the cells lie; none for a single one that is the whole picture.
    grid: Option<Grid>,
    size: (u32, u32),
    depth: Depth,
    /// Frames, in their order, that have been begun and not been given out.
    open: VecDeque<Open>,
}

/// A frame that is being made.
struct Open {
    index: u64,
    /// Images that are still to come.
    missing: usize,
    cells: Vec<Cell>,
}

/// What has come of a cell: RGB interleaved.
#[derive(Clone)]
enum Cell {
    Nothing,
    /// An image of its own, as the network gives it.
    Whole(Vec<f32>),
    /// A sum of light.
    Light(Vec<f32>),
}

impl Composer {
    /// For networks whose images have these sizes, the first of which decides where nothing else does.
    pub fn new(images: &[(u32, u32)], canvas: &Canvas, grid: Option<&Grid>, depth: Depth) -> Self {
        let image = images.first().copied().unwrap_or((1, 1));
        let size = canvas.size.unwrap_or_else(|| grid.map_or(image, |grid| grid.around(image)));
        let cell = grid.map_or(size, |grid| grid.cell_size(size));
        let finish = |image: &(u32, u32)| Finish::new(*image, cell, canvas, depth);
        Self {
            finishes: images.iter().map(finish).collect(),
            grid: grid.cloned(),
            size,
            depth,
            open: VecDeque::new(),
        }
    }

    /// How the images of a network become pictures where one is a whole frame.
    pub fn plain(&self, network: usize) -> Result<&Finish> {
        self.finishes
            .get(network)
            .ok_or_else(|| Error::Invalid(format!("the film has no network {network}")))
    }

    /// Begins frames of so many images each.
    pub fn begin(&mut self, frames: &[(u64, usize)]) {
        let cells = self.grid.as_ref().map_or(1, |grid| grid.cells.len());
        let open = |&(index, missing)| Open { index, missing, cells: vec![Cell::Nothing; cells] };
        self.open.extend(frames.iter().map(open));
    }

    /// Takes a network's images `[N, channels, H, W]`, one for each share; gives the pictures that are
    /// complete, in their order.
    pub fn add(
        &mut self,
        network: usize,
        shares: &[Share],
        images: &Tensor,
    ) -> Result<Vec<Picture>> {
        if !shares.is_empty() {
            self.take(network, shares, images)?;
        }
        let mut done = Vec::new();
        while self.open.front().is_some_and(|open| open.missing == 0) {
            done.extend(self.open.pop_front().map(|open| self.picture(open)));
        }
        Ok(done)
    }

    fn take(&mut self, network: usize, shares: &[Share], images: &Tensor) -> Result<()> {
        let finish = *self.plain(network)?;
        let values = values(&images.f_to_kind(Kind::Float)?)?;
        let planes = values.par_chunks_exact((values.len() / shares.len().max(1)).max(1));
        let fitted = planes.map(|planes| finish.fitted(planes)).collect::<Result<Vec<_>>>()?;
        for (share, image) in shares.iter().zip(fitted) {
            let open = self.open.iter_mut().find(|open| open.index == share.index);
            let open =
                open.ok_or_else(|| Error::Invalid(format!("frame {} was not begun", share.index)))?;
            let cell = open
                .cells
                .get_mut(share.cell)
                .ok_or_else(|| Error::Invalid(format!("the grid has no cell {}", share.cell)))?;
            cell.add(image, share.weight);
            open.missing = open.missing.saturating_sub(1);
        }
        Ok(())
    }

    fn picture(&self, open: Open) -> Picture {
        let (width, height) = self.size;
        let area = |(width, height): (u32, u32)| width as usize * height as usize;
        let cell = 3 * area(self.grid.as_ref().map_or(self.size, |grid| grid.cell_size(self.size)));
        let mut cells = open.cells.into_iter().map(|shown| shown.shown(cell));
        let whole = match &self.grid {
            None => cells.next().unwrap_or_default(),
            Some(grid) => self.laid_out(grid, cells),
        };
        let samples = quantise(&whole, self.depth);
        Picture { index: open.index, width, height, samples }
    }

    /// The cells upon the background.
    fn laid_out(&self, grid: &Grid, cells: impl Iterator<Item = Vec<f32>>) -> Vec<f32> {
        let colour = grid.background.map(|part| part * 2.0 - 1.0);
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let mut all: Vec<f32> = Vec::with_capacity(3 * width * height);
        (0..width * height).for_each(|_| all.extend(colour.map(|part| part as f32)));
        let row = 3 * grid.cell_size(self.size).0 as usize;
        for (i, cell) in cells.enumerate() {
            let (left, top) = grid.corner(i as u32, self.size);
            for (y, line) in cell.chunks_exact(row.max(1)).enumerate() {
                let start = 3 * ((top as usize + y) * width + left as usize);
                all[start..start + row].copy_from_slice(line);
            }
        }
        all
    }
}

impl Cell {
    fn add(&mut self, image: Vec<f32>, weight: f32) {
        *self = match std::mem::replace(self, Self::Nothing) {
            Self::Nothing if weight == 1.0 => Self::Whole(image),
            Self::Nothing => Self::Light(shone(image, |light| light * weight)),
            Self::Whole(first) => Self::Light(with(shone(first, |light| light), &image, weight)),
            Self::Light(sum) => Self::Light(with(sum, &image, weight)),
        };
    }

    /// Its values, as the network gives them; black where nothing is shown.
    fn shown(self, len: usize) -> Vec<f32> {
        match self {
            Self::Nothing => vec![-1.0; len],
            Self::Whole(image) => image,
            Self::Light(mut sum) => {
                sum.par_iter_mut().with_min_len(PIECE).for_each(|v| *v = encoded(*v));
                sum
            }
        }
    }
}

/// Values that one thread takes at least.
const PIECE: usize = 1 << 14;

/// The light of an image, changed.
fn shone(mut image: Vec<f32>, change: impl Fn(f32) -> f32 + Sync) -> Vec<f32> {
    image.par_iter_mut().with_min_len(PIECE).for_each(|v| *v = change(linear(*v)));
    image
}

/// A sum of light and an image's.
fn with(mut sum: Vec<f32>, image: &[f32], weight: f32) -> Vec<f32> {
    let pairs = sum.par_iter_mut().with_min_len(PIECE).zip(image);
    pairs.for_each(|(sum, value)| *sum += weight * linear(*value));
    sum
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::encode::Samples;
    use crate::timeline::resolved::{self, Fit};

    const CANVAS: Canvas =
        Canvas { size: None, fit: Fit::Contain, pixel_aspect: (1, 1), extent: None };

    fn grid(columns: u32, rows: u32, gap: u32, cells: usize) -> Grid {
        let cell = resolved::Cell { latent: None, psi: None, camera: None };
        Grid { columns, rows, gap, background: [0.0, 1.0, 0.5], cells: vec![cell; cells] }
    }

    fn images(n: i64, side: i64) -> Tensor {
        // Beyond -1..1, too.
        Tensor::randn([n, 3, side, side], (Kind::Float, Device::Cpu)) * 0.8
    }

    fn floats(picture: &Picture) -> &[f32] {
        let Samples::F32(values) = &picture.samples else { panic!("asked for float32") };
        values
    }

    #[test]
    fn a_part_of_weight_1_is_the_plain_picture() {
        for (side, size) in [(16, None), (16, Some((24, 20)))] {
            for depth in [Depth::U8, Depth::U16, Depth::F32] {
                let canvas = Canvas { size, ..CANVAS };
                let mut composer = Composer::new(&[(side, side)], &canvas, None, depth);
                let images = images(3, i64::from(side));
                let shares = [7, 8, 9].map(|index| Share { index, cell: 0, weight: 1.0 });
                composer.begin(&[(7, 1), (8, 1), (9, 1)]);
                let made = composer.add(0, &shares, &images).unwrap();
                let plain = composer.plain(0).unwrap().pictures(&[7, 8, 9], &images).unwrap();
                assert_eq!(made, plain);
            }
        }
    }

    #[test]
    fn parts_are_averaged_in_linear_light() {
        let srgb_to_light = |v: f64| {
            let light = if v.abs() <= 0.04045 {
                v.abs() / 12.92
            } else {
                ((v.abs() + 0.055) / 1.055).powf(2.4)
            };
            light.copysign(v)
        };
        let light_to_srgb = |v: f64| {
            let shown = if v.abs() <= 0.0031308 {
                v.abs() * 12.92
            } else {
                1.055 * v.abs().powf(1.0 / 2.4) - 0.055
            };
            shown.copysign(v)
        };
        let canvas = Canvas { size: Some((13, 9)), ..CANVAS };
        let weights = [0.5, 0.125, 0.375];
        let images = images(3, 16);
        let mut stills = Composer::new(&[(16, 16)], &canvas, None, Depth::F32);
        let finish = *stills.plain(0).unwrap();
        let each = finish.pictures(&[0, 1, 2], &images).unwrap();
        let shares = weights.map(|weight| Share { index: 4, cell: 0, weight });
        stills.begin(&[(4, 3)]);
        // In two passes: nothing comes of the first.
        assert_eq!(stills.add(0, &shares[..1], &images.narrow(0, 0, 1)).unwrap(), []);
        let made = stills.add(0, &shares[1..], &images.narrow(0, 1, 2)).unwrap();
        assert_eq!((made.len(), made[0].index), (1, 4));
        for (i, value) in floats(&made[0]).iter().enumerate() {
            let light = |(picture, weight): (&Picture, f32)| {
                f64::from(weight) * srgb_to_light(f64::from(floats(picture)[i]))
            };
            let wanted = light_to_srgb(each.iter().zip(weights).map(light).sum());
            assert!((f64::from(*value) - wanted).abs() < 1e-5, "{value} {wanted}");
        }
    }

    #[test]
    fn a_moving_edge_is_as_wide_as_its_way() {
        // White left of an edge that moves by 24 pixels a frame.
        let edge = |at: f64| {
            let row: Vec<f32> =
                (0..64).map(|x| (2.0 * (at - f64::from(x)).clamp(0.0, 1.0) - 1.0) as f32).collect();
            Tensor::from_slice(&row).reshape([1, 1, 1, 64]).repeat([1, 3, 64, 1])
        };
        for (opens, open) in [(-0.25, 0.5), (0.0, 0.5), (-0.5, 1.0)] {
            let shutter = resolved::Shutter { opens, open, samples: 240 };
            let mut composer = Composer::new(&[(64, 64)], &CANVAS, None, Depth::F32);
            composer.begin(&[(0, 240)]);
            let share = Share { index: 0, cell: 0, weight: 1.0 / 240.0 };
            let mut made = Vec::new();
            for moment in shutter.moments() {
                made = composer.add(0, &[share], &edge(32.0 + 24.0 * moment)).unwrap();
            }
            let row: Vec<f32> =
                floats(&made[0])[..3 * 64].chunks(3).map(|v| linear(v[0] * 2.0 - 1.0)).collect();
            let (from, to) = (32.0 + 24.0 * opens, 32.0 + 24.0 * (opens + open));
            for (x, light) in row.iter().enumerate() {
                // White until the edge has passed for good, then an even ramp.
                let wanted = ((to - 0.5 - x as f64) / (to - from)).clamp(0.0, 1.0);
                assert!((f64::from(*light) - wanted).abs() < 0.06, "{x}: {light} {wanted}");
            }
        }
    }

    #[test]
    fn what_shares_lack_is_black() {
        let mut composer = Composer::new(&[(16, 16)], &CANVAS, None, Depth::F32);
        composer.begin(&[(0, 0), (1, 1)]);
        let white = Tensor::ones([1, 3, 16, 16], (Kind::Float, Device::Cpu));
        let half = Share { index: 1, cell: 0, weight: 0.5 };
        let made = composer.add(0, &[half], &white).unwrap();
        assert!(floats(&made[0]).iter().all(|value| *value == 0.0));
        assert!(floats(&made[1]).iter().all(|value| (value - 0.735_357).abs() < 1e-6));
    }

    #[test]
    fn cells_stand_where_they_belong() {
        let grid = grid(3, 2, 2, 5);
        let mut composer = Composer::new(&[(16, 16)], &CANVAS, Some(&grid), Depth::U8);
        let images = images(5, 16);
        // The sixth place is no cell.
        let shares: Vec<_> = (0..5).map(|cell| Share { index: 0, cell, weight: 1.0 }).collect();
        composer.begin(&[(0, 5)]);
        let made = composer.add(0, &shares, &images).unwrap().remove(0);
        assert_eq!((made.width, made.height), (52, 34));
        let Samples::U8(levels) = made.samples else { panic!() };
        let plain = composer.plain(0).unwrap().pictures(&[0, 1, 2, 3, 4], &images).unwrap();
        for (x, y) in (0..52).flat_map(|x| (0..34).map(move |y| (x, y))) {
            let (column, row) = (x / 18, y / 18);
            let (inner_x, inner_y) = (x % 18, y % 18);
            let cell = row * 3 + column;
            let found = &levels[3 * (y * 52 + x)..][..3];
            if inner_x >= 16 || inner_y >= 16 || cell == 5 {
                assert_eq!(found, [0, 255, 128]);
            } else {
                let Samples::U8(cell) = &plain[cell].samples else { panic!() };
                assert_eq!(found, &cell[3 * (inner_y * 16 + inner_x)..][..3]);
            }
        }
    }

    #[test]
    fn networks_of_several_sizes_share_a_picture_and_frames_keep_their_order() {
        let mut composer = Composer::new(&[(32, 32), (16, 16)], &CANVAS, None, Depth::F32);
        let (large, small) = (images(1, 32), images(2, 16));
        composer.begin(&[(3, 2), (4, 1)]);
        let share = |index, weight| Share { index, cell: 0, weight };
        // Frame 4 is complete before frame 3 is.
        assert_eq!(composer.add(1, &[share(4, 1.0)], &small.narrow(0, 0, 1)).unwrap(), []);
        assert_eq!(composer.add(1, &[share(3, 0.5)], &small.narrow(0, 1, 1)).unwrap(), []);
        let made = composer.add(0, &[share(3, 0.5)], &large).unwrap();
        assert_eq!(made.iter().map(|picture| picture.index).collect::<Vec<_>>(), [3, 4]);
        assert!(made.iter().all(|picture| (picture.width, picture.height) == (32, 32)));
        assert!(composer.add(2, &[share(3, 1.0)], &large).is_err());
        assert!(composer.add(0, &[share(9, 1.0)], &large).is_err());
    }
}
