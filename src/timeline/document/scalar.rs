//! Numbers as written: literals, expressions in texts, and the variables of the document.

use std::sync::Arc;

use super::super::expression::{Mistake, Program};
use super::super::ron_tree::{Node, Value};
use super::decode::{Decoder, inner};
use super::form::{By, Field};
use super::shape::Shape;
use crate::report::Span;

pub(super) const VARIABLES: Field<By<()>> = Field::new(
    "variables",
    By(
        |d, n| {
            d.variables(n);
            Some(())
        },
        || Shape::names(Shape::Any(vec![Shape::number(), Shape::Text])),
    ),
    "names, and numbers or expressions: for the expressions of this document, each for those after it",
);

/// A number of a track.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) enum Scalar {
    Constant(f64),
    Expression(Arc<Program>),
}

impl Decoder {
    /// A finite number, an expression in a text, or the name of a variable.
    pub fn number(&mut self, node: &Node) -> Option<Scalar> {
        let (text, start) = match &inner(node).value {
            Value::String(text) => (text, self.inside(node, text)),
            Value::Word(word) if self.variables.knows(word) => (word, Some(node.span.start)),
            Value::Integer(_) | Value::Float(_) => {
                return self.plain_number(node).map(Scalar::Constant);
            }
            _ => {
                return self.expected(
                    "a finite number, or an expression such as \"0.5 + 0.5 * sin(t)\"",
                    node,
                );
            }
        };
        match self.variables.program(text) {
            Ok(program) => Some(Scalar::Expression(program)),
            Err(mistake) => {
                self.mistake(mistake, node, start);
                None
            }
        }
    }

    /// `variables: (speed: 2, pulse: "sin(beat)")`, each for those after it.
    fn variables(&mut self, node: &Node) {
        let Value::Struct(None, entries) = &inner(node).value else {
            self.expected::<()>(
                "names and numbers or expressions such as `(pulse: \"sin(tau * t)\")`",
                node,
            );
            return;
        };
        for (name, value) in entries {
            if let Some(message) = self.no_name("variable", &name.text) {
                self.report.error(name.span.clone(), message);
                continue;
            }
            let added = match &inner(value).value {
                Value::String(text) => {
                    let start = self.inside(value, text);
                    self.variables.add(&name.text, text).map_err(|mistake| (mistake, start))
                }
                _ => {
                    let number = self.plain_number(value).unwrap_or_default();
                    self.variables.add_constant(&name.text, number);
                    Ok(())
                }
            };
            if let Err((mistake, start)) = added {
                self.mistake(mistake, value, start);
                // Told of once: not in every expression that uses it, too.
                self.variables.add_constant(&name.text, 0.0);
            }
        }
    }

    /// What is wrong with a name for expressions to use.
    pub fn no_name(&self, what: &str, name: &str) -> Option<String> {
        if !name.chars().all(|c| c == '_' || c.is_alphanumeric()) {
            return Some(format!("`{name}` is no {what}'s name: expected letters, digits and `_`"));
        }
        let known = self.variables.knows(name);
        known.then(|| format!("`{name}` is known already: choose another name"))
    }

    /// Where a text's own first character stands in the file; none where escapes move the others.
    fn inside(&self, node: &Node, text: &str) -> Option<usize> {
        let node = inner(node);
        let (from, _, file) = self.report.file(node.span.start);
        let written = file.get(node.span.start - from..node.span.end - from)?;
        let opening = written.find('"')? + 1;
        written[opening..].starts_with(text).then_some(node.span.start + opening)
    }

    fn mistake(&mut self, mistake: Mistake, node: &Node, start: Option<usize>) {
        let span: Span = match start {
            Some(start) => start + mistake.span.start..start + mistake.span.end,
            None => inner(node).span.clone(),
        };
        let diagnostic = self.report.error(span, mistake.message);
        if let Some(help) = mistake.help {
            diagnostic.help(help);
        }
    }
}
