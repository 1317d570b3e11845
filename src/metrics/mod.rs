//! Numbers about a generator, on plain slices: how well pictures move with their input
//! (equivariance), how their power is spread (spectra), how much of their detail is glued to the
//! pixels (texture sticking), and how close they come to real ones (distributions of features). No tensors and no files: what makes the pictures is handed in.

mod average;
pub mod directions;
pub mod distribution;
pub mod equivariance;
mod fourier;
mod image;
pub mod layers;
pub mod perceptual;
mod psnr;
mod rotation;
mod rotation_filter;
mod shift;
mod spectrum;
mod sticking;

pub use average::Average;
pub use image::{Image, Mask};
pub use psnr::{Sums, figure};
pub use rotation::{pseudo_rotation, rotation};
pub use rotation_filter::RotationFilter;
pub use shift::{fine_shift, fractional_shift, integer_shift};
pub use spectrum::{Power, Spectrum};
pub use sticking::{Energy, Sticking};
