//! Footage to a set: pictures are read, cut into squares, judged, scaled, and written.
//!
//! One thread reads videos and hands on what is to be looked at, in batches of bounded size; the
//! others judge a batch at a time; what is kept is decided and written in the order of the sources.
//! So the set is the same whatever the number of threads.

mod crop;
mod judge;
mod likeness;
mod maker;
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
use likeness::Likeness;
use maker::{Looked, Maker, Square};
use reader::{Batch, Read, Work};
use sources::Items;

pub use crop::Crop;
pub use report::{Bad, Concern, Dropped, Made, Reason, Sample, Summary};
pub use sources::Classes;
pub use stills::Pick;

/// Below this quality JPEG's blocks show.
const LOW_QUALITY: u32 = 75;
/// Standard deviation of brightness below which a picture is of one colour.
const FLAT: f64 = 3.0;

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
