//! What is told of a training: means over some iterations.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::step::Measured;
use crate::{Error, Result};

/// The figure that every tick has, and other lines of the log have not.
pub const TICK: &str = "sec_per_kimg";

/// Sums of what iterations measured.
#[derive(Debug, Default)]
pub struct Means(BTreeMap<&'static str, (f64, u64)>);

impl Means {
    /// Adds an iteration.
    pub fn add(&mut self, measured: &Measured) {
        for (name, value) in measured {
            let (sum, count) = self.0.entry(name).or_default();
            *sum += value;
            *count += 1;
        }
    }

    /// The means, and begins anew.
    pub fn take(&mut self) -> BTreeMap<&'static str, f64> {
        let mean = |(name, (sum, count))| (name, sum / count as f64);
        std::mem::take(&mut self.0).into_iter().map(mean).collect()
    }
}

/// Figures of some iterations.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Images that the discriminator has been shown, and how many it shall be.
    pub images: (u64, u64),
    /// Seconds that 1000 images take now.
    pub seconds_per_kimg: f64,
    /// Overfitting measure: the mean sign of the real images' logits.
    pub r_t: Option<f64>,
    /// Probability of augmentations.
    pub p: f64,
    /// Most memory that the program has held, bytes; none where the system does not tell.
    pub memory: Option<u64>,
    /// Means of the losses and logits by name.
    pub means: BTreeMap<&'static str, f64>,
}

impl Tick {
    /// Everything by name.
    pub fn figures(&self) -> Vec<(String, f64)> {
        let mut figures =
            vec![(TICK.to_owned(), self.seconds_per_kimg), ("augment_p".to_owned(), self.p)];
        figures.extend(self.r_t.map(|r_t| ("r_t".to_owned(), r_t)));
        figures.extend(self.memory.map(|bytes| ("memory_gb".to_owned(), bytes as f64 / 1e9)));
        figures.extend(self.means.iter().map(|(name, mean)| ((*name).to_owned(), *mean)));
        figures
    }

    /// As a line of `stats.jsonl`.
    pub fn json(&self) -> Value {
        let figures = self.figures().into_iter().map(|(name, value)| (name, json!(value)));
        let mut line = Map::from_iter([("images".to_owned(), json!(self.images.0))]);
        line.extend(figures);
        Value::Object(line)
    }
}

/// `stats.jsonl`: a line for each tick, and one for each network that was measured.
#[derive(Debug)]
pub struct Log(PathBuf);

impl Log {
    /// Goes on after `images`: later lines, which a resumed training writes again, go.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open(path: &Path, images: u64) -> Result<Self> {
        let text = text(path)?;
        let earlier = |line: &&str| {
            let line: Option<Value> = serde_json::from_str(line).ok();
            line.and_then(|line| line["images"].as_u64()).is_some_and(|at| at <= images)
        };
        let kept: String = text.lines().filter(earlier).map(|line| format!("{line}\n")).collect();
        if kept != text {
            crate::diagnostics::save(path, kept.as_bytes(), true)?;
        }
        Ok(Self(path.to_path_buf()))
    }

    /// Adds a line, which says at how many images.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn add(&self, line: &Value) -> Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(&self.0);
        let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        written.map_err(|e| Error::io("write", &self.0, e))
    }

    /// Every line that can be read.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn lines(&self) -> Result<Vec<Value>> {
        let line = |line| serde_json::from_str(line).ok();
        Ok(text(&self.0)?.lines().filter_map(line).collect())
    }
}

/// What a file holds; nothing where there is none.
fn text(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|e| Error::io("read", path, e)),
    }
}
