//! Mistakes in a text that people write: all of them at once, each with its place.

use std::fmt;
use std::ops::Range;

use codespan_reporting::diagnostic::{Diagnostic as Shown, Label, LabelStyle};
use codespan_reporting::files::{Files, SimpleFile};
use codespan_reporting::term;

/// A byte range of the source text.
pub type Span = Range<usize>;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing can be rendered.
    Error,
    /// It renders, but perhaps not as meant.
    Warning,
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// One sentence: what is wrong and what was expected.
    pub message: String,
    /// Where; empty at the start of the file when it concerns the whole document.
    pub span: Span,
    /// What to do, or the nearest valid name.
    pub help: Option<String>,
}

/// All findings about one source text.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The file's name as the user gave it.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Name and text of each file that it includes. Offsets go on from file to file, each beginning one
    /// after the end of the one before.
    included: Vec<(String, String)>,
    /// The findings in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// An empty report about `text`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), included: Vec::new(), diagnostics: Vec::new() }
    }

    /// Adds a file that the text includes; what it returns is the offset of its beginning.
    pub fn include(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        let start = self.files().last().map_or(0, |(start, _, text)| start + text.len() + 1);
        self.included.push((name.into(), text.into()));
        start
    }

    /// Adds the files of another report, but none of its findings; what it returns is to be added to its
    /// spans.
    pub fn absorb(&mut self, other: &Self) -> usize {
        let base = self.include(&other.name, &other.text);
        for (name, text) in &other.included {
            self.include(name, text);
        }
        base
    }

    /// Adds the findings of a report whose files begin at an offset.
    pub fn adopt(&mut self, other: Self, base: usize) {
        self.diagnostics.extend(other.diagnostics.into_iter().map(|found| {
            let span = found.span.start + base..found.span.end + base;
            Diagnostic { span, ..found }
        }));
    }

    /// The same files, and no findings.
    #[must_use]
    pub fn without_findings(&self) -> Self {
        Self { diagnostics: Vec::new(), ..self.clone() }
    }

    /// Where each file begins, its name and its text.
    fn files(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        let own = std::iter::once((self.name.as_str(), self.text.as_str()));
        let included = self.included.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        own.chain(included).scan(0, |next, (name, text)| {
            let start = *next;
            *next += text.len() + 1;
            Some((start, name, text))
        })
    }

    /// The file of an offset, the last one for what lies beyond: where it begins, its name and text.
    pub fn file(&self, offset: usize) -> (usize, &str, &str) {
        let before = self.files().take_while(|(start, ..)| *start <= offset);
        before.last().unwrap_or((0, &self.name, &self.text))
    }

    /// How many files there are.
    pub fn file_count(&self) -> usize {
        1 + self.included.len()
    }

    /// Adds an error; what it returns can take a [`Diagnostic::help`].
    pub fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Error, span, message.into())
    }

    /// Adds a warning.
    pub fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Warning, span, message.into())
    }

    fn push(&mut self, severity: Severity, span: Span, message: String) -> &mut Diagnostic {
        let at = self.diagnostics.len();
        self.diagnostics.push(Diagnostic { severity, message, span, help: None });
        &mut self.diagnostics[at]
    }

    /// Whether anything stands in the way of rendering.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    /// Line and column (both from 1, columns in characters) of a byte offset, in its file.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let (start, _, text) = self.file(offset);
        let before = &text.as_bytes()[..(offset - start).min(text.len())];
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
    }

    /// The findings as people read them: `file:line:column`, the line, the place underlined, help.
    pub fn show(&self, colour: bool) -> String {
        let config = term::Config::default();
        let mut sorted: Vec<_> = self.diagnostics.iter().collect();
        sorted.sort_by_key(|d| d.span.start);
        let mut out = String::new();
        for diagnostic in sorted {
            let (start, name, text) = self.file(diagnostic.span.start);
            let (file, shown) = (SimpleFile::new(name, text), diagnostic.shown(start, text.len()));
            // Writing to memory cannot fail, and every span was clamped to the text.
            let _ = emit(&mut out, &config, &file, &shown, colour);
        }
        out
    }

    /// The findings as a JSON array of objects with `severity`, `file`, `line`, `column`,
    /// `end_line`, `end_column`, `message` and `help`.
    pub fn json(&self) -> serde_json::Value {
        let entry = |d: &Diagnostic| {
            let (line, column) = self.line_column(d.span.start);
            let (end_line, end_column) = self.line_column(d.span.end);
            serde_json::json!({
                "severity": d.severity, "file": self.file(d.span.start).1, "line": line, "column": column,
                "end_line": end_line, "end_column": end_column, "message": d.message, "help": d.help,
            })
        };
        self.diagnostics.iter().map(entry).collect()
    }
}

