//! The networks: their configuration and layer tables (no tensors), and, with the feature
//! `torch`, the generators themselves.

pub mod blocks;
pub mod config;
pub mod layers;
pub mod tensors;

pub use config::{Config, StyleGan2Config, StyleGan3Config};
