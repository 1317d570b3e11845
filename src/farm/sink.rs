//! Writing one chunk.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Job;
use super::manifest::{self, Manifest};
use crate::encode::{Depth, Picture, Preset, Sink, parts};
use crate::{Error, Result, digest};

/// Whether a chunk is there and whole: with a manifest of this job, and just the file that this
/// describes, which is read through.
pub fn is_done(folder: &Path, job: &Job, frames: &Range<u64>) -> bool {
    manifest(folder, job, frames).is_some_and(|manifest| manifest.fault(folder).is_none())
}

/// Whether a chunk is there, as far as its manifest and the length of its file tell.
pub fn is_there(folder: &Path, job: &Job, frames: &Range<u64>) -> bool {
    manifest(folder, job, frames).is_some_and(|manifest| manifest.wrong_length(folder).is_none())
}

fn manifest(folder: &Path, job: &Job, frames: &Range<u64>) -> Option<Manifest> {
    let manifest = Manifest::read(&manifest::path(folder, frames)).ok()?;
    (manifest.job == *job && manifest.range() == *frames).then_some(manifest)
}

/// Takes the frames of one chunk. What has not got all of them when it is finished is removed.
pub struct ChunkSink {
    inner: Box<dyn Sink>,
    folder: PathBuf,
    file: String,
    frames: Range<u64>,
    next: u64,
    device: String,
    job: Job,
}

impl ChunkSink {
    /// Begins a chunk in a folder, which is made where it is missing.
    ///
    /// # Errors
    /// [`Error::Io`] for a folder that cannot be made; what [`parts::open`] says.
    pub fn open(
        folder: &Path,
        job: &Job,
        preset: &Preset,
        frames: &Range<u64>,
        device: String,
    ) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        let file = format!("{}.{}", manifest::stem(frames), parts::extension(preset));
        Ok(Self {
            inner: parts::open(&folder.join(&file), preset, &job.stream, frames)?,
            folder: folder.to_path_buf(),
            file,
            frames: frames.clone(),
            next: frames.start,
            device,
            job: job.clone(),
        })
    }
}

impl Sink for ChunkSink {
    fn depth(&self) -> Depth {
        self.inner.depth()
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        if picture.index != self.next {
            return Err(Error::Usage(format!(
                "frame {} came for the chunk `{}`, expected frame {}",
                picture.index, self.file, self.next
            )));
        }
        self.inner.write(picture)?;
        self.next += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        if self.next != self.frames.end {
            return Ok(Vec::new());
        }
        let paths = self.inner.finish()?;
        let (bytes, sha256) = digest::of_file(&self.folder.join(&self.file))?;
        let manifest = Manifest {
            file: self.file,
            frames: (self.frames.start, self.frames.end - 1),
            packets: self.frames.end - self.frames.start,
            bytes,
            sha256,
            device: self.device,
            job: self.job,
        };
        manifest.write(&self.folder)?;
        Ok(paths)
    }
}
