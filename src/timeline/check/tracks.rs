//! Tracks: where their clips lie, and how one becomes the next.

use super::super::document::{self, Document, Shown as Source, Way};
use super::super::remap::Remap;
use super::super::resolved::{Clip, Fade, Medium, Track};
use super::keys::{MAX_FRAMES, SLACK, frames_text};
use super::remap::{Shown, steady};
use super::{Check, Facts, Head, NetworkFacts};
use crate::report::Span;

/// When a clip is seen, in output frames of the film, and what of its source then.
struct Extent {
    end: f64,
    time: Remap,
    /// How much of the source it reaches, output frames.
    reach: f64,
}

impl Document {
    /// What a timeline without a network of its own goes by: the first that its clips have.
    pub(super) fn first_of_tracks<'f>(&self, facts: &'f Facts) -> Option<&'f NetworkFacts> {
        let first = facts.networks.first().filter(|_| !self.written.tracks.is_empty())?;
        first.1.as_ref().ok()
    }
}

impl Check<'_> {
    /// The tracks, lowest first.
    pub fn tracks(&mut self, head: &Head, facts: &Facts) -> Vec<Track> {
        let document = self.document;
        let mut tracks = Vec::new();
        for (i, written) in document.written.tracks.iter().enumerate() {
            let mut clips: Vec<Clip> = Vec::new();
            for (j, clip) in written.clips.iter().enumerate() {
                let name = format!("clip {}", j + 1);
                if let Some(clip) = self.clip(clip, name, &clips, head, facts) {
                    clips.push(clip);
                }
            }
            let name = written.name.as_ref().map(|name| name.value.clone());
            tracks.push(Track {
                name: name.unwrap_or_else(|| format!("track {}", i + 1)),
                clips,
                opacity: self.amount(written.opacity.as_ref()),
            });
        }
        tracks
    }

    fn clip(
        &mut self,
        clip: &document::Clip,
        name: String,
        before: &[Clip],
        head: &Head,
        facts: &Facts,
    ) -> Option<Clip> {
        let source = clip.source.as_ref();
        let (file, shown) = match source {
            Some(Source::File(number)) => {
                let found = self.file(*number, head, facts);
                found.map_or((None, None), |(shot, shown)| (Some(shot), Some(shown)))
            }
            Some(Source::Here(document)) => (None, Some(self.time_here(document))),
            None => (None, None),
        };
        let start = self.start(clip, before);
        let extent = match (start, &shown) {
            (Some(start), Some(shown)) => self.extent(clip, start, shown),
            _ => None,
        };
        // What stands in it has its own mistakes, which are told whatever its place.
        let length = match (&shown, &extent) {
            (Some(Shown { end: Some(end), stretch, .. }), _) => end * stretch,
            (_, Some(extent)) => extent.reach,
            _ => self.end.unwrap_or(1.0) * self.stretch,
        };
        let shot = match source {
            Some(Source::Here(document)) => self.here(document, length, head, facts),
            _ => file,
        };
        let (start, extent, shot) = (start?, extent?, shot?);
        if shot.grid.is_some() || shot.canvas.extent.is_some() {
            let message =
                "a clip's source has no `grid` and no `canvas`: these are of a whole film";
            self.report.error(clip.span.clone(), message);
            return None;
        }
        self.within_film(clip, start, extent.end)?;
        let path = match source {
            Some(Source::File(number)) => {
                self.document.written.sources.get(*number).map(|source| source.path.clone())
            }
            _ => None,
        };
        let stem = path.as_ref().and_then(|path| path.file_stem());
        let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
        let name = clip.name.as_ref().map(|name| name.value.clone()).or(stem).unwrap_or(name);
        let Extent { end, time, .. } = extent;
        let made = Clip { name, file: path, shot, start, end, time, fade: None };
        let fade = self.fade(clip, &made, before)?;
        Some(Clip { fade, ..made })
    }

    /// Where it begins: after the one before, of which a fade covers the end.
    fn start(&mut self, clip: &document::Clip, before: &[Clip]) -> Option<f64> {
        if let Some(at) = &clip.at {
            return self.moment(at, "clip").map(|frame| frame * self.stretch);
        }
        let Some(last) = before.last() else { return Some(0.0) };
        let fade = clip.fade.as_ref().and_then(|fade| fade.duration.as_ref());
        let covered = match fade {
            Some(duration) => self.length(duration)?,
            None => 0.0,
        };
        let start = last.end - covered;
        if start <= last.start {
            let span = fade.map_or_else(|| clip.span.clone(), |fade| fade.span.clone());
            let message = format!(
                "this fade of {} frames is longer than the clip before it",
                frames_text(covered)
            );
            self.report.error(span, message);
            return None;
        }
        Some(start)
    }

    fn extent(&mut self, clip: &document::Clip, start: f64, shown: &Shown) -> Option<Extent> {
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
    fn positive(&mut self, time: &document::Spanned<super::super::time::Time>) -> Option<f64> {
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

    fn within_film(&mut self, clip: &document::Clip, start: f64, end: f64) -> Option<()> {
        let Some(film) = self.end.map(|end| end * self.stretch) else { return Some(()) };
        let span = clip.at.as_ref().map_or(clip.span.clone(), |at| at.span.clone());
        if start >= film - SLACK {
            // A place that was written beyond the end has been told of.
            if clip.at.is_none() || start <= film + SLACK {
                let message = format!(
                    "this clip begins at frame {}, and the film ends at frame {}: it is never seen",
                    frames_text(start / self.stretch),
                    frames_text(film / self.stretch)
                );
                self.report.error(span, message).help("make `duration` longer");
            }
            return None;
        }
        if end > film + SLACK {
            let message = format!(
                "the last {} frames of this clip lie beyond the end of the film",
                frames_text((end - film) / self.stretch)
            );
            self.report.warning(span, message);
        }
        Some(())
    }

    /// How a clip comes in after those before it; none of all where it cannot.
    fn fade(
        &mut self,
        written: &document::Clip,
        clip: &Clip,
        before: &[Clip],
    ) -> Option<Option<Fade>> {
        let span = written.at.as_ref().map_or(written.span.clone(), |at| at.span.clone());
        let last = before.last();
        if let Some(message) = misplaced(clip, before) {
            self.report.error(span, message).help("clips that lie over others have a track above");
            return None;
        }
        let overlap = last.map_or(0.0, |last| last.end - clip.start);
        let asked = written.fade.as_ref();
        let duration = match asked.and_then(|fade| fade.duration.as_ref()) {
            Some(duration) => Some((self.positive(duration)?, duration.span.clone())),
            None => None,
        };
        let by = asked.and_then(|fade| fade.by.as_ref());
        let medium = by.map_or(Medium::Pixels, |by| by.value);
        let fade_span = asked.map_or(span.clone(), |fade| fade.span.clone());
        let frames = if overlap > SLACK {
            if let Some((asked, place)) = &duration
                && (asked - overlap).abs() > SLACK
            {
                let message = format!(
                    "this fade takes {} frames, but the clips overlap by {}",
                    frames_text(*asked),
                    frames_text(overlap)
                );
                self.report
                    .error(place.clone(), message)
                    .help("leave out its `duration`, or the clip's `at`");
                return None;
            }
            overlap
        } else {
            let Some((frames, place)) = duration else {
                return self.no_fade(asked.map(|fade| fade.span.clone()));
            };
            if last.is_some_and(|last| clip.start < last.end + SLACK) {
                self.report
                    .error(place, "there is nothing to fade from: this clip begins where the one before it ends")
                    .help("leave out its `at`, so that they overlap");
                return None;
            }
            frames
        };
        if frames > clip.end - clip.start + SLACK {
            let message =
                format!("this fade of {} frames is longer than the clip", frames_text(frames));
            self.report.error(fade_span, message);
            return None;
        }
        if medium == Medium::Latent {
            self.one_network(
                clip,
                last.filter(|_| overlap > SLACK),
                by.map_or(fade_span, |by| by.span.clone()),
            )?;
        }
        let easing = asked.map_or(super::super::easing::Easing::Linear, |fade| fade.easing);
        Some(Some(Fade { frames, easing, by: medium }))
    }

    /// A cut, which is no fade that was asked for.
    fn no_fade(&mut self, asked: Option<Span>) -> Option<Option<Fade>> {
        let Some(span) = asked else { return Some(None) };
        self.report
            .error(span, "this fade has no length: the clip before it does not overlap with it")
            .help("add a `duration`");
        None
    }

    /// Whether the latents of two clips can be blended.
    fn one_network(&mut self, clip: &Clip, last: Option<&Clip>, span: Span) -> Option<()> {
        let (message, help) = match last {
            None => (
                "there is no clip before this one that its latents could be blended with",
                "`by: pixels` fades from what lies below",
            ),
            Some(last) if !clip.shot.tracks.is_empty() || !last.shot.tracks.is_empty() => (
                "latents are those of one picture, and a clip with tracks of its own has several",
                "choose `by: pixels`",
            ),
            Some(last) if clip.shot.network != last.shot.network => (
                "the latents of two networks cannot be blended: these clips have different ones",
                "choose `by: pixels`",
            ),
            Some(_) => return Some(()),
        };
        self.report.error(span, message).help(help);
        None
    }
}

/// Why a clip cannot lie where it does, after those before it.
fn misplaced(clip: &Clip, before: &[Clip]) -> Option<String> {
    let last = before.last()?;
    if clip.start <= last.start {
        return Some(
            "this clip does not begin after the one above it: clips stand in the order of their times"
                .into(),
        );
    }
    if clip.end <= last.end - SLACK {
        return Some("this clip ends before the one above it does".into());
    }
    let third = before.iter().rev().nth(1).is_some_and(|third| third.end > clip.start + SLACK);
    third.then(|| "three clips of this track are seen at once here: expected two at most".into())
}
