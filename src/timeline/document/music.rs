//! Music and markers as written.

use super::super::ron_tree::{Node, Value};
use super::super::tempo::BPM;
use super::super::time::Time;
use super::Spanned;
use super::decode::{Decoder, inner};
use crate::report::Span;

/// The longest bar, and the last one that a signature may begin at.
const MOST_BEATS: i128 = 64;
const LAST_BAR: i128 = 100_000;
/// What a signature's second number may be: it says which note is a beat, and counts for people only.
const NOTES: [i128; 6] = [1, 2, 4, 8, 16, 32];

/// `music: (bpm: 120, signature: (4, 4), start: "0.5s")`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::timeline) struct Music {
    /// None where there is none that could be read.
    pub tempo: Vec<TempoKey>,
    /// Bars (from 1) and the beats of those from there on.
    pub signatures: Vec<Spanned<(u32, u32)>>,
    pub start: Option<Spanned<Time>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct TempoKey {
    pub at: Option<Spanned<Time>>,
    pub bpm: f64,
    /// Whether the tempo moves evenly to the next one.
    pub ramp: bool,
}

/// A name for a time.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Marker {
    pub name: String,
    pub at: Spanned<Time>,
}

impl Decoder {
    pub fn music(&mut self, node: &Node) -> Option<Music> {
        let fields = self.fields(node, "`music`", &["bpm", "signature", "start"])?;
        let tempo = fields.need(self, "bpm").map(|n| self.tempo(n)).unwrap_or_default();
        let signatures = fields.get("signature").map(|n| self.signatures(n)).unwrap_or_default();
        Some(Music { tempo, signatures, start: fields.get("start").and_then(|n| self.time(n)) })
    }

    fn bpm(&mut self, node: &Node) -> Option<f64> {
        let bpm = self.plain_number(node)?;
        if BPM.contains(&bpm) {
            return Some(bpm);
        }
        let (least, most) = BPM.into_inner();
        let message =
            format!("a tempo of {bpm} is out of range: expected {least} to {most} beats a minute");
        self.report.error(node.span.clone(), message);
        None
    }

    fn tempo(&mut self, node: &Node) -> Vec<TempoKey> {
        if !matches!(inner(node).value, Value::List(_)) {
            let key = |bpm| TempoKey { at: None, bpm, ramp: false };
            return self.bpm(node).map(key).into_iter().collect();
        }
        let items = self.list(node, "a list of tempos `(at: ..., value: ...)`").unwrap_or_default();
        let key = |item: &Node| {
            let fields = self.fields(item, "a tempo", &["at", "value", "ease"])?;
            let at = fields.need(self, "at").and_then(|n| self.time(n));
            let bpm = fields.need(self, "value").and_then(|n| self.bpm(n));
            let ways = [("hold", false), ("linear", true)];
            let ramp = fields.get("ease").and_then(|n| self.choice(n, &ways)).unwrap_or(false);
            Some(TempoKey { at: Some(at?), bpm: bpm?, ramp })
        };
        items.iter().filter_map(key).collect()
    }

    fn signatures(&mut self, node: &Node) -> Vec<Spanned<(u32, u32)>> {
        if !matches!(inner(node).value, Value::List(_)) {
            let beats = self.signature(node);
            return beats.map(|beats| Spanned::new((1, beats), node)).into_iter().collect();
        }
        let items =
            self.list(node, "a list of signatures `(bar: ..., value: (3, 4))`").unwrap_or_default();
        let one = |item: &Node| {
            let fields = self.fields(item, "a signature", &["bar", "value"])?;
            let bar = fields.need(self, "bar").and_then(|n| self.integer(n, "a bar", 1..=LAST_BAR));
            let beats = fields.need(self, "value").and_then(|n| self.signature(n));
            Some(Spanned::new((bar?, beats?), item))
        };
        items.iter().filter_map(one).collect()
    }

    fn signature(&mut self, node: &Node) -> Option<u32> {
        let (beats, note) = self.pair(node, "a signature such as (4, 4)", |d, n| {
            Some((d.integer::<u32>(n, "a number of beats", 1..=MOST_BEATS)?, n.span.clone()))
        })?;
        if NOTES.contains(&i128::from(note.0)) {
            return Some(beats.0);
        }
        let message = format!("a beat is a note of 1, 2, 4, 8, 16 or 32, not of {}", note.0);
        self.report.error(note.1, message);
        None
    }

    /// Names and their times; read before all other times, which may name them.
    pub fn markers(&mut self, node: &Node) {
        let Value::Struct(None, entries) = &inner(node).value else {
            self.expected::<()>("names and times such as `(drop: \"17:1\", outro: \"-4s\")`", node);
            return;
        };
        for (name, time) in entries {
            let refuse = |decoder: &mut Self, span: Span, message: String| {
                decoder.report.error(span, message);
            };
            if !name.text.chars().all(|c| c == '_' || c.is_alphanumeric()) {
                let message = format!(
                    "`{}` is no marker's name: expected letters, digits and `_`",
                    name.text
                );
                refuse(self, name.span.clone(), message);
            } else if self.markers.iter().any(|marker| marker.name == name.text) {
                refuse(self, name.span.clone(), format!("marker `{}` is given twice", name.text));
            } else if let Some(at) = self.time(time) {
                // Until all are read, times that name one find none of them.
                self.markers.push(Marker { name: name.text.clone(), at });
            }
        }
    }
}
