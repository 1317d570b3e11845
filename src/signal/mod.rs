//! Windows and low-pass filter design, in float64 and without tensors.

mod filters;

pub use filters::{Filter, low_pass, radial_low_pass};
