//! The kernels for the CPU: sixteen channels side by side in the lanes of its vectors.

#![allow(
    clippy::needless_range_loop,
    reason = "loops over registers are written as what they unroll to"
)]

#[cfg(target_arch = "x86_64")]
mod amx;
mod convolution;
mod downsampling;
mod filtered_lrelu;
mod folded;
mod gemm;
mod lanes;
mod level;
mod matrix;
mod pass;
mod planes;
mod rows;
mod signs;
mod taps;
#[cfg(test)]
mod tests;
mod transposed;
mod upsampling;
mod winograd;

pub use convolution::{Convolution, Scratch};
pub use filtered_lrelu::{Channelwise, Fused};
pub use level::{LEVEL_VARIABLE, Level};
pub use matrix::Factors;
pub use planes::{Pixel, Planes};
pub use signs::Signs;
pub use transposed::Transposed;
