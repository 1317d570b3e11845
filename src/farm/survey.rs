//! Whether the chunks of a folder make a film.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::manifest::{Piece, stem};
use super::{Job, Manifest};
use crate::encode::parts::Part;
use crate::{Error, Result};

/// Messages name at most so many chunks.
const NAMED: usize = 20;

/// Chunks that were verified: they make the frames without a gap.
#[derive(Debug)]
pub struct Parts {
    /// What they are parts of.
    pub job: Job,
    /// Their frames.
    pub frames: Range<u64>,
    /// Their files, in the order of their frames.
    pub files: Vec<Part>,
    /// What each chunk was rendered on.
    pub devices: Vec<String>,
}

/// Verifies all chunks of a folder, each by the sizes and SHA-256 of its files, and that together they hold each of
/// the frames once, and no others. `frames` tells them, given the film's length.
///
/// # Errors
/// [`Error::Incomplete`] with the names of missing and spoilt chunks; [`Error::Invalid`] where chunks
/// of different films lie together or two hold the same frame, or where one holds others than the
/// frames; [`Error::Io`] for the folder; what `frames` says.
pub fn survey(folder: &Path, frames: impl FnOnce(u64) -> Result<Range<u64>>) -> Result<Parts> {
    let mut manifests = Vec::new();
    let mut bad = Vec::new();
    for path in manifest_paths(folder)? {
        match Manifest::read(&path) {
            Ok(manifest) => manifests.push((manifest, path)),
            Err(error) => bad.push(error.to_string()),
        }
    }
    manifests.sort_by_key(|(manifest, _)| manifest.frames);
    let Some((first, _)) = manifests.first() else {
        return Err(Error::Incomplete(match bad.first() {
            Some(bad) => bad.clone(),
            None => {
                format!("`{}` holds no chunk; render some with `sg3render chunk`", folder.display())
            }
        }));
    };
    let job = first.job.clone();
    let frames = frames(job.stream.frames)?;
    refuse_mixtures(&manifests)?;
    let is_strange =
        |(m, _): &&(Manifest, _)| m.frames.0 < frames.start || m.frames.1 >= frames.end;
    if let Some((_, path)) = manifests.iter().find(is_strange) {
        return Err(Error::Invalid(format!(
            "the chunk `{}` holds other frames than the {} to {} that are asked for; remove it",
            path.display(),
            frames.start,
            frames.end.saturating_sub(1)
        )));
    }
    bad.extend(manifests.iter().flat_map(|(manifest, _)| manifest.faults(folder)));
    bad.extend(gaps(&manifests, &frames).map(|gap| format!("`{}` is missing", stem(&gap))));
    if bad.is_empty() {
        let devices = manifests.iter().map(|(manifest, _)| manifest.device.clone()).collect();
        let pieces = manifests.into_iter().flat_map(|(manifest, _)| manifest.pieces);
        let file = |piece: Piece| {
            let (path, frames) = (folder.join(&piece.file), piece.range());
            Part { path, frames, form: piece.form }
        };
        return Ok(Parts { job, frames, files: pieces.map(file).collect(), devices });
    }
    let more = bad.len().saturating_sub(NAMED);
    bad.truncate(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Err(Error::Incomplete(format!(
        "the chunks in `{}` make no film: {}{more}; render these chunks again",
        folder.display(),
        bad.join("; ")
    )))
}

fn manifest_paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e| Error::io("read", folder, e);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Refuses neighbours (in the order of their frames) of different jobs, or with common frames.
fn refuse_mixtures(manifests: &[(Manifest, PathBuf)]) -> Result<()> {
    for pair in manifests.windows(2) {
        let [(a, a_path), (b, b_path)] = pair else { continue };
        if let Some(what) = a.job.difference(&b.job) {
            return Err(Error::Invalid(format!(
                "the chunks `{}` and `{}` cannot be joined: they differ in {what}; remove what belongs \
                 to the other film",
                a_path.display(),
                b_path.display()
            )));
        }
        if b.frames.0 <= a.frames.1 {
            return Err(Error::Invalid(format!(
                "the chunks `{}` and `{}` both hold frame {}; remove one of them",
                a_path.display(),
                b_path.display(),
                b.frames.0
            )));
        }
    }
    Ok(())
}

/// The frames between chunks that no chunk holds.
fn gaps<'a>(
    manifests: &'a [(Manifest, PathBuf)],
    frames: &Range<u64>,
) -> impl Iterator<Item = Range<u64>> + 'a {
    let starts = manifests.iter().map(|(manifest, _)| manifest.frames.0);
    let ends = manifests.iter().map(|(manifest, _)| manifest.range().end);
    let (first, end) = (frames.start, frames.end);
    let ends = std::iter::once(first).chain(ends);
    let starts = starts.chain(std::iter::once(end));
    ends.zip(starts).filter(|(end, start)| end < start).map(|(end, start)| end..start)
}
