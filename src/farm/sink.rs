//! Writing one chunk.

use std::collections::VecDeque;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Job;
use super::manifest::{self, Manifest, Piece};
use crate::encode::parts::{self, Part};
use crate::encode::{Depth, Form, Picture, Preset, Sink};
use crate::{Error, Result, digest};

/// Whether a chunk is there and whole: with a manifest of this job, and just the files that this
/// describes, which are read through.
pub fn is_done(folder: &Path, job: &Job, frames: &Range<u64>) -> bool {
    manifest(folder, job, frames).is_some_and(|manifest| manifest.faults(folder).next().is_none())
}

/// Whether a chunk is there, as far as its manifest and the lengths of its files tell.
pub fn is_there(folder: &Path, job: &Job, frames: &Range<u64>) -> bool {
    manifest(folder, job, frames).is_some_and(|manifest| manifest.has_lengths(folder))
}

fn manifest(folder: &Path, job: &Job, frames: &Range<u64>) -> Option<Manifest> {
    let manifest = Manifest::read(&manifest::path(folder, frames)).ok()?;
    (manifest.job == *job && manifest.range() == *frames).then_some(manifest)
}

/// Takes the frames of one chunk. What has not got all of them when it is finished is removed.
pub struct ChunkSink {
    /// All but the first that is not full wait.
    open: VecDeque<(Part, Box<dyn Sink>)>,
    full: Vec<(Part, Box<dyn Sink>)>,
    depth: Depth,
    folder: PathBuf,
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
        let pieces = parts::pieces(preset, job.stream.frames, frames);
        let is_one = pieces.len() == 1;
        let open = pieces.into_iter().map(|(part, form)| {
            let edge = match form {
                _ if is_one => "",
                Form::Pictures if part.start == frames.start => ".head",
                Form::Pictures => ".tail",
                _ => "",
            };
            let stem = manifest::stem(frames);
            let path = folder.join(format!("{stem}{edge}.{}", parts::extension(preset, form)));
            let part = Part { path, frames: part, form };
            let sink = parts::open(&part, preset, &job.stream)?;
            Ok((part, sink))
        });
        Ok(Self {
            open: open.collect::<Result<_>>()?,
            full: Vec::new(),
            depth: preset.depth(),
            folder: folder.to_path_buf(),
            frames: frames.clone(),
            next: frames.start,
            device,
            job: job.clone(),
        })
    }
}

impl Sink for ChunkSink {
    fn depth(&self) -> Depth {
        self.depth
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        let open = self.open.front_mut().filter(|_| picture.index == self.next);
        let Some((part, sink)) = open else {
            return Err(Error::Usage(format!(
                "frame {} came for the chunk `{}`, expected frame {}",
                picture.index,
                manifest::stem(&self.frames),
                self.next
            )));
        };
        sink.write(picture)?;
        self.next += 1;
        if self.next == part.frames.end {
            // Finished at the end only: its encoder works on beside the next part.
            self.full.extend(self.open.pop_front());
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        if self.next != self.frames.end {
            return Ok(Vec::new());
        }
        let (mut pieces, mut paths) = (Vec::new(), Vec::new());
        for (part, sink) in self.full {
            paths.extend(sink.finish()?);
            let (bytes, sha256) = digest::of_file(&part.path)?;
            let Range { start, end } = part.frames;
            let file = part.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (form, frames, packets) = (part.form, (start, end - 1), end - start);
            pieces.push(Piece { file, form, frames, packets, bytes, sha256 });
        }
        let manifest = Manifest {
            frames: (self.frames.start, self.frames.end - 1),
            pieces,
            device: self.device,
            job: self.job,
        };
        manifest.write(&self.folder)?;
        Ok(paths)
    }
}
