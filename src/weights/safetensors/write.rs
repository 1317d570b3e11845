//! Writing: aside, tensor by tensor, then under the final name.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

use half::f16;
use serde_json::{Map, Value as Json, json};

use super::{CONFIG, FORMAT, PART, SOURCE_NAME, SOURCE_SHA256};
use crate::aside::{Aside, sync_folder};
use crate::network::Config;
use crate::weights::{DType, Origin, Part};
use crate::{Error, Result};

/// Takes a tensor's numbers in row-major order, in blocks of any length.
pub type Numbers<'a> = dyn FnMut(&[f32]) -> Result<()> + 'a;

/// What a file holds, but for the numbers.
#[derive(Debug, Default)]
pub struct Contents<'a> {
    /// Which networks. Where there are several, their tensors' names begin with the part's name and a dot.
    pub parts: &'a [Part],
    /// What the networks, or the first of them, are.
    pub config: Option<&'a Config>,
    /// What else is to be known.
    pub metadata: BTreeMap<&'static str, String>,
    /// Shapes by tensor name.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Stores weights in float16, everything else, which is small, in float32 all the same.
    pub half: bool,
}

impl Contents<'_> {
    fn dtype(&self, name: &str) -> DType {
        if self.half && name.ends_with(".weight") { DType::F16 } else { DType::F32 }
    }
}

/// Metadata that says where a network comes from.
pub(in crate::weights) fn described(origin: &Origin) -> BTreeMap<&'static str, String> {
    BTreeMap::from([(SOURCE_NAME, origin.name.clone()), (SOURCE_SHA256, origin.sha256.clone())])
}

/// Writes a file of tensors, the numbers from `fill`, which is called once for each name in sorted
/// order and hands all its numbers over.
///
/// The file appears under `out` complete and synced, or not at all. The same input gives the same
/// bytes.
///
/// # Errors
/// [`Error::Usage`] if `out` exists and `overwrite` is not set, [`Error::Io`], [`Error::Invalid`] for a
/// weight that float16 cannot hold, and what `fill` returns.
pub fn write(
    out: &Path,
    contents: Contents,
    overwrite: bool,
    mut fill: impl FnMut(&str, &mut Numbers) -> Result<()>,
) -> Result<()> {
    let header = header(out, &contents)?;
    let mut aside = Aside::create(out, overwrite)?;
    let mut file = BufWriter::with_capacity(1 << 20, aside.file());
    let failed = |e| Error::io("write", out, e);
    file.write_all(&(header.len() as u64).to_le_bytes()).map_err(failed)?;
    file.write_all(&header).map_err(failed)?;
    let mut bytes = Vec::new();
    for (name, shape) in &contents.shapes {
        let half = contents.dtype(name) == DType::F16;
        let mut left = numel(shape);
        fill(name, &mut |numbers| {
            left = left.and_then(|left| left.checked_sub(numbers.len()));
            bytes.clear();
            if half {
                for &number in numbers {
                    let rounded = f16::from_f32(number);
                    if rounded.is_infinite() && number.is_finite() {
                        return Err(Error::Invalid(format!(
                            "`{name}` has a weight of {number}, and float16 ends at 65504; leave `--half` out"
                        )));
                    }
                    bytes.extend(rounded.to_le_bytes());
                }
            } else {
                bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            }
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
fn header(out: &Path, contents: &Contents) -> Result<Vec<u8>> {
    let fail = |what: &dyn std::fmt::Display| {
        Error::Invalid(format!("cannot describe `{}`: {what}", out.display()))
    };
    // Sorted maps all through: a hash map's order would differ from run to run.
    let mut metadata = contents.metadata.clone();
    let parts: Vec<_> = contents.parts.iter().map(|part| part.name()).collect();
    metadata.extend([(FORMAT, "1".to_owned()), (PART, parts.join(","))]);
    if let Some(config) = contents.config {
        metadata.insert(CONFIG, serde_json::to_string(config).map_err(|e| fail(&e))?);
    }
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!(metadata));
    let mut at = 0usize;
    for (name, shape) in &contents.shapes {
        let (dtype, bytes) =
            if contents.dtype(name) == DType::F16 { ("F16", 2) } else { ("F32", 4) };
        let size = numel(shape).and_then(|n| n.checked_mul(bytes));
        let end = size
            .and_then(|size| at.checked_add(size))
            .ok_or_else(|| fail(&format_args!("`{name}` is too large")))?;
        header.insert(
            name.clone(),
            json!({ "dtype": dtype, "shape": shape, "data_offsets": [at, end] }),
        );
        at = end;
    }
    let mut header = serde_json::to_vec(&Json::Object(header)).map_err(|e| fail(&e))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}
