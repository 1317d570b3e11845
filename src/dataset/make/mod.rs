//! Footage to a set: pictures are read, cut into squares, judged, scaled, and written.
//!
//! One thread reads videos and hands on what is to be looked at, in batches of bounded size; the
//! others judge a batch at a time; what is kept is decided and written in the order of the sources.
//! So the set is the same whatever the number of threads.

mod crop;
mod judge;
mod likeness;
mod reader;
mod report;
mod sources;
mod stills;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rayon::prelude::*;

use super::picture::{self, Picture};
use super::write::Writer;
use crate::progress::{Progress, Status};
use crate::{Error, Result};
use crop::Rect;
use likeness::{Kept, Likeness};
use reader::{Batch, Read, Work};
use report::Spread;
use sources::Items;

pub use crop::Crop;
pub use report::{Bad, Concern, Dropped, Made, Reason, Sample, Summary};
pub use sources::Classes;
pub use stills::Pick;

/// Below this quality JPEG's blocks show.
const LOW_QUALITY: u32 = 75;
/// Standard deviation of brightness below which a picture is of one colour.
const FLAT: f64 = 3.0;
/// How many of those left out are shown, for each reason.
const SHOWN: usize = 6;

/// What to do with black bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letterbox {
    /// They are cut off.
    Remove,
    /// They stay.
    Keep,
    /// The picture is left out.
    Drop,
}

/// How a set is made.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Width and height of the images, pixels: a power of two.
    pub side: usize,
    /// Which squares are taken.
    pub crop: Crop,
    /// What to do with black bars.
    pub letterbox: Letterbox,
    /// Whether squares with fewer pixels are enlarged; otherwise they are left out.
    pub enlarge: bool,
    /// Which frames of videos are taken.
    pub pick: Pick,
    /// Bits in which the hashes of near duplicates differ at most; none to keep duplicates.
    pub duplicates: Option<u32>,
    /// Least variance of the Laplacian.
    pub sharpness: f64,
    /// Least and largest mean brightness, 0 to 255.
    pub exposure: (f64, f64),
    /// How pictures get their classes.
    pub classes: Classes,
    /// Whether a file that cannot be read ends the work.
    pub strict: bool,
}

/// Sources that were listed.
#[derive(Debug)]
pub struct Footage(Items);

impl Footage {
    /// Lists folders and zips of pictures, folders of videos, single pictures and videos.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Invalid`] for a source that cannot be read or is of no known kind;
    /// [`Error::Usage`] for pictures without a class where they need one.
    pub fn list(sources: &[PathBuf], classes: Classes) -> Result<Self> {
        sources::list(sources, classes).map(Self)
    }

    /// Pictures, and frames of those videos that tell how many.
    pub fn steps(&self) -> u64 {
        self.0.steps
    }

    /// Makes the set.
    ///
    /// # Errors
    /// [`Error::Invalid`] where nothing is left, or for the first file that cannot be read if that is
    /// not to be passed over; [`Error::Interrupted`]; those of [`Writer`].
    pub fn make(
        self,
        recipe: &Recipe,
        out: &Path,
        overwrite: bool,
        progress: &dyn Progress,
    ) -> Result<Summary> {
        if !recipe.side.is_power_of_two() {
            let side = recipe.side;
            return Err(Error::Usage(format!("the size {side} is not a power of two")));
        }
        let mut maker = Maker::new(recipe, Writer::create(out, overwrite)?);
        let Items { items, classes, steps, passed_over } = self.0;
        maker.summary.classes = classes;
        maker.summary.passed_over = passed_over;
        let (send, batches) = crossbeam_channel::bounded(1);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| reader::read(&items, recipe, &stop, &send_all(send)));
            let taken = take_all(&batches, &mut maker, steps, progress);
            stop.store(true, Ordering::Relaxed);
            drop(batches);
            taken
        })?;
        maker.finish()
    }
}

fn send_all(send: crossbeam_channel::Sender<Batch>) -> impl Fn(Batch) -> bool {
    move |batch| send.send(batch).is_ok()
}

fn take_all(
    batches: &crossbeam_channel::Receiver<Batch>,
    maker: &mut Maker<'_>,
    steps: u64,
    progress: &dyn Progress,
) -> Result<()> {
    let mut done = 0;
    loop {
        let status = Status { done, total: steps.max(done), bottleneck: None };
        if !progress.update(&status) {
            return Err(Error::Interrupted);
        }
        let Ok(batch) = batches.recv() else { return Ok(()) };
        done += batch.steps;
        maker.summary.seen += batch.steps;
        maker.summary.scenes += batch.scenes;
        let recipe = maker.recipe;
        let looked: Vec<Looked> =
            batch.work.into_par_iter().map(|work| look(work, recipe)).collect();
        for looked in looked {
            maker.take(looked)?;
        }
    }
}

