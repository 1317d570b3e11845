//! Words, texts, characters and numbers.

use super::cursor::{Cursor, Result, error, word_begins, word_goes_on};
use super::{Name, Value};

impl Cursor<'_> {
    /// A word such as `linear`, or a raw one such as `r#in-out`; nothing if none is next.
    pub fn word(&mut self) -> Option<Name> {
        let start = self.at;
        if self.eat("r#") {
            let text = self.take_while(|c| word_goes_on(c) || matches!(c, '.' | '+' | '-'));
            if text.is_empty() {
                self.at = start;
                return None;
            }
            return Some(Name { text: text.into(), span: start..self.at });
        }
        self.peek().filter(|&c| word_begins(c))?;
        let text = self.take_while(word_goes_on);
        Some(Name { text: text.into(), span: start..self.at })
    }

    /// Whether a raw text such as `r#"..."#` is next.
    pub fn at_raw_string(&self) -> bool {
        self.rest()
            .strip_prefix('r')
            .is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    }

    pub fn raw_string(&mut self) -> Result<Value> {
        let start = self.at;
        self.eat("r");
        let closing = format!("\"{}", self.take_while(|c| c == '#'));
        self.eat("\"");
        let Some(length) = self.rest().find(&closing) else {
            return error(
                start..self.at,
                format!("this text is never closed: expected `{closing}`"),
            );
        };
        let text = self.rest()[..length].to_owned();
        self.at += length + closing.len();
        Ok(Value::String(text))
    }

    pub fn string(&mut self) -> Result<Value> {
        let start = self.at;
        self.eat("\"");
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != '"' && c != '\\'));
            if self.eat("\"") {
                return Ok(Value::String(text));
            } else if self.eat("\\\n") || self.eat("\\\r\n") {
                self.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            } else if self.peek().is_some() {
                text.push(self.escape(true)?);
            } else {
                return error(start..start + 1, "this text is never closed: expected `\"`");
            }
        }
    }

    pub fn character(&mut self) -> Result<Value> {
        let start = self.at;
        self.eat("'");
        let c = match self.peek() {
            Some('\\') => self.escape(false)?,
            Some(c) => {
                self.at += c.len_utf8();
                c
            }
            None => {
                return error(start..self.at, "this character is never closed: expected `'`");
            }
        };
        if self.eat("'") { Ok(Value::Char(c)) } else { self.expected("`'` after one character") }
    }

    /// An escape from its backslash on. In texts several `\x` may make up one UTF-8 character.
    fn escape(&mut self, in_text: bool) -> Result<char> {
        let start = self.at;
        self.eat("\\");
        let c = match self.next() {
            Some(c @ ('\'' | '"' | '\\')) => Some(c),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('0') => Some('\0'),
            Some('x') => self.escaped_bytes(if in_text { 4 } else { 1 }),
            Some('u') => self.escaped_scalar(),
            _ => None,
        };
        match c {
            Some(c) => Ok(c),
            None => error(
                start..self.at,
                "unknown escape: expected one of \\\\ \\\" \\' \\n \\r \\t \\0 \\x41 \\u{e9}",
            ),
        }
    }

    fn escaped_bytes(&mut self, most: usize) -> Option<char> {
        let mut bytes = Vec::new();
        while bytes.len() < most && (bytes.is_empty() || self.eat("\\x")) {
            let digits =
                self.rest().get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            self.at += 2;
            if let Ok(text) = str::from_utf8(&bytes) {
                return text.chars().next();
            }
        }
        None
    }

    fn escaped_scalar(&mut self) -> Option<char> {
        if !self.eat("{") {
            return None;
        }
        let digits = self.take_while(|c| c.is_ascii_hexdigit());
        let c = u32::from_str_radix(digits, 16)
            .ok()
            .filter(|_| digits.len() <= 6)
            .and_then(char::from_u32);
        if self.eat("}") { c } else { None }
    }

    /// A number that is spelled with letters: `inf`, `NaN`, perhaps signed and with a suffix.
    pub fn named_number(&mut self) -> Option<Value> {
        self.peek().filter(|c| matches!(c, 'i' | 'N' | '+' | '-'))?;
        let named = [
            ("inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("NaN", f64::NAN),
            ("-NaN", -f64::NAN),
        ];
        let signed = [("+inf", f64::INFINITY), ("+NaN", f64::NAN)];
        let (_, x) = named.into_iter().chain(signed).find(|(word, _)| {
            ["", "f32", "f64"].into_iter().any(|suffix| self.eat_word(&format!("{word}{suffix}")))
        })?;
        Some(Value::Float(x))
    }

    pub fn number(&mut self) -> Result<Value> {
        let start = self.at;
        let negative = self.starts_with("-");
        if !self.eat("-") {
            self.eat("+");
        }
        let radix = match () {
            () if self.eat("0x") => 16,
            () if self.eat("0o") => 8,
            () if self.eat("0b") => 2,
            () => return self.decimal(start),
        };
        let digits = self.take_while(|c| c == '_' || c.is_digit(radix));
        let value = (!digits.starts_with('_'))
            .then(|| i128::from_str_radix(&digits.replace('_', ""), radix).ok())
            .flatten()
            .map(|i| if negative { -i } else { i });
        self.integer(start, value)
    }

    fn decimal(&mut self, start: usize) -> Result<Value> {
        let digits_start = self.at;
        self.at = start;
        let run = self
            .take_while(|c| c.is_ascii_digit() || matches!(c, 'e' | 'E' | '.' | '+' | '-' | '_'));
        if run.contains("..") {
            return error(
                start..self.at,
                "a timeline has no ranges: write the numbers one by one, or as text",
            );
        }
        let digits = self.since(digits_start);
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        // As `ron` has it: `_` parts digits, so it follows one (perhaps through an exponent's sign).
        let misplaced = digits.starts_with('_') || digits.contains("._");
        let text = run.replace('_', "");
        if plain && !misplaced && !self.rest().starts_with('f') {
            // Longer than any integer type: a float, as `ron` reads it.
            return match text.parse::<i128>().ok().filter(|i| fits(*i)) {
                None if !digits.is_empty() && !self.rest().starts_with(['i', 'u']) => {
                    self.float(start, &text)
                }
                value => self.integer(start, value),
            };
        }
        if misplaced {
            return error(start..self.at, "expected a number, in which `_` stands between digits");
        }
        self.float(start, &text)
    }

    fn float(&mut self, start: usize, text: &str) -> Result<Value> {
        let value = if self.eat_word("f32") {
            text.parse::<f32>().map(f64::from)
        } else {
            self.eat_word("f64");
            text.parse()
        };
        match value {
            Ok(x) => Ok(Value::Float(x)),
            Err(_) => error(start..self.at, "expected a number"),
        }
    }

    /// Completes an integer by its suffix, whose range it must keep.
    fn integer(&mut self, start: usize, value: Option<i128>) -> Result<Value> {
        let suffixes = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];
        let suffix = suffixes.into_iter().find(|s| self.eat_word(s));
        let in_range = |i: &i128| match suffix.map(|s| (&s[..1], s[1..].parse::<u32>())) {
            Some(("i", Ok(bits))) => (-(1i128 << (bits - 1))..1 << (bits - 1)).contains(i),
            Some((_, Ok(bits))) => (0..1 << bits).contains(i),
            _ => fits(*i),
        };
        match value.filter(in_range) {
            Some(i) => Ok(Value::Integer(i)),
            None => {
                self.take_while(word_goes_on);
                error(start..self.at, "expected a number within the range of its type")
            }
        }
    }
}

/// Whether one of `ron`'s integer types holds it.
pub(super) fn fits(i: i128) -> bool {
    i64::try_from(i).is_ok() || u64::try_from(i).is_ok()
}
