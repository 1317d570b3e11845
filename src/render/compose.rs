//! Pictures made of several images: weighted in linear light, over each other, side by side.

use std::collections::VecDeque;

use rayon::prelude::*;
use tch::{Kind, Tensor};

use super::finish::{Finish, values};
use super::light::{encoded, linear};
use super::over::{associated, over, straight};
use super::passes::{Begun, Pile, Share};
use crate::encode::{Depth, Picture};
use crate::timeline::resolved::{Canvas, Grid};
use crate::{Error, Result};

/// Puts frames together as their images come.
pub struct Composer {
    /// How the images of each network become a cell.
    finishes: Vec<Finish>,
    /// How what is made of several becomes a picture.
    whole: Finish,
    /// Where the cells lie; none for a single one that is the whole picture.
    grid: Option<Grid>,
    size: (u32, u32),
    /// Frames, in their order, that have been begun and not been given out.
    open: VecDeque<Open>,
}

/// A frame that is being made.
struct Open {
    index: u64,
    /// Images that are still to come.
    missing: usize,
    cells: Vec<Cell>,
    /// What is still to be laid over each other, and the light of what has come of that, by the numbers of
    /// the frame's parts.
    stacks: Vec<Pile>,
    held: Vec<(usize, Vec<f32>)>,
}

/// What has come of a cell: RGB interleaved, or RGB and alpha.
#[derive(Clone)]
enum Cell {
    Nothing,
    /// An image of its own, as the network gives it.
    Whole(Vec<f32>),
    /// A sum of light; with alpha it is multiplied by that.
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
            whole: Finish::new(size, size, canvas, depth),
            grid: grid.cloned(),
            size,
            open: VecDeque::new(),
        }
    }

    /// How the images of a network become pictures where one is a whole frame.
    pub fn plain(&self, network: usize) -> Result<&Finish> {
        self.finishes
            .get(network)
            .ok_or_else(|| Error::Invalid(format!("the film has no network {network}")))
    }

    /// Begins frames.
    pub fn begin(&mut self, frames: &[Begun]) {
        let cells = self.grid.as_ref().map_or(1, |grid| grid.cells.len());
        let open = |frame: &Begun| Open {
            index: frame.index,
            missing: frame.missing,
            cells: vec![Cell::Nothing; cells],
            stacks: frame.stacks.clone(),
            held: Vec::new(),
        };
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
        let finish = self.plain(network)?.clone();
        let values = values(&images.f_to_kind(Kind::Float)?)?;
        let planes = values.par_chunks_exact((values.len() / shares.len().max(1)).max(1));
        let fitted = planes.zip(shares).map(|(planes, share)| {
            let alpha = share.alpha.as_ref();
            finish.fitted(planes, alpha)
        });
        let fitted = fitted.collect::<Result<Vec<_>>>()?;
        for (share, image) in shares.iter().zip(fitted) {
            let open = self.open.iter_mut().find(|open| open.index == share.index);
            let open =
                open.ok_or_else(|| Error::Invalid(format!("frame {} was not begun", share.index)))?;
            open.take(share, image, finish.channels())?;
        }
        Ok(())
    }

    fn picture(&self, open: Open) -> Picture {
        let (width, height) = self.size;
        let channels = self.whole.channels();
        let area = |(width, height): (u32, u32)| width as usize * height as usize;
        let cell = self.grid.as_ref().map_or(self.size, |grid| grid.cell_size(self.size));
        let cell = channels * area(cell);
        let mut cells = open.cells.into_iter().map(|shown| shown.shown(cell, channels));
        let whole = match &self.grid {
            None => cells.next().unwrap_or_default(),
            Some(grid) => self.laid_out(grid, cells),
        };
        Picture { index: open.index, width, height, samples: self.whole.samples(whole) }
    }

    /// The cells upon the background.
    fn laid_out(&self, grid: &Grid, cells: impl Iterator<Item = Vec<f32>>) -> Vec<f32> {
        let channels = self.whole.channels();
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let mut all: Vec<f32> = self.whole.background(grid.background).repeat(width * height);
        let row = channels * grid.cell_size(self.size).0 as usize;
        for (i, cell) in cells.enumerate() {
            let (left, top) = grid.corner(i as u32, self.size);
            for (y, line) in cell.chunks_exact(row.max(1)).enumerate() {
                let start = channels * ((top as usize + y) * width + left as usize);
                all[start..start + row].copy_from_slice(line);
            }
        }
        all
    }
}

