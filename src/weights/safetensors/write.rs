//! Writing: aside, tensor by tensor, then under the final name.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::{CONFIG, FORMAT, PART, SOURCE_NAME, SOURCE_SHA256};
use crate::aside::{Aside, sync_folder};
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
    fill: impl FnMut(&str, &mut Numbers) -> Result<()>,
) -> Result<()> {
    let mut metadata = BTreeMap::new();
    if let Some(Origin { name, sha256 }) = origin {
        metadata.insert(SOURCE_NAME, name.clone());
        metadata.insert(SOURCE_SHA256, sha256.clone());
    }
    write_tensors(out, &[part], config, metadata, shapes, overwrite, fill)
}

/// As [`write()`], for several networks in one file, whose tensors' names begin with their part's name and a
/// dot, and whatever else the file is to hold, with more metadata.
///
/// # Errors
/// As [`write()`].
pub fn write_tensors(
    out: &Path,
    parts: &[Part],
    config: Option<&Config>,
    mut metadata: BTreeMap<&'static str, String>,
    shapes: &BTreeMap<String, Vec<usize>>,
    overwrite: bool,
    mut fill: impl FnMut(&str, &mut Numbers) -> Result<()>,
) -> Result<()> {
    let parts: Vec<_> = parts.iter().map(|part| part.name()).collect();
    metadata.extend([(FORMAT, "1".to_owned()), (PART, parts.join(","))]);
    let header = header(out, metadata, config, shapes)?;
    let mut aside = Aside::create(out, overwrite)?;
    let mut file = BufWriter::with_capacity(1 << 20, aside.file());
    let failed = |e| Error::io("write", out, e);
    file.write_all(&(header.len() as u64).to_le_bytes()).map_err(failed)?;
    file.write_all(&header).map_err(failed)?;
    let mut bytes = Vec::new();
    for (name, shape) in shapes {
        let mut left = numel(shape);
        fill(name, &mut |numbers| {
            left = left.and_then(|left| left.checked_sub(numbers.len()));
            bytes.clear();
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            file.write_all(&bytes).map_err(failed)
        })?;
        if left != Some(0) {
            let out = out.display();
            return Err(Error::Invalid(format!(
                "`{out}`: `{name}` has not as many numbers as its shape {shape:?}"
            )));
        }
    }
    file.flush().map_err(failed)?;
    drop(file);
    aside.commit()?;
    sync_folder(out);
    Ok(())
}

fn numel(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size))
}

/// The header, padded so that the numbers are aligned to 8 bytes.
fn header(
    out: &Path,
    // Sorted maps all through: a hash map's order would differ from run to run.
    mut metadata: BTreeMap<&'static str, String>,
    config: Option<&Config>,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Vec<u8>> {
    let fail = |what: &dyn std::fmt::Display| {
        Error::Invalid(format!("cannot describe `{}`: {what}", out.display()))
    };
    if let Some(config) = config {
        metadata.insert(CONFIG, serde_json::to_string(config).map_err(|e| fail(&e))?);
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
