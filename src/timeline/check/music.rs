//! Musical time and markers.

use super::super::document::Spanned;
use super::super::resolved::Marker;
use super::super::tempo::{Place, Tempo};
use super::super::time::Time;
use super::Check;

/// The tempo that a bar's length is known by before any is sound.
const DEFAULT_BPM: f64 = 120.0;
const DEFAULT_BEATS: u32 = 4;

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
            // Places in beats lie after the ramp, whose length the clock does not know yet.
            let beat = at.value.beat(&self.clock);
            let place = beat.map_or(Place::Second(second), Place::Beat);
            // The first tempo holds before its own time, too.
            if !tempo.change(place, key.bpm, ramp) && i > 0 {
                let message = "this tempo comes before the one above it: they stand in the order of their times";
                self.report.error(at.span.clone(), message);
            }
            ramp = key.ramp;
        }
        self.clock.tempo = Some(tempo);
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
