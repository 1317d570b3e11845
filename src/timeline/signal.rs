//! What expressions follow in a sound.

use std::fmt;

use crate::audio::Series;
use crate::digest;

/// A signal over the time of the timeline. The default is silence.
#[derive(Clone, PartialEq, Default)]
pub struct Signal {
    series: Series,
    /// Seconds of the timeline at which the sound begins.
    start: f64,
    /// SHA-256 of the values.
    hash: String,
}

impl Signal {
    /// Of a sound that begins at so many seconds of the timeline.
    pub fn new(series: Series, start: f64) -> Self {
        let hash = digest::of_text(&format!("{:?}", series.values()));
        Self { series, start, hash }
    }

    /// The value at a time in seconds; 0 before and after the sound.
    pub fn at(&self, second: f64) -> f64 {
        self.series.at(second - self.start)
    }
}

/// Thousands of values, by their hash: a timeline's own hash is made of this.
impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signal({}, {:?})", self.hash, self.start)
    }
}
