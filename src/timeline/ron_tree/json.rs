//! JSON text (RFC 8259) as the same tree: objects are structs without a name, arrays are lists, `null` is
//! `None`.

use super::cursor::{Cursor, Result, error, word_begins, word_goes_on};
use super::{MAX_DEPTH, Name, Node, Value};

/// Reads one value and nothing after it.
pub(in crate::timeline) fn parse_json(text: &str) -> Result<Node> {
    let mut parser = Parser { cursor: Cursor::new(text), depth: 0 };
    // A byte order mark, as some editors write it.
    parser.cursor.eat("\u{feff}");
    parser.space();
    let node = parser.value()?;
    parser.space();
    if parser.cursor.peek().is_some() { parser.expected("the end of the file") } else { Ok(node) }
}

struct Parser<'t> {
    cursor: Cursor<'t>,
    depth: usize,
}

impl Parser<'_> {
    fn space(&mut self) {
        self.cursor.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
    }

    /// An error at what comes next, with a word on what RON has and JSON has not.
    fn expected<T>(&mut self, what: &str) -> Result<T> {
        let start = self.cursor.at;
        let (end, found) = match self.cursor.peek() {
            Some('/') => (start + 1, "`/`: JSON has no comments".to_owned()),
            Some('(') => {
                (start + 1, "`(`: JSON has fields in `{ }` and all else in `[ ]`".to_owned())
            }
            Some(c) if word_begins(c) => {
                let word = self.cursor.take_while(word_goes_on).to_owned();
                (self.cursor.at, format!("`{word}`: in JSON words stand in quotation marks"))
            }
            _ => return self.cursor.expected(what),
        };
        error(start..end, format!("expected {what}, found {found}"))
    }

    fn value(&mut self) -> Result<Node> {
        let start = self.cursor.at;
        let value = match self.cursor.peek() {
            Some('{') => Value::Struct(None, self.between("{", "}", Self::field)?),
            Some('[') => Value::List(self.between("[", "]", Self::value)?),
            Some('"') => Value::String(self.text()?),
            Some('0'..='9' | '-') => self.number()?,
            _ if self.cursor.eat_word("true") => Value::Bool(true),
            _ if self.cursor.eat_word("false") => Value::Bool(false),
            _ if self.cursor.eat_word("null") => Value::Option(None),
            _ => return self.expected("a value"),
        };
        Ok(Node { value, span: start..self.cursor.at })
    }

    fn field(&mut self) -> Result<(Name, Node)> {
        let start = self.cursor.at;
        if self.cursor.peek() != Some('"') {
            return self.expected("a field's name in quotation marks");
        }
        let name = Name { text: self.text()?, span: start..self.cursor.at };
        self.space();
        if !self.cursor.eat(":") {
            return self.expected("`:`");
        }
        self.space();
        Ok((name, self.value()?))
    }

    /// Items parted by commas.
    fn between<T>(
        &mut self,
        open: &str,
        close: &str,
        item: fn(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let start = self.cursor.at;
        let opening = start..start + open.len();
        if self.depth == MAX_DEPTH {
            return error(opening, format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        self.cursor.eat(open);
        self.space();
        let mut items = Vec::new();
        while !self.cursor.eat(close) {
            if !items.is_empty() {
                let comma = self.cursor.at;
                if !self.cursor.eat(",") {
                    return match self.cursor.peek() {
                        Some(_) => self.expected(&format!("`,` or `{close}`")),
                        None => error(
                            opening,
                            format!("this `{open}` is never closed: expected `{close}`"),
                        ),
                    };
                }
                self.space();
                if self.cursor.starts_with(close) {
                    let message =
                        format!("expected no comma before `{close}`, as JSON has none there");
                    return error(comma..comma + 1, message);
                }
            }
            items.push(item(self)?);
            self.space();
        }
        self.depth -= 1;
        Ok(items)
    }

    fn text(&mut self) -> Result<String> {
        let start = self.cursor.at;
        self.cursor.eat("\"");
        let mut text = String::new();
        loop {
            text.push_str(self.cursor.take_while(|c| !matches!(c, '"' | '\\' | '\0'..='\u{1f}')));
            match self.cursor.peek() {
                Some('"') => {
                    self.cursor.eat("\"");
                    return Ok(text);
                }
                Some('\\') => text.push(self.escape()?),
                Some(_) => return self.cursor.expected("a text on one line, closed by `\"`"),
                None => {
                    return error(start..start + 1, "this text is never closed: expected `\"`");
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let start = self.cursor.at;
        self.cursor.eat("\\");
        let c = match self.cursor.next() {
            Some(c @ ('"' | '\\' | '/')) => Some(c),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => self.utf16(),
            _ => None,
        };
        let expected = "unknown escape: expected one of \\\\ \\\" \\/ \\b \\f \\n \\r \\t \\u00e9";
        c.map_or_else(|| error(start..self.cursor.at, expected), Ok)
    }

    /// Four digits, or two such escapes for what UTF-16 has two units for.
    fn utf16(&mut self) -> Option<char> {
        let first = self.unit()?;
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) && self.cursor.eat("\\u") {
            units.push(self.unit()?);
        }
        let mut chars = char::decode_utf16(units);
        let c = chars.next()?.ok()?;
        chars.next().is_none().then_some(c)
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.cursor.rest().get(..4)?;
        let digits = digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(digits)?;
        self.cursor.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Result<Value> {
        let start = self.cursor.at;
        let run =
            self.cursor.take_while(|c| word_goes_on(c) || matches!(c, '+' | '-' | '.')).to_owned();
        let wrong = |why: &str| {
            error(start..start + run.len(), format!("expected a number, found `{run}`{why}"))
        };
        let unsigned = run.strip_prefix('-').unwrap_or(&run);
        let (digits, rest) = unsigned.split_at(leading_digits(unsigned));
        if digits.is_empty() {
            return wrong("");
        }
        if digits.len() > 1 && digits.starts_with('0') {
            return wrong(": JSON's numbers do not begin with 0");
        }
        let (fraction, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        let all_digits = |text: &str| !text.is_empty() && leading_digits(text) == text.len();
        let sound = (fraction.is_empty() || fraction.strip_prefix('.').is_some_and(all_digits))
            && exponent.is_none_or(|e| all_digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
        if !sound {
            return wrong("");
        }
        let whole = run.parse::<i128>().ok().filter(|i| super::scalar::fits(*i));
        match (whole, run.parse()) {
            (Some(i), _) => Ok(Value::Integer(i)),
            (None, Ok(x)) => Ok(Value::Float(x)),
            (None, Err(_)) => wrong(""),
        }
    }
}

fn leading_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}
