//! What the frames of a film are made of.

use std::sync::Arc;

use super::stacks::Pool;
use super::tracks::Composite;
use super::{FrameInput, Mapping, Schedule, Stack, Tables, TablesOf, no_frame};
use crate::timeline::Resolved;
use crate::timeline::alpha::Alpha;
use crate::timeline::resolved::Shutter;
use crate::{Error, Result};

/// One synthesis that a frame of the film is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Which of the film's networks.
    pub network: usize,
    /// Which cell of the grid; 0 where there is none.
    pub cell: usize,
    /// Its share of the cell's picture, added in linear light, where nothing lies below it; with those of
    /// stacks the shares of a cell sum to 1, or what is missing is the film's ground.
    pub weight: f32,
    /// What the network is given.
    pub input: FrameInput,
    /// What of its picture is seen; none for all of it.
    pub alpha: Option<Alpha<f64>>,
    /// Where others lie below it. Only films of which something is transparent have any.
    pub stacks: Vec<Stack>,
}

/// A timeline made ready: what each frame is made of. As pure as [`Schedule`], and as free of order.
pub struct Film {
    frames: u64,
    shown: Shown,
    shutter: Option<Shutter>,
}

enum Shown {
    /// What each cell of the grid shows; one where there is no grid.
    Cells(Vec<Schedule>),
    Tracks(Box<Composite>),
}

impl Film {
    /// Draws and maps every key of the timeline and its cells. `mappings` are those of the film's
    /// networks.
    ///
    /// # Errors
    /// Those of [`Schedule::new`], and where there is no network.
    pub fn new(resolved: &Resolved, mappings: &[Arc<dyn Mapping>]) -> Result<Self> {
        Self::measured(resolved, mappings, &|_, _| Ok(Tables::new()))
    }

    /// The same, for a film with paths whose speed pictures decide: `tables` gives those of a shot, whose
    /// network has a number. See [`super::Route`].
    pub fn measured(
        resolved: &Resolved,
        mappings: &[Arc<dyn Mapping>],
        tables: &TablesOf,
    ) -> Result<Self> {
        let mapping = mappings.first();
        let mapping =
            mapping.ok_or_else(|| Error::Invalid("a film has a network at least".into()))?;
        let schedule =
            |shown: &Resolved| Schedule::measured(shown, Arc::clone(mapping), &tables(shown, 0)?);
        let shown = match &resolved.grid {
            _ if !resolved.tracks.is_empty() => {
                Shown::Tracks(Composite::new(resolved, mappings, tables)?.into())
            }
            None => Shown::Cells(vec![schedule(resolved)?]),
            Some(grid) => {
                let cells = grid.cells.iter().map(|cell| schedule(&resolved.of_cell(cell)));
                Shown::Cells(cells.collect::<Result<_>>()?)
            }
        };
        Ok(Self { frames: resolved.frames, shown, shutter: resolved.shutter })
    }

    /// Length of the timeline in frames.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// What a frame of the timeline is made of.
    ///
    /// # Errors
    /// [`Error::Usage`] for a frame that there is not; those of [`Schedule::at`].
    pub fn frame(&self, index: u64) -> Result<Vec<Part>> {
        if index >= self.frames {
            return Err(Error::Usage(format!(
                "frame {index} is beyond the timeline's {} frames, which are counted from 0",
                self.frames
            )));
        }
        self.parts(index, index as f64)
    }

    /// What is shown at a time in frames, which may lie between two of them: the shutter opens around it.
    ///
    /// # Errors
    /// Those of [`Schedule::at`].
    pub fn at(&self, time_in_frames: f64) -> Result<Vec<Part>> {
        self.parts(time_in_frames as u64, time_in_frames)
    }

    fn parts(&self, index: u64, time: f64) -> Result<Vec<Part>> {
        if let Shown::Tracks(tracks) = &self.shown
            && tracks.is_transparent()
        {
            return self.stacked(tracks, index, time);
        }
        let Some(shutter) = &self.shutter else { return self.moment(index, time, 0.0) };
        let moments = shutter.moments().map(|after| self.moment(index, time, after));
        Ok(averaged(&moments.collect::<Result<Vec<_>>>()?))
    }

    /// The same where what lies in front does not cover what is behind it.
    fn stacked(&self, tracks: &Composite, index: u64, time: f64) -> Result<Vec<Part>> {
        if !time.is_finite() {
            return Err(no_frame(time));
        }
        let moments = self.shutter.map_or(vec![0.0], |shutter| shutter.moments().collect());
        let mut pool = Pool::default();
        let seen = moments.into_iter().map(|after| tracks.stacks(index, time, after, &mut pool));
        let seen = seen.collect::<Result<Vec<_>>>()?;
        Ok(pool.parts(seen))
    }

    /// What is seen at one moment, so many frames after the time of the frame with this number.
    fn moment(&self, index: u64, time: f64, after: f64) -> Result<Vec<Part>> {
        let cells = match &self.shown {
            Shown::Cells(cells) => cells,
            Shown::Tracks(_) if !time.is_finite() => return Err(no_frame(time)),
            Shown::Tracks(tracks) => return tracks.parts(index, time, after),
        };
        let parts = cells.iter().enumerate().map(|(cell, schedule)| {
            let input = FrameInput { index, ..schedule.at(time + after)? };
            let alpha = schedule.alpha((time + after).into());
            Ok(Part { network: 0, cell, weight: 1.0, input, alpha, stacks: Vec::new() })
        });
        parts.collect()
    }
}

/// The parts of several moments that share a frame evenly. What does not move is synthesised once.
fn averaged(moments: &[Vec<Part>]) -> Vec<Part> {
    let mut all: Vec<(Part, f64)> = Vec::new();
    for moment in moments {
        for part in moment {
            let weight = f64::from(part.weight) / moments.len() as f64;
            let same = |(other, _): &&mut (Part, f64)| {
                (other.network, other.cell) == (part.network, part.cell)
                    && other.input == part.input
                    && other.alpha == part.alpha
            };
            // Those of the moment before are the last ones, or there are but few.
            match all.iter_mut().rev().take(2 * moment.len()).find(same) {
                Some((_, sum)) => *sum += weight,
                None => all.push((part.clone(), weight)),
            }
        }
    }
    all.into_iter().map(|(part, weight)| Part { weight: weight as f32, ..part }).collect()
}
