//! Latents as written: seed lists, keys, and what is mixed into some layers.

use super::super::easing::Easing;
use super::super::resolved::{Interpolation, Speed};
use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::Spanned;
use super::decode::{Decoder, Fields, inner};
use super::form::{
    Apart, BOOL, By, Field, Form, Listed, Placed, Record, Shaped, TIME, Whole, Words,
};
use super::point::{ARRAY, AVERAGE, INDEX, Point, SEED, SEED_POINT, W, Z};
use super::shape::Shape;
use super::track::{AT, EASE, KEYS, TrackKey};
use super::walk::{WALKS, Walk};
use crate::report::Span;

const SEED_LIST: Listed<Placed<Whole>> = Listed("a list of seeds such as [1, 2, 3]", SEED);

const INTERPOLATE: Field<Placed<Words<Interpolation>>> = Field::new(
    "interpolate",
    Placed(Words(&[
        ("linear", Interpolation::Linear),
        ("catmull_rom", Interpolation::CatmullRom),
        ("cubic", Interpolation::NaturalCubic),
        ("loop_cubic", Interpolation::LoopCubic),
        ("slerp", Interpolation::Slerp),
    ])),
    "the way between keys: in w, or for slerp in z",
);
const PACE: Field<Placed<Words<Speed>>> = Field::new(
    "speed",
    Placed(Words(&[
        ("keys", Speed::Keys),
        ("even", Speed::Even),
        ("perceptual", Speed::Perceptual),
    ])),
    "how fast the path is followed: as the keys say, evenly in w, or evenly to the eye",
)
.or("\"keys\"");

const LIST: Field<Listed<Placed<Whole>>> =
    Field::new("list", SEED_LIST, "seeds in their order").needed();
const EVERY: Field<By<Spanned<Time>>> = Field::new(
    "every",
    TIME,
    "the time from one seed to the next; without it they fill the duration",
);
const SEEDS_LOOP: Field<By<bool>> =
    Field::new("loop", BOOL, "whether the path comes back to the first seed").or("true");
static SEED_PATH: Record =
    Record { what: "`seeds`", fields: &[&LIST, &EVERY, &INTERPOLATE, &SEEDS_LOOP, &PACE] };
pub(super) const SEEDS: Field<Apart> = Field::new(
    "seeds",
    Apart(|| Shape::named("seeds", Shape::Any(vec![SEED_LIST.shape(), SEED_PATH.shape()]))),
    "seeds that are passed one after the other",
);

static LATENT_KEY: Record = Record {
    what: "a latent's key",
    fields: &[&AT, &SEED_POINT, &Z, &W, &AVERAGE, &EASE, &INDEX, &ARRAY],
};
const LATENT_KEYS: Field<Apart> = Field::new(
    KEYS.name,
    Apart(|| Shape::list(Shape::named("latent_key", LATENT_KEY.shape()))),
    "latents and their times",
)
.needed();
/// How a path goes on after its last key.
pub(super) const LATENT_LOOP: Field<By<Spanned<Loop>>> = Field::new(
    "loop",
    By(Decoder::repeat, || Shape::Any(vec![Shape::Bool, Shape::words([PING_PONG]), TIME.shape()])),
    "whether the path comes back: over the duration, over a time, or as it came",
)
.or("false");
const PING_PONG: &str = "ping_pong";
static LATENT_PATH: Record =
    Record { what: "`latent`", fields: &[&LATENT_KEYS, &INTERPOLATE, &LATENT_LOOP, &PACE] };
pub(super) const LATENT: Field<Apart> = Field::new(
    "latent",
    Apart(|| Shape::named("latent", Shape::Any(vec![LATENT_PATH.shape(), WALKS.shape()]))),
    "a path of keys in latent space, or a walk",
);

/// Where latents come from.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) enum Source {
    Seeds(Seeds),
    Latent(Latent),
}

/// `seeds: [1, 2, 3]` or `seeds: (list: [1, 2, 3], every: "1s")`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Seeds {
    pub list: Vec<Spanned<u32>>,
    pub every: Option<Spanned<Time>>,
    pub interpolation: Option<Spanned<Interpolation>>,
    pub repeat: bool,
    pub speed: Option<Spanned<Speed>>,
    /// The field's name.
    pub span: Span,
}

