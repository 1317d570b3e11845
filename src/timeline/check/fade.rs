//! How a clip comes in after the one before it.

use super::super::document;
use super::super::easing::Easing;
use super::super::resolved::{Clip, Fade, Medium};
use super::Check;
use super::keys::{SLACK, frames_text};
use crate::report::Span;

impl Check<'_> {
    /// How a clip comes in after those before it; none of all where it cannot.
    pub fn fade(
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
        let easing = asked.map_or(Easing::Linear, |fade| fade.easing);
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
                "the latents of two networks or canvases cannot be blended: these clips have different ones",
                "choose `by: pixels`",
            ),
            Some(last) if !alike(clip, last) => (
                "these clips have different keys or mattes, and there is nothing between those",
                "choose `by: pixels`",
            ),
            Some(_) => return Some(()),
        };
        self.report.error(span, message).help(help);
        None
    }
}

/// Whether there is something between the alpha of two clips.
fn alike(a: &Clip, b: &Clip) -> bool {
    match (&a.shot.alpha, &b.shot.alpha) {
        (None, None) => true,
        (Some(a), Some(b)) => a.is_like(b),
        _ => false,
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
