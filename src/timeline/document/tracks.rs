//! Tracks and their clips as written.

use super::super::easing::Easing;
use super::super::resolved::Medium;
use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::decode::{Decoder, inner};
use super::remap::Remapping;
use super::{Document, Marker, Scalar, Spanned, Track, Written};
use crate::report::Span;

const CLIP: [&str; 10] =
    ["name", "source", "at", "in", "out", "duration", "speed", "time", "freeze", "fade"];
const MEDIA: [(&str, Medium); 2] = [("latent", Medium::Latent), ("pixels", Medium::Pixels)];

/// `[clip, clip]` or `(clips: [clip, clip], opacity: 0.5)`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Clips {
    pub name: Option<Spanned<String>>,
    pub clips: Vec<Clip>,
    pub opacity: Option<Track<Scalar>>,
}

/// A clip; what was left out or could not be read is none.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Clip {
    pub name: Option<Spanned<String>>,
    pub source: Option<Shown>,
    pub at: Option<Spanned<Time>>,
    /// The first moment of the source, and the first after it.
    pub from: Option<Spanned<Time>>,
    pub to: Option<Spanned<Time>>,
    pub duration: Option<Spanned<Time>>,
    pub time: Option<Remapping>,
    pub freeze: Option<Spanned<Time>>,
    pub fade: Option<Fade>,
    /// Its opening parenthesis.
    pub span: Span,
}

/// What a clip shows.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) enum Shown {
    /// A timeline in a file, by its number among those of the document.
    File(usize),
    /// Fields in the clip itself.
    Here(Box<Document>),
}

/// A timeline that clips show, each file once.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Source {
    /// As the clips name it, from the folder of the timeline that does.
    pub path: std::path::PathBuf,
    /// None for one that could not be read, which has been told.
    pub document: Option<Document>,
    /// Where its text begins in the document's report.
    pub base: usize,
}

/// `fade: "1s"` or `fade: (duration: "1s", by: latent, ease: in_out_sine)`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Fade {
    pub duration: Option<Spanned<Time>>,
    pub by: Option<Spanned<Medium>>,
    pub easing: Easing,
    /// The field's name.
    pub span: Span,
}

impl Decoder {
    /// What a clip that is written in the document has from it.
    pub fn tracks(&mut self, node: &Node, outer: &Written) -> Vec<Clips> {
        let what = "a list of tracks, each a list of clips `[(source: \"a.ron\"), ...]`";
        let items = self.list(node, what).unwrap_or_default();
        items.iter().filter_map(|item| self.clips(item, outer)).collect()
    }

    fn clips(&mut self, node: &Node, outer: &Written) -> Option<Clips> {
        let what = "a list of clips such as [(source: \"a.ron\")]";
        let mut clips = Clips { name: None, clips: Vec::new(), opacity: None };
        let list = if matches!(inner(node).value, Value::List(_)) {
            self.list(node, what)?
        } else {
            let fields = self.fields(node, "a track", &["clips", "name", "opacity"])?;
            clips.name = fields.get("name").and_then(|n| self.text(n));
            clips.opacity = fields.get("opacity").and_then(|n| self.track(n, Self::number));
            let list = fields.need(self, "clips")?;
            self.list(list, what)?
        };
        clips.clips = list.iter().filter_map(|n| self.clip(n, outer)).collect();
        Some(clips)
    }

    fn clip(&mut self, node: &Node, outer: &Written) -> Option<Clip> {
        let fields = self.fields(node, "a clip", &CLIP)?;
        let source = fields.need(self, "source").and_then(|n| self.shown(n, outer));
        let markers = match &source {
            Some(Shown::File(number)) => self.sources.get(*number),
            _ => None,
        };
        let markers = markers.and_then(|source| source.document.as_ref());
        let markers: Vec<Marker> =
            markers.map(|document| document.written.markers.clone()).unwrap_or_default();
        let shown = |d: &mut Self, name| fields.get(name).and_then(|n| d.time_of(n, &markers));
        let [from, to, freeze] = ["in", "out", "freeze"].map(|name| shown(self, name));
        let start = node.span.start;
        let clip = Clip {
            name: fields.get("name").and_then(|n| self.text(n)),
            source,
            at: fields.get("at").and_then(|n| self.time(n)),
            from,
            to,
            duration: fields.get("duration").and_then(|n| self.time(n)),
            time: self.remapping(&fields, &markers),
            freeze,
            fade: fields
                .name_span("fade")
                .zip(fields.get("fade"))
                .and_then(|(span, n)| self.fade(n, span)),
            span: start..start + 1,
        };
        let given = |name| fields.name_span(name);
        let others = |names: &[&'static str]| {
            names.iter().filter_map(|name| Some((*name, given(name)?))).collect::<Vec<_>>()
        };
        let (by, more) = if given("freeze").is_some() {
            ("freeze", others(&["in", "out", "speed", "time"]))
        } else if given("time").is_some() {
            ("time", others(&["in", "out"]))
        } else {
            ("duration", Vec::new())
        };
        for (name, span) in &more {
            let message =
                format!("`{name}` is given beside `{by}`, which says by itself what is shown when");
            self.report.error(span.clone(), message);
        }
        more.is_empty().then_some(clip)
    }

    fn fade(&mut self, node: &Node, span: Span) -> Option<Fade> {
        if !matches!(inner(node).value, Value::Struct(..)) {
            let duration = Some(self.time(node)?);
            return Some(Fade { duration, by: None, easing: Easing::Linear, span });
        }
        let fields = self.fields(node, "`fade`", &["duration", "by", "ease"])?;
        Some(Fade {
            duration: fields.get("duration").and_then(|n| self.time(n)),
            by: fields.get("by").and_then(|n| Some(Spanned::new(self.choice(n, &MEDIA)?, n))),
            easing: fields.get("ease").and_then(|n| self.easing(n)).unwrap_or(Easing::Linear),
            span,
        })
    }

    /// The path of a timeline, or the fields of one.
    fn shown(&mut self, node: &Node, outer: &Written) -> Option<Shown> {
        match &inner(node).value {
            Value::String(path) => self.source_file(path, &node.span).map(Shown::File),
            Value::Struct(None, _) => {
                let own = std::mem::take(&mut self.markers);
                let variables = self.variables.clone();
                let written = self.fragment(node, outer);
                (self.markers, self.variables) = (own, variables);
                let report = self.report.without_findings();
                Some(Shown::Here(Box::new(Document { report, written: written? })))
            }
            _ => self.expected(
                "a timeline's file such as \"opening.ron\", or fields of one such as (seeds: [1, 2])",
                node,
            ),
        }
    }
}
