//! Signals as written: what values may follow in a sound.

use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::Spanned;
use super::decode::{Decoder, inner};
use super::form::{By, Field, PLAIN, Record, TEXT, TIME};
use super::shape::Shape;
use crate::audio::Feature;
use crate::report::Span;

const HEAR: Field<By<Feature>> = Field::new(
    "hear",
    By(Decoder::feature, feature),
    "what to follow: rms, onset, beat, a band such as bass or 60-250 (Hz), a pitch such as f#",
)
.needed();
const FROM: Field<By<Spanned<String>>> =
    Field::new("from", TEXT, "a sound file, in place of the timeline's sound");
const AT: Field<By<Spanned<Time>>> =
    Field::new("at", TIME, "the time of the timeline at which the file begins");
const GAIN: Field<By<f64>> = Field::new("gain", PLAIN, "factor of the whole").or("1");
const SMOOTH: Field<By<Spanned<Time>>> =
    Field::new("smooth", TIME, "deviation of a Gaussian that looks as far ahead as back").or("0");
const ATTACK: Field<By<Spanned<Time>>> =
    Field::new("attack", TIME, "time in which a rise is followed to 63 %").or("0");
const RELEASE: Field<By<Spanned<Time>>> =
    Field::new("release", TIME, "time in which a fall is followed to 63 %").or("0");
static SIGNAL: Record =
    Record { what: "a signal", fields: &[&HEAR, &FROM, &AT, &GAIN, &SMOOTH, &ATTACK, &RELEASE] };

pub(super) const SIGNALS: Field<By<Vec<Signal>>> = Field::new(
    "signals",
    By(|d, n| Some(d.signals(n)), || Shape::names(Shape::named("signal", SIGNAL.shape()))),
    "names, and what in a sound they follow: for expressions",
);

fn feature() -> Shape {
    let names = Feature::names();
    Shape::Any(vec![Shape::words(names), Shape::Pattern(r"^[\s0-9.eE+]+-[\s0-9.eE+-]+$")])
}

/// `kick: (hear: bass, from: "drums.wav", attack: "5ms", release: "200ms")`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Signal {
    /// Where its name stands.
    pub span: Span,
    pub hear: Option<Feature>,
    /// The timeline's own sound if none.
    pub from: Option<Spanned<String>>,
    pub at: Option<Spanned<Time>>,
    pub gain: f64,
    pub smooth: Option<Spanned<Time>>,
    pub attack: Option<Spanned<Time>>,
    pub release: Option<Spanned<Time>>,
}

impl Decoder {
    /// Names and what each follows; read before all expressions, which may name them. Every name that
    /// expressions know is in the answer, at its place.
    fn signals(&mut self, node: &Node) -> Vec<Signal> {
        let Value::Struct(None, entries) = &inner(node).value else {
            self.expected::<()>("names and signals such as `(kick: (hear: bass))`", node);
            return Vec::new();
        };
        let mut signals = Vec::new();
        for (name, value) in entries {
            if let Some(wrong) = self.no_name("signal", &name.text) {
                self.report.error(name.span.clone(), wrong);
                continue;
            }
            let Some(fields) = self.fields(value, &SIGNAL) else { continue };
            self.variables.add_signal(&name.text);
            signals.push(Signal {
                span: name.span.clone(),
                hear: fields.read(self, &HEAR),
                from: fields.read(self, &FROM),
                at: fields.read(self, &AT),
                gain: fields.read(self, &GAIN).unwrap_or(1.0),
                smooth: fields.read(self, &SMOOTH),
                attack: fields.read(self, &ATTACK),
                release: fields.read(self, &RELEASE),
            });
        }
        signals
    }

    fn feature(&mut self, node: &Node) -> Option<Feature> {
        match &inner(node).value {
            Value::String(text) | Value::Word(text) => self.or_report(node, text.parse()),
            _ => self.expected("what is heard, such as `bass` or \"60-250\"", node),
        }
    }
}
