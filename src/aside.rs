//! Files that get their final name only when they are complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::unfinished::Unfinished;
use crate::{Error, Result};

/// A file that is written beside its final place. Dropped without [`Aside::commit`] it is removed.
#[derive(Debug)]
pub(crate) struct Aside {
    part: Unfinished,
    file: File,
    target: PathBuf,
    overwrite: bool,
}

impl Aside {
    /// Begins the file that will be `target`, under a name that nothing else uses.
    pub fn create(target: &Path, overwrite: bool) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        refuse_existing(target, overwrite)?;
        let name = target.file_name().ok_or_else(|| is_folder(target))?;
        loop {
            let mut part = OsString::from(name);
            let next = NEXT.fetch_add(1, Ordering::Relaxed);
            part.push(format!(".{}.{}.{next}.part", host(), process::id()));
            match Unfinished::create(target.with_file_name(part)) {
                Ok((part, file)) => {
                    return Ok(Self { part, file, target: target.to_path_buf(), overwrite });
                }
                // Left by a killed process of this number, which in a container is often the same.
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("create", target, e)),
            }
        }
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

/// This machine's name without its domain: on a folder that machines share, process numbers are not
/// enough to tell their files apart.
fn host() -> &'static str {
    static HOST: LazyLock<String> = LazyLock::new(|| {
        let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
        name.trim().split('.').next().unwrap_or_default().chars().map(plain).collect()
    });
    &HOST
}

/// The name of the file that was to come of an unfinished one, by its name.
pub(crate) fn target_of(part: &str) -> Option<&str> {
    let (rest, count) = part.strip_suffix(".part")?.rsplit_once('.')?;
    let (rest, process) = rest.rsplit_once('.')?;
    let (target, _host) = rest.rsplit_once('.')?;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (number(count) && number(process)).then_some(target)
}

fn refuse_existing(target: &Path, overwrite: bool) -> Result<()> {
    if target.is_dir() {
        return Err(is_folder(target));
    }
    if !overwrite && target.exists() {
        return Err(Error::Usage(format!(
            "the output `{}` is already there; use --overwrite to replace it",
            target.display()
        )));
    }
    Ok(())
}

fn is_folder(target: &Path) -> Error {
    Error::Usage(format!("the output `{}` is a folder; name a file in it", target.display()))
}

/// Makes the names in the folder of `path` durable. Not every file system can; the files are
/// complete then all the same, so that is no error.
pub(crate) fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|f| f.sync_all());
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn unfinished_files_are_known_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let begun = Aside::create(&folder.path().join("a.1.mp4"), false).unwrap();
        let name = begun.part.path().file_name().unwrap().to_str().unwrap();
        assert_eq!(target_of(name), Some("a.1.mp4"));
        for other in
            ["a.mp4", "a.part", "a.1.part", "a.mp4.n.1.x.part", "a.mp4.n.1.2", "mp4.1.2.part"]
        {
            assert_eq!(target_of(other), None, "{other}");
        }
    }

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
    fn what_a_killed_process_left_is_no_hindrance() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.bin");
        // Other tests take numbers, too: all that may come next.
        let started = Aside::create(&target, false).unwrap();
        let name = started.part.path().file_name().unwrap().to_str().unwrap().to_owned();
        let number: u64 = name.split('.').rev().nth(1).unwrap().parse().unwrap();
        let left = |i| folder.path().join(format!("a.bin.{}.{}.{i}.part", host(), process::id()));
        for i in number + 1..number + 100 {
            fs::write(left(i), "left").unwrap();
        }
        Aside::create(&target, false).unwrap().commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"");
        for i in number + 1..number + 100 {
            assert_eq!(fs::read(left(i)).unwrap(), b"left");
        }
    }

    #[test]
    fn a_commit_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.bin");
        let begun = Aside::create(&target, true).unwrap();
        fs::create_dir(&target).unwrap();
        assert_eq!(begun.commit().unwrap_err().exit_code(), 64);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn folders_and_unwritable_places_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Aside::create(folder.path(), true).unwrap_err().exit_code(), 64);
        assert_eq!(Aside::create(Path::new("/"), true).unwrap_err().exit_code(), 64);
        assert_eq!(Aside::create(Path::new(""), true).unwrap_err().exit_code(), 64);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Aside::create(&file.join("a.mp4"), false).unwrap_err();
        assert_eq!(error.exit_code(), 75, "{error}");
    }
}
