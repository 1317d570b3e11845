//! Windows and low-pass filter design, and the community's normals: in float64 and without tensors.

mod counter;
mod filters;
#[cfg(test)]
pub(crate) mod golden;
mod normals;

pub use counter::Draws;
pub use filters::{Filter, kaiser, kaiser_window, low_pass, radial_low_pass};
pub use normals::{randn, uniforms};
