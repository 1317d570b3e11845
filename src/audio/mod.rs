//! What there is to hear in a piece of music: loudness, onsets, bands, pitch classes and beats, each a
//! signal over time that values of a timeline can follow. The same samples give the same numbers on
//! every run.

mod beats;
mod chroma;
mod follow;
mod hearing;
mod listen;
mod spectrum;
mod stored;
#[cfg(test)]
mod tests;

pub use beats::{Beats, beats};
pub use chroma::PITCHES;
pub use follow::{Follow, Series};
pub use hearing::{Analyser, Feature, Hearing};
pub use listen::listen;
pub use spectrum::{BANDS, NAMED, band_edges};

/// Samples a second of what is analysed, one channel.
pub const RATE: u32 = 44_100;
/// Samples between two values of a feature: 86 values a second.
pub const HOP: usize = 512;
