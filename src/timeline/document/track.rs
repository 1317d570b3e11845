//! Value tracks: a constant, or a list of keys.

use std::collections::HashSet;

use super::super::curve::Cycle;
use super::super::easing::Easing;
use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::Spanned;
use super::decode::{Decoder, inner};

/// Keys in the order they are written. A constant is one key at the start.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Track<V> {
    pub keys: Vec<TrackKey<V>>,
    pub cycle: Option<Spanned<Cycle>>,
}

/// How keys may be repeated.
pub(super) const CYCLES: [(&str, Cycle); 2] =
    [("repeat", Cycle::Repeat), ("ping_pong", Cycle::PingPong)];

/// A key; what could not be read is none.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct TrackKey<V> {
    pub at: Option<Spanned<Time>>,
    pub value: Option<Spanned<V>>,
    pub easing: Easing,
}

/// Weights of classes, by index.
pub(in crate::timeline) type Class = Vec<(Spanned<usize>, f64)>;

impl<V> TrackKey<V> {
    /// A key that holds from the start.
    pub fn constant(value: Spanned<V>) -> Self {
        let at = Spanned { value: Time::START, span: value.span.clone() };
        Self { at: Some(at), value: Some(value), easing: Easing::Linear }
    }
}

impl Decoder {
    /// A constant or keys with easings.
    pub fn track<V>(
        &mut self,
        node: &Node,
        value: impl Fn(&mut Self, &Node) -> Option<V>,
    ) -> Option<Track<V>> {
        self.keys_or_constant(node, &["at", "value", "ease"], value)
    }

    /// A constant or keys whose values hold until the next.
    pub fn held_track<V>(
        &mut self,
        node: &Node,
        value: impl Fn(&mut Self, &Node) -> Option<V>,
    ) -> Option<Track<V>> {
        let mut track = self.keys_or_constant(node, &["at", "value"], value)?;
        track.keys.iter_mut().for_each(|key| key.easing = Easing::Hold);
        Some(track)
    }

    fn keys_or_constant<V>(
        &mut self,
        node: &Node,
        known: &[&str],
        value: impl Fn(&mut Self, &Node) -> Option<V>,
    ) -> Option<Track<V>> {
        let (node, cycle) = match &inner(node).value {
            Value::List(_) => (node, None),
            Value::Struct(..) => {
                let fields = self.fields(node, "a track", &["keys", "loop"])?;
                let cycle = fields
                    .get("loop")
                    .and_then(|n| Some(Spanned::new(self.choice(n, &CYCLES)?, n)));
                (fields.need(self, "keys")?, cycle)
            }
            _ => {
                let value = value(self, inner(node))?;
                let keys = vec![TrackKey::constant(Spanned::new(value, node))];
                return Some(Track { keys, cycle: None });
            }
        };
        let items = self.list(node, "a list of keys `(at: ..., value: ...)`")?;
        let key = |item: &Node| {
            let fields = self.fields(item, "a key", known)?;
            let at = fields.need(self, "at").and_then(|n| self.time(n));
            let held =
                fields.need(self, "value").and_then(|n| Some(Spanned::new(value(self, n)?, n)));
            let easing = fields.get("ease").and_then(|n| self.easing(n)).unwrap_or(Easing::Linear);
            Some(TrackKey { at, value: held, easing })
        };
        Some(Track { keys: items.iter().filter_map(key).collect(), cycle })
    }

    /// One class, or weights of several as `{0: 0.5, 3: 0.5}`.
    pub fn class(&mut self, node: &Node) -> Option<Class> {
        let index = |d: &mut Self, n: &Node| {
            d.integer(n, "a class", 0..=i128::from(u32::MAX)).map(|i| Spanned::new(i, n))
        };
        let Value::Map(entries) = &node.value else {
            if matches!(node.value, Value::Integer(_)) {
                return Some(vec![(index(self, node)?, 1.0)]);
            }
            return self.expected("a class, or weights such as {0: 0.5, 3: 0.5}", node);
        };
        let mut class = Class::new();
        let mut seen = HashSet::new();
        for (key, weight) in entries {
            let (key, number) = (index(self, key), self.plain_number(weight));
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
