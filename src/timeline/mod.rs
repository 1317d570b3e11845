//! The timeline: what people write (RON), checked and resolved into what is rendered.
//!
//! [`Document::parse`] reads the text, [`Document::model`] says which network it is about, and
//! [`Document::check`] holds it against that network and the files it names. The answer is
//! [`Resolved`], or a report of all mistakes at once.

pub mod alpha;
mod arrays;
mod camera;
mod check;
pub mod curve;
mod document;
pub mod easing;
pub mod expression;
pub mod key_moments;
pub mod moment;
pub mod number;
pub mod remap;
pub mod resolved;
mod ron_tree;
pub mod signal;
pub mod substituted;
pub mod tempo;
pub mod time;

pub use check::{Facts, NetworkFacts, Overrides, PresetFacts, Problem};
pub use document::{Document, Model};
pub use resolved::Resolved;

/// A commented timeline to start from, about the built-in network `default`; passes the check.
pub const STARTER: &str = include_str!("starter.ron");
