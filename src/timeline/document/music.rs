//! Music and markers as written.

use super::super::ron_tree::{Node, Value};
use super::super::tempo::BPM;
use super::super::time::Time;
use super::Spanned;
use super::decode::{Decoder, inner};
use super::form::{By, Field, Form, Pair, Placed, Record, Shaped, TIME, Whole, Words};
use super::shape::Shape;
use super::track::AT;
use crate::report::Span;

/// What a signature's second number may be: it says which note is a beat, and counts for people only.
const NOTES: [u32; 6] = [1, 2, 4, 8, 16, 32];

/// Beats a minute.
const TEMPO: By<f64> = By(Decoder::bpm, || Shape::within(*BPM.start(), *BPM.end()));
const RAMP: Field<Words<bool>> = Field::new(
    "ease",
    Words(&[("hold", false), ("linear", true)]),
    "whether the tempo moves evenly to the next one",
)
.or("\"hold\"");
const TEMPO_THEN: Field<By<f64>> =
    Field::new("value", TEMPO, "beats a minute from then on").needed();
static TEMPO_KEY: Record = Record { what: "a tempo", fields: &[&AT, &TEMPO_THEN, &RAMP] };

/// Beats of a bar.
const SIGNATURE: By<u32> = By(Decoder::signature, || BEATS.shape());
const BEATS: Pair<Placed<Whole>> =
    Pair("a signature such as (4, 4)", Placed(Whole("a number of beats", 1, 64)));
const BAR: Field<Whole> =
    Field::new("bar", Whole("a bar", 1, 100_000), "the first bar that has it, from 1").needed();
const SIGNATURE_THEN: Field<By<u32>> =
    Field::new("value", SIGNATURE, "beats of a bar, and what note a beat is").needed();
static SIGNATURE_KEY: Record = Record { what: "a signature", fields: &[&BAR, &SIGNATURE_THEN] };

const BPM_FIELD: Field<By<Vec<TempoKey>>> = Field::new(
    "bpm",
    By(|d, n| Some(d.tempo(n)), || Shape::Any(vec![TEMPO.shape(), Shape::list(TEMPO_KEY.shape())])),
    "beats a minute, or several tempos from their times on",
)
.needed();
const SIGNATURES: Field<By<Signatures>> = Field::new(
    "signature",
    By(
        |d, n| Some(d.signatures(n)),
        || Shape::Any(vec![SIGNATURE.shape(), Shape::list(SIGNATURE_KEY.shape())]),
    ),
    "beats of a bar, and what note a beat is; or several from their bars on",
)
.or("[4, 4]");
const START: Field<By<Spanned<Time>>> =
    Field::new("start", TIME, "the time of the first beat").or("0");
static MUSIC_FIELDS: Record =
    Record { what: "`music`", fields: &[&BPM_FIELD, &SIGNATURES, &START] };

pub(super) const MUSIC: Field<By<Music>> = Field::new(
    "music",
    By(|d, n| Some(d.music(n).unwrap_or_default()), || MUSIC_FIELDS.shape()),
    "where beats and bars lie",
);
pub(super) const MARKERS: Field<By<()>> = Field::new(
    "markers",
    By(
        |d, n| {
            d.markers(n);
            Some(())
        },
        || Shape::names(TIME.shape()),
    ),
    "names that can stand for times",
);

/// Bars (from 1) and the beats of those from there on.
pub(in crate::timeline) type Signatures = Vec<Spanned<(u32, u32)>>;

/// `music: (bpm: 120, signature: (4, 4), start: "0.5s")`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::timeline) struct Music {
    /// None where there is none that could be read.
    pub tempo: Vec<TempoKey>,
    pub signatures: Signatures,
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
    fn music(&mut self, node: &Node) -> Option<Music> {
        let fields = self.fields(node, &MUSIC_FIELDS)?;
        let tempo = fields.read(self, &BPM_FIELD).unwrap_or_default();
        let signatures = fields.read(self, &SIGNATURES).unwrap_or_default();
        Some(Music { tempo, signatures, start: fields.read(self, &START) })
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
            let fields = self.fields(item, &TEMPO_KEY)?;
            let (at, bpm) = (fields.read(self, &AT), fields.read(self, &TEMPO_THEN));
            let ramp = fields.read(self, &RAMP).unwrap_or(false);
            Some(TempoKey { at: Some(at?), bpm: bpm?, ramp })
        };
        items.iter().filter_map(key).collect()
    }

    fn signatures(&mut self, node: &Node) -> Signatures {
        if !matches!(inner(node).value, Value::List(_)) {
            let beats = self.signature(node);
            return beats.map(|beats| Spanned::new((1, beats), node)).into_iter().collect();
        }
        let items =
            self.list(node, "a list of signatures `(bar: ..., value: (3, 4))`").unwrap_or_default();
        let one = |item: &Node| {
            let fields = self.fields(item, &SIGNATURE_KEY)?;
            let (bar, beats) = (fields.read(self, &BAR), fields.read(self, &SIGNATURE_THEN));
            Some(Spanned::new((bar?, beats?), item))
        };
        items.iter().filter_map(one).collect()
    }

    fn signature(&mut self, node: &Node) -> Option<u32> {
        let (beats, note) = BEATS.read(self, node)?;
        if NOTES.contains(&note.value) {
            return Some(beats.value);
        }
        let message = format!("a beat is a note of 1, 2, 4, 8, 16 or 32, not of {}", note.value);
        self.report.error(note.span, message);
        None
    }

    /// Names and their times; read before all other times, which may name them.
    fn markers(&mut self, node: &Node) {
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
