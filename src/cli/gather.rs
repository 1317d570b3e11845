//! Single frames through the ordinary pipeline, kept instead of written.

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

use sg3render::encode::{Depth, Picture, Sink};
use sg3render::progress::{Progress, Status};
use sg3render::{Error, Result};

use super::film::Engine;

/// Neighbours that are rendered in one go, where a batch is not more.
const ROW: u64 = 16;

/// Keeps what it is given.
struct Keep {
    depth: Depth,
    kept: Sender<Picture>,
}

impl Sink for Keep {
    fn depth(&self) -> Depth {
        self.depth
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        // Nobody is left to look only where all has ended.
        let _ = self.kept.send(picture.clone());
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
}

/// Counts on from what was there before.
struct From<'a> {
    inner: &'a dyn Progress,
    before: u64,
    total: u64,
}

impl Progress for From<'_> {
    fn update(&self, status: &Status) -> bool {
        let done = self.before + status.done;
        self.inner.update(&Status { done, total: self.total, ..*status })
    }

    fn note(&self, message: &str) {
        self.inner.note(message);
    }
}

/// Renders frames, in increasing order, and shows each. Neighbours are rendered in one go.
///
/// # Errors
/// What rendering and `see` say; [`Error::Interrupted`] where the listener asks to stop.
pub fn each(
    engine: &Engine,
    frames: &[u64],
    depth: Depth,
    progress: &dyn Progress,
    see: &mut dyn FnMut(Picture) -> Result<()>,
) -> Result<()> {
    let (mut rest, total) = (frames, frames.len() as u64);
    while let Some(&first) = rest.first() {
        let row = (first..).zip(rest).take_while(|(expected, frame)| expected == *frame);
        // So many are held at once.
        let count = row.take(engine.batch().max(ROW) as usize).count();
        let before = total - rest.len() as u64;
        let (kept, pictures) = channel();
        let sink = Box::new(Keep { depth, kept });
        let from = From { inner: progress, before, total };
        let outcome = engine.render(&(first..first + count as u64), sink, &from)?;
        if outcome.interrupted {
            return Err(Error::Interrupted);
        }
        pictures.into_iter().try_for_each(&mut *see)?;
        rest = &rest[count..];
    }
    Ok(())
}
