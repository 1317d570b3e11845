//! Films rendered in parts: by several processes or machines, or by one that was interrupted.
//!
//! A folder holds the chunks: `000000-000047.segments`, or another extension, with the frames of its name
//! (both included, counted from 0), beside it a [`Manifest`] of the same name that ends in `.json`, and
//! while more than one process may be at work a `.claim` each. A chunk that does not begin or end with
//! a segment has files of its `.head` and `.tail` besides. Files get their names when they are
//! complete, the manifest comes after that, and a chunk without a valid manifest counts as none.
//!
//! An [`Engine`] of a render farm makes chunks in tasks: a [`Batch`] is what it needs to know.

mod batch;
mod claim;
mod manifest;
pub mod model;
pub mod openjd;
mod overview;
mod plan;
mod sink;
pub mod slurm;
mod survey;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::encode::{Preset, Provenance, Stream};
use crate::{Error, Result, digest};

pub use batch::{Batch, Engine};
pub use claim::Claim;
pub use manifest::{Manifest, Piece};
pub use overview::{Overview, Queued, State};
pub use plan::{CHUNK, Work, cut, share, sweep};
pub use sink::{ChunkSink, is_done, is_there};
pub use survey::{Parts, survey};

/// What all chunks of a film have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Version of the program.
    pub program: String,
    /// SHA-256 of all in the timeline that decides pixels.
    pub timeline_sha256: String,
    /// SHA-256 of the network.
    pub model_sha256: String,
    /// Precision of the synthesis.
    pub precision: String,
    /// The film's output preset, a built-in name or the absolute path of a file.
    pub preset: String,
    /// SHA-256 of what the preset says.
    pub preset_sha256: String,
    /// Frames that the preset encodes together: see [`Preset::segment`].
    pub segment: NonZeroU64,
    /// The whole film: size, rate, length and sound.
    pub stream: Stream,
}

impl Job {
    /// A job of this program.
    ///
    /// # Errors
    /// [`Error::Io`] where the working folder, from which relative paths start, is gone.
    pub fn new(
        timeline_sha256: String,
        model_sha256: String,
        precision: String,
        preset: &Preset,
        mut stream: Stream,
    ) -> Result<Self> {
        let absolute = |path: &str| {
            std::path::absolute(path).map_err(|e| Error::io("find the folder of", path, e))
        };
        if let Some((path, _)) = &mut stream.audio {
            *path = absolute(&path.to_string_lossy())?;
        }
        let file = preset.name.contains('/') || preset.name.ends_with(".ron");
        let name: PathBuf = if file { absolute(&preset.name)? } else { preset.name.clone().into() };
        Ok(Self {
            program: env!("CARGO_PKG_VERSION").into(),
            timeline_sha256,
            model_sha256,
            precision,
            preset: name.to_string_lossy().into_owned(),
            preset_sha256: preset_sha256(preset),
            segment: preset.segment(),
            stream,
        })
    }

    /// The film's output preset.
    ///
    /// # Errors
    /// What [`Preset::find`] says; [`Error::Invalid`] where its file has changed since.
    pub fn find_preset(&self) -> Result<Preset> {
        let preset = Preset::find(&self.preset)?;
        if preset_sha256(&preset) == self.preset_sha256 {
            return Ok(preset);
        }
        Err(Error::Invalid(format!(
            "the preset `{}` is another one than the chunks were rendered for; put the old one back, or \
             render them again",
            self.preset
        )))
    }

    /// What a film of some of the frames is made of, rendered on such devices (`cpu`, `cuda(0)`).
    pub fn provenance(&self, frames: &Range<u64>, devices: &[String]) -> Provenance {
        // Which of several like devices it was is chance.
        let kind = |device: &String| device.split('(').next().unwrap_or_default().to_owned();
        let kinds: BTreeSet<String> = devices.iter().map(kind).collect();
        let preset = Path::new(&self.preset).file_name().unwrap_or_default();
        Provenance {
            sg3render: self.program.clone(),
            timeline_sha256: self.timeline_sha256.clone(),
            model_sha256: self.model_sha256.clone(),
            device: kinds.into_iter().collect::<Vec<_>>().join("+"),
            precision: self.precision.clone(),
            frames: (frames.start, frames.end.saturating_sub(1)),
            preset: preset.to_string_lossy().into_owned(),
            preset_sha256: self.preset_sha256.clone(),
            fps: self.stream.fps,
            size: (self.stream.width, self.stream.height),
        }
    }

    /// Frames in chunks of the usual size: whole segments, as many as [`CHUNK`] frames take.
    pub fn chunks(&self, frames: Range<u64>) -> impl Iterator<Item = Range<u64>> + use<> {
        let chunk = CHUNK.get().div_ceil(self.segment.get()).saturating_mul(self.segment.get());
        cut(frames, NonZeroU64::new(chunk).unwrap_or(CHUNK), self.segment)
    }

    /// What is not the same in another job; none where the chunks of both may be joined.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        let differs = [
            ("timeline", self.timeline_sha256 != other.timeline_sha256),
            ("model", self.model_sha256 != other.model_sha256),
            ("precision", self.precision != other.precision),
            ("program version", self.program != other.program),
            ("output preset", self.preset_sha256 != other.preset_sha256),
            ("size, rate, length or sound of the film", self.stream != other.stream),
        ];
        differs.into_iter().find_map(|(what, differs)| differs.then_some(what))
    }
}

/// SHA-256 of everything that a preset says, without its name.
pub fn preset_sha256(preset: &Preset) -> String {
    digest::of_text(&format!("{:?}", Preset { name: String::new(), ..preset.clone() }))
}
