//! Latents out of array files: NumPy's `.npy` and `.npz`, and `.safetensors`.

mod npy;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use zip::ZipArchive;

/// The most bytes that are read of an array, and of a file that is read whole.
const MAX_BYTES: u64 = 1 << 28;

/// An array of floats, last axis fastest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array {
    pub shape: Vec<usize>,
    /// As many as the product of `shape`.
    pub data: Vec<f32>,
}

/// Reads an array of float16, float32 or float64. `name` picks one of several; without it the first of
/// `usual` that there is, otherwise the first of an `.npz` or the only one of a `.safetensors` file. An
/// error is one sentence.
pub(super) fn read(path: &Path, name: Option<&str>, usual: &[&str]) -> Result<Array, String> {
    let shown = path.display();
    let file = File::open(path).map_err(|e| format!("cannot read `{shown}`: {e}"))?;
    let extension =
        path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let array = match (extension.as_str(), name) {
        ("npy", None) => npy::read(BufReader::new(file)),
        ("npy", Some(_)) => {
            Err("an `.npy` file holds one array without a name: leave out `array`".into())
        }
        ("npz", name) => zipped(file, name, usual),
        ("safetensors", name) => tensor(file, name, usual),
        _ => Err("expected a file that ends in `.npy`, `.npz` or `.safetensors`".into()),
    };
    array.map_err(|what| format!("`{shown}`: {what}"))
}

fn zipped(file: File, name: Option<&str>, usual: &[&str]) -> Result<Array, String> {
    let broken = |e| format!("not an `.npz` file: {e}");
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let names: Vec<String> =
        archive.file_names().filter_map(|f| f.strip_suffix(".npy")).map(String::from).collect();
    let chosen = choose(&names, name.or(among(&names, usual)), true)?;
    let entry = archive.by_name(&format!("{chosen}.npy")).map_err(broken)?;
    npy::read(entry)
}

fn tensor(file: File, name: Option<&str>, usual: &[&str]) -> Result<Array, String> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("too large for latents: at most {} MiB are read", MAX_BYTES >> 20));
    }
    let tensors =
        SafeTensors::deserialize(&bytes).map_err(|e| format!("not a `.safetensors` file: {e}"))?;
    let mut names: Vec<String> = tensors.names().into_iter().map(|n| n.to_string()).collect();
    names.sort();
    let chosen = choose(&names, name.or(among(&names, usual)), false)?;
    let view = tensors.tensor(chosen).map_err(|e| e.to_string())?;
    let format = match view.dtype() {
        Dtype::F16 => Format::Half,
        Dtype::F32 => Format::Single,
        Dtype::F64 => Format::Double,
        other => {
            return Err(format!(
                "array `{chosen}` holds {other:?}: expected float16, float32 or float64"
            ));
        }
    };
    Ok(Array { shape: view.shape().to_vec(), data: format.decode(view.data(), false) })
}

/// The first of the usual names that there is.
fn among<'u>(names: &[String], usual: &[&'u str]) -> Option<&'u str> {
    usual.iter().copied().find(|usual| names.iter().any(|name| name == usual))
}

/// The array called `name`, or the one that is meant without a name.
fn choose<'n>(names: &'n [String], name: Option<&str>, first: bool) -> Result<&'n str, String> {
    let list = || names.iter().take(8).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    match (name, names) {
        (_, []) => Err("holds no array".into()),
        (Some(name), _) => match names.iter().find(|n| *n == name) {
            Some(found) => Ok(found),
            None => Err(format!("holds no array `{name}`, only {}", list())),
        },
        (None, [one]) => Ok(one),
        (None, [one, ..]) if first => Ok(one),
        (None, _) => Err(format!("holds several arrays: choose one by `array`, of {}", list())),
    }
}

/// A float format that latents are stored in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Format {
    Half,
    Single,
    Double,
}

impl Format {
    fn size(self) -> usize {
        match self {
            Self::Half => 2,
            Self::Single => 4,
            Self::Double => 8,
        }
    }

    /// The values of whole items; bytes that are left over are dropped.
    fn decode(self, bytes: &[u8], big_endian: bool) -> Vec<f32> {
        let value = |item: &[u8]| {
            let mut eight = [0; 8];
            let place = &mut eight[..self.size()];
            place.copy_from_slice(item);
            if big_endian {
                place.reverse();
            }
            let bits = u64::from_le_bytes(eight);
            match self {
                Self::Half => half::f16::from_bits(bits as u16).to_f32(),
                Self::Single => f32::from_bits(bits as u32),
                Self::Double => f64::from_bits(bits) as f32,
            }
        };
        bytes.chunks_exact(self.size()).map(value).collect()
    }
}
