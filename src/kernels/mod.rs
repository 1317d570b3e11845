//! The filtered leaky ReLU and the convolutions around it, on plain slices and on CUDA pointers.

pub mod cpu;
pub mod cuda;
pub mod operator;
pub mod reference;

pub use operator::{FilteredLrelu, Resampler};
