//! Writing what was made.

use std::io::Write;
use std::path::Path;

use crate::aside::Aside;
use crate::{Error, Result};

/// Writes a file that gets its name only when it is complete.
///
/// # Errors
/// [`Error::Usage`] for one that is already there and must not be replaced, [`Error::Io`].
pub fn save(path: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    let mut aside = Aside::create(path, overwrite)?;
    aside.file().write_all(bytes).map_err(|e| Error::io("write", path, e))?;
    aside.commit()
}
