//! Reading expressions.

use std::ops::Range;

use super::operation::{Input, Known, NAMES, ONE, One, Op, THREE, TWO, Two};
use super::{MOST_OPS, Variables};
use crate::report::nearest;

/// The deepest nesting that is read, which bounds the stack.
const MAX_DEPTH: usize = 64;

/// Why a text is no expression: the first place where it cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// One sentence: what is wrong and what was expected.
    pub message: String,
    /// Bytes of the expression's text.
    pub span: Range<usize>,
    /// What to do, or the nearest valid name.
    pub help: Option<String>,
}

type Result<T> = std::result::Result<T, Mistake>;

fn mistake<T>(span: Range<usize>, message: String) -> Result<T> {
    Err(Mistake { message, span, help: None })
}

/// Binary operators, weakest first; those of one row bind alike, from the left.
const ROWS: [&[&str]; 3] = [&["<=", ">=", "==", "!=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

/// A place in the text; what is read becomes operations after the variables'.
pub struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    first: usize,
    variables: &'a mut Variables,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str, variables: &'a mut Variables) -> Self {
        let first = variables.ops.len();
        Self { text, at: 0, depth: 0, first, variables }
    }

    /// The operation that is the whole text's value. After a mistake, nothing was added.
    pub fn whole(mut self) -> Result<usize> {
        let value = self.row(0).and_then(|value| match self.peek() {
            None => Ok(value),
            Some(_) => self.expected("an operator or the end"),
        });
        if value.is_err() {
            self.variables.ops.truncate(self.first);
        }
        value
    }

    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        self.peek();
        let found = self.text[self.at..].starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expected<T>(&mut self, what: &str) -> Result<T> {
        match self.peek() {
            Some(c) => mistake(
                self.at..self.at + c.len_utf8(),
                format!("expected {what}, found `{}`", c.escape_debug()),
            ),
            None => {
                mistake(self.at..self.at, format!("expected {what}, but the expression ends here"))
            }
        }
    }

    fn push(&mut self, op: Op) -> Result<usize> {
        if self.variables.ops.len() >= self.first + MOST_OPS {
            return mistake(
                0..self.text.len(),
                format!("this expression has more than {MOST_OPS} operations"),
            );
        }
        self.variables.ops.push(op);
        Ok(self.variables.ops.len() - 1)
    }

    fn row(&mut self, row: usize) -> Result<usize> {
        let Some(operators) = ROWS.get(row) else { return self.negative() };
        let mut left = self.row(row + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.eat(operator)) {
            let right = self.row(row + 1)?;
            left = self.push(Op::Two(two(operator), left, right))?;
        }
        Ok(left)
    }

    fn negative(&mut self) -> Result<usize> {
        if self.eat("-") {
            let value = self.nested(Self::negative)?;
            return self.push(Op::One(One::Negative, value));
        }
        let base = self.primary()?;
        if self.eat("^") {
            // From the right, and -1 may stand above.
            let exponent = self.nested(Self::negative)?;
            return self.push(Op::Two(Two::Power, base, exponent));
        }
        Ok(base)
    }

    fn nested<T>(&mut self, read: impl Fn(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return mistake(self.at..self.at, format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn primary(&mut self) -> Result<usize> {
        match self.peek() {
            Some('(') => {
                self.eat("(");
                let value = self.nested(|parser| parser.row(0))?;
                if self.eat(")") { Ok(value) } else { self.expected("`)`") }
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c == '_' || c.is_alphabetic() => self.named(),
            _ => self.expected("a number, a name or `(`"),
        }
    }

    fn number(&mut self) -> Result<usize> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |at: &mut usize| {
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
        };
        digits(&mut self.at);
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            digits(&mut self.at);
        }
        if matches!(bytes.get(self.at), Some(b'e' | b'E')) {
            let mut after = self.at + 1;
            after += usize::from(matches!(bytes.get(after), Some(b'+' | b'-')));
            if bytes.get(after).is_some_and(u8::is_ascii_digit) {
                digits(&mut after);
                self.at = after;
            }
        }
        let text = &self.text[start..self.at];
        match text.parse::<f64>().ok().filter(|value| value.is_finite()) {
            Some(value) => self.push(Op::Constant(value)),
            None => mistake(start..self.at, format!("`{text}` is no number")),
        }
    }

    fn named(&mut self) -> Result<usize> {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
        let (name, span) = (&rest[..length], start..start + length);
        self.at = span.end;
        if self.eat("(") {
            return self.call(name, span);
        }
        if let Some((_, value)) = self.variables.names.iter().find(|(known, _)| known == name) {
            return Ok(*value);
        }
        match NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, Known::Constant(value))) => self.push(Op::Constant(*value)),
            Some((_, Known::Input(Input::Beat | Input::Bar | Input::Bpm)))
                if !self.variables.music =>
            {
                let help = Some("add `music: (bpm: 120)`".into());
                Err(Mistake { message: format!("`{name}` needs a tempo"), span, help })
            }
            Some((_, Known::Input(input))) => self.push(Op::Input(*input)),
            None => {
                let own = self.variables.names.iter().map(|(known, _)| known.as_str());
                let near = nearest(name, own.chain(NAMES.map(|(known, _)| known)));
                let function = functions().any(|(known, _)| known == name);
                let help = match near {
                    _ if function => Some(format!("`{name}` is a function: write `{name}(...)`")),
                    Some(near) => Some(format!("did you mean `{near}`?")),
                    None => Some(format!(
                        "there are {} and what `variables` defines",
                        NAMES.map(|(n, _)| n).join(", ")
                    )),
                };
                Err(Mistake { message: format!("unknown name `{name}`"), span, help })
            }
        }
    }

    /// A function's arguments, after `(`.
    fn call(&mut self, name: &str, span: Range<usize>) -> Result<usize> {
        let Some((_, arity)) = functions().find(|(known, _)| *known == name) else {
            let help = match nearest(name, functions().map(|(known, _)| known)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "there are {}",
                    functions().map(|(known, _)| known).collect::<Vec<_>>().join(", ")
                ),
            };
            return Err(Mistake {
                message: format!("unknown function `{name}`"),
                span,
                help: Some(help),
            });
        };
        let mut arguments = Vec::new();
        if !self.eat(")") {
            loop {
                arguments.push(self.nested(|parser| parser.row(0))?);
                if self.eat(")") {
                    break;
                }
                if !self.eat(",") {
                    return self.expected("`,` or `)`");
                }
            }
        }
        let find = |table: &[(&str, Two)]| {
            table.iter().find(|(known, _)| *known == name).map(|found| found.1)
        };
        match (arity, arguments.as_slice(), find(TWO)) {
            // The least of many is the least of pairs.
            (2, [first, second, more @ ..], Some(f))
                if more.is_empty() || matches!(f, Two::Min | Two::Max) =>
            {
                let mut value = self.push(Op::Two(f, *first, *second))?;
                for next in more {
                    value = self.push(Op::Two(f, value, *next))?;
                }
                Ok(value)
            }
            (1, [x], _) => match ONE.iter().find(|(known, _)| *known == name) {
                Some((_, f)) => self.push(Op::One(*f, *x)),
                None => self.expected("a function of one value"),
            },
            (3, [x, y, z], _) => match THREE.iter().find(|(known, _)| *known == name) {
                Some((_, f)) => self.push(Op::Three(*f, *x, *y, *z)),
                None => self.expected("a function of three values"),
            },
            _ => {
                let plural = if arity == 1 { "" } else { "s" };
                let given = arguments.len();
                mistake(
                    span,
                    format!("`{name}` takes {arity} value{plural}, here it is given {given}"),
                )
            }
        }
    }
}

/// Names of functions and how many values they take.
fn functions() -> impl Iterator<Item = (&'static str, usize)> {
    let one = ONE.iter().map(|(name, _)| (*name, 1));
    let two = TWO.iter().map(|(name, _)| (*name, 2));
    let all = one.chain(two).chain(THREE.iter().map(|(name, _)| (*name, 3)));
    all.filter(|(name, _)| name.starts_with(char::is_alphabetic))
}

fn two(operator: &str) -> Two {
    TWO.iter().find(|(known, _)| *known == operator).map_or(Two::Add, |found| found.1)
}