/// `latent: (keys: [...])`, or a single point.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Latent {
    pub keys: Vec<TrackKey<Point>>,
    /// In place of keys.
    pub walk: Option<Walk>,
    pub speed: Option<Spanned<Speed>>,
    pub interpolation: Option<Spanned<Interpolation>>,
    pub repeat: Option<Spanned<Loop>>,
    /// The field's name.
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::timeline) enum Loop {
    No,
    /// Over the timeline's duration.
    Whole,
    Period(Time),
    /// To the last key and back.
    PingPong,
}

impl Latent {
    /// A point that never moves.
    fn still(point: Spanned<Point>, span: Span) -> Self {
        Self {
            keys: vec![TrackKey::constant(point)],
            walk: None,
            speed: None,
            interpolation: None,
            repeat: None,
            span,
        }
    }
}

impl Decoder {
    /// `seeds`, `latent` or, for mixes, a point: one of them.
    pub fn source(&mut self, fields: &Fields, allowed: &[&'static str]) -> Option<Source> {
        let given: Vec<(&str, Span)> = allowed
            .iter()
            .filter_map(|name| fields.name_span(name).map(|span| (*name, span)))
            .collect();
        match given.as_slice() {
            [] => {
                fields.missing(self, allowed);
                None
            }
            [(name, span)] => match *name {
                "seeds" => fields
                    .get("seeds")
                    .and_then(|node| self.seeds(node, span.clone()))
                    .map(Source::Seeds),
                "latent" => fields
                    .get("latent")
                    .and_then(|node| self.latent(node, span.clone()))
                    .map(Source::Latent),
                _ => {
                    let point = self.point(fields)?;
                    Some(Source::Latent(Latent::still(point, span.clone())))
                }
            },
            [(first, _), (second, span), ..] => {
                let message =
                    format!("`{second}` is given beside `{first}`: expected only one of them");
                self.report.error(span.clone(), message);
                None
            }
        }
    }

    /// A seed that stands for a latent that never moves.
    pub fn seed_alone(&mut self, node: &Node) -> Option<Source> {
        let Spanned { value, span } = SEED.read(self, node)?;
        let point = Spanned { value: Point::Seed(value), span: span.clone() };
        Some(Source::Latent(Latent::still(point, span)))
    }

    fn seeds(&mut self, node: &Node, span: Span) -> Option<Seeds> {
        let seeds = Seeds {
            list: vec![],
            every: None,
            interpolation: None,
            repeat: true,
            speed: None,
            span,
        };
        if matches!(inner(node).value, Value::List(_)) {
            return Some(Seeds { list: SEED_LIST.read(self, node)?, ..seeds });
        }
        let fields = self.fields(node, &SEED_PATH)?;
        Some(Seeds {
            list: fields.read(self, &LIST).unwrap_or_default(),
            every: fields.read(self, &EVERY),
            interpolation: fields.read(self, &INTERPOLATE),
            speed: fields.read(self, &PACE),
            repeat: fields.read(self, &SEEDS_LOOP).unwrap_or(true),
            ..seeds
        })
    }

    fn latent(&mut self, node: &Node, span: Span) -> Option<Latent> {
        if let Value::Struct(_, entries) = &inner(node).value
            && entries
                .iter()
                .any(|(name, node)| name.text == "walk" && inner(node).value != Value::Option(None))
        {
            return self.walk(node, span);
        }
        let fields = self.fields(node, &LATENT_PATH)?;
        let items = fields
            .need(self, LATENT_KEYS.name)
            .and_then(|n| self.list(n, "a list of keys `(at: ..., seed: ...)`"));
        let key = |item: &Node| {
            let fields = self.fields(item, &LATENT_KEY)?;
            let at = fields.read(self, &AT);
            let value = self.point(&fields);
            Some(TrackKey { at, value, easing: fields.read(self, &EASE).unwrap_or(Easing::Linear) })
        };
        let keys = items.unwrap_or_default().iter().filter_map(key).collect();
        Some(Latent {
            keys,
            walk: None,
            speed: fields.read(self, &PACE),
            interpolation: fields.read(self, &INTERPOLATE),
            repeat: fields.read(self, &LATENT_LOOP),
            span,
        })
    }

    fn repeat(&mut self, node: &Node) -> Option<Spanned<Loop>> {
        let repeat = match node.value {
            Value::Bool(true) => Loop::Whole,
            Value::Bool(false) => Loop::No,
            Value::Integer(_) | Value::Float(_) | Value::String(_) => {
                Loop::Period(self.time(node)?.value)
            }
            Value::Word(ref word) if word == PING_PONG => Loop::PingPong,
            _ => return self.expected("`true`, `false`, `ping_pong` or the loop's period", node),
        };
        Some(Spanned::new(repeat, node))
    }
}
