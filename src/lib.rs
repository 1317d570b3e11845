//! Video and animation from alias-free GANs.
//!
//! The data flows one way: a [`timeline`] is read and resolved, a [`schedule`] turns it into one
//! input per frame, a [`network`] (read by [`weights`]) synthesises the frames, `render` joins
//! them to a sink of [`encode`]. A frame depends on nothing but the resolved timeline, the
//! network and its own number: a [`farm`] can render a film in parts.
//!
//! The feature `torch` brings `render` and the generators in `network`, `video` the sinks that
//! need FFmpeg; what reads, checks and schedules timelines is always there.

mod aside;
pub mod audio;
mod cache;
pub mod dataset;
pub mod decode;
pub mod diagnostics;
mod digest;
pub mod encode;
pub mod environment;
pub mod error;
pub mod farm;
pub mod kernels;
pub mod metrics;
pub mod network;
pub mod otio;
pub mod progress;
#[cfg(feature = "torch")]
pub mod render;
pub mod report;
pub mod schedule;
pub mod signal;
pub mod timeline;
#[cfg(feature = "torch")]
pub mod train;
pub mod unfinished;
pub mod weights;

pub use error::{Error, Result};
