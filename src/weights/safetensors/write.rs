//! Writing: aside, tensor by tensor, then under the final name.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::{CONFIG, FORMAT, PART, SOURCE_NAME, SOURCE_SHA256};
use crate::network::Config;
use crate::weights::{Origin, Part};
use crate::{Error, Result};

/// Takes a tensor's numbers in row-major order, in blocks of any length.
pub type Numbers<'a> = dyn FnMut(&[f32]) -> Result<()> + 'a;

/// Writes a network: `shapes` by tensor name, the numbers from `fill`, which is called once for
/// each name in sorted order and hands all its numbers over.
///
/// The file appears under `out` complete and synced, or not at all. The same input gives the same
/// bytes.
///
/// # Errors
/// [`Error::Usage`] if `out` exists and `overwrite` is not set, [`Error::Io`], and what `fill` returns.
pub fn write(
    out: &Path,
    part: Part,
    config: Option<&Config>,
    origin: Option<&Origin>,
    shapes: &BTreeMap<String, Vec<usize>>,
    overwrite: bool,
    mut fill: impl FnMut(&str, &mut Numbers) -> Result<()>,
) -> Result<()> {
    let header = header(out, part, config, origin, shapes)?;
    let mut aside = Aside::create(out, overwrite)?;
    aside.write(&(header.len() as u64).to_le_bytes())?;
    aside.write(&header)?;
    for (name, shape) in shapes {
        let mut left = numel(shape);
        fill(name, &mut |numbers| {
            left = left.and_then(|left| left.checked_sub(numbers.len()));
            for &number in numbers {
                aside.write(&number.to_le_bytes())?;
            }
            Ok(())
        })?;
        if left != Some(0) {
            let out = out.display();
            return Err(Error::Invalid(format!(
                "`{out}`: `{name}` has not as many numbers as its shape {shape:?}"
            )));
        }
    }
    aside.finish()
}

fn numel(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1usize, |n, &size| n.checked_mul(size))
}

/// The header, padded so that the numbers are aligned to 8 bytes.
fn header(
    out: &Path,
    part: Part,
    config: Option<&Config>,
    origin: Option<&Origin>,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Vec<u8>> {
    let fail = |what: &dyn std::fmt::Display| {
        Error::Invalid(format!("cannot describe `{}`: {what}", out.display()))
    };
    // Sorted maps all through: a hash map's order would differ from run to run.
    let mut metadata = BTreeMap::from([(FORMAT, "1".to_owned()), (PART, part.name().to_owned())]);
    if let Some(config) = config {
        metadata.insert(CONFIG, serde_json::to_string(config).map_err(|e| fail(&e))?);
    }
    if let Some(Origin { name, sha256 }) = origin {
        metadata.insert(SOURCE_NAME, name.clone());
        metadata.insert(SOURCE_SHA256, sha256.clone());
    }
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!(metadata));
    let mut at = 0usize;
    for (name, shape) in shapes {
        let size = numel(shape).and_then(|n| n.checked_mul(4));
        let end = size
            .and_then(|size| at.checked_add(size))
            .ok_or_else(|| fail(&format_args!("`{name}` is too large")))?;
        header.insert(
            name.clone(),
            json!({ "dtype": "F32", "shape": shape, "data_offsets": [at, end] }),
        );
        at = end;
    }
    let mut header = serde_json::to_vec(&Json::Object(header)).map_err(|e| fail(&e))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}

/// A file under a temporary name beside the final one; removed again unless finished.
struct Aside {
    out: PathBuf,
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Aside {
    fn create(out: &Path, overwrite: bool) -> Result<Self> {
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

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.file {
            Some(file) => file
                .write_all(bytes)
                .map_err(|e| Error::io("write", &self.out, e)),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<()> {
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
