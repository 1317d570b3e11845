//! What clips show: timelines of files, and those that stand in the clip.

use std::sync::Arc;

use super::super::document::{Document, Spanned};
use super::super::expression::Scene;
use super::super::resolved::Resolved;
use super::super::tempo::Clock;
use super::remap::Shown;
use super::{Check, DEFAULT_FPS, Facts, Head, Overrides};
use crate::report::Span;

/// A preset that is there, for checks that have none: the one that is not has been told.
const ANY_PRESET: &str = "h264";

/// Where a field is written.
fn place<T>(field: &Option<Spanned<T>>) -> Option<&Span> {
    field.as_ref().map(|field| &field.span)
}

impl Check<'_> {
    /// A timeline of a file, and how its own times are counted; its mistakes are told once.
    pub fn file(
        &mut self,
        number: usize,
        head: &Head,
        facts: &Facts,
    ) -> Option<(Arc<Resolved>, Shown)> {
        let source = self.document.written.sources.get(number)?;
        let document = source.document.as_ref()?;
        if !self.shown.contains_key(&number) {
            // Of the film alone are picture, rate and sound.
            let overrides = Overrides {
                size: head.canvas.size,
                fps: Some(head.fps),
                preset: Some(head.preset.clone().unwrap_or_else(|| ANY_PRESET.into())),
                audio: None,
            };
            let (resolved, report) =
                match document.checked(&facts.about(document), &overrides, false) {
                    Ok((resolved, warnings)) => (Some(Arc::new(resolved)), warnings),
                    Err(report) => (None, report),
                };
            self.report.adopt(report, source.base);
            self.shown.insert(number, resolved);
        }
        let resolved = self.shown.get(&number)?.clone()?;
        let rate = document.written.fps.unwrap_or(DEFAULT_FPS);
        let ((above, below), (over, under)) = (resolved.fps, rate);
        let stretch = f64::from(above) * f64::from(under) / (f64::from(below) * f64::from(over));
        let clock = Clock { rate, tempo: resolved.tempo.clone() };
        let end = Some(resolved.frames as f64 / stretch);
        Some((resolved, Shown { clock, stretch, end }))
    }

    /// How the times of what stands in a clip are counted: as the document's, from the start of what is
    /// shown.
    pub fn time_here(&mut self, document: &Document) -> Shown {
        let mut shown = Shown { end: None, ..self.own_time() };
        if let Some(duration) = &document.written.duration {
            match self.length(duration) {
                Some(length) if length > 0.0 => shown.end = Some(length / self.stretch),
                Some(_) => {
                    self.report.error(
                        duration.span.clone(),
                        "the duration is 0: expected at least one frame",
                    );
                }
                None => {}
            }
        }
        shown
    }

    /// What stands in a clip, of so many output frames.
    pub fn here(
        &mut self,
        document: &Document,
        length: f64,
        head: &Head,
        facts: &Facts,
    ) -> Option<Arc<Resolved>> {
        let facts = facts.about(document);
        let mut head = Head {
            frames: Some(length.ceil().max(1.0) as u64),
            audio: None,
            network: Some(facts.number(document).unwrap_or(0)),
            ..head.clone()
        };
        let mut check = Check {
            document,
            report: document.report.without_findings(),
            network: facts.network.as_ref().ok(),
            clock: self.clock.clone(),
            stretch: self.stretch,
            end: Some(length / self.stretch),
            scene: Arc::new(Scene { frames: length, ..(*self.scene).clone() }),
            arrays: std::mem::take(&mut self.arrays),
            shown: std::collections::HashMap::new(),
        };
        // Those of the document are looked at there.
        let (own, outer) = (&document.written, &self.document.written);
        if place(&own.model) != place(&outer.model) {
            check.model(&facts);
        }
        if place(&own.canvas) != place(&outer.canvas) {
            head.canvas.extent = check.extent();
        }
        let shot = check.shot(&head);
        self.arrays = check.arrays;
        self.report.diagnostics.extend(check.report.diagnostics);
        shot.map(Arc::new)
    }
}
