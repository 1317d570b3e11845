//! The networks: their configuration and layer tables (no tensors), and, with the feature
//! `torch`, the generators themselves.

pub mod config;
pub mod layers;

pub use config::{Config, StyleGan2Config, StyleGan3Config};
