//! Which of a training's networks is the best so far.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::diagnostics::save;
use crate::{Error, Result};

/// Where it is written down, in the folder of the run.
const FILE: &str = "best.json";
/// The figures that tell, the first one that there is: less is better.
const FIGURES: [&str; 2] = ["fid", "kid"];

/// The best network so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Images that the discriminator had been shown: the number of its files.
    pub images: u64,
    /// The figure that it is the best by.
    pub figure: String,
    /// Its value.
    pub value: f64,
}

impl Best {
    /// What a folder says.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Invalid`] for a file that is not of this program.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read", path, e)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|e| {
            Error::Invalid(format!(
                "`{}` is not what a training wrote: {e}; remove it",
                path.display()
            ))
        })
    }

    /// Takes a network's place, and writes that down, if another one's figures are better, or others.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn offer(
        best: &mut Option<Self>,
        folder: &Path,
        images: u64,
        figures: &[(String, f64)],
    ) -> Result<()> {
        let found = FIGURES.iter().find_map(|name| figures.iter().find(|(n, _)| n == name));
        let Some((figure, value)) = found.filter(|(_, value)| value.is_finite()) else {
            return Ok(());
        };
        let stays = |best: &Self| best.figure == *figure && best.value <= *value;
        if best.as_ref().is_some_and(stays) {
            return Ok(());
        }
        let new = Self { images, figure: figure.clone(), value: *value };
        let text = serde_json::to_string_pretty(&new)
            .map_err(|e| Error::Invalid(format!("cannot write `{FILE}`: {e}")))?;
        save(&folder.join(FILE), text.as_bytes(), true)?;
        *best = Some(new);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_figure_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut best = Best::read(folder.path()).unwrap();
        assert_eq!(best, None);
        let mut offer = |images: u64, figures: &[(&str, f64)]| {
            let figures: Vec<_> =
                figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            Best::offer(&mut best, folder.path(), images, &figures).unwrap();
            assert_eq!(Best::read(folder.path()).unwrap(), best);
            best.as_ref().map(|best| best.images)
        };
        assert_eq!(offer(1, &[("eq-t", 60.0)]), None);
        assert_eq!(offer(2, &[("kid", 0.5), ("eq-t", 60.0)]), Some(2));
        assert_eq!(offer(3, &[("kid", 0.6)]), Some(2));
        assert_eq!(offer(4, &[("kid", f64::NAN)]), Some(2));
        assert_eq!(offer(5, &[("kid", 0.4)]), Some(5));
        // Another figure from now on.
        assert_eq!(offer(6, &[("kid", 0.7), ("fid", 90.0)]), Some(6));
        assert_eq!(offer(7, &[("fid", 80.0), ("kid", 0.9)]), Some(7));
        fs::write(folder.path().join(FILE), "{}").unwrap();
        assert_eq!(Best::read(folder.path()).unwrap_err().exit_code(), 65);
    }
}
