//! What is kept: decided and written in the order of the sources.

use super::super::picture;
use super::super::write::Writer;
use super::Recipe;
use super::likeness::{Kept, Likeness};
use super::report::{Bad, Dropped, Made, Reason, Sample, Spread, Summary};
use crate::{Error, Result};

/// How many of those left out are shown, for each reason.
const SHOWN: usize = 6;

/// A file or still that was looked at.
pub(super) struct Looked {
    pub name: String,
    pub class: Option<u32>,
    pub is_still: bool,
    pub squares: Result<Vec<Square>, String>,
    pub letterboxed: bool,
    pub low_quality: bool,
    pub pixel_graphics: bool,
}

/// A square of it, scaled.
pub(super) struct Square {
    pub name: String,
    pub pixels: Vec<u8>,
    /// Why not to keep it.
    pub against: Option<(Reason, String)>,
    pub likeness: Option<Likeness>,
}

/// Decides and writes, one picture after another.
pub(super) struct Maker<'a> {
    pub recipe: &'a Recipe,
    pub summary: Summary,
    writer: Writer,
    kept: Kept,
    spread: Spread,
}

impl<'a> Maker<'a> {
    pub fn new(recipe: &'a Recipe, writer: Writer) -> Self {
        Self {
            recipe,
            summary: Summary { side: recipe.side, ..Summary::default() },
            writer,
            kept: Kept::new(recipe.duplicates.unwrap_or(0).min(63)),
            spread: Spread::default(),
        }
    }

    pub fn take(&mut self, looked: Looked) -> Result<()> {
        let summary = &mut self.summary;
        summary.stills += u64::from(looked.is_still);
        let concerns = [
            (looked.letterboxed, &mut summary.letterboxed),
            (looked.low_quality, &mut summary.low_quality_jpeg),
            (looked.pixel_graphics, &mut summary.pixel_graphics),
        ];
        for (_, concern) in concerns.into_iter().filter(|(found, _)| *found) {
            concern.add(&looked.name);
        }
        let squares = match looked.squares {
            Ok(squares) => squares,
            Err(error) if self.recipe.strict => {
                return Err(Error::Invalid(format!(
                    "`{}` cannot be used: {error}; without `--strict` it is skipped",
                    looked.name
                )));
            }
            Err(error) => {
                summary.bad.push(Bad { name: looked.name, error });
                return Ok(());
            }
        };
        squares.into_iter().try_for_each(|square| self.decide(square, looked.class))
    }

    fn decide(&mut self, mut square: Square, class: Option<u32>) -> Result<()> {
        let near = square.likeness.take().and_then(|likeness| self.kept.keep(likeness));
        let summary = &mut self.summary;
        let like = |i: usize| (Reason::Duplicate, format!("like {}", summary.images[i].from));
        if let Some((reason, detail)) = square.against.or_else(|| near.map(like)) {
            *summary.dropped_counts.entry(reason).or_default() += 1;
            let samples = summary.dropped_samples.entry(reason).or_default();
            if samples.len() < SHOWN {
                samples.push(Sample { name: square.name.clone(), pixels: square.pixels });
            }
            summary.dropped.push(Dropped { name: square.name, reason, detail });
            return Ok(());
        }
        let image =
            self.writer.add(&picture::encode(self.recipe.side, 3, &square.pixels)?, class)?;
        let from = square.name;
        self.spread.add(|| Sample { name: from.clone(), pixels: square.pixels });
        if let Some(class) = class {
            *summary.class_counts.entry(class).or_default() += 1;
        }
        summary.images.push(Made { image, from, class });
        Ok(())
    }

    pub fn finish(self) -> Result<Summary> {
        let mut summary = self.summary;
        if summary.images.is_empty() {
            let counts = summary.dropped_counts.iter().map(|(r, n)| format!("{n} {}", r.text()));
            let bad = summary.bad.first().map(|bad| {
                format!("{} cannot be read, `{}` first: {}", summary.bad.len(), bad.name, bad.error)
            });
            let why: Vec<String> = counts.chain(bad).collect();
            let why = if why.is_empty() { "there are none".into() } else { why.join(", ") };
            return Err(Error::Invalid(format!("no picture is left for the set: {why}")));
        }
        self.writer.finish()?;
        summary.kept_samples = self.spread.kept;
        Ok(summary)
    }
}
