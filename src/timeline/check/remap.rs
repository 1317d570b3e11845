//! Time remapping: what is shown when, and whether it ever goes back.

use std::sync::Arc;

use super::super::curve::Curve;
use super::super::document::{Remapping, Scalar, Spanned, Track, TrackKey, Way};
use super::super::number::Number;
use super::super::remap::{Ramp, Remap};
use super::super::tempo::Clock;
use super::super::time::Time;
use super::Check;
use crate::report::Span;

/// The highest speed, either way.
const MOST_SPEED: f64 = 1000.0;

/// Where the times of what is shown are counted.
#[derive(Clone)]
pub(super) struct Shown {
    pub clock: Clock,
    /// Output frames per frame of it.
    pub stretch: f64,
    /// Its end in its own frames; none where nothing says it.
    pub end: Option<f64>,
}

impl Check<'_> {
    /// What the timeline says about its own time.
    pub fn film_time(&mut self, frames: Option<u64>) -> Option<Remap> {
        let remapping = self.document.written.time.as_ref()?;
        let end = frames? as f64;
        if let Some(speed) = steady(remapping).filter(|speed| *speed == 0.0) {
            let message = format!("a speed of {speed} stands still for the whole film");
            self.report.error(remapping.span.clone(), message);
            return None;
        }
        let shown = self.own_time();
        self.remap(remapping, (0.0, end), 0.0, &shown)
    }

    /// How the document counts its own time.
    pub fn own_time(&self) -> Shown {
        Shown { clock: self.clock.clone(), stretch: self.stretch, end: self.end }
    }

    /// A moment of what is shown, in output frames.
    pub fn moment_of(&mut self, time: &Spanned<Time>, shown: &Shown, what: &str) -> Option<f64> {
        let own = Shown {
            clock: std::mem::replace(&mut self.clock, shown.clock.clone()),
            stretch: std::mem::replace(&mut self.stretch, shown.stretch),
            end: std::mem::replace(&mut self.end, shown.end),
        };
        let unknown = time.value.counts_from_end() && self.end.is_none();
        let moment = if unknown {
            let message = format!("this {what} counts from an end that nothing says");
            self.report
                .error(time.span.clone(), message)
                .help("give the source a `duration` of its own");
            None
        } else {
            self.moment(time, what).map(|frame| frame * shown.stretch)
        };
        (self.clock, self.stretch, self.end) = (own.clock, own.stretch, own.end);
        moment
    }

    /// The way from the film's time, between two frames of it, to that of what is shown, which is at
    /// `from` when it goes by speed.
    pub fn remap(
        &mut self,
        remapping: &Remapping,
        (start, end): (f64, f64),
        from: f64,
        shown: &Shown,
    ) -> Option<Remap> {
        let remap = match &remapping.way {
            Way::Keys(track) => Remap::Keyed(self.keyed_time(track, shown)?),
            Way::Expression(program) => {
                let scalar = Scalar::Expression(Arc::clone(program));
                let (number, _) = self.number(&scalar, &remapping.span);
                let Number::Expression(program, scene) = number else { return None };
                Remap::Expression(program, scene)
            }
            Way::Speed(track) => match steady(remapping) {
                Some(speed) => Remap::Steady { start, from, speed },
                None => {
                    let curve: Curve<Number> =
                        self.curve(Some(track), 1.0.into(), |check, speed, span| {
                            Some(check.number(speed, &span).0)
                        });
                    let (above, below) = self.scene.clock.rate;
                    let rate = f64::from(above) / f64::from(below);
                    Remap::Ramp(Ramp::new(curve, start, end, from, rate))
                }
            },
        };
        if let Some(span) = &remapping.monotone
            && let Some(frame) = remap.first_return(start, end)
        {
            let message = format!(
                "this time is said to be `monotone`, but goes back at {}",
                self.moment_text(frame)
            );
            self.report.error(span.clone(), message).help(
                "choose easings without overshoot and values that rise, or leave `monotone` out",
            );
        }
        Some(remap)
    }

    /// Whether a speed is none by mistake.
    pub fn sensible(&mut self, speed: f64, span: Span) -> Option<()> {
        if speed.abs() <= MOST_SPEED {
            return Some(());
        }
        let message = format!("a speed of {speed} is out of range: expected {MOST_SPEED} at most");
        self.report.error(span, message);
        None
    }

    /// Times of what is shown, at times of the film.
    fn keyed_time(&mut self, track: &Track<Time>, shown: &Shown) -> Option<Curve<f64>> {
        let value = |check: &mut Self, time: &Time, span| {
            check.moment_of(&Spanned { value: *time, span }, shown, "time of the source")
        };
        let curve = self.curve(Some(track), f64::NAN, value);
        curve.keys.iter().all(|key| key.value.is_finite()).then_some(curve)
    }
}

/// The speed of what has only one.
pub(super) fn steady(remapping: &Remapping) -> Option<f64> {
    let Way::Speed(track) = &remapping.way else { return None };
    match track.keys.as_slice() {
        [TrackKey { value: Some(Spanned { value: Scalar::Constant(speed), .. }), .. }] => {
            Some(*speed)
        }
        _ => None,
    }
}
