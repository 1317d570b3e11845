//! Keyed values over time.

use super::easing::Easing;

/// One key of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Key<V> {
    /// Time in frames from the start of the timeline (frame i is shown at time i); may be fractional.
    pub at: f64,
    /// The value at that time.
    pub value: V,
    /// The way to the next key.
    pub easing: Easing,
}

/// Keys in strictly increasing time, at least one. Before the first key its value holds, after the
/// last one the last value.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve<V>(pub Vec<Key<V>>);
