//! The timeline: what people write (RON), checked and resolved into what is rendered.

mod camera;
pub mod curve;
pub mod easing;
pub mod resolved;

pub use resolved::Resolved;
