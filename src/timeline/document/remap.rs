//! Time remapping as written: keyed times, an expression, or a speed.

use std::sync::Arc;

use super::super::expression::Program;
use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::decode::{Decoder, Fields, inner};
use super::form::{Apart, BOOL, By, Field, NUMBER, Record};
use super::shape::Shape;
use super::track::{KEYS, Keyed, LOOP, keyed_times};
use super::{Marker, Scalar, Track};
use crate::report::Span;

const MAP_KEYS: Field<Apart> =
    Field::new(KEYS.name, Apart(keyed_times), "times of what is shown, at times of the film");
const EXPRESSION: Field<Apart> =
    Field::new("expression", Apart(|| Shape::Text), "seconds of what is shown, in place of keys");
const MONOTONE: Field<By<bool>> =
    Field::new("monotone", BOOL, "whether to check that it never goes back").or("false");
static MAP: Record = Record { what: "`time`", fields: &[&MAP_KEYS, &EXPRESSION, &LOOP, &MONOTONE] };

pub(super) const TIME_MAP: Field<Apart> = Field::new(
    "time",
    Apart(|| {
        let ways = vec![Shape::Text, keyed_times(), MAP.shape()];
        Shape::named("time_map", Shape::Any(ways))
    }),
    "which time of it is shown when: keys, or an expression for seconds",
);
pub(super) const SPEED: Field<Keyed<By<Scalar>>> = Field::new(
    "speed",
    Keyed(NUMBER),
    "how fast time passes: 0.5 is half as fast, -1 backwards; keys make a ramp",
)
.or("1");

/// `time: [(at: 0, value: "1s"), ...]`, `time: "t / 2"` or `speed: 0.5`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Remapping {
    pub way: Way,
    /// Where it is said that it never goes back.
    pub monotone: Option<Span>,
    /// The field's name.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) enum Way {
    /// Times of what is shown.
    Keys(Track<Time>),
    /// Seconds of what is shown.
    Expression(Arc<Program>),
    Speed(Track<Scalar>),
}

impl Decoder {
    /// `time` or `speed`, of which one may be given. The times of what is shown may name the markers
    /// that it has.
    pub fn remapping(&mut self, fields: &Fields, markers: &[Marker]) -> Option<Remapping> {
        let time = fields.get(TIME_MAP.name).zip(fields.name_span(TIME_MAP.name));
        let speed = fields.name_span(SPEED.name);
        match (time, speed) {
            (Some(_), Some(span)) => {
                let message = "`speed` is given beside `time`: expected only one of them";
                self.report.error(span, message);
                None
            }
            (Some((node, span)), None) => self.keyed_time(node, span, markers),
            (None, Some(span)) => {
                let speed = fields.read(self, &SPEED)?;
                Some(Remapping { way: Way::Speed(speed), monotone: None, span })
            }
            (None, None) => None,
        }
    }

    fn keyed_time(&mut self, node: &Node, span: Span, markers: &[Marker]) -> Option<Remapping> {
        let whole = matches!(inner(node).value, Value::Struct(..));
        let (value, monotone, cycled) = if whole {
            let fields = self.fields(node, &MAP)?;
            let monotone = fields.read(self, &MONOTONE).filter(|monotone| *monotone);
            let monotone = monotone.and(fields.get(MONOTONE.name)).map(|n| n.span.clone());
            match (fields.get(EXPRESSION.name), fields.get(MAP_KEYS.name)) {
                (Some(_), Some(_)) => {
                    let place = fields.name_span(MAP_KEYS.name).unwrap_or(span);
                    let message = "`keys` is given beside `expression`: expected only one of them";
                    self.report.error(place, message);
                    return None;
                }
                (Some(expression), None) => {
                    if let Some(place) = fields.name_span(LOOP.name) {
                        self.report.error(place, "`loop` has no meaning beside `expression`");
                    }
                    (expression, monotone, None)
                }
                (None, _) => {
                    let cycle = fields.read(self, &LOOP);
                    (fields.need(self, MAP_KEYS.name)?, monotone, cycle)
                }
            }
        } else {
            (node, None, None)
        };
        let way = match &inner(value).value {
            Value::List(_) => {
                let shown = |d: &mut Self, n: &Node| d.with_markers(markers, |d| d.time(n));
                let keys = self.keyed_times(value, |d, n| shown(d, n).map(|time| time.value))?;
                Way::Keys(Track { cycle: cycled, ..keys })
            }
            Value::String(_) => match self.number(value)? {
                Scalar::Expression(program) => Way::Expression(program),
                Scalar::Constant(_) => return None,
            },
            _ => {
                let what = "keys such as [(at: 0, value: \"1s\"), (at: \"4s\", value: \"2s\")], or an \
                            expression for seconds such as \"t / 2\"";
                return self.expected(what, value);
            }
        };
        Some(Remapping { way, monotone, span })
    }

    /// Reads times of something that has markers of its own.
    pub fn with_markers<T>(&mut self, markers: &[Marker], read: impl FnOnce(&mut Self) -> T) -> T {
        let own = std::mem::replace(&mut self.markers, markers.to_vec());
        let value = read(self);
        self.markers = own;
        value
    }
}
