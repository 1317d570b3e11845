//! A log of measurements, one JSON object a line, that a later run goes on from.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::metrics::Sums;
use crate::{Error, Result};

/// What was measured of some samples of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// The network's SHA-256.
    pub network: String,
    /// Device and precision: their pictures differ in the last bits.
    pub device: String,
    /// The first sample's seed; the others follow.
    pub seed: u32,
    /// By the name of the measure, one for each sample.
    pub sums: BTreeMap<String, Vec<Sums>>,
}

/// A file of such lines, and of others that only people read.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    batches: Vec<Batch>,
}

impl Log {
    /// Reads what is there; a file that is not is an empty one. Lines that are no batches are passed
    /// over: figures, other programs' lines, one that was cut off.
    ///
    /// # Errors
    /// [`Error::Io`] for what cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(Error::io("read", path, e)),
        };
        let lines = bytes.split(|&byte| byte == b'\n');
        let batches = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let log = Self { path: path.to_path_buf(), batches };
        if bytes.last().is_some_and(|&byte| byte != b'\n') {
            log.write("\n")?;
        }
        Ok(log)
    }

    /// The sums of a measure over so many samples from a seed on, if they were measured together.
    pub fn find(&self, wanted: &Batch, measure: &str, samples: usize) -> Option<&[Sums]> {
        let same = |batch: &&Batch| {
            batch.network == wanted.network
                && batch.device == wanted.device
                && batch.seed == wanted.seed
        };
        let mut found = self.batches.iter().filter(same);
        found.find_map(|b| b.sums.get(measure).filter(|s| s.len() == samples)).map(Vec::as_slice)
    }

    /// Adds what was measured.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be written.
    pub fn add(&mut self, batch: Batch) -> Result<()> {
        self.tell(&serde_json::to_value(&batch).unwrap_or_default())?;
        self.batches.push(batch);
        Ok(())
    }

    /// Adds a line that is no batch.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be written.
    pub fn tell(&self, line: &Value) -> Result<()> {
        self.write(&format!("{line}\n"))
    }

    /// One call for a line: what is cut off is cut at the end.
    fn write(&self, line: &str) -> Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(|e| Error::io("write", &self.path, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(network: &str, seed: u32, squares: f64) -> Batch {
        let sums = vec![Sums { squares, samples: 3.0 }; 2];
        let sums = BTreeMap::from([("eq-t".to_owned(), sums)]);
        Batch { network: network.into(), device: "cpu".into(), seed, sums }
    }

    #[test]
    fn what_was_measured_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = Log::open(&path).unwrap();
        for (seed, squares) in [(0, 0.1), (2, 1.0 / 3.0), (u32::MAX, 1e-300)] {
            log.add(batch("a", seed, squares)).unwrap();
        }
        log.tell(&serde_json::json!({"figure": 63.01})).unwrap();
        // A run that was killed in the middle of a line.
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole, &b"{\"network\": \"a\", \"see"[..]].concat()).unwrap();

        let mut log = Log::open(&path).unwrap();
        for (seed, squares) in [(0, 0.1), (2, 1.0 / 3.0), (u32::MAX, 1e-300)] {
            let wanted = batch("a", seed, 0.0);
            assert_eq!(log.find(&wanted, "eq-t", 2).unwrap()[1].squares, squares);
            assert_eq!(log.find(&wanted, "eq-t", 3), None);
            assert_eq!(log.find(&wanted, "eq-r", 2), None);
        }
        assert_eq!(log.find(&batch("b", 0, 0.0), "eq-t", 2), None);
        assert_eq!(log.find(&batch("a", 1, 0.0), "eq-t", 2), None);
        log.add(batch("b", 0, 2.0)).unwrap();
        assert!(Log::open(&path).unwrap().find(&batch("b", 0, 0.0), "eq-t", 2).is_some());
        assert!(
            Log::open(&folder.path().join("none/log")).unwrap().add(batch("b", 0, 2.0)).is_err()
        );
    }
}
