//! What a set is made of: pictures in folders and zips, single pictures, videos.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::files::Files;
use super::super::{labels, picture};
use crate::decode::Video;
use crate::{Error, Result};

/// What FFmpeg is asked to read, by extension.
const VIDEOS: [&str; 14] = [
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "mts", "m2ts", "ts", "wmv", "flv",
    "ogv",
];

/// How pictures get their classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Classes {
    /// Those of the sources' `dataset.json`, where every source has one with classes; otherwise none.
    #[default]
    Auto,
    /// None.
    None,
    /// By the first folder within the source, in the order of their names.
    Folders,
    /// Every source is a class, in the order in which they are given.
    Sources,
}

/// A picture or video that is to be read.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// As it is named in reports.
    pub name: String,
    pub class: Option<u32>,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Picture(Arc<Files>, usize),
    Video(PathBuf),
}

/// All that the sources hold.
#[derive(Debug)]
pub(super) struct Items {
    pub items: Vec<Item>,
    /// Names of the classes; empty for those of `dataset.json`, which are numbers.
    pub classes: Vec<String>,
    /// Pictures, and frames of videos where they tell how many.
    pub steps: u64,
    /// Of other kinds.
    pub passed_over: u64,
}

/// Lists the sources.
///
/// # Errors
/// [`Error::Io`] and [`Error::Invalid`] for a source that cannot be read or is of no known kind, and
/// for pictures without a class where they need one.
pub(super) fn list(sources: &[PathBuf], classes: Classes) -> Result<Items> {
    let mut found = Items { items: Vec::new(), classes: Vec::new(), steps: 0, passed_over: 0 };
    let mut listed = Vec::new();
    for source in sources {
        listed.push(Listed::open(source)?);
    }
    let all_labelled = listed.iter().all(|listed| listed.labels.is_some());
    if classes == Classes::Folders {
        let mut names: Vec<String> = Vec::new();
        for (_, within) in listed.iter().flat_map(|l| &l.items) {
            let Some((folder, _)) = within.split_once('/') else {
                return Err(Error::Usage(format!(
                    "`{within}` lies in no folder within its source, so it has no class; move it into \
                     one, or leave `--classes folders` out"
                )));
            };
            names.push(folder.into());
        }
        names.sort();
        names.dedup();
        found.classes = names;
    }
    if classes == Classes::Sources {
        found.classes = sources.iter().map(|source| source.display().to_string()).collect();
    }
    for (number, listed) in listed.into_iter().enumerate() {
        found.passed_over += listed.passed_over;
        for (mut item, within) in listed.items {
            item.class = match classes {
                Classes::Auto if all_labelled => {
                    let label = listed.labels.as_ref().and_then(|labels| labels.get(&within));
                    Some(*label.ok_or_else(|| {
                        Error::Invalid(format!("`{}` has no class in `dataset.json`", item.name))
                    })?)
                }
                Classes::Auto | Classes::None => None,
                Classes::Sources => Some(number as u32),
                Classes::Folders => {
                    let folder = within.split('/').next().unwrap_or_default();
                    found.classes.iter().position(|name| name == folder).map(|i| i as u32)
                }
            };
            found.steps += match &item.kind {
                Kind::Picture(..) => 1,
                // One that cannot be read is told when its turn comes.
                Kind::Video(path) => {
                    Video::open(path).ok().and_then(|video| video.frames).unwrap_or(0)
                }
            };
            found.items.push(item);
        }
    }
    Ok(found)
}

/// What one source holds, with names within it.
struct Listed {
    items: Vec<(Item, String)>,
    labels: Option<std::collections::BTreeMap<String, u32>>,
    passed_over: u64,
}

impl Listed {
    fn open(source: &Path) -> Result<Self> {
        let shown = source.display().to_string();
        let name =
            source.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let is_zip = picture::extension(&name).is_some_and(|e| e == "zip");
        if !source.is_dir() && !is_zip {
            let kind = if is_video(&name) {
                std::fs::File::open(source).map_err(|e| Error::io("read", source, e))?;
                Kind::Video(source.to_path_buf())
            } else if picture::is_picture(&name) {
                Kind::Picture(Arc::new(Files::single(source)?), 0)
            } else {
                return Err(unknown(source));
            };
            let item = Item { name: shown, class: None, kind };
            return Ok(Self { items: vec![(item, name)], labels: None, passed_over: 0 });
        }
        let files = Arc::new(Files::open(source)?);
        let labels = labels::read(&files)?;
        let (mut items, mut passed_over) = (Vec::new(), 0);
        for i in 0..files.len() {
            let within = files.name(i).to_owned();
            let kind = if picture::is_picture(&within) {
                Kind::Picture(files.clone(), i)
            } else if is_video(&within) && !is_zip {
                Kind::Video(source.join(&within))
            } else {
                passed_over += u64::from(within != labels::NAME);
                continue;
            };
            items.push((Item { name: format!("{shown}/{within}"), class: None, kind }, within));
        }
        Ok(Self { items, labels, passed_over })
    }
}

fn is_video(name: &str) -> bool {
    picture::extension(name).is_some_and(|e| VIDEOS.contains(&&*e))
}

fn unknown(source: &Path) -> Error {
    if let Err(error) = std::fs::metadata(source) {
        return Error::io("read", source, error);
    }
    Error::Invalid(format!(
        "`{}` is of no known kind, expected a folder, a zip, a PNG, JPEG or WebP picture, or a video \
         ({})",
        source.display(),
        VIDEOS.join(", ")
    ))
}
