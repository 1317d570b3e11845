//! Times of keys: into output frames, in order and within the timeline.

use super::super::curve::{Curve, Key};
use super::super::document::{Spanned, Track, TrackKey};
use super::super::time::Time;
use super::Check;
use crate::report::Span;

/// The longest timeline, frames.
pub(super) const MAX_FRAMES: f64 = 1e7;
/// What rounding may add to an exact time, frames.
pub(super) const SLACK: f64 = 1e-6;

/// A number of frames, to a thousandth.
pub(super) fn frames_text(frames: f64) -> impl std::fmt::Display {
    (frames * 1000.0).round() / 1000.0
}

impl Check<'_> {
    /// The timeline's length in output frames. Sets the end that other times are held against.
    pub fn duration(&mut self) -> Option<u64> {
        let duration = self.document.written.duration.as_ref()?;
        let span = || duration.span.clone();
        // The end of a part in beats is a place: music need not begin with the film.
        let end =
            duration.value.counts_from_end().then(|| Err("a duration cannot be negative".into()));
        let length = match end.unwrap_or_else(|| duration.value.frame(&self.clock, 0.0)) {
            Ok(length) => length,
            Err(message) => {
                self.report.error(span(), message);
                return None;
            }
        };
        let frames = (length * self.stretch).round();
        let wrong = if length <= 0.0 {
            "the duration is 0: expected at least one frame".into()
        } else if frames > MAX_FRAMES {
            format!(
                "a duration of {frames} frames is out of range: at most {MAX_FRAMES} are rendered"
            )
        } else {
            self.end = Some(length);
            return Some((frames as u64).max(1));
        };
        self.report.error(span(), wrong);
        None
    }

    /// A length of time in output frames.
    pub fn length(&mut self, time: &Spanned<Time>) -> Option<f64> {
        if time.value.counts_from_end() {
            self.report.error(time.span.clone(), "a length of time cannot be negative");
            return None;
        }
        match time.value.length(&self.clock) {
            Ok(length) => Some(length * self.stretch),
            Err(message) => {
                self.report.error(time.span.clone(), message);
                None
            }
        }
    }

    /// A moment of the timeline, that of a key or of something else, in frames of the document.
    pub fn moment(&mut self, time: &Spanned<Time>, what: &str) -> Option<f64> {
        // Without a sound duration a time from the start can still be put in order.
        let end = match self.end {
            None if time.value.counts_from_end() => return None,
            end => end.unwrap_or(f64::INFINITY),
        };
        let frame = match time.value.frame(&self.clock, end) {
            Ok(frame) => frame,
            Err(message) => {
                self.report.error(time.span.clone(), message);
                return None;
            }
        };
        if frame < -SLACK {
            let message = format!(
                "this {what} lies before the start: at frame {}, counted from the end at frame {}",
                frames_text(frame),
                frames_text(end)
            );
            self.report.error(time.span.clone(), message);
            return None;
        }
        if frame > end + SLACK {
            let message = format!(
                "this {what} lies at frame {}, beyond the end at frame {}",
                frames_text(frame),
                frames_text(end)
            );
            self.report
                .error(time.span.clone(), message)
                .help(format!("move the {what}, or make `duration` longer"));
        }
        Some(frame.max(0.0))
    }

    /// The keys with their times in output frames, strictly increasing; what is not is told of and
    /// left out.
    pub fn keys<V, R>(
        &mut self,
        track: &[TrackKey<V>],
        mut value: impl FnMut(&mut Self, &V, Span) -> Option<R>,
    ) -> Vec<Key<R>> {
        let mut last: Option<f64> = None;
        let mut keys = Vec::new();
        for key in track {
            let read = key.value.as_ref().and_then(|v| value(self, &v.value, v.span.clone()));
            let Some(time) = &key.at else { continue };
            let Some(at) = self.moment(time, "key") else {
                continue;
            };
            if let Some(before) = last.filter(|before| at <= *before) {
                let message = if at == before {
                    "two keys at the same time: each key needs a time of its own"
                } else {
                    "this key comes before the one above it: keys stand in the order of their times"
                };
                self.report.error(time.span.clone(), message);
                continue;
            }
            last = Some(at);
            if let Some(value) = read {
                keys.push(Key { at: at * self.stretch, value, easing: key.easing });
            }
        }
        keys
    }

    /// The curve of a track; the default where nothing (sound) is written.
    pub fn curve<V, R>(
        &mut self,
        track: Option<&Track<V>>,
        default: R,
        value: impl FnMut(&mut Self, &V, Span) -> Option<R>,
    ) -> Curve<R> {
        let keys = track.map(|track| self.keys(&track.keys, value)).unwrap_or_default();
        let cycle = track.and_then(|track| track.cycle.as_ref());
        if let Some(span) = cycle.filter(|_| keys.len() < 2).map(|cycle| cycle.span.clone()) {
            self.report.error(span, "a loop of keys needs two of them at least");
        }
        match keys.len() {
            0 => Curve::constant(default),
            1 => Curve::of(keys),
            _ => Curve { keys, cycle: cycle.map(|cycle| cycle.value) },
        }
    }
}
