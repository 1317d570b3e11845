//! RON text, or JSON, as a tree in which every node knows its place, so that a mistake of meaning can be
//! underlined as well as a mistake of syntax.
//!
//! The language is the `ron` crate's, without what no timeline has a use for: byte strings, byte
//! literals and ranges. Extensions (`#![enable(...)]`) are accepted and change nothing.

mod cursor;
mod json;
#[cfg(test)]
mod json_tests;
mod parser;
mod scalar;
#[cfg(test)]
mod tests;

use crate::report::Span;

pub(super) use json::parse_json;
pub(super) use parser::parse;

/// The deepest nesting that is read, which bounds the stack.
const MAX_DEPTH: usize = 128;

/// A value and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub value: Value,
    pub span: Span,
}

/// A name and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Name {
    pub text: String,
    pub span: Span,
}

/// What can be written in RON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    /// Within the range of i64 or u64; a longer integer is read as a float, as `ron` does.
    Integer(i128),
    Float(f64),
    Char(char),
    String(String),
    /// `Some(x)` or `None`.
    Option(Option<Box<Node>>),
    /// A bare word: a unit struct or variant.
    Word(String),
    /// `(a: 1)` or `Name(a: 1)`.
    Struct(Option<Name>, Vec<(Name, Node)>),
    /// `()`, `(1, 2)` or `Name(1, 2)`.
    Tuple(Option<Name>, Vec<Node>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// Moves it and all in it to a later place, for a text that stands after another one.
    pub fn shift(&mut self, by: usize) {
        let later = |span: &mut Span| *span = span.start + by..span.end + by;
        later(&mut self.span);
        match &mut self.value {
            Value::Option(Some(inner)) => inner.shift(by),
            Value::Struct(name, fields) => {
                name.iter_mut().for_each(|name| later(&mut name.span));
                for (name, node) in fields {
                    later(&mut name.span);
                    node.shift(by);
                }
            }
            Value::Tuple(name, items) => {
                name.iter_mut().for_each(|name| later(&mut name.span));
                items.iter_mut().for_each(|item| item.shift(by));
            }
            Value::List(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
                key.shift(by);
                value.shift(by);
            }),
            _ => {}
        }
    }
}

impl Value {
    /// The value as an error names it.
    pub fn describe(&self) -> String {
        match self {
            Self::Bool(b) => format!("`{b}`"),
            Self::Integer(i) => format!("the number {i}"),
            Self::Float(x) => format!("the number {x}"),
            Self::Char(_) => "a character".into(),
            Self::String(s) if s.len() <= 40 => format!("the text {s:?}"),
            Self::String(_) => "a text".into(),
            Self::Option(None) => "`None`".into(),
            Self::Option(Some(inner)) => inner.value.describe(),
            Self::Word(word) => format!("the word `{word}`"),
            Self::Struct(None, _) => "fields in parentheses".into(),
            Self::Struct(Some(name), _) => format!("`{}` with fields", name.text),
            Self::Tuple(None, items) => format!("a tuple of {}", items.len()),
            Self::Tuple(Some(name), _) => format!("`{}(...)`", name.text),
            Self::List(_) => "a list".into(),
            Self::Map(_) => "a map".into(),
        }
    }
}

/// Why a text is not RON: the first place where it cannot go on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SyntaxError {
    pub message: String,
    pub span: Span,
}
