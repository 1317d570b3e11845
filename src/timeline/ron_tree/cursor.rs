//! A place in the text, and what moves it forward.

use super::SyntaxError;
use crate::report::Span;

pub(super) type Result<T> = std::result::Result<T, SyntaxError>;

pub(super) struct Cursor<'t> {
    text: &'t str,
    /// Byte offset; always on a character's border.
    pub at: usize,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub fn since(&self, start: usize) -> &'t str {
        &self.text[start..self.at]
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub fn starts_with(&self, prefix: &str) -> bool {
        self.rest().starts_with(prefix)
    }

    /// Steps over `token` if it is next.
    pub fn eat(&mut self, token: &str) -> bool {
        let found = self.starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// Steps over `word` if it is next and no longer word begins with it.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let found =
            self.rest().strip_prefix(word).is_some_and(|rest| !rest.starts_with(word_goes_on));
        self.at += if found { word.len() } else { 0 };
        found
    }

    pub fn take_while(&mut self, condition: impl Fn(char) -> bool) -> &'t str {
        let start = self.at;
        self.at += self.rest().find(|c| !condition(c)).unwrap_or(self.rest().len());
        self.since(start)
    }

    /// Skips blanks and comments.
    pub fn space(&mut self) -> Result<()> {
        loop {
            self.take_while(is_blank);
            let start = self.at;
            if self.eat("//") {
                self.take_while(|c| c != '\n');
            } else if self.eat("/*") {
                self.block_comment(start)?;
            } else {
                return Ok(());
            }
        }
    }

    fn block_comment(&mut self, start: usize) -> Result<()> {
        let mut depth = 1;
        while depth > 0 {
            if self.eat("/*") {
                depth += 1;
            } else if self.eat("*/") {
                depth -= 1;
            } else if self.next().is_none() {
                return error(start..start + 2, "this comment is never closed: expected `*/`");
            }
        }
        Ok(())
    }

    /// An error at the next character, which is named.
    pub fn expected<T>(&self, what: &str) -> Result<T> {
        match self.peek() {
            Some(c) => error(
                self.at..self.at + c.len_utf8(),
                format!("expected {what}, found `{}`", c.escape_debug()),
            ),
            None => error(self.at..self.at, format!("expected {what}, but the text ends here")),
        }
    }
}

pub(super) fn error<T>(span: Span, message: impl Into<String>) -> Result<T> {
    Err(SyntaxError { message: message.into(), span })
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0B' | '\x0C' | '\u{85}')
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn word_begins(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

pub(super) fn word_goes_on(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
