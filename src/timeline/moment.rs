//! A moment of a shot in the film that shows it.

/// Where a shot is looked at. The two differ where its time is remapped: keys, `t`, `frame` and
/// `progress` go by the shot's own time, beats and what is heard by the film's, whose sound plays on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Time of the shot in frames.
    pub shot: f64,
    /// Time in frames of the film that has the music.
    pub film: f64,
}

impl From<f64> for Moment {
    fn from(frame: f64) -> Self {
        Self { shot: frame, film: frame }
    }
}
