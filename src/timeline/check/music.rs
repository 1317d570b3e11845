//! Musical time and markers.

use super::super::document::{self, Spanned};
use super::super::resolved::Marker;
use super::super::tempo::{Clock, Place, Tempo};
use super::super::time::Time;
use super::Check;

/// The tempo that a bar's length is known by before any is sound.
const DEFAULT_BPM: f64 = 120.0;
const DEFAULT_BEATS: u32 = 4;
/// Seconds within which a tempo's place is sought, and how often that time is halved: until nothing is
/// left of it.
const LONGEST: f64 = 1e9;
const HALVINGS: u32 = 80;

impl Check<'_> {
    /// Sets the clock that all times are read by; the mistakes in it are told.
    pub fn music(&mut self) {
        let Some(music) = &self.document.written.music else { return };
        let start = music.start.as_ref().and_then(|start| self.fixed(start)).unwrap_or(0.0);
        let mut keys = music.tempo.iter().peekable();
        let first = keys.peek().map_or(DEFAULT_BPM, |key| key.bpm);
        let mut signatures = music.signatures.iter().peekable();
        let beats = signatures.next_if(|s| s.value.0 == 1).map_or(DEFAULT_BEATS, |s| s.value.1);
        let mut tempo = Tempo::new(start, first, beats);
        for signature in signatures {
            if !tempo.sign(signature.value.0 - 1, signature.value.1) {
                let message = "this bar comes before the one above it: signatures stand in the order of their bars";
                self.report.error(signature.span.clone(), message);
            }
        }
        // The ramp of a key leads from it to the next one.
        let mut ramp = false;
        for (i, key) in keys.enumerate() {
            let Some(at) = &key.at else { continue };
            self.clock.tempo = Some(tempo.clone());
            let Some(second) = self.fixed(at) else { continue };
            let place = self.change(&tempo, key, &at.value, ramp, second);
            // The first tempo holds before its own time, too.
            if !tempo.change(place, key.bpm, ramp) && i > 0 {
                let message = "this tempo comes before the one above it: they stand in the order of their times";
                self.report.error(at.span.clone(), message);
            }
            ramp = key.ramp;
        }
        self.clock.tempo = Some(tempo);
    }

    /// Where a tempo changes. Beats are counted through the change and what leads to it, both of which
    /// the clock does not know yet: a place is sought whose time, by the clock that changes there, is the
    /// place. (Where the tempo then moves on to a next one, that is not known: this one is taken to stay.)
    fn change(
        &self,
        tempo: &Tempo,
        key: &document::TempoKey,
        at: &Time,
        ramp: bool,
        second: f64,
    ) -> Place {
        if let Some(beat) = at.beat(&self.clock) {
            return Place::Beat(beat);
        }
        if !at.needs_tempo() {
            return Place::Second(second);
        }
        // By how much the time of a change at a moment is later than that moment.
        let later = |moment: f64| {
            let mut tempo = tempo.clone();
            if !tempo.change(Place::Second(moment), key.bpm, ramp) {
                return None;
            }
            let clock = Clock { tempo: Some(tempo), ..self.clock.clone() };
            Some(clock.second(at.frame(&clock, 0.0).ok()?) - moment)
        };
        let mut low = tempo.last_change();
        let mut step = 1e-6;
        // The moments at which it is late and early; without them the place is before the last change.
        let mut high = low + step;
        while later(high).is_some_and(|late| late > 0.0) && step < LONGEST {
            (low, step) = (high, 2.0 * step);
            high = low + step;
        }
        if low == tempo.last_change() {
            return Place::Second(second.min(low));
        }
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            match later(middle) {
                Some(late) if late > 0.0 => low = middle,
                _ => high = middle,
            }
        }
        Place::Second(high)
    }

    /// A time that counts from the start, in seconds.
    fn fixed(&mut self, time: &Spanned<Time>) -> Option<f64> {
        if time.value.counts_from_end() {
            let message = "music is placed from the start: the end depends upon it";
            self.report.error(time.span.clone(), message);
            return None;
        }
        match time.value.frame(&self.clock, 0.0) {
            Ok(frame) => Some(self.clock.second(frame)),
            Err(message) => {
                self.report.error(time.span.clone(), message);
                None
            }
        }
    }

    /// The markers in output frames, in the order of their times.
    pub fn markers(&mut self) -> Vec<Marker> {
        let document = self.document;
        let mut markers = Vec::new();
        for marker in &document.written.markers {
            if let Some(frame) = self.moment(&marker.at, "marker") {
                markers.push(Marker { name: marker.name.clone(), frame: frame * self.stretch });
            }
        }
        markers.sort_by(|a, b| a.frame.total_cmp(&b.frame));
        markers
    }
}