impl Open {
    fn take(&mut self, share: &Share, image: Vec<f32>, channels: usize) -> Result<()> {
        self.missing = self.missing.saturating_sub(1);
        let is_in = |pile: &Pile| pile.parts.contains(&share.part);
        if self.stacks.iter().any(is_in) {
            if share.weight != 0.0 {
                self.cell(share.cell)?.add(image.clone(), share.weight, channels);
            }
            self.held.push((share.part, associated(image)));
            return self.lay();
        }
        self.cell(share.cell)?.add(image, share.weight, channels);
        Ok(())
    }

    /// Lays the stacks of which all has come, and keeps only what others still need.
    fn lay(&mut self) -> Result<()> {
        let mut waiting = Vec::new();
        for pile in std::mem::take(&mut self.stacks) {
            let held = |part: &usize| self.held.iter().find(|(held, _)| held == part);
            let images: Option<Vec<&Vec<f32>>> =
                pile.parts.iter().map(|part| held(part).map(|(_, image)| image)).collect();
            let Some([front, behind @ ..]) = images.as_deref() else {
                waiting.push(pile);
                continue;
            };
            let mut light = front.to_vec();
            behind.iter().for_each(|image| over(&mut light, image));
            self.cell(pile.cell)?.add_light(light, pile.weight);
        }
        self.held.retain(|(part, _)| waiting.iter().any(|pile: &Pile| pile.parts.contains(part)));
        self.stacks = waiting;
        Ok(())
    }

    fn cell(&mut self, cell: usize) -> Result<&mut Cell> {
        let none = || Error::Invalid(format!("the grid has no cell {cell}"));
        self.cells.get_mut(cell).ok_or_else(none)
    }
}

impl Cell {
    /// Adds an image of so many samples a pixel.
    fn add(&mut self, image: Vec<f32>, weight: f32, channels: usize) {
        if channels == 4 {
            return match (std::mem::replace(self, Self::Nothing), weight) {
                (Self::Nothing, 1.0) => *self = Self::Whole(image),
                (before, _) => {
                    *self = before;
                    self.add_light(associated(image), weight);
                }
            };
        }
        *self = match std::mem::replace(self, Self::Nothing) {
            Self::Nothing if weight == 1.0 => Self::Whole(image),
            Self::Nothing => Self::Light(shone(image, |light| light * weight)),
            Self::Whole(first) => Self::Light(with(shone(first, |light| light), &image, weight)),
            Self::Light(sum) => Self::Light(with(sum, &image, weight)),
        };
    }

    /// Adds light that is multiplied by its alpha.
    fn add_light(&mut self, mut light: Vec<f32>, weight: f32) {
        let sum = match std::mem::replace(self, Self::Nothing) {
            Self::Nothing => None,
            Self::Whole(first) => Some(associated(first)),
            Self::Light(sum) => Some(sum),
        };
        let values = light.par_iter_mut().with_min_len(PIECE);
        *self = Self::Light(match sum {
            None => {
                values.for_each(|value| *value *= weight);
                light
            }
            Some(mut sum) => {
                let pairs = sum.par_iter_mut().with_min_len(PIECE).zip(&light);
                pairs.for_each(|(sum, value)| *sum += weight * value);
                sum
            }
        });
    }

    /// Its values, as the network gives them; black where nothing is shown, which with alpha is transparent.
    fn shown(self, len: usize, channels: usize) -> Vec<f32> {
        match self {
            Self::Nothing => vec![-1.0; len],
            Self::Whole(image) => image,
            Self::Light(sum) if channels == 4 => straight(sum),
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
#[path = "compose_tests.rs"]
mod tests;
