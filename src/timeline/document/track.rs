//! Value tracks: a constant, or a list of keys.

use std::collections::HashSet;

use super::super::curve::Cycle;
use super::super::easing::Easing;
use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::Spanned;
use super::decode::{Decoder, inner};
use super::easing::EASING;
use super::form::{Apart, By, Field, Form, Placed, Record, Shaped, TIME, Whole, Words};
use super::shape::Shape;

/// Keys in the order they are written. A constant is one key at the start.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Track<V> {
    pub keys: Vec<TrackKey<V>>,
    pub cycle: Option<Spanned<Cycle>>,
}

/// Of all keys.
pub(super) const AT: Field<By<Spanned<Time>>> = Field::new("at", TIME, "when").needed();
pub(super) const EASE: Field<By<Easing>> =
    Field::new("ease", EASING, "the way to the next key").or("\"linear\"");
/// In the form that the track's values have.
const VALUE: Field<Apart> = Field::new("value", Apart(Shape::number), "the value then").needed();
static KEY: Record = Record { what: "a key", fields: &[&AT, &VALUE, &EASE] };
static HELD_KEY: Record = Record { what: "a key", fields: &[&AT, &VALUE] };

pub(super) const KEYS: Field<Apart> =
    Field::new("keys", Apart(Shape::number), "keys in the order of their times").needed();
/// How keys may be repeated.
pub(super) const LOOP: Field<Placed<Words<Cycle>>> = Field::new(
    "loop",
    Placed(Words(&[("repeat", Cycle::Repeat), ("ping_pong", Cycle::PingPong)])),
    "how keys go on before the first and after the last",
);
static TRACK: Record = Record { what: "a track", fields: &[&KEYS, &LOOP] };

/// A key; what could not be read is none.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct TrackKey<V> {
    pub at: Option<Spanned<Time>>,
    pub value: Option<Spanned<V>>,
    pub easing: Easing,
}

/// Weights of classes, by index.
pub(in crate::timeline) type Class = Vec<(Spanned<u32>, f64)>;

/// A constant, or keys with easings.
pub(super) struct Keyed<F>(pub F);
/// A constant, or keys whose values hold until the next.
pub(super) struct Held<F>(pub F);

impl<F: Shaped> Shaped for Keyed<F> {
    fn shape(&self) -> Shape {
        track(self.0.shape(), &KEY)
    }
}

impl<F: Shaped> Shaped for Held<F> {
    fn shape(&self) -> Shape {
        track(self.0.shape(), &HELD_KEY)
    }
}

impl<F: Form> Form for Keyed<F> {
    type Value = Track<F::Value>;
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<Self::Value> {
        decoder.keys_or_constant(node, &KEY, |d, n| self.0.read(d, n))
    }
}

impl<F: Form> Form for Held<F> {
    type Value = Track<F::Value>;
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<Self::Value> {
        let mut track = decoder.keys_or_constant(node, &HELD_KEY, |d, n| self.0.read(d, n))?;
        track.keys.iter_mut().for_each(|key| key.easing = Easing::Hold);
        Some(track)
    }
}

fn track(value: Shape, key: &Record) -> Shape {
    let name = match &value {
        Shape::Named(name, _) => Some(format!("{name}_track")),
        _ => None,
    };
    let keys = keys(value.clone(), key);
    let whole = TRACK.shape().with(KEYS.name, keys.clone());
    let shape = Shape::Any(vec![value, keys, whole]);
    match name {
        Some(name) => Shape::named(name, shape),
        None => shape,
    }
}

fn keys(value: Shape, key: &Record) -> Shape {
    Shape::list(key.shape().with(VALUE.name, value))
}

/// Keys whose values are times.
pub(super) fn keyed_times() -> Shape {
    keys(TIME.shape(), &KEY)
}

/// A class, or weights of several.
pub(super) const CLASS: By<Class> =
    By(Decoder::class, || Shape::named("class", Shape::Any(vec![INDEX.shape(), Shape::Weights])));
const INDEX: Placed<Whole> = Placed(Whole("a class", 0, u32::MAX));

impl<V> TrackKey<V> {
    /// A key that holds from the start.
    pub fn constant(value: Spanned<V>) -> Self {
        let at = Spanned { value: Time::START, span: value.span.clone() };
        Self { at: Some(at), value: Some(value), easing: Easing::Linear }
    }
}

impl Decoder {
    /// Keys of times, in a list.
    pub fn keyed_times(
        &mut self,
        node: &Node,
        value: impl Fn(&mut Self, &Node) -> Option<Time>,
    ) -> Option<Track<Time>> {
        self.keys_or_constant(node, &KEY, value)
    }

    fn keys_or_constant<V>(
        &mut self,
        node: &Node,
        key: &'static Record,
        value: impl Fn(&mut Self, &Node) -> Option<V>,
    ) -> Option<Track<V>> {
        let (node, cycle) = match &inner(node).value {
            Value::List(_) => (node, None),
            Value::Struct(..) => {
                let fields = self.fields(node, &TRACK)?;
                let cycle = fields.read(self, &LOOP);
                (fields.need(self, KEYS.name)?, cycle)
            }
            _ => {
                let value = value(self, inner(node))?;
                let keys = vec![TrackKey::constant(Spanned::new(value, node))];
                return Some(Track { keys, cycle: None });
            }
        };
        let items = self.list(node, "a list of keys `(at: ..., value: ...)`")?;
        let key = |item: &Node| {
            let fields = self.fields(item, key)?;
            let at = fields.read(self, &AT);
            let held =
                fields.need(self, VALUE.name).and_then(|n| Some(Spanned::new(value(self, n)?, n)));
            let easing = fields.get(EASE.name).and_then(|n| self.easing(n));
            Some(TrackKey { at, value: held, easing: easing.unwrap_or(Easing::Linear) })
        };
        Some(Track { keys: items.iter().filter_map(key).collect(), cycle })
    }

    /// One class, or weights of several as `{0: 0.5, 3: 0.5}`.
    fn class(&mut self, node: &Node) -> Option<Class> {
        let Value::Map(entries) = &node.value else {
            if matches!(node.value, Value::Integer(_)) {
                return Some(vec![(INDEX.read(self, node)?, 1.0)]);
            }
            return self.expected("a class, or weights such as {0: 0.5, 3: 0.5}", node);
        };
        let mut class = Class::new();
        let mut seen = HashSet::new();
        for (key, weight) in entries {
            let (key, number) = (INDEX.read(self, key), self.plain_number(weight));
            if number.is_some_and(|w| w < 0.0) {
                self.report
                    .error(weight.span.clone(), "a class's weight is negative: expected 0 or more");
            }
            let Some(key) = key else { continue };
            if !seen.insert(key.value) {
                self.report
                    .error(key.span.clone(), format!("class {} is weighted twice", key.value));
            }
            class.push((key, number.unwrap_or(1.0)));
        }
        if class.iter().map(|(_, weight)| weight.max(0.0)).sum::<f64>() > 0.0 {
            return Some(class);
        }
        self.report.error(
            node.span.clone(),
            "the classes' weights sum to nothing: expected at least one above 0",
        );
        None
    }
}
