//! Latents as written: seed lists, keys, and what is mixed into some layers.

use super::super::easing::Easing;
use super::super::resolved::{Interpolation, Speed};
use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::decode::{Decoder, Fields, inner};
use super::track::{Track, TrackKey};
use super::walk::Walk;
use super::{Scalar, Spanned};
use crate::report::Span;

const INTERPOLATIONS: [(&str, Interpolation); 5] = [
    ("linear", Interpolation::Linear),
    ("catmull_rom", Interpolation::CatmullRom),
    ("cubic", Interpolation::NaturalCubic),
    ("loop_cubic", Interpolation::LoopCubic),
    ("slerp", Interpolation::Slerp),
];
const SPEEDS: [(&str, Speed); 3] =
    [("keys", Speed::Keys), ("even", Speed::Even), ("perceptual", Speed::Perceptual)];
const POINTS: [&str; 4] = ["seed", "z", "w", "average"];
/// The largest index into an array that is understood.
const MAX_INDEX: i128 = u32::MAX as i128;

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

#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) enum Point {
    Seed(u32),
    Z(ArrayItem),
    W(ArrayItem),
    Average,
}

/// A place in an array file.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct ArrayItem {
    pub file: String,
    pub array: Option<String>,
    pub index: Option<usize>,
}

/// Another latent for some of the layers.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Mix {
    pub layers: Vec<Spanned<Layers>>,
    pub source: Option<Source>,
    pub amount: Option<Track<Scalar>>,
}

