//! A film cut into chunks, and the order in which a process takes them.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;

use super::{Claim, Job, Manifest, is_done, is_there, manifest};
use crate::schedule::ranges;
use crate::{Error, Result};

/// Frames of a chunk where nobody asks for another number and segments do not demand more: what an
/// interruption costs at most, and enough that beginning a chunk costs little.
pub const CHUNK: NonZeroU64 = NonZeroU64::new(48).unwrap();

/// Frames cut into chunks of so many. Chunks of whole segments lie on the grid, so that only the film's
/// own ends are no whole segments; the first may be shorter then, the last always.
pub fn cut(
    frames: Range<u64>,
    chunk: NonZeroU64,
    segment: NonZeroU64,
) -> impl Iterator<Item = Range<u64>> + use<> {
    let over = if chunk.get() % segment == 0 { frames.start % segment } else { 0 };
    let first = frames.start.saturating_add(chunk.get() - over).min(frames.end);
    let head = (!frames.is_empty()).then_some(frames.start..first);
    head.into_iter().chain(ranges::split(first..frames.end, chunk))
}

/// A process's part in seeing to it that all chunks of some frames are there.
pub trait Work {
    /// Renders a chunk.
    ///
    /// # Errors
    /// What went wrong; no other chunk is begun then.
    fn render(&mut self, chunk: &Range<u64>) -> Result<()>;
    /// Hears of a chunk that was there, or that another process made.
    fn found(&mut self, chunk: &Range<u64>);
    /// Whether to wait no longer for what others are making.
    fn stopped(&self) -> bool;
}

/// Sees to it that every chunk of the frames is there: renders those that are not there and that no
/// other process works on, waits for those, and takes over what a process that has ended left
/// undone. Chunks that were there before are verified, unless that was done (`verified`); those that
/// other processes finish meanwhile are not read again.
///
/// # Errors
/// The first error of the work; [`Error::Io`] where claims cannot be made.
pub fn share(
    folder: &Path,
    job: &Job,
    frames: Range<u64>,
    verified: bool,
    work: &mut dyn Work,
) -> Result<()> {
    let mut open: Vec<_> = job.chunks(frames).collect();
    let is_old = |chunk: &Range<u64>| !verified && is_there(folder, job, chunk);
    let old: Vec<_> = open.iter().filter(|chunk| is_old(chunk)).cloned().collect();
    while !open.is_empty() {
        let mut others = Vec::new();
        for chunk in open {
            let claim = Claim::of_chunk(folder, &chunk)?;
            let is_ready = if old.contains(&chunk) { is_done } else { is_there };
            if !claim.take()? {
                others.push(chunk);
            } else if is_ready(folder, job, &chunk) {
                work.found(&chunk);
            } else {
                work.render(&chunk)?;
            }
        }
        if let Some(chunk) = others.first() {
            Claim::of_chunk(folder, chunk)?.wait(|| work.stopped())?;
        }
        open = others;
    }
    Ok(())
}

/// Removes from a folder of chunks what is none of these, whole and of this job: older timelines'
/// chunks, spoilt ones, and files that a killed process left unfinished. Returns the chunks that stay.
///
/// # Errors
/// [`Error::Io`] where the folder cannot be read or a file not removed.
pub fn sweep(
    folder: &Path,
    job: &Job,
    chunks: impl Iterator<Item = Range<u64>>,
) -> Result<Vec<Range<u64>>> {
    let plan: BTreeSet<_> = chunks.map(|chunk| manifest::path(folder, &chunk)).collect();
    let remove = |path: &Path| match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path, e)),
        _ => Ok(()),
    };
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))? {
        let path = entry.map_err(|e| Error::io("read", folder, e))?.path();
        let extension = path.extension().unwrap_or_default();
        if extension == "part" {
            remove(&path)?;
        } else if extension == "json" {
            match Manifest::read(&path) {
                Ok(manifest)
                    if manifest.job == *job
                        && plan.contains(&path)
                        && manifest.faults(folder).next().is_none() =>
                {
                    kept.push(manifest.range());
                }
                Ok(manifest) => {
                    remove(&path)?;
                    manifest.files(folder).try_for_each(|file| remove(&file))?;
                }
                Err(_) => remove(&path)?,
            }
        }
    }
    Ok(kept)
}
