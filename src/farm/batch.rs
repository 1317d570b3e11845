//! A film cut into tasks for the engine of a render farm.

use std::fs;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Job, cut};
use crate::aside::Aside;
use crate::{Error, Result};

/// An engine of render farms.
pub trait Engine {
    /// The files that make the engine render a batch: names in the job's folder, and texts.
    fn files(&self, batch: &Batch) -> Vec<(&'static str, String)>;
}

/// What `farm plan` has planned. Task n renders line n of `plan.txt`, counted from 0. All paths are
/// absolute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// What queues show.
    pub name: String,
    /// This program.
    pub program: String,
    /// The job's folder: plan, chunks, logs.
    pub folder: String,
    /// What is rendered.
    pub timeline: String,
    /// How: options of `sg3render chunk`.
    pub options: Vec<String>,
    /// What the chunks are joined to.
    pub film: String,
    /// First and last frame.
    pub frames: (u64, u64),
    /// Frames of a task; the last may have fewer.
    pub chunk: NonZeroU64,
    /// What all chunks have in common.
    pub job: Job,
}

impl Batch {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read, [`Error::Invalid`] where it is none.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).map_err(|e| Error::io("read", path, e))?;
        let none = |why: &dyn std::fmt::Display| {
            Error::Invalid(format!("`{}` is no plan of `farm plan`: {why}", path.display()))
        };
        let batch: Self = serde_json::from_slice(&text).map_err(|e| none(&e))?;
        let (first, last) = batch.frames;
        if first <= last && last < batch.job.stream.frames {
            return Ok(batch);
        }
        Err(none(&format_args!(
            "the frames {first} to {last} cannot be those of a film of {} frames",
            batch.job.stream.frames
        )))
    }

    /// Where the plan of a job lies.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("plan.json")
    }

    /// Writes what the engines need to the job's folder, the plan itself last.
    ///
    /// # Errors
    /// [`Error::Usage`] for paths that engines cannot take; [`Error::Io`].
    pub fn write(&self, engines: &[&dyn Engine]) -> Result<()> {
        self.refuse_odd_paths()?;
        let folder = Path::new(&self.folder);
        for inner in [self.chunks(), folder.join("logs")] {
            fs::create_dir_all(&inner).map_err(|e| Error::io("create", inner, e))?;
        }
        let line = |task: Range<u64>| format!("{}-{}\n", task.start, task.end - 1);
        write(&folder.join("plan.txt"), &self.tasks().map(line).collect::<String>())?;
        for engine in engines {
            for (name, text) in engine.files(self) {
                write(&folder.join(name), &text)?;
            }
        }
        let text = serde_json::to_string_pretty(self)
            .map_err(|e| Error::Usage(format!("the plan cannot be written: {e}")))?;
        write(&Self::path(folder), &(text + "\n"))
    }

    /// The frames of all tasks.
    pub fn tasks(&self) -> impl Iterator<Item = Range<u64>> + use<> {
        cut(self.frames.0..self.frames.1 + 1, self.chunk, self.job.segment)
    }

    /// The folder of the chunks.
    pub fn chunks(&self) -> PathBuf {
        Path::new(&self.folder).join("chunks")
    }

    /// A file that is there once the film is.
    pub fn joined(&self) -> PathBuf {
        Path::new(&self.folder).join("joined")
    }

    /// Whether a job's chunks are those that were planned.
    ///
    /// # Errors
    /// [`Error::Invalid`], naming what is another.
    pub fn check(&self, job: &Job) -> Result<()> {
        let Some(what) = self.job.difference(job) else { return Ok(()) };
        Err(Error::Invalid(format!(
            "`{}` is not what was planned any more: the {what} has changed; put the old one back, or \
             plan again",
            self.timeline
        )))
    }

    fn refuse_odd_paths(&self) -> Result<()> {
        let paths = [&self.program, &self.folder, &self.timeline, &self.film];
        let odd = |text: &str| {
            let sign = text.chars().find(|c| c.is_control() || matches!(c, '"' | '\\'));
            sign.map(String::from).or_else(|| text.contains("{{").then(|| "{{".into()))
        };
        for text in paths.into_iter().chain(&self.options) {
            if let Some(sign) = odd(text) {
                return Err(Error::Usage(format!(
                    "`{text}` holds {sign:?}, which not every engine takes; give it another name"
                )));
            }
        }
        Ok(())
    }
}

/// Replaces a file in one step.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    let mut aside = Aside::create(path, true)?;
    let file = aside.file();
    std::io::Write::write_all(file, text.as_bytes()).map_err(|e| Error::io("write", path, e))?;
    aside.commit()
}
