//! When a clip is seen, and what of its source.

use super::super::document::{self, Spanned, Way};
use super::super::remap::Remap;
use super::super::time::Time;
use super::Check;
use super::keys::{MAX_FRAMES, SLACK, frames_text};
use super::remap::{Shown, steady};

/// When a clip is seen, in output frames of the film, and what of its source then.
pub(super) struct Extent {
    pub end: f64,
    pub time: Remap,
    /// How much of the source it reaches, output frames.
    pub reach: f64,
}

impl Check<'_> {
    /// How long a clip is, and the way to its source's time.
    pub fn timing(&mut self, clip: &document::Clip, start: f64, shown: &Shown) -> Option<Extent> {
        let duration = match &clip.duration {
            Some(duration) => Some(self.positive(duration)?),
            None => None,
        };
        let needed = |check: &mut Self, why: &str| {
            if duration.is_none() {
                let message = format!("this clip has no length: {why} needs a `duration`");
                check.report.error(clip.span.clone(), message);
            }
            duration
        };
        if let Some(freeze) = &clip.freeze {
            let from = self.moment_of(freeze, shown, "frozen moment");
            let length = needed(self, "`freeze`")?;
            let time = Remap::Steady { start, from: from?, speed: 0.0 };
            return Some(Extent { end: start + length, time, reach: from?.max(length) });
        }
        let remapping = clip.time.as_ref();
        let steady = remapping.map_or(Some(1.0), steady);
        if let Some(speed) = steady {
            return self.steady(clip, (start, duration), speed, shown);
        }
        let remapping = remapping?;
        let from = match &clip.from {
            Some(from) => self.moment_of(from, shown, "in point")?,
            None => 0.0,
        };
        let length = match &remapping.way {
            Way::Keys(track) if duration.is_none() => {
                let last = track.keys.last().and_then(|key| key.at.as_ref())?;
                let end = self.moment(last, "key")? * self.stretch;
                if end <= start {
                    let message = "the last key of `time` lies before the clip begins";
                    self.report
                        .error(last.span.clone(), message)
                        .help("its `at` is a time of the film");
                    return None;
                }
                end - start
            }
            Way::Keys(_) => duration?,
            Way::Expression(_) => needed(self, "an expression for `time`")?,
            Way::Speed(_) => {
                if let Some(to) = &clip.to {
                    let message = "`out` is given beside a speed that moves: expected `duration`";
                    self.report.error(to.span.clone(), message);
                    return None;
                }
                needed(self, "a speed that moves")?
            }
        };
        let end = start + length;
        let time = self.remap(remapping, (start, end), from, shown)?;
        let reach = match &time {
            Remap::Keyed(curve) => curve.keys.iter().map(|key| key.value).fold(1.0, f64::max),
            other => other.at(end).max(from).max(length),
        };
        Some(Extent { end, time, reach: reach.min(MAX_FRAMES) })
    }

    /// At one speed: of `in`, `out` and `duration` two say the third.
    fn steady(
        &mut self,
        clip: &document::Clip,
        (start, duration): (f64, Option<f64>),
        speed: f64,
        shown: &Shown,
    ) -> Option<Extent> {
        let span = clip.time.as_ref().map_or(clip.span.clone(), |time| time.span.clone());
        if speed == 0.0 {
            self.report
                .error(span, "a speed of 0 stands still")
                .help("write `freeze: \"2s\"` for a moment that stays");
            return None;
        }
        self.sensible(speed, span.clone())?;
        let mut place = |time: &Option<_>, what| match time {
            Some(time) => self.moment_of(time, shown, what).map(Some),
            None => Some(None),
        };
        let (from, to) = (place(&clip.from, "in point")?, place(&clip.to, "out point")?);
        let end = shown.end.map(|end| end * shown.stretch);
        let taken = duration.map(|duration| duration * speed.abs());
        let (from, to) = match (from, to, taken) {
            (Some(_), Some(_), Some(_)) => {
                let span = clip.duration.as_ref().map_or(span, |duration| duration.span.clone());
                let message = "`duration` is given beside `in` and `out`, of which it follows";
                self.report.error(span, message);
                return None;
            }
            (Some(from), None, Some(taken)) => (from, from + taken),
            (None, Some(to), Some(taken)) => (to - taken, to),
            (None, None, Some(taken)) if speed > 0.0 => (0.0, taken),
            (None, None, Some(taken)) => end.map_or((0.0, taken), |end| (end - taken, end)),
            (from, to, None) => {
                let Some(to) = to.or(end) else {
                    self.report
                        .error(
                            clip.span.clone(),
                            "this clip has no length: nothing says where it ends",
                        )
                        .help("add `duration` or `out`");
                    return None;
                };
                (from.unwrap_or(0.0), to)
            }
        };
        let length = duration.unwrap_or((to - from) / speed.abs());
        let wrong = if to <= from {
            Some("this clip shows nothing: its out point is not after its in point".to_owned())
        } else if from < -SLACK {
            Some(format!(
                "this clip would begin {} frames before its source does",
                frames_text(-from)
            ))
        } else if length > MAX_FRAMES || to > MAX_FRAMES {
            Some(format!("this clip is longer than {MAX_FRAMES} frames"))
        } else {
            None
        };
        if let Some(message) = wrong {
            self.report.error(clip.span.clone(), message);
            return None;
        }
        if let Some(end) = end.filter(|end| to > end + SLACK) {
            let message = format!(
                "this clip goes on for {} frames after the end of its source, whose keys and loops go on",
                frames_text((to - end) / speed.abs())
            );
            self.report.warning(clip.span.clone(), message);
        }
        let begin = if speed > 0.0 { from } else { to };
        let time = Remap::Steady { start, from: begin, speed };
        Some(Extent { end: start + length, time, reach: to })
    }

    /// A length above 0, in output frames.
    pub fn positive(&mut self, time: &Spanned<Time>) -> Option<f64> {
        let length = self.length(time)?;
        if length > 0.0 && length <= MAX_FRAMES {
            return Some(length);
        }
        let message = format!(
            "a length of {} frames is out of range: expected above 0, at most {MAX_FRAMES}",
            frames_text(length)
        );
        self.report.error(time.span.clone(), message);
        None
    }
}
