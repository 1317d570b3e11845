//! Decoding of the tree: every function reports what is wrong at its place, answers `None`, and
//! leaves its caller to go on.

use std::path::PathBuf;

use super::super::expression::Variables;
use super::super::ron_tree::{Name, Node, Value};
use super::super::time::Time;
use super::Spanned;
use super::form::Record;
use super::from_json::is_json;
use super::music::Marker;
use super::tracks::Source;
use crate::report::{Report, Span, nearest};

/// Where mistakes of the written form are collected.
pub(super) struct Decoder {
    pub report: Report,
    /// Those read so far.
    pub markers: Vec<Marker>,
    /// Those of the document.
    pub variables: Variables,
    /// The timelines that clips show, as far as they are read.
    pub sources: Vec<Source>,
    /// The files that are being read: none of them can be a clip of itself.
    pub open: Vec<PathBuf>,
}

/// The fields of one struct.
pub(super) struct Fields<'n> {
    record: &'static Record,
    entries: Vec<(&'n Name, &'n Node)>,
    /// Known fields that an unknown one was probably meant to be: they are not missing as well.
    slips: Vec<String>,
    /// Where a missing field is reported: the opening parenthesis or name.
    head: Span,
}

impl Decoder {
    pub fn new(report: Report, open: Vec<PathBuf>) -> Self {
        let (markers, variables, sources) = (Vec::new(), Variables::default(), Vec::new());
        Self { report, markers, variables, sources, open }
    }

    pub fn expected<T>(&mut self, what: &str, node: &Node) -> Option<T> {
        // An example of RON's.
        let example = ["such as (", "`(", "[("].iter().any(|start| what.contains(start));
        let in_json = example && is_json(self.report.file(node.span.start).1);
        let diagnostic = self
            .report
            .error(node.span.clone(), format!("expected {what}, found {}", node.value.describe()));
        if in_json {
            diagnostic
                .help("in JSON fields stand in `{ }`, and all else of RON's parentheses in `[ ]`");
        }
        None
    }

