//! The schedule: what the network is given for frame i. Pure and random access: a frame's input
//! depends on the resolved timeline, the network and the frame's number alone.

use crate::Result;

/// What the schedule asks a network: its sizes, its mapping, and the pose it gives a latent.
/// The mapping runs on the CPU whatever the device, so that paths are the same on each.
pub trait Mapping: Send + Sync {
    /// Length of z.
    fn z_dim(&self) -> usize;
    /// Length of w.
    fn w_dim(&self) -> usize;
    /// Copies of w that the synthesis takes.
    fn num_ws(&self) -> usize;
    /// The w average, `w_dim` values.
    fn w_avg(&self) -> &[f32];
    /// Maps z (`z_dim` values) of a class to w (`w_dim` values), without truncation.
    fn map(&self, z: &[f32], class: Option<usize>) -> Result<Vec<f32>>;
    /// The learned transform that a network gives w (`w_dim` values): (cos, sin, tx, ty), the first
    /// two of norm 1; none for networks without one.
    fn pose(&self, w: &[f32]) -> Option<[f64; 4]>;
}

/// The network's input for one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameInput {
    /// The frame's number in the timeline, from 0.
    pub index: u64,
    /// Truncated and mixed latents, `num_ws` times `w_dim` values.
    pub ws: Vec<f32>,
    /// The transform U of the Fourier features, rows first: the inverse of what the viewer sees,
    /// stabilisation included.
    pub transform: [[f64; 3]; 3],
}
