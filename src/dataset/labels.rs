//! `dataset.json`: the classes of a set's images.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::files::Files;
use crate::{Error, Result};

/// The file beside the images.
pub(super) const NAME: &str = "dataset.json";
/// More classes than this no network has: a number beyond it is a mistake.
const MOST_CLASSES: u32 = 100_000;

/// The published layout.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Labels {
    /// Name of the image and class from 0, or nothing.
    #[serde(default)]
    pub labels: Option<Vec<(String, u32)>>,
}

/// The classes that a set's file gives its images, by name; none where there are none.
///
/// # Errors
/// [`Error::Invalid`] for a file of another layout, or one that names images twice or images that
/// are not there.
pub(super) fn read(files: &Files) -> Result<Option<BTreeMap<String, u32>>> {
    let Some(i) = files.find(NAME) else { return Ok(None) };
    let read: Labels = serde_json::from_slice(&files.read(i)?).map_err(|e| {
        files.unfit(i, format_args!("is not {{\"labels\": [[\"NAME\", CLASS], ...]}}: {e}"))
    })?;
    let Some(list) = read.labels else { return Ok(None) };
    let mut labels = BTreeMap::new();
    let missing: Vec<&str> =
        list.iter().map(|l| &*l.0).filter(|n| files.find(n).is_none()).collect();
    if let Some(first) = missing.first() {
        let more = match missing.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        return Err(files.unfit(i, format_args!("names `{first}`{more}, which the set lacks")));
    }
    for (name, class) in list {
        if class >= MOST_CLASSES {
            return Err(files.unfit(
                i,
                format_args!("gives `{name}` class {class}, expected at most {}", MOST_CLASSES - 1),
            ));
        }
        if labels.insert(name.clone(), class).is_some() {
            return Err(files.unfit(i, format_args!("names `{name}` twice")));
        }
    }
    Ok(Some(labels))
}

/// The class of each of some images.
///
/// # Errors
/// [`Error::Invalid`] where one has none.
pub(super) fn of_images(
    files: &Files,
    images: &[usize],
    labels: &BTreeMap<String, u32>,
) -> Result<Vec<u32>> {
    let class = |&i: &usize| -> Result<u32, Error> {
        let own = labels.get(files.name(i)).copied();
        own.ok_or_else(|| files.unfit(i, format_args!("has no class in `{NAME}`")))
    };
    images.iter().map(class).collect()
}
