//! The filtered leaky ReLU on CUDA devices: one fused kernel, compiled at run time for exactly the
//! operator and size that are asked for, and kept on disk. Needs NVIDIA's driver and NVRTC, both
//! opened at run time; where one is missing, every call says so with [`crate::Error::Missing`].
//!
//! Not yet run on a GPU: the kernel compiles for all architectures from sm_75 to sm_90, and the same
//! source, compiled for the CPU, agrees with the golden data and the reference.

mod arguments;
mod driver;
mod launch;
mod nvrtc;
mod plan;
#[cfg(test)]
mod tests;

pub use launch::{Call, available, forward, forward_keeping, signs_len, transposed};
pub use plan::Storage;

/// What the system says about a library: libloading's own text tells only which call failed.
pub fn why(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
