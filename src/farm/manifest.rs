//! What is known of a chunk: whose it is, and what its file must be.

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Job;
use crate::aside::{Aside, sync_folder};
use crate::encode::Form;
use crate::{Error, Result, digest};

/// A chunk's description, in JSON beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// First and last frame, counted from 0.
    pub frames: (u64, u64),
    /// Its files, in the order of their frames.
    pub pieces: Vec<Piece>,
    /// What it was rendered on.
    pub device: String,
    /// What it is a part of.
    pub job: Job,
}

/// A file of a chunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Its name, in the same folder.
    pub file: String,
    /// In what form it has its frames.
    pub form: Form,
    /// First and last frame, counted from 0.
    pub frames: (u64, u64),
    /// Packets in the file, one a frame.
    pub packets: u64,
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
}

impl Piece {
    /// Whether its frames begin with `next` and it is a file of the folder itself.
    fn follows(&self, next: u64) -> bool {
        let (first, last) = self.frames;
        let plain = Path::new(&self.file).file_name().is_some_and(|name| *name == *self.file);
        plain && first == next && first <= last
    }

    /// The frames as a range.
    pub fn range(&self) -> Range<u64> {
        self.frames.0..self.frames.1.saturating_add(1)
    }

    /// What is wrong with the file, if anything is.
    fn fault(&self, folder: &Path) -> Option<String> {
        self.wrong_length(folder).or_else(|| match digest::of_file(&folder.join(&self.file)) {
            Err(e) => Some(e.to_string()),
            Ok((_, sha256)) if sha256 != self.sha256 => Some("is damaged (SHA-256)".into()),
            Ok(_) if self.packets != self.range().end - self.range().start => {
                Some(format!("counts {} packets, expected one a frame", self.packets))
            }
            Ok(_) => None,
        })
    }

    /// What can be told to be wrong with the file without reading it.
    fn wrong_length(&self, folder: &Path) -> Option<String> {
        match fs::metadata(folder.join(&self.file)) {
            Err(e) => Some(format!("cannot be read ({e})")),
            Ok(found) if found.len() == self.bytes => None,
            Ok(found) => Some(format!("has {} bytes, expected {}", found.len(), self.bytes)),
        }
    }
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
        let mut next = first;
        let strange = manifest.pieces.iter().find(|piece| {
            let follows = piece.follows(next);
            next = piece.range().end;
            !follows
        });
        if strange.is_none() && next == last.saturating_add(1) && last < manifest.job.stream.frames
        {
            return Ok(manifest);
        }
        let file =
            strange.map_or_else(String::new, |piece| format!("the file `{}` or ", piece.file));
        Err(Error::Incomplete(format!(
            "`{}` is no manifest of a chunk: {file}the frames {first} to {last} cannot be those of a \
             film of {} frames",
            path.display(),
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

    /// The files.
    pub(super) fn files<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = PathBuf> + 'a {
        self.pieces.iter().map(|piece| folder.join(&piece.file))
    }

    /// What is wrong with the chunk's files, each with its name.
    pub(super) fn faults<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = String> + 'a {
        self.pieces.iter().filter_map(move |piece| {
            let fault = piece.fault(folder)?;
            Some(format!("`{}` {fault}", folder.join(&piece.file).display()))
        })
    }

    /// Whether all files are there, as far as their lengths tell.
    pub(super) fn has_lengths(&self, folder: &Path) -> bool {
        self.pieces.iter().all(|piece| piece.wrong_length(folder).is_none())
    }
}
