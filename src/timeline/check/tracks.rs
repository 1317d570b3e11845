//! Tracks: where their clips lie.

use super::super::document::{self, Document, Shown as Source};
use super::super::resolved::{Clip, Track};
use super::extent::Extent;
use super::keys::{SLACK, frames_text};
use super::remap::Shown;
use super::{Check, Facts, Head, NetworkFacts};

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
            (Some(start), Some(shown)) => self.timing(clip, start, shown),
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
        if shot.grid.is_some() {
            let message = "a clip's source has no `grid`: that is of a whole film";
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
}
