//! Time remapping as written: keyed times, an expression, or a speed.

use std::sync::Arc;

use super::super::expression::Program;
use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::decode::{Decoder, Fields, inner};
use super::{Marker, Scalar, Spanned, Track};
use crate::report::Span;

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
        let time = fields.get("time").zip(fields.name_span("time"));
        let speed = fields.get("speed").zip(fields.name_span("speed"));
        match (time, speed) {
            (Some(_), Some((_, span))) => {
                let message = "`speed` is given beside `time`: expected only one of them";
                self.report.error(span, message);
                None
            }
            (Some((node, span)), None) => self.keyed_time(node, span, markers),
            (None, Some((node, span))) => {
                let speed = self.track(node, Self::number)?;
                Some(Remapping { way: Way::Speed(speed), monotone: None, span })
            }
            (None, None) => None,
        }
    }

    fn keyed_time(&mut self, node: &Node, span: Span, markers: &[Marker]) -> Option<Remapping> {
        let whole = matches!(inner(node).value, Value::Struct(..));
        let (value, monotone, cycled) = if whole {
            let known = ["keys", "expression", "loop", "monotone"];
            let fields = self.fields(node, "`time`", &known)?;
            let monotone = fields.get("monotone").filter(|n| self.bool(n) == Some(true));
            let monotone = monotone.map(|n| n.span.clone());
            match (fields.get("expression"), fields.get("keys")) {
                (Some(_), Some(_)) => {
                    let place = fields.name_span("keys").unwrap_or(span);
                    let message = "`keys` is given beside `expression`: expected only one of them";
                    self.report.error(place, message);
                    return None;
                }
                (Some(expression), None) => {
                    if let Some(place) = fields.name_span("loop") {
                        self.report.error(place, "`loop` has no meaning beside `expression`");
                    }
                    (expression, monotone, None)
                }
                (None, _) => {
                    let cycle = fields.get("loop").and_then(|n| {
                        Some(Spanned::new(self.choice(n, &super::track::CYCLES)?, n))
                    });
                    (fields.need(self, "keys")?, monotone, cycle)
                }
            }
        } else {
            (node, None, None)
        };
        let way = match &inner(value).value {
            Value::List(_) => {
                let shown = |decoder: &mut Self, n: &Node| decoder.time_of(n, markers);
                let keys = self.track(value, |d, n| shown(d, n).map(|time| time.value))?;
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

    /// A time of something that has markers of its own.
    pub fn time_of(&mut self, node: &Node, markers: &[Marker]) -> Option<Spanned<Time>> {
        let own = std::mem::replace(&mut self.markers, markers.to_vec());
        let time = self.time(node);
        self.markers = own;
        time
    }
}