impl Diagnostic {
    /// Says what to do about it.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }

    /// In a file that begins at an offset and has a length.
    fn shown(&self, start: usize, len: usize) -> Shown<()> {
        let shown = match self.severity {
            Severity::Error => Shown::error(),
            Severity::Warning => Shown::warning(),
        };
        let within = |offset: usize| offset.saturating_sub(start).min(len);
        let span = within(self.span.start)..within(self.span.end);
        let label = Label::new(LabelStyle::Primary, (), span);
        let notes = self.help.iter().map(|h| format!("help: {h}")).collect();
        shown.with_message(&self.message).with_labels(vec![label]).with_notes(notes)
    }
}

fn emit<'a, F: Files<'a, FileId = ()>>(
    out: &mut String,
    config: &term::Config,
    file: &'a F,
    shown: &Shown<()>,
    colour: bool,
) -> Result<(), codespan_reporting::files::Error> {
    if colour {
        let mut bytes = term::termcolor::Ansi::new(Vec::new());
        term::emit_to_write_style(&mut bytes, config, file, shown)?;
        out.push_str(&String::from_utf8_lossy(&bytes.into_inner()));
        Ok(())
    } else {
        term::emit_to_string(out, config, file, shown)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.show(false).trim_end())
    }
}

/// The nearest of `candidates` to `word`, if one is near enough to be a likely slip.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let scored = candidates.into_iter().map(|c| (distance(&lower, &c.to_lowercase()), c));
    let (distance, best) = scored.min_by_key(|(d, _)| *d)?;
    (distance <= 1 + word.chars().count() / 3).then_some(best)
}

/// Edit distance with transpositions of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        rows[i][0] = i;
        for j in 1..=b.len() {
            let substitution = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substitution.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let names = ["translate", "rotate", "scale"];
        assert_eq!(nearest("transalte", names), Some("translate"));
        assert_eq!(nearest("Rotat", names), Some("rotate"));
        assert_eq!(nearest("duration", names), None);
    }

    #[test]
    fn the_place_is_named_and_underlined() {
        let mut report = Report::new("a.ron", "(\n  fsp: 24,\n)");
        report.error(4..7, "unknown field `fsp`").help("did you mean `fps`?");
        let shown = report.show(false);
        assert!(shown.contains("a.ron:2:3"), "{shown}");
        assert!(shown.contains("^^^"), "{shown}");
        assert!(shown.contains("help: did you mean `fps`?"), "{shown}");
        assert_eq!(report.json()[0]["column"], 3);
    }

    #[test]
    fn what_is_included_is_named_and_counted_by_itself() {
        let mut report = Report::new("a.ron", "(x)\n");
        let b = report.include("b.ron", "(\n  y,\n)");
        let c = report.include("c.ron", "z");
        report.error(1..2, "of a");
        report.error(b + 4..b + 5, "of b");
        report.error(c..c + 1, "of c");
        let shown = report.show(false);
        for place in ["a.ron:1:2", "b.ron:2:3", "c.ron:1:1"] {
            assert!(shown.contains(place), "{shown}");
        }
        assert_eq!(report.json()[1]["file"], "b.ron");
        assert_eq!(
            (report.file(b).1, report.file(b - 1).1, report.file(usize::MAX).1),
            ("b.ron", "a.ron", "c.ron")
        );
    }

    #[test]
    fn a_span_beyond_the_text_or_inside_a_character_does_no_harm() {
        let mut report = Report::new("a.ron", "ä");
        report.error(1..99, "x");
        report.error(99..100, "y");
        assert!(report.show(true).contains("a.ron"));
    }
}