/// One entry of a choice of layers.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) enum Layers {
    /// First and last, both included.
    Range(usize, usize),
    /// A group or a layer.
    Named(String),
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
        let Spanned { value, span } = self.seed(node)?;
        let point = Spanned { value: Point::Seed(value), span: span.clone() };
        Some(Source::Latent(Latent::still(point, span)))
    }

    pub fn seed(&mut self, node: &Node) -> Option<Spanned<u32>> {
        self.integer(node, "a seed", 0..=i128::from(u32::MAX)).map(|seed| Spanned::new(seed, node))
    }

    fn seeds(&mut self, node: &Node, span: Span) -> Option<Seeds> {
        let what = "a list of seeds such as [1, 2, 3]";
        let seeds = Seeds {
            list: vec![],
            every: None,
            interpolation: None,
            repeat: true,
            speed: None,
            span,
        };
        if matches!(inner(node).value, Value::List(_)) {
            let list = self.list(node, what)?.iter().filter_map(|n| self.seed(n)).collect();
            return Some(Seeds { list, ..seeds });
        }
        let fields =
            self.fields(node, "`seeds`", &["list", "every", "interpolate", "loop", "speed"])?;
        let list = fields.need(self, "list").and_then(|n| self.list(n, what)).unwrap_or_default();
        Some(Seeds {
            list: list.iter().filter_map(|n| self.seed(n)).collect(),
            every: fields.get("every").and_then(|n| self.time(n)),
            interpolation: self.interpolation(&fields),
            speed: self.speed(&fields),
            repeat: fields.get("loop").and_then(|n| self.bool(n)).unwrap_or(true),
            ..seeds
        })
    }

    fn latent(&mut self, node: &Node, span: Span) -> Option<Latent> {
        if let Value::Struct(_, entries) = &inner(node).value
            && entries.iter().any(|(name, _)| name.text == "walk")
        {
            return self.walk(node, span);
        }
        let fields = self.fields(node, "`latent`", &["keys", "interpolate", "loop", "speed"])?;
        let items = fields
            .need(self, "keys")
            .and_then(|n| self.list(n, "a list of keys `(at: ..., seed: ...)`"));
        let key = |item: &Node| {
            let known = ["at", "seed", "z", "w", "average", "ease", "index", "array"];
            let fields = self.fields(item, "a latent's key", &known)?;
            let at = fields.need(self, "at").and_then(|n| self.time(n));
            let value = self.point(&fields);
            let easing = fields.get("ease").and_then(|n| self.easing(n)).unwrap_or(Easing::Linear);
            Some(TrackKey { at, value, easing })
        };
        let keys = items.unwrap_or_default().iter().filter_map(key).collect();
        let repeat = fields.get("loop").and_then(|n| self.repeat(n));
        let speed = self.speed(&fields);
        Some(Latent {
            keys,
            walk: None,
            speed,
            interpolation: self.interpolation(&fields),
            repeat,
            span,
        })
    }

    fn interpolation(&mut self, fields: &Fields) -> Option<Spanned<Interpolation>> {
        let node = fields.get("interpolate")?;
        Some(Spanned::new(self.choice(node, &INTERPOLATIONS)?, node))
    }

    fn speed(&mut self, fields: &Fields) -> Option<Spanned<Speed>> {
        let node = fields.get("speed")?;
        Some(Spanned::new(self.choice(node, &SPEEDS)?, node))
    }

    pub fn repeat(&mut self, node: &Node) -> Option<Spanned<Loop>> {
        let repeat = match node.value {
            Value::Bool(true) => Loop::Whole,
            Value::Bool(false) => Loop::No,
            Value::Integer(_) | Value::Float(_) | Value::String(_) => {
                Loop::Period(self.time(node)?.value)
            }
            Value::Word(ref word) if word == "ping_pong" => Loop::PingPong,
            _ => return self.expected("`true`, `false`, `ping_pong` or the loop's period", node),
        };
        Some(Spanned::new(repeat, node))
    }

    /// The one of `seed`, `z`, `w` and `average` that is given.
    fn point(&mut self, fields: &Fields) -> Option<Spanned<Point>> {
        let mut given = POINTS.iter().filter_map(|name| Some((*name, fields.get(name)?)));
        let Some((name, node)) = given.next() else {
            fields.missing(self, &POINTS);
            return None;
        };
        let mut alone = true;
        for (other, _) in given {
            let span = fields.name_span(other).unwrap_or_default();
            self.report.error(
                span,
                format!("`{other}` is given beside `{name}`: a key has only one of them"),
            );
            alone = false;
        }
        let in_file = matches!(name, "z" | "w");
        for extra in ["index", "array"] {
            if let Some(span) = fields.name_span(extra).filter(|_| !in_file) {
                self.report.error(
                    span,
                    format!("`{extra}` has no meaning beside `{name}`: it belongs to `z` and `w`"),
                );
            }
        }
        let point = match name {
            "seed" => Point::Seed(self.seed(node)?.value),
            "average" if self.bool(node)? => Point::Average,
            "average" => return self.expected("`true`", node),
            _ => {
                let item = self.array_item(fields, node)?;
                if name == "z" { Point::Z(item) } else { Point::W(item) }
            }
        };
        alone.then(|| Spanned::new(point, node))
    }

    /// A place in the array file that a text names, with the `array` and `index` beside it.
    pub fn array_item(&mut self, fields: &Fields, file: &Node) -> Option<ArrayItem> {
        let file = self.text(file)?.value;
        let array = fields.get("array").map(|n| self.text(n));
        let index = fields.get("index").map(|n| self.integer(n, "an index", 0..=MAX_INDEX));
        // What is given but unreadable must not look as if it were left out.
        if matches!(array, Some(None)) || matches!(index, Some(None)) {
            return None;
        }
        let array = array.flatten().map(|text| text.value);
        Some(ArrayItem { file, array, index: index.flatten() })
    }

    pub fn mix(&mut self, node: &Node) -> Option<Mix> {
        let sources = ["latent", "seeds", "seed", "z", "w", "average"];
        let known =
            ["layers", "amount", "latent", "seeds", "seed", "z", "w", "average", "index", "array"];
        let fields = self.fields(node, "a mix", &known)?;
        Some(Mix {
            layers: fields.need(self, "layers").map(|n| self.layers(n)).unwrap_or_default(),
            source: self.source(&fields, &sources),
            amount: fields.get("amount").and_then(|n| self.track(n, Self::number)),
        })
    }

    /// A group, name, number or range of layers, or a list of these.
    pub fn layers(&mut self, node: &Node) -> Vec<Spanned<Layers>> {
        let items = match &node.value {
            Value::List(_) => self.list(node, "a list of layers").unwrap_or_default(),
            _ => std::slice::from_ref(node),
        };
        items.iter().filter_map(|item| Some(Spanned::new(self.layer(item)?, item))).collect()
    }

    fn layer(&mut self, node: &Node) -> Option<Layers> {
        match &inner(node).value {
            Value::Word(name) => Some(Layers::Named(name.clone())),
            Value::Integer(_) => self.integer(node, "a layer", 0..=MAX_INDEX).map(|i| Layers::Range(i, i)),
            Value::String(text) => {
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                match (first.trim().parse(), last.trim().parse()) {
                    (Ok(first), Ok(last)) if first <= last => Some(Layers::Range(first, last)),
                    (Ok(_), Ok(_)) => self.expected("a range of layers from low to high, such as \"0-4\"", node),
                    _ => Some(Layers::Named(text.clone())),
                }
            }
            _ => self.expected("layers: coarse, middle, fine, all, a number, a range such as \"0-4\" or a layer's name", node),
        }
    }
}
