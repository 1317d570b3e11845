//! What the frames of a film are made of.

use std::sync::Arc;

use super::tracks::Composite;
use super::{FrameInput, Mapping};
use crate::timeline::Resolved;
use crate::{Error, Result};

/// One synthesis that a frame of the film is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Which of the film's networks.
    pub network: usize,
    /// Which cell of the grid; 0 where there is none.
    pub cell: usize,
    /// Its share of the cell's picture, added in linear light; those of a cell sum to 1, or what is
    /// missing is black.
    pub weight: f32,
    /// What the network is given.
    pub input: FrameInput,
}

/// A timeline made ready: what each frame is made of. As pure as [`super::Schedule`], and as free of
/// order.
pub struct Film {
    frames: u64,
    composite: Composite,
}

impl Film {
    /// Draws and maps every key of the timeline and of what its clips show. `mappings` are those of the
    /// film's networks, in their order.
    ///
    /// # Errors
    /// Those of [`super::Schedule::new`], and for a network that there is not.
    pub fn new(resolved: &Resolved, mappings: &[Arc<dyn Mapping>]) -> Result<Self> {
        Ok(Self { frames: resolved.frames, composite: Composite::new(resolved, mappings)? })
    }

    /// Length of the timeline in frames.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// What a frame of the timeline is made of; nothing where it is black.
    ///
    /// # Errors
    /// [`Error::Usage`] for a frame that there is not; those of [`super::Schedule::at`].
    pub fn frame(&self, index: u64) -> Result<Vec<Part>> {
        if index >= self.frames {
            return Err(Error::Usage(format!(
                "frame {index} is beyond the timeline's {} frames, which are counted from 0",
                self.frames
            )));
        }
        self.composite.parts(index, (index as f64).into())
    }

    /// What is shown at a time in frames, which may lie between two of them.
    ///
    /// # Errors
    /// Those of [`super::Schedule::at`].
    pub fn at(&self, time_in_frames: f64) -> Result<Vec<Part>> {
        if !time_in_frames.is_finite() {
            return Err(Error::Usage(format!(
                "there is no frame at time {time_in_frames}: expected a finite number of frames"
            )));
        }
        self.composite.parts(time_in_frames as u64, time_in_frames.into())
    }
}
