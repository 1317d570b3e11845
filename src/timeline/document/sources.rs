//! The files that clips show: read once each.

use std::fs;
use std::path::{Path, PathBuf};

use super::Document;
use super::decode::Decoder;
use super::include::{MOST_FILES, content, neighbour};
use super::tracks::Source;
use crate::report::Span;

/// How many timelines may be shown by one another.
const DEEPEST: usize = 16;

impl Decoder {
    /// The number of a timeline's file, as it is written at a place.
    pub fn source_file(&mut self, text: &str, span: &Span) -> Option<usize> {
        let folder = Path::new(self.report.file(span.start).1).parent().unwrap_or(Path::new(""));
        let path = folder.join(text);
        if let Some(number) = self.sources.iter().position(|source| source.path == path) {
            return Some(number);
        }
        let (document, base) = match self.read_source(&path) {
            Ok(read) => read,
            Err((message, help)) => {
                let diagnostic = self.report.error(span.clone(), message);
                diagnostic.help = help;
                (None, 0)
            }
        };
        self.sources.push(Source { path, document, base });
        Some(self.sources.len() - 1)
    }

    /// A document, or none for a text that has been told to be no RON; and where its text begins.
    fn read_source(
        &mut self,
        path: &PathBuf,
    ) -> Result<(Option<Document>, usize), (String, Option<String>)> {
        let shown = path.display();
        if !path.is_file() {
            let help = match neighbour(path) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "paths start at the folder of the file that names them".into(),
            };
            return Err((format!("there is no timeline `{shown}`"), Some(help)));
        }
        if fs::canonicalize(path).is_ok_and(|own| self.open.contains(&own)) {
            return Err((format!("`{shown}` cannot be a clip of itself"), None));
        }
        if self.open.len() >= DEEPEST {
            return Err((format!("clips lie in clips at most {DEEPEST} deep"), None));
        }
        if self.report.file_count() >= MOST_FILES {
            let message = format!("a timeline consists of at most {MOST_FILES} files");
            return Err((message, None));
        }
        let text = content(path).map_err(|why| (format!("cannot read `{shown}`: {why}"), None))?;
        let parsed = Document::parse_within(path.to_string_lossy(), text, &self.open);
        let (document, report) = match parsed {
            Ok(document) => (Some(document), None),
            Err(report) => (None, Some(report)),
        };
        let files = document.as_ref().map(|document| &document.report).or(report.as_ref());
        let base = files.map_or(0, |files| self.report.absorb(files));
        if let Some(report) = report {
            self.report.adopt(report, base);
        }
        Ok((document, base))
    }
}
