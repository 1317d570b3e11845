//! The reading thread: items to batches of work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::Picture;
use super::super::files::Files;
use super::Recipe;
use super::sources::{Item, Kind};
use super::stills::{Step, Stills};
use crate::Result;

/// Bounds of a batch: pieces of work, bytes of pictures in it, and frames that were read for it.
const MOST_WORK: usize = 64;
const MOST_BYTES: usize = 96 << 20;
const MOST_STEPS: u64 = 256;

/// Something to look at.
pub(super) struct Work {
    pub name: String,
    pub class: Option<u32>,
    pub read: Read,
}

pub(super) enum Read {
    /// A file, which is read where it is looked at.
    File(Arc<Files>, usize),
    Still(Picture),
    /// What is wrong with a video.
    Bad(String),
}

/// Work in the order of the sources.
#[derive(Default)]
pub(super) struct Batch {
    pub work: Vec<Work>,
    /// Pictures and frames that were passed.
    pub steps: u64,
    /// Scenes that ended.
    pub scenes: u64,
    bytes: usize,
}

/// Hands on everything, until `send` takes no more or `stop` is set.
pub(super) fn read(
    items: &[Item],
    recipe: &Recipe,
    stop: &AtomicBool,
    send: &dyn Fn(Batch) -> bool,
) {
    // What a picture of a file takes while it is looked at is not known before: as much as the set's.
    let each = 6 * recipe.side * recipe.side;
    let mut reader = Reader { batch: Batch::default(), each, stop, send };
    for item in items {
        let goes_on = match &item.kind {
            Kind::Picture(files, i) => {
                reader.batch.steps += 1;
                reader.push(item, item.name.clone(), Read::File(files.clone(), *i))
            }
            Kind::Video(path) => match Stills::open(path, recipe.pick) {
                Ok(mut stills) => match reader.video(item, &mut stills) {
                    Ok(goes_on) => goes_on,
                    Err(error) => {
                        let at = format!("{error} (after frame {})", stills.frames);
                        reader.push(item, item.name.clone(), Read::Bad(at))
                    }
                },
                Err(error) => reader.push(item, item.name.clone(), Read::Bad(error.to_string())),
            },
        };
        if !goes_on {
            return;
        }
    }
    reader.flush();
}

struct Reader<'a> {
    batch: Batch,
    each: usize,
    stop: &'a AtomicBool,
    send: &'a dyn Fn(Batch) -> bool,
}

impl Reader<'_> {
    /// False where nobody listens any more.
    fn video(&mut self, item: &Item, stills: &mut Stills) -> Result<bool> {
        loop {
            let (frames, scenes) = (stills.frames, stills.scenes);
            let step = stills.step()?;
            self.batch.steps += stills.frames - frames;
            self.batch.scenes += stills.scenes - scenes;
            let goes_on = match step {
                Step::End => return Ok(true),
                Step::Passed if self.batch.steps < MOST_STEPS => true,
                Step::Passed => self.flush(),
                Step::Still(still) => {
                    let seconds = stills.seconds(still.frame);
                    let name = format!("{} {seconds:.3} s", item.name);
                    self.push(item, name, Read::Still(still.picture))
                }
            };
            if !goes_on || self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
        }
    }

    fn push(&mut self, item: &Item, name: String, read: Read) -> bool {
        self.batch.bytes += self.each;
        if let Read::Still(picture) = &read {
            self.batch.bytes += picture.pixels.len();
        }
        self.batch.work.push(Work { name, class: item.class, read });
        let full = self.batch.work.len() >= MOST_WORK
            || self.batch.bytes >= MOST_BYTES
            || self.batch.steps >= MOST_STEPS;
        !full || self.flush()
    }

    fn flush(&mut self) -> bool {
        (self.send)(std::mem::take(&mut self.batch))
    }
}
