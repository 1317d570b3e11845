//! Recursive descent over the text.

use super::cursor::{Cursor, Result, error};
use super::{MAX_DEPTH, Name, Node, Value};

/// Reads one value and nothing after it.
pub(in crate::timeline) fn parse(text: &str) -> Result<Node> {
    let mut parser = Parser { cursor: Cursor::new(text), depth: 0 };
    parser.cursor.space()?;
    while parser.cursor.starts_with("#") {
        parser.attribute()?;
    }
    let node = parser.value()?;
    parser.cursor.space()?;
    if parser.cursor.peek().is_some() {
        parser.cursor.expected("the end of the file")
    } else {
        Ok(node)
    }
}

struct Parser<'t> {
    cursor: Cursor<'t>,
    depth: usize,
}

impl Parser<'_> {
    /// `#![enable(...)]`, `#![type = "..."]` or `#![schema = "..."]`.
    fn attribute(&mut self) -> Result<()> {
        for token in ["#", "!", "["] {
            self.token(token)?;
        }
        let start = self.cursor.at;
        let name = self.cursor.word().map(|name| name.text);
        self.cursor.space()?;
        match name.as_deref() {
            Some("enable") => {
                self.token("(")?;
                loop {
                    self.extension()?;
                    if !self.cursor.eat(",") {
                        break;
                    }
                    self.cursor.space()?;
                    if self.cursor.starts_with(")") {
                        break;
                    }
                }
                self.token(")")?;
            }
            Some("type" | "schema") => {
                self.token("=")?;
                match self.cursor.peek() {
                    Some('"') => self.cursor.string()?,
                    _ if self.cursor.at_raw_string() => self.cursor.raw_string()?,
                    _ => return self.cursor.expected("a text"),
                };
                self.cursor.space()?;
            }
            _ => {
                return error(
                    start..self.cursor.at,
                    "expected `enable(...)`, `type = \"...\"` or `schema = \"...\"`",
                );
            }
        }
        self.token("]")
    }

    fn extension(&mut self) -> Result<()> {
        let known = [
            "unwrap_newtypes",
            "implicit_some",
            "unwrap_variant_newtypes",
            "explicit_struct_names",
        ];
        match self.cursor.word() {
            Some(name) if known.contains(&name.text.as_str()) => self.cursor.space(),
            Some(name) => error(
                name.span,
                format!("unknown extension `{}`: expected one of {}", name.text, known.join(", ")),
            ),
            None => self.cursor.expected("an extension's name"),
        }
    }

    /// Steps over a token and the space after it.
    fn token(&mut self, token: &str) -> Result<()> {
        if self.cursor.eat(token) {
            self.cursor.space()
        } else {
            self.cursor.expected(&format!("`{token}`"))
        }
    }

    fn value(&mut self) -> Result<Node> {
        let start = self.cursor.at;
        let value = match self.cursor.peek() {
            Some('(') => self.parentheses(None)?,
            Some('[') => Value::List(self.between("[", "]", Self::value)?),
            Some('{') => Value::Map(self.between("{", "}", Self::entry)?),
            Some('"') => self.cursor.string()?,
            Some('\'') => self.cursor.character()?,
            Some('0'..='9' | '+' | '-' | '.') => match self.cursor.named_number() {
                Some(number) => number,
                None => self.cursor.number()?,
            },
            _ if self.cursor.at_raw_string() => self.cursor.raw_string()?,
            _ if ["b\"", "b'", "br\"", "br#"].iter().any(|b| self.cursor.starts_with(b)) => {
                return self.cursor.expected("a value (a timeline has no bytes)");
            }
            _ => match self.cursor.named_number() {
                Some(number) => number,
                None => self.named()?,
            },
        };
        Ok(Node { value, span: start..self.cursor.at })
    }

    /// What begins with a word.
    fn named(&mut self) -> Result<Value> {
        let Some(name) = self.cursor.word() else {
            return self.cursor.expected("a value");
        };
        let raw = name.span.len() > name.text.len();
        match name.text.as_str() {
            "true" if !raw => return Ok(Value::Bool(true)),
            "false" if !raw => return Ok(Value::Bool(false)),
            "None" if !raw => return Ok(Value::Option(None)),
            _ => {}
        }
        let end = self.cursor.at;
        self.cursor.space()?;
        if name.text == "Some" && !raw {
            let mut items = self.between("(", ")", Self::value)?;
            return match (items.pop(), items.is_empty()) {
                (Some(inner), true) => Ok(Value::Option(Some(Box::new(inner)))),
                _ => error(name.span, "`Some` takes exactly one value: `Some(x)`"),
            };
        }
        if self.cursor.starts_with("(") {
            return self.parentheses(Some(name));
        }
        self.cursor.at = end;
        Ok(Value::Word(name.text))
    }

    /// Fields if a word and a colon come first, otherwise a tuple.
    fn parentheses(&mut self, name: Option<Name>) -> Result<Value> {
        let start = self.cursor.at;
        self.token("(")?;
        let named = self.cursor.word().is_some() && {
            self.cursor.space()?;
            self.cursor.starts_with(":")
        };
        self.cursor.at = start;
        Ok(if named {
            Value::Struct(name, self.between("(", ")", Self::field)?)
        } else {
            Value::Tuple(name, self.between("(", ")", Self::value)?)
        })
    }

    fn field(&mut self) -> Result<(Name, Node)> {
        let Some(name) = self.cursor.word() else {
            return self.cursor.expected("a field's name");
        };
        self.cursor.space()?;
        self.token(":")?;
        Ok((name, self.value()?))
    }

    fn entry(&mut self) -> Result<(Node, Node)> {
        let key = self.value()?;
        self.cursor.space()?;
        self.token(":")?;
        Ok((key, self.value()?))
    }

    /// Items parted by commas, a last comma allowed.
    fn between<T>(
        &mut self,
        open: &str,
        close: &str,
        item: fn(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let start = self.cursor.at;
        if self.depth == MAX_DEPTH {
            return error(
                start..start + open.len(),
                format!("nested deeper than {MAX_DEPTH} levels"),
            );
        }
        self.depth += 1;
        self.token(open)?;
        let mut items = Vec::new();
        while !self.cursor.eat(close) {
            items.push(item(self)?);
            self.cursor.space()?;
            if self.cursor.eat(",") {
                self.cursor.space()?;
            } else if !self.cursor.starts_with(close) {
                return match self.cursor.peek() {
                    Some(_) => self.cursor.expected(&format!("`,` or `{close}`")),
                    None => error(
                        start..start + open.len(),
                        format!("this `{open}` is never closed: expected `{close}`"),
                    ),
                };
            }
        }
        self.depth -= 1;
        Ok(items)
    }
}
