//! Signals: heard, and made what values follow.

use super::super::document::{self, Spanned};
use super::super::signal::Signal;
use super::super::time::Time;
use super::{Check, Facts, Overrides};
use crate::audio::Follow;

impl Check<'_> {
    /// The signals that expressions know, in their order; one that is wrong is told of, and nothing.
    pub fn signals(&mut self, facts: &Facts, overrides: &Overrides) -> Vec<Signal> {
        let document = self.document;
        let written = document.written.signals.iter();
        written.map(|signal| self.signal(signal, facts, overrides).unwrap_or_default()).collect()
    }

    fn signal(
        &mut self,
        signal: &document::Signal,
        facts: &Facts,
        overrides: &Overrides,
    ) -> Option<Signal> {
        let at = match &signal.at {
            Some(at) => self.moment(at, "signal").map(|frame| self.clock.second(frame)),
            None => Some(0.0),
        };
        let mut seconds = |time: &Option<Spanned<Time>>| match time {
            Some(time) => self.length(time).map(|frames| self.clock.second(frames / self.stretch)),
            None => Some(0.0),
        };
        let [smooth, attack, release] =
            [&signal.smooth, &signal.attack, &signal.release].map(&mut seconds);
        let span = signal.from.as_ref().map_or(&signal.span, |from| &from.span).clone();
        let Some(path) = self.document.sound(signal, overrides) else {
            self.report
                .error(span, "there is no sound that this signal could be heard in")
                .help("add `from: \"song.wav\"`, or `output: (audio: \"song.wav\")`");
            return None;
        };
        let heard = match facts.sounds.get(&path) {
            Some(Ok(heard)) => heard,
            Some(Err(problem)) => {
                let diagnostic = self.report.error(span, &problem.message);
                diagnostic.help = problem.help.clone();
                return None;
            }
            None => {
                self.missing("sound", &path, span);
                return None;
            }
        };
        let follow =
            Follow { gain: signal.gain, smooth: smooth?, attack: attack?, release: release? };
        Some(Signal::new(heard.series(signal.hear?).followed(follow), at?))
    }
}