    /// The fields of a struct, of which only those of its record may be there, each once. `None` as a
    /// value is as good as leaving the field out.
    pub fn fields<'n>(&mut self, node: &'n Node, record: &'static Record) -> Option<Fields<'n>> {
        let (what, known) = (record.what, record.names().collect::<Vec<_>>());
        let entries = match &inner(node).value {
            Value::Struct(_, entries) => entries.as_slice(),
            Value::Tuple(None, items) if items.is_empty() => &[],
            _ => {
                let example = known.first().unwrap_or(&"");
                return self.expected(&format!("{what}, as `({example}: ...)`"), node);
            }
        };
        let mut seen: Vec<(&Name, &Node)> = Vec::new();
        let mut slips = Vec::new();
        for (name, value) in entries {
            if !known.contains(&name.text.as_str()) {
                let near = nearest(&name.text, known.iter().copied());
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the fields are {}", known.join(", ")),
                };
                let message = format!("unknown field `{}` of {what}", name.text);
                self.report.error(name.span.clone(), message).help(help);
                slips.extend(near.map(String::from));
            } else if seen.iter().any(|(earlier, _)| earlier.text == name.text) {
                self.report.error(
                    name.span.clone(),
                    format!("field `{}` of {what} is given twice", name.text),
                );
            } else if inner(value).value != Value::Option(None) {
                seen.push((name, value));
            }
        }
        let start = node.span.start;
        Some(Fields { record, entries: seen, slips, head: start..start + 1 })
    }

    pub fn text(&mut self, node: &Node) -> Option<Spanned<String>> {
        match &inner(node).value {
            Value::String(text) => Some(Spanned::new(text.clone(), node)),
            _ => self.expected("a text in quotation marks", node),
        }
    }

    pub fn bool(&mut self, node: &Node) -> Option<bool> {
        match inner(node).value {
            Value::Bool(b) => Some(b),
            _ => self.expected("`true` or `false`", node),
        }
    }

    /// A finite number.
    pub fn plain_number(&mut self, node: &Node) -> Option<f64> {
        match inner(node).value {
            Value::Integer(i) => Some(i as f64),
            Value::Float(x) if x.is_finite() => Some(x),
            _ => self.expected("a finite number", node),
        }
    }

    /// One word of several.
    pub fn choice<T: Copy>(&mut self, node: &Node, options: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = options.iter().map(|(name, _)| *name).collect();
        match &inner(node).value {
            Value::Word(word) => {
                let found = options.iter().find(|(name, _)| name == word);
                if found.is_none() {
                    let message = format!("expected {}, found `{word}`", one_of(&names));
                    let diagnostic = self.report.error(node.span.clone(), message);
                    if let Some(near) = nearest(word, names) {
                        diagnostic.help(format!("did you mean `{near}`?"));
                    }
                }
                found.map(|(_, value)| *value)
            }
            Value::String(text) if names.contains(&text.as_str()) => {
                let message = format!("expected the word `{text}`, found a text");
                self.report
                    .error(node.span.clone(), message)
                    .help(format!("write {text} without quotation marks"));
                None
            }
            _ => self.expected(&one_of(&names), node),
        }
    }

    /// The items of a list.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &inner(node).value {
            Value::List(items) if !items.is_empty() => Some(items),
            Value::List(_) => {
                self.report
                    .error(node.span.clone(), format!("expected {what}, found an empty list"));
                None
            }
            _ => self.expected(what, node),
        }
    }

    pub fn time(&mut self, node: &Node) -> Option<Spanned<Time>> {
        let read = match &inner(node).value {
            Value::Integer(i) => Time::from_frames(*i as f64),
            Value::Float(x) => Time::from_frames(*x),
            Value::String(text) => {
                let find = |name: &str| self.markers.iter().find(|marker| marker.name == name);
                Time::parse_with(text, |name| find(name).map(|marker| marker.at.value))
            }
            _ => {
                return self
                    .expected("a time: a number of frames or a text such as \"1.5s\"", node);
            }
        };
        self.or_report(node, read).map(|time| Spanned::new(time, node))
    }

    /// Reports a sentence that a reader of plain values gave.
    pub fn or_report<T>(&mut self, node: &Node, read: Result<T, String>) -> Option<T> {
        read.map_err(|message| self.report.error(node.span.clone(), message)).ok()
    }
}

impl<'n> Fields<'n> {
    /// A field's value, out of `Some(...)`.
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(entry, _)| entry.text == name).map(|(_, node)| inner(node))
    }

    /// Whether the struct may have such a field.
    pub fn may_have(&self, name: &str) -> bool {
        self.record.names().any(|known| known == name)
    }

    /// Where a field's name stands.
    pub fn name_span(&self, name: &str) -> Option<Span> {
        self.entries
            .iter()
            .find(|(entry, _)| entry.text == name)
            .map(|(entry, _)| entry.span.clone())
    }

    /// Reports that none of several fields is there, unless one of them was misspelt.
    pub fn missing(&self, decoder: &mut Decoder, names: &[&str]) {
        if !self.slips.iter().any(|slip| names.contains(&slip.as_str())) {
            let message = format!("{} has no latent: expected {}", self.record.what, one_of(names));
            decoder.report.error(self.head.clone(), message);
        }
    }

    /// A field that must be there.
    pub fn need(&self, decoder: &mut Decoder, name: &str) -> Option<&'n Node> {
        let node = self.get(name);
        if node.is_none() && !self.slips.iter().any(|slip| slip == name) {
            decoder.report.error(
                self.head.clone(),
                format!("field `{name}` of {} is missing", self.record.what),
            );
        }
        node
    }
}

/// What stands in `Some(...)`, or the node itself.
pub(super) fn inner(node: &Node) -> &Node {
    match &node.value {
        Value::Option(Some(some)) => inner(some),
        _ => node,
    }
}

/// "`a`, `b` or `c`".
pub(super) fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(|name| format!("`{name}`")).collect();
            format!("{} or `{last}`", most.join(", "))
        }
    }
}
