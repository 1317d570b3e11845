//! A file that appears whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A file under a temporary name beside the final one; removed again unless finished.
pub(super) struct Aside {
    out: PathBuf,
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Aside {
    pub fn create(out: &Path, overwrite: bool) -> Result<Self> {
        if out.exists() && !overwrite {
            return Err(Error::Usage(format!(
                "`{}` exists; give `--overwrite` to replace it",
                out.display()
            )));
        }
        let name = out.file_name().ok_or_else(|| {
            Error::Usage(format!(
                "`{}` is no name for a file; expected one such as `net.safetensors`",
                out.display()
            ))
        })?;
        // Unique among processes by the number of this one, among its threads by trying.
        for attempt in 0..1000 {
            let mut aside = OsString::from(".");
            aside.push(name);
            aside.push(format!(".{}-{attempt}.part", std::process::id()));
            let path = out.with_file_name(aside);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    return Ok(Self {
                        out: out.to_path_buf(),
                        path,
                        file: Some(BufWriter::with_capacity(1 << 20, file)),
                    });
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("write", &path, e)),
            }
        }
        Err(Error::Usage(format!(
            "too many unfinished files beside `{}`; remove its `.part` files",
            out.display()
        )))
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(bytes).map_err(|e| Error::io("write", &self.out, e)),
            None => Ok(()),
        }
    }

    pub fn finish(mut self) -> Result<()> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        let fail = |e| Error::io("write", &self.out, e);
        let done = file
            .into_inner()
            .map_err(|e| fail(e.into_error()))
            .and_then(|file| file.sync_all().map_err(fail));
        let done = done.and_then(|()| {
            fs::rename(&self.path, &self.out).map_err(|e| Error::io("rename", &self.path, e))
        });
        if let Err(e) = done {
            // The first error is the one that matters.
            let _ = fs::remove_file(&self.path);
            return Err(e);
        }
        let folder = self
            .out
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| Error::io("sync", folder, e))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // Nothing is left to tell whom it failed.
            let _ = fs::remove_file(&self.path);
        }
    }
}
