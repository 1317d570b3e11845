//! Files that get their final name only when they are complete.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::unfinished::Unfinished;
use crate::{Error, Result};

/// A file that is written beside its final place. Dropped without [`Aside::commit`] it is removed.
#[derive(Debug)]
pub(super) struct Aside {
    part: Unfinished,
    file: File,
    target: PathBuf,
    overwrite: bool,
}

impl Aside {
    /// Begins the file that will be `target`, under a name that no other process or sink uses.
    pub fn create(target: &Path, overwrite: bool) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        refuse_existing(target, overwrite)?;
        let name = target.file_name().ok_or_else(|| {
            Error::Usage(format!(
                "the output `{}` is a folder; name a file in it",
                target.display()
            ))
        })?;
        let mut part = OsString::from(name);
        part.push(format!(".{}.{}.part", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let part = target.with_file_name(part);
        let (part, file) = Unfinished::create(part).map_err(|e| Error::io("create", target, e))?;
        Ok(Self { part, file, target: target.to_path_buf(), overwrite })
    }

    /// Where the file lies until it is complete.
    #[cfg(feature = "video")]
    pub fn path(&self) -> &Path {
        self.part.path()
    }

    /// The file itself.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// The final path.
    #[cfg(feature = "video")]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Makes the content durable, then gives the file its final name.
    pub fn commit(self) -> Result<()> {
        self.file.sync_all().map_err(|e| Error::io("write", &self.target, e))?;
        refuse_existing(&self.target, self.overwrite)?;
        self.part.rename(&self.target).map_err(|e| Error::io("rename to", &self.target, e))
    }
}

fn refuse_existing(target: &Path, overwrite: bool) -> Result<()> {
    if target.is_dir() {
        return Err(Error::Usage(format!(
            "the output `{}` is a folder; name a file in it",
            target.display()
        )));
    }
    if !overwrite && target.exists() {
        return Err(Error::Usage(format!(
            "the output `{}` is already there; use --overwrite to replace it",
            target.display()
        )));
    }
    Ok(())
}

/// Makes the names in the folder of `path` durable. Not every file system can; the files are
/// complete then all the same, so that is no error.
pub(super) fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|f| f.sync_all());
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    #[test]
    fn only_a_commit_gives_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.bin");
        let count = || fs::read_dir(folder.path()).unwrap().count();
        let mut dropped = Aside::create(&target, false).unwrap();
        dropped.file().write_all(b"half").unwrap();
        assert!(!target.exists() && count() == 1);
        drop(dropped);
        assert_eq!(count(), 0);

        let (mut first, second) =
            (Aside::create(&target, false).unwrap(), Aside::create(&target, false).unwrap());
        first.file().write_all(b"whole").unwrap();
        first.commit().unwrap();
        assert_eq!(second.commit().unwrap_err().exit_code(), 64);
        assert_eq!((fs::read(&target).unwrap(), count()), (b"whole".to_vec(), 1));
        assert_eq!(Aside::create(&target, false).unwrap_err().exit_code(), 64);
        Aside::create(&target, true).unwrap().commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"");
    }

    #[test]
    fn folders_and_unwritable_places_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Aside::create(folder.path(), true).unwrap_err().exit_code(), 64);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Aside::create(&file.join("a.mp4"), false).unwrap_err();
        assert_eq!(error.exit_code(), 75, "{error}");
    }
}
