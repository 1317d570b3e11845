//! Signals as written: what values may follow in a sound.

use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::Spanned;
use super::decode::{Decoder, inner};
use crate::audio::Feature;
use crate::report::Span;

const FIELDS: [&str; 7] = ["hear", "from", "at", "gain", "smooth", "attack", "release"];

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
    pub fn signals(&mut self, node: &Node) -> Vec<Signal> {
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
            let Some(fields) = self.fields(value, "a signal", &FIELDS) else { continue };
            self.variables.add_signal(&name.text);
            let mut time = |field| fields.get(field).and_then(|n| self.time(n));
            let [at, smooth, attack, release] =
                ["at", "smooth", "attack", "release"].map(&mut time);
            signals.push(Signal {
                span: name.span.clone(),
                hear: fields.need(self, "hear").and_then(|n| self.feature(n)),
                from: fields.get("from").and_then(|n| self.text(n)),
                at,
                gain: fields.get("gain").and_then(|n| self.plain_number(n)).unwrap_or(1.0),
                smooth,
                attack,
                release,
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
