//! Files on their way to a final name. All are known, so that a program that must end at once leaves
//! none behind.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static ALL: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file under a temporary name. Dropped without [`Unfinished::rename`] it is removed.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Creates a file that was not there.
    pub fn create(path: PathBuf) -> io::Result<(Self, File)> {
        let mut all = all();
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        all.insert(path.clone());
        Ok((Self(path), file))
    }

    /// Where it lies now.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Gives it its final name.
    pub fn rename(self, target: &Path) -> io::Result<()> {
        fs::rename(&self.0, target)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // A file that was renamed has nothing under this name any more, and where removing fails,
        // nobody is left to tell.
        let mut all = all();
        let _ = fs::remove_file(&self.0);
        all.remove(&self.0);
    }
}

/// How many bytes the unfinished files have by now.
pub fn bytes() -> u64 {
    all().iter().filter_map(|path| fs::metadata(path).ok()).map(|found| found.len()).sum()
}

/// Removes all unfinished files, for a program that ends now: no other can be begun after it.
pub fn remove_all() {
    let all = all();
    for path in all.iter() {
        let _ = fs::remove_file(path);
    }
    std::mem::forget(all);
}

/// A set of paths is never left half-changed.
fn all() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}
