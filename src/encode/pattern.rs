//! Names of numbered files: `out/%05d.png`.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A path whose last part has a place for the frame's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    folder: PathBuf,
    prefix: String,
    suffix: String,
    /// Least number of digits, filled with zeros; none where the name has no place for a number.
    digits: Option<usize>,
}

impl Pattern {
    /// Reads `%d` and `%0Nd` (N from 1 to 20) in the file's name; `%%` is a per cent sign.
    pub fn parse(path: &Path) -> Result<Self> {
        let wrong = |what: &str| {
            Error::Usage(format!(
                "the output `{}` {what}; write for example `out/%05d.png`",
                path.display()
            ))
        };
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .ok_or_else(|| wrong("is not a file name in UTF-8"))?;
        let mut pattern = Self {
            folder: path.parent().unwrap_or(Path::new("")).to_path_buf(),
            prefix: String::new(),
            suffix: String::new(),
            digits: None,
        };
        let mut rest = name;
        while let Some((before, after)) = rest.split_once('%') {
            pattern.push(before);
            let (width, tail) = match after.strip_prefix('%') {
                Some(tail) => {
                    pattern.push("%");
                    rest = tail;
                    continue;
                }
                None => after.split_once('d').ok_or_else(|| wrong("has a `%` without a `d`"))?,
            };
            let digits = match width.strip_prefix('0') {
                None if width.is_empty() => Some(1),
                Some(number) if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok(),
                _ => None,
            };
            let digits = digits.filter(|d| (1..=20).contains(d));
            let digits =
                digits.ok_or_else(|| wrong("has a number of another form than `%d` or `%05d`"))?;
            if pattern.digits.replace(digits).is_some() {
                return Err(wrong("has two places for the frame's number"));
            }
            rest = tail;
        }
        pattern.push(rest);
        Ok(pattern)
    }

    fn push(&mut self, text: &str) {
        let end = if self.digits.is_some() { &mut self.suffix } else { &mut self.prefix };
        end.push_str(text);
    }

    /// Whether the name has a place for the frame's number.
    pub fn is_numbered(&self) -> bool {
        self.digits.is_some()
    }

    /// The folder of the files, empty for the working folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of frame `index`.
    pub fn path(&self, index: u64) -> PathBuf {
        let Self { prefix, suffix, .. } = self;
        let number = self.digits.map_or_else(String::new, |digits| format!("{index:0digits$}"));
        self.folder.join(format!("{prefix}{number}{suffix}"))
    }

    /// Whether a file of that name would be one of these.
    pub fn matches(&self, name: &str) -> bool {
        let number = name.strip_prefix(&self.prefix).and_then(|n| n.strip_suffix(&self.suffix));
        number.is_some_and(|n| match self.digits {
            Some(digits) => n.len() >= digits && n.bytes().all(|b| b.is_ascii_digit()),
            None => n.is_empty(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pattern: &str, index: u64) -> String {
        Pattern::parse(Path::new(pattern)).unwrap().path(index).display().to_string()
    }

    #[test]
    fn numbers_take_their_place() {
        assert_eq!(named("out/%05d.png", 12), "out/00012.png");
        assert_eq!(named("%d.png", 7), "7.png");
        assert_eq!(named("50%%_%06d%%.exr", 1_234_567), "50%_1234567%.exr");
        assert_eq!(named("a%d/x.png", 3), "a%d/x.png");
        assert_eq!(named("ü%02d.png", 3), "ü03.png");
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in [
            "%5d.png",
            "%s.png",
            "%0d.png",
            "%05i.png",
            "%d%d.png",
            "%021d.png",
            "%",
            "%0+5d.png",
            "/",
        ] {
            assert!(Pattern::parse(Path::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn frames_are_recognised() {
        let pattern = Pattern::parse(Path::new("out/f%03d.png")).unwrap();
        assert!(pattern.matches("f001.png") && pattern.matches("f1000.png"));
        for other in ["f01.png", "f001.exr", "001.png", "f+01.png", "f001.png.1.2.part"] {
            assert!(!pattern.matches(other), "{other}");
        }
    }
}
