//! The networks: their configuration and layer tables (no tensors), and, with the feature
//! `torch`, the generators themselves.

pub mod blocks;
pub mod builtin;
pub mod config;
mod discriminator_config;
pub mod initial;
pub mod layers;
mod styles;
pub mod tensors;
mod validate;

#[cfg(feature = "torch")]
mod border;
#[cfg(feature = "torch")]
pub mod detector;
#[cfg(feature = "torch")]
pub mod device;
#[cfg(feature = "torch")]
pub mod differentiable;
#[cfg(feature = "torch")]
pub mod discriminator;
#[cfg(feature = "torch")]
pub mod filtered_lrelu;
#[cfg(feature = "torch")]
mod fourier;
#[cfg(feature = "torch")]
pub mod fused;
#[cfg(feature = "torch")]
pub mod generator;
#[cfg(feature = "torch")]
pub mod inception;
#[cfg(feature = "torch")]
mod linear;
#[cfg(feature = "torch")]
mod loader;
#[cfg(feature = "torch")]
pub mod mapping;
#[cfg(feature = "torch")]
mod modulated;
#[cfg(feature = "torch")]
mod native;
#[cfg(feature = "torch")]
pub mod parameters;
#[cfg(feature = "torch")]
pub mod processes;
#[cfg(feature = "torch")]
pub mod replay;
#[cfg(feature = "torch")]
pub mod streams;
#[cfg(feature = "torch")]
mod stylegan2;
#[cfg(feature = "torch")]
mod stylegan3;
#[cfg(feature = "torch")]
pub mod trainable;
#[cfg(feature = "torch")]
pub mod upfirdn;

#[cfg(feature = "torch")]
pub use border::sample;
pub use config::{Config, StyleGan2Config, StyleGan3Config};
pub use discriminator_config::DiscriminatorConfig;
pub use tensors::TensorSource;
