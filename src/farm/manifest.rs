//! What is known of a chunk: whose it is, and what its file must be.

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Job;
use crate::aside::{Aside, sync_folder};
use crate::{Error, Result, digest};

/// A chunk's description, in JSON beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the chunk's file, in the same folder.
    pub file: String,
    /// First and last frame, counted from 0.
    pub frames: (u64, u64),
    /// Packets in the file, one a frame.
    pub packets: u64,
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What it was rendered on.
    pub device: String,
    /// What it is a part of.
    pub job: Job,
}

/// The name of a chunk's files, without extension.
pub(super) fn stem(frames: &Range<u64>) -> String {
    format!("{:06}-{:06}", frames.start, frames.end.saturating_sub(1))
}

/// Where the manifest of a range of frames lies.
pub(super) fn path(folder: &Path, frames: &Range<u64>) -> PathBuf {
    folder.join(stem(frames) + ".json")
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read, [`Error::Incomplete`] where it is none.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).map_err(|e| Error::io("read", path, e))?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|e| {
            Error::Incomplete(format!("`{}` is no manifest of a chunk: {e}", path.display()))
        })?;
        let (first, last) = manifest.frames;
        let plain = Path::new(&manifest.file).file_name().is_some_and(|n| *n == *manifest.file);
        if plain && first <= last && last < manifest.job.stream.frames {
            return Ok(manifest);
        }
        Err(Error::Incomplete(format!(
            "`{}` is no manifest of a chunk: the file `{}` or the frames {first} to {last} cannot be \
             those of a film of {} frames",
            path.display(),
            manifest.file,
            manifest.job.stream.frames
        )))
    }

    /// The frames as a range.
    pub fn range(&self) -> Range<u64> {
        // The last frame is below the film's length.
        self.frames.0..self.frames.1 + 1
    }

    /// Writes the manifest: the last thing that is done for a chunk.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = path(folder, &self.range());
        let text = serde_json::to_string_pretty(self).map_err(|e| {
            Error::Usage(format!(
                "`{}` cannot be written: {e}; give paths in UTF-8",
                path.display()
            ))
        })?;
        let mut aside = Aside::create(&path, true)?;
        writeln!(aside.file(), "{text}").map_err(|e| Error::io("write", &path, e))?;
        aside.commit()?;
        sync_folder(&path);
        Ok(())
    }

    /// What is wrong with the chunk's file, if anything is.
    pub(super) fn fault(&self, folder: &Path) -> Option<String> {
        self.wrong_length(folder).or_else(|| match digest::of_file(&folder.join(&self.file)) {
            Err(e) => Some(e.to_string()),
            Ok((_, sha256)) if sha256 != self.sha256 => Some("is damaged (SHA-256)".into()),
            Ok(_) => None,
        })
    }

    /// What can be told to be wrong with the chunk's file without reading it.
    pub(super) fn wrong_length(&self, folder: &Path) -> Option<String> {
        match fs::metadata(folder.join(&self.file)) {
            Err(e) => Some(format!("cannot be read ({e})")),
            Ok(found) if found.len() == self.bytes => None,
            Ok(found) => Some(format!("has {} bytes, expected {}", found.len(), self.bytes)),
        }
    }
}
