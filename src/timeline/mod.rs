//! The timeline: what people write (RON, or JSON), checked and resolved into what is rendered.
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
mod json;
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
pub use document::{Document, Model, Synthesis, is_json};
pub use resolved::Resolved;

use crate::report::Report;

/// A commented timeline to start from, about the built-in network `default`; passes the check.
pub const STARTER: &str = include_str!("starter.ron");

/// The JSON Schema (draft 2020-12) of timelines in JSON, as text. It is made of the declarations that
/// [`Document::parse`] reads by.
pub fn schema() -> String {
    document::schema().text()
}

/// The JSON form of a timeline in RON, as text; its includes and clips keep their files. Only syntax is
/// looked at.
///
/// # Errors
/// Where the text is not RON.
pub fn to_json(name: &str, text: &str) -> Result<String, Report> {
    match ron_tree::parse(text) {
        Ok(tree) => Ok(document::written(&tree).text()),
        Err(error) => {
            let mut report = Report::new(name, text);
            report.error(error.span, error.message);
            Err(report)
        }
    }
}
