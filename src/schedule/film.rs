//! What the frames of a film are made of.

use super::FrameInput;

/// One synthesis that a frame of the film is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Which of the film's networks.
    pub network: usize,
    /// Which cell of the grid; 0 where there is none.
    pub cell: usize,
    /// Its share of the cell's picture, added in linear light; those of a cell sum to 1.
    pub weight: f32,
    /// What the network is given.
    pub input: FrameInput,
}
