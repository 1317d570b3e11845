//! Tracks and their clips as written.

use super::super::easing::Easing;
use super::super::resolved::Medium;
use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::decode::{Decoder, inner};
use super::fields::SHOWN;
use super::form::{Apart, By, Field, NUMBER, Placed, Record, Shaped, TEXT, TIME, Words};
use super::remap::{Remapping, SPEED, TIME_MAP};
use super::shape::Shape;
use super::track::{EASE, Keyed};
use super::{Document, Marker, Scalar, Spanned, Track, Written};
use crate::report::Span;

const NAME: Field<By<Spanned<String>>> = Field::new("name", TEXT, "for plots and editors");
const SOURCE: Field<Apart> = Field::new(
    "source",
    Apart(|| Shape::Any(vec![Shape::Text, Shape::named("shown", SHOWN.shape())])),
    "what is shown: another timeline's file, or fields of one",
)
.needed();
const BEGIN: Field<By<Spanned<Time>>> =
    Field::new("at", TIME, "when it begins; after the clip before if left out");
const IN: Field<By<Spanned<Time>>> =
    Field::new("in", TIME, "the first time of the source that is shown");
const OUT: Field<By<Spanned<Time>>> =
    Field::new("out", TIME, "the first time of the source after what is shown");
const LENGTH: Field<By<Spanned<Time>>> = Field::new(
    "duration",
    TIME,
    "how long it is in the film; what follows from in and out if left out",
);
const FREEZE: Field<By<Spanned<Time>>> =
    Field::new("freeze", TIME, "a time of the source that stays, for a duration");

const FADE_LENGTH: Field<By<Spanned<Time>>> =
    Field::new("duration", TIME, "how long both are seen");
const BY: Field<Placed<Words<Medium>>> = Field::new(
    "by",
    Placed(Words(&[("latent", Medium::Latent), ("pixels", Medium::Pixels)])),
    "between two w of one network, or two pictures in linear light",
)
.or("\"pixels\"");
static FADE_FIELDS: Record = Record { what: "`fade`", fields: &[&FADE_LENGTH, &BY, &EASE] };
const FADE: Field<By<Fade>> = Field::new(
    "fade",
    By(Decoder::fade, || Shape::Any(vec![TIME.shape(), FADE_FIELDS.shape()])),
    "how it comes out of the clip before: a length, or more to say; a cut if left out",
);
static CLIP: Record = Record {
    what: "a clip",
    fields: &[&NAME, &SOURCE, &BEGIN, &IN, &OUT, &LENGTH, &SPEED, &TIME_MAP, &FREEZE, &FADE],
};

const CLIP_LIST: Field<Apart> =
    Field::new("clips", Apart(clip_list), "clips in the order of their times").needed();
const OPACITY: Field<Keyed<By<Scalar>>> = Field::new("opacity", Keyed(NUMBER), "0 to 1").or("1");
static TRACK: Record = Record { what: "a track", fields: &[&CLIP_LIST, &NAME, &OPACITY] };
pub(super) const TRACKS: Field<Apart> = Field::new(
    "tracks",
    Apart(|| {
        let track = Shape::Any(vec![clip_list(), TRACK.shape()]);
        Shape::list(Shape::named("track", track))
    }),
    "tracks of clips over the timeline's own picture, each a list of clips",
);

fn clip_list() -> Shape {
    Shape::list(Shape::named("clip", CLIP.shape()))
}

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
            let fields = self.fields(node, &TRACK)?;
            clips.name = fields.read(self, &NAME);
            clips.opacity = fields.read(self, &OPACITY);
            let list = fields.need(self, CLIP_LIST.name)?;
            self.list(list, what)?
        };
        clips.clips = list.iter().filter_map(|n| self.clip(n, outer)).collect();
        Some(clips)
    }

    fn clip(&mut self, node: &Node, outer: &Written) -> Option<Clip> {
        let fields = self.fields(node, &CLIP)?;
        let source = fields.need(self, SOURCE.name).and_then(|n| self.shown(n, outer));
        let markers = match &source {
            Some(Shown::File(number)) => self.sources.get(*number),
            _ => None,
        };
        let markers = markers.and_then(|source| source.document.as_ref());
        let markers: Vec<Marker> =
            markers.map(|document| document.written.markers.clone()).unwrap_or_default();
        let [from, to, freeze] = self
            .with_markers(&markers, |d| [&IN, &OUT, &FREEZE].map(|field| fields.read(d, field)));
        let start = node.span.start;
        let fade = fields.read_named(self, &FADE);
        let clip = Clip {
            name: fields.read(self, &NAME),
            source,
            at: fields.read(self, &BEGIN),
            from,
            to,
            duration: fields.read(self, &LENGTH),
            time: self.remapping(&fields, &markers),
            freeze,
            fade: fade.and_then(|(span, fade)| Some(Fade { span, ..fade? })),
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

    /// All but its place.
    fn fade(&mut self, node: &Node) -> Option<Fade> {
        let span = Span::default();
        if !matches!(inner(node).value, Value::Struct(..)) {
            let duration = Some(self.time(node)?);
            return Some(Fade { duration, by: None, easing: Easing::Linear, span });
        }
        let fields = self.fields(node, &FADE_FIELDS)?;
        Some(Fade {
            duration: fields.read(self, &FADE_LENGTH),
            by: fields.read(self, &BY),
            easing: fields.read(self, &EASE).unwrap_or(Easing::Linear),
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
