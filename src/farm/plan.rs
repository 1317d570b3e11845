//! A film cut into chunks, and the order in which a process takes them.

use std::fs;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;

use super::{Claim, Job, Manifest, is_done, manifest};
use crate::schedule::ranges;
use crate::{Error, Result};

/// Frames of a chunk where nobody asks for another number: what an interruption costs at most, and
/// enough that beginning a chunk costs little.
pub const CHUNK: NonZeroU64 = NonZeroU64::new(48).unwrap();

/// Sees to it that every chunk of the frames is there: renders those that are not there and that no
/// other process works on, waits for those, and takes over what a process that has ended left
/// undone. `done` is told of each chunk that was there or that another process made.
///
/// # Errors
/// The first error of `render`; [`Error::Io`] where claims cannot be made.
pub fn work(
    folder: &Path,
    job: &Job,
    frames: Range<u64>,
    mut render: impl FnMut(&Range<u64>) -> Result<()>,
    mut done: impl FnMut(&Range<u64>),
) -> Result<()> {
    let mut open: Vec<_> = ranges::split(frames, CHUNK).collect();
    while !open.is_empty() {
        let mut others = Vec::new();
        for chunk in open {
            let claim = Claim::of_chunk(folder, &chunk)?;
            if !claim.take()? {
                others.push(chunk);
            } else if is_done(folder, job, &chunk) {
                done(&chunk);
            } else {
                render(&chunk)?;
            }
        }
        if let Some(chunk) = others.first() {
            Claim::of_chunk(folder, chunk)?.wait()?;
        }
        open = others;
    }
    Ok(())
}

/// Removes from a folder of chunks what is no chunk of these frames of this job: older timelines'
/// chunks, and files that a killed process left unfinished. Returns the chunks that stay, whose files
/// may yet turn out to be spoilt.
///
/// # Errors
/// [`Error::Io`] where the folder cannot be read or a file not removed.
pub fn sweep(folder: &Path, job: &Job, frames: Range<u64>) -> Result<Vec<Range<u64>>> {
    let plan: Vec<_> =
        ranges::split(frames, CHUNK).map(|chunk| manifest::path(folder, &chunk)).collect();
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
                Ok(manifest) if manifest.job == *job && plan.contains(&path) => {
                    kept.push(manifest.range());
                }
                Ok(manifest) => {
                    remove(&path)?;
                    remove(&folder.join(&manifest.file))?;
                }
                Err(_) => remove(&path)?,
            }
        }
    }
    Ok(kept)
}
