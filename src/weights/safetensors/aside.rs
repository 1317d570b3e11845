//! A file that appears whole or not at all.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::unfinished::Unfinished;
use crate::{Error, Result};

/// A file under a temporary name beside the final one; removed again unless finished.
pub(super) struct Aside {
    out: PathBuf,
    part: Unfinished,
    file: BufWriter<File>,
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
            match Unfinished::create(path) {
                Ok((part, file)) => {
                    let file = BufWriter::with_capacity(1 << 20, file);
                    return Ok(Self { out: out.to_path_buf(), part, file });
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("create", out, e)),
            }
        }
        Err(Error::Usage(format!(
            "too many unfinished files beside `{}`; remove its `.part` files",
            out.display()
        )))
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| Error::io("write", &self.out, e))
    }

    pub fn finish(self) -> Result<()> {
        let Self { out, part, file } = self;
        let fail = |e| Error::io("write", &out, e);
        file.into_inner().map_err(|e| fail(e.into_error()))?.sync_all().map_err(fail)?;
        part.rename(&out).map_err(|e| Error::io("rename to", &out, e))?;
        let folder =
            out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| Error::io("sync", folder, e))
    }
}
