//! The kernels for the CPU: sixteen channels side by side in the lanes of its vectors.

mod convolution;
mod downsampling;
mod filtered_lrelu;
mod gemm;
mod lanes;
mod level;
mod planes;
mod rows;
mod signs;
mod taps;
#[cfg(test)]
mod tests;
mod upsampling;
mod winograd;

pub use convolution::{Convolution, Scratch};
pub use filtered_lrelu::{Channelwise, Fused, Transposed};
pub use gemm::Factors;
pub use level::{LEVEL_VARIABLE, Level};
pub use planes::{Pixel, Planes};
pub use signs::Signs;