/// A file or still that was looked at.
struct Looked {
    name: String,
    class: Option<u32>,
    is_still: bool,
    squares: Result<Vec<Square>, String>,
    letterboxed: bool,
    low_quality: bool,
    pixel_graphics: bool,
}

/// A square of it, scaled.
struct Square {
    name: String,
    pixels: Vec<u8>,
    /// Why not to keep it.
    against: Option<(Reason, String)>,
    likeness: Option<Likeness>,
}

fn look(work: Work, recipe: &Recipe) -> Looked {
    let mut looked = Looked {
        is_still: matches!(work.read, Read::Still(_)),
        name: work.name,
        class: work.class,
        squares: Ok(Vec::new()),
        letterboxed: false,
        low_quality: false,
        pixel_graphics: false,
    };
    looked.squares = match work.read {
        Read::Bad(error) => Err(error),
        Read::Still(picture) => cut(&picture, recipe, &mut looked),
        Read::File(files, i) => files.read(i).map_err(|e| e.to_string()).and_then(|bytes| {
            looked.low_quality = judge::jpeg_quality(&bytes).is_some_and(|q| q < LOW_QUALITY);
            let picture = picture::seen(&bytes)?;
            looked.pixel_graphics = judge::is_pixel_graphics(&picture);
            cut(&picture, recipe, &mut looked)
        }),
    };
    looked
}

fn cut(picture: &Picture, recipe: &Recipe, looked: &mut Looked) -> Result<Vec<Square>, String> {
    let bars = crop::without_bars(picture);
    looked.letterboxed = bars.is_some();
    let whole = Rect::of(picture);
    let part = match (bars, recipe.letterbox) {
        (Some(inner), Letterbox::Remove) => inner,
        _ => whole,
    };
    // By its name, a picture is cut alike wherever it stands among the others.
    let seed = crc32fast::hash(looked.name.as_bytes());
    let squares = crop::squares(recipe.crop, part, seed);
    let several = squares.len() > 1;
    let one = |rect: Rect| -> Result<Square, String> {
        let Rect { x, y, width: side, .. } = rect;
        let place = if several { format!(" at {x},{y} of {side}") } else { String::new() };
        let pixels = crop::scaled(picture, rect, recipe.side).map_err(|e| e.to_string())?;
        let measures = judge::measure(&pixels, recipe.side);
        let (least, most) = recipe.exposure;
        let against = if bars.is_some() && recipe.letterbox == Letterbox::Drop {
            Some((Reason::Letterbox, String::new()))
        } else if side < recipe.side && !recipe.enlarge {
            Some((Reason::TooSmall, format!("{side} pixels")))
        } else if measures.mean < least {
            Some((Reason::Dark, format!("brightness {:.1}", measures.mean)))
        } else if measures.mean > most {
            Some((Reason::Bright, format!("brightness {:.1}", measures.mean)))
        } else if measures.deviation < FLAT && recipe.sharpness > 0.0 {
            Some((Reason::Flat, format!("deviation {:.1}", measures.deviation)))
        } else if measures.sharpness < recipe.sharpness {
            Some((Reason::Blurred, format!("sharpness {:.1}", measures.sharpness)))
        } else {
            None
        };
        let likeness = (against.is_none() && recipe.duplicates.is_some())
            .then(|| Likeness::of(&pixels, recipe.side));
        Ok(Square { name: format!("{}{place}", looked.name), pixels, against, likeness })
    };
    squares.into_iter().map(one).collect()
}

/// Decides and writes, one picture after another.
struct Maker<'a> {
    recipe: &'a Recipe,
    writer: Writer,
    kept: Kept,
    spread: Spread,
    summary: Summary,
}

impl<'a> Maker<'a> {
    fn new(recipe: &'a Recipe, writer: Writer) -> Self {
        Self {
            recipe,
            writer,
            kept: Kept::new(recipe.duplicates.unwrap_or(0).min(63)),
            spread: Spread::default(),
            summary: Summary { side: recipe.side, ..Summary::default() },
        }
    }

    fn take(&mut self, looked: Looked) -> Result<()> {
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

    fn finish(self) -> Result<Summary> {
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
