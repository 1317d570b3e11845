//! What is made once and kept on disk: compiled kernels, features of real pictures. An entry is its
//! content's SHA-256 followed by the content; one that does not agree with itself is made again. A
//! cache that cannot be written costs time, not the work.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::aside::Aside;
use crate::{Error, Result};

#[cfg(test)]
mod tests;

const HASH: usize = 32;

/// The program's cache folder: `SG3RENDER_CACHE`, or `sg3render` in the user's.
pub fn root() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("SG3RENDER_CACHE").or_else(|| {
        let user = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
        user.map(|folder| folder.join("sg3render"))
    })
}

/// The name of what these parts, in this order, make.
pub fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps parts apart: "ab", "c" is not "a", "bc".
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The entry of this key, or what `make` makes, which is then kept.
///
/// # Errors
/// Only those of `make`.
pub fn get(
    folder: Option<&Path>,
    key: &str,
    make: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let Some(path) = folder.map(|folder| folder.join(key)) else {
        return make();
    };
    if let Some(content) = read(&path) {
        return Ok(content);
    }
    let content = make()?;
    // What fails here fails again next time, and is then made again.
    let _ = write(&path, &content);
    Ok(content)
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(path).ok()?;
    let (hash, content) = bytes.split_at_checked(HASH)?;
    (Sha256::digest(content).as_slice() == hash).then(|| content.to_vec())
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
    }
    let mut aside = Aside::create(path, true)?;
    let written = aside.file().write_all(&Sha256::digest(content));
    written
        .and_then(|()| aside.file().write_all(content))
        .map_err(|e| Error::io("write", path, e))?;
    aside.commit()
}
