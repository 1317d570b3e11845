//! Reading: the header at once, the tensors at need.

use std::collections::BTreeMap;

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::{CONFIG, FORMAT, PART, SOURCE_NAME, SOURCE_SHA256};
use crate::network::Config;
use crate::weights::blob::Blob;
use crate::weights::dtype::DType;
use crate::weights::source::Source;
use crate::weights::tensor::{Storage, Tensor};
use crate::weights::{Origin, Part};
use crate::{Error, Result};

/// Longest header, bytes; that of a large network takes 40 kB. Parsing one takes some forty times
/// its length at worst.
const MAX_HEADER: u64 = 1 << 19;

/// What a file of the program's own format holds.
pub(crate) struct Contents {
    pub tensors: BTreeMap<String, Tensor>,
    pub config: Option<Config>,
    /// Those that the file has; one at least.
    pub parts: Vec<Part>,
    pub origin: Option<Origin>,
}

/// Reads the header: the metadata, and the tensors, which are checked to be there.
pub(crate) fn header(
    source: &Source,
) -> Result<(BTreeMap<String, String>, BTreeMap<String, Tensor>)> {
    let mut len = [0; 8];
    source.read_at(0, &mut len)?;
    let len = u64::from_le_bytes(len);
    if len > MAX_HEADER {
        return Err(source
            .invalid(0, format_args!("a header of {len} bytes; expected at most {MAX_HEADER}")));
    }
    let mut header = vec![0; len.min(source.len().saturating_sub(8)) as usize];
    if (header.len() as u64) < len {
        return Err(source.truncated(8));
    }
    source.read_at(8, &mut header)?;
    let header: Metadata = serde_json::from_slice(&header)
        .map_err(|e| source.invalid(8, format_args!("the header is wrong: {e}")))?;
    let start = 8 + len;
    if start.checked_add(header.data_len() as u64) != Some(source.len()) {
        let (held, told) = (source.len() - start, header.data_len());
        return Err(source.invalid(
            start,
            format_args!(
                "{held} bytes of tensors where the header tells of {told}; copy the file again"
            ),
        ));
    }

    let mut tensors = BTreeMap::new();
    for (name, info) in header.tensors() {
        let dtype = dtype(info.dtype).ok_or_else(|| {
            source.unfit(format_args!("holds `{name}` as {:?}; expected F32", info.dtype))
        })?;
        // Within the file: the header's extents are checked to follow each other up to its end.
        let (from, to) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        let blob = Blob { start: start + from, len: to - from, latin1: false };
        let storage = Storage { dtype, numel: blob.len / dtype.size() as u64, blob, start: 0 };
        let tensor = Tensor::contiguous(storage, info.shape.clone());
        tensors.insert(name, tensor.map_err(|message| source.invalid(blob.start, message))?);
    }
    let metadata = header.metadata().iter().flatten();
    Ok((metadata.map(|(key, value)| (key.clone(), value.clone())).collect(), tensors))
}

fn dtype(stored: Dtype) -> Option<DType> {
    Some(match stored {
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::I64 => DType::I64,
        Dtype::I32 => DType::I32,
        Dtype::I16 => DType::I16,
        Dtype::I8 => DType::I8,
        Dtype::U8 => DType::U8,
        Dtype::BOOL => DType::Bool,
        _ => return None,
    })
}

/// Reads a network, `wanted` if the file has it.
pub(crate) fn read(source: &Source, wanted: Part) -> Result<Contents> {
    let (metadata, mut tensors) = header(source)?;
    match metadata.get(FORMAT).map(String::as_str) {
        Some("1") => {}
        Some(other) => return Err(source.unfit(format_args!("is of format {other}; this program knows 1"))),
        None => return Err(source.unfit("is a safetensors file without a network's configuration; make one with `sg3render import`")),
    }
    let floats = |dtype| matches!(dtype, DType::F32 | DType::F16);
    if let Some((name, other)) = tensors.iter().find(|(_, tensor)| !floats(tensor.dtype())) {
        let stored = other.dtype();
        return Err(source.unfit(format_args!("holds `{name}` as {stored:?}; expected F32 or F16")));
    }
    let names = metadata.get(PART).map_or("", String::as_str);
    let parts: Result<Vec<Part>> = names.split(',').map(str::parse).collect();
    let parts = parts
        .map_err(|_| source.unfit("does not say which network it holds (`sg3render.part`)"))?;
    let config = metadata.get(CONFIG).map(|text| config(source, text)).transpose()?;
    if config.is_none() && parts != [Part::D] {
        return Err(
            source.unfit("holds a generator without its configuration (`sg3render.config`)")
        );
    }
    let origin = match (metadata.get(SOURCE_NAME), metadata.get(SOURCE_SHA256)) {
        (Some(name), Some(sha256)) => Some(Origin { name: name.clone(), sha256: sha256.clone() }),
        _ => None,
    };

    if parts.len() > 1 {
        let begin = format!("{wanted}.");
        let own =
            |(name, tensor): (String, _)| Some((name.strip_prefix(&begin)?.to_owned(), tensor));
        tensors = tensors.into_iter().filter_map(own).collect();
    }
    Ok(Contents { tensors, config, parts, origin })
}

fn config(source: &Source, text: &str) -> Result<Config> {
    let wrong = |what: &dyn std::fmt::Display| -> Error {
        source.unfit(format_args!("has a wrong configuration (`{CONFIG}`): {what}"))
    };
    let config: Config = serde_json::from_str(text).map_err(|e| wrong(&e))?;
    config.validate().map_err(|e| wrong(&e))?;
    Ok(config)
}
