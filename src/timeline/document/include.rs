//! Shared fragments: fields that stand in files of their own.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::ron_tree::{Name, Node, Value};
use super::decode::inner;
use super::form::{Apart, Field};
use super::from_json;
use super::shape::Shape;
use crate::report::{Report, Span, nearest};

/// How many files one timeline may consist of.
pub(super) const MOST_FILES: usize = 100;
/// Bytes of a fragment, at most.
const LARGEST: u64 = 1 << 24;

/// Read before all others.
pub(super) const INCLUDE: Field<Apart> = Field::new(
    "include",
    Apart(|| {
        let several = Shape::List { item: Box::new(Shape::Text), least: 0, most: None };
        Shape::Any(vec![Shape::Text, several])
    }),
    "a file, or several, whose fields fill in what this one leaves open",
);

/// Adds the fields of the files that `include` names to a timeline's own. What the timeline says itself
/// comes first, then the first file that says it; fields in parentheses are joined field by field. `open`
/// are the files that are being read, this one last.
pub fn include(tree: &mut Node, report: &mut Report, open: &[PathBuf]) {
    let Value::Struct(_, fields) = &mut tree.value else { return };
    let Some(at) = fields.iter().position(|(name, _)| name.text == INCLUDE.name) else { return };
    let (_, list) = fields.remove(at);
    let mut joined = Vec::new();
    for (text, span) in names(&list, report) {
        if let Some(fragment) = read(&text, span, report, open) {
            join(&mut joined, fragment);
        }
    }
    join(fields, joined);
}

/// The paths, as written, with their places.
fn names(list: &Node, report: &mut Report) -> Vec<(String, Span)> {
    let items = match &inner(list).value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(list),
    };
    let mut names = Vec::new();
    for item in items {
        match &inner(item).value {
            Value::String(text) => names.push((text.clone(), item.span.clone())),
            other => {
                let message =
                    format!("expected a file's name or a list of them, found {}", other.describe());
                report.error(item.span.clone(), message);
            }
        }
    }
    names
}

fn read(
    text: &str,
    span: Span,
    report: &mut Report,
    open: &[PathBuf],
) -> Option<Vec<(Name, Node)>> {
    let folder =
        Path::new(report.file(span.start).1).parent().unwrap_or(Path::new("")).to_path_buf();
    let path = folder.join(text);
    let same = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
    let refused = if open.contains(&same) {
        Some("it includes itself".to_owned())
    } else if report.file_count() >= MOST_FILES {
        Some(format!("a timeline consists of at most {MOST_FILES} files"))
    } else {
        None
    };
    let content = match refused {
        Some(why) => Err(why),
        None => content(&path),
    };
    let content = match content {
        Ok(content) => content,
        Err(why) => {
            let message = format!("cannot include `{}`: {why}", path.display());
            let diagnostic = report.error(span, message);
            if let Some(near) = neighbour(&path) {
                diagnostic.help(format!("did you mean `{near}`?"));
            }
            return None;
        }
    };
    let start = report.include(path.to_string_lossy(), content.as_str());
    let mut tree = match from_json::read(&path.to_string_lossy(), &content) {
        Ok(tree) => tree,
        Err(error) => {
            report.error(error.span.start + start..error.span.end + start, error.message);
            return None;
        }
    };
    tree.shift(start);
    include(&mut tree, report, &[open, &[same]].concat());
    match tree.value {
        Value::Struct(_, fields) => Some(fields),
        other => {
            let message =
                format!("expected fields of a timeline in parentheses, found {}", other.describe());
            report.error(tree.span, message);
            None
        }
    }
}

pub(super) fn content(path: &Path) -> Result<String, String> {
    let length = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if length > LARGEST {
        return Err(format!("it has {length} bytes, expected at most {LARGEST}"));
    }
    fs::read_to_string(path).map_err(|e| e.to_string())
}

fn is_timeline(name: &str) -> bool {
    name.ends_with(".ron") || from_json::is_json(name)
}

/// A file of the same folder whose name is near.
pub(super) fn neighbour(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let entries =
        fs::read_dir(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
            .ok()?;
    let names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let others =
        names.iter().map(String::as_str).filter(|other| *other != name && is_timeline(other));
    nearest(&name, others).map(String::from)
}

/// Adds what is not there yet, before what is: variables are for those after them.
fn join(fields: &mut Vec<(Name, Node)>, more: Vec<(Name, Node)>) {
    let mut front = 0;
    for (name, node) in more {
        match fields.iter_mut().find(|(own, _)| own.text == name.text) {
            None => {
                fields.insert(front, (name, node));
                front += 1;
            }
            Some((_, own)) => {
                if let (Value::Struct(None, own), Value::Struct(None, more)) =
                    (&mut own.value, node.value)
                {
                    join(own, more);
                }
            }
        }
    }
}
