//! Where alpha comes from, as written.

use super::super::alpha::Channel;
use super::super::ron_tree::{Node, Value};
use super::decode::{Decoder, inner};
use super::track::Track;
use super::{Scalar, Spanned};

const FIELDS: [&str; 9] =
    ["key", "matte", "low", "high", "tolerance", "softness", "spill", "channel", "invert"];
/// What goes with each kind.
const LUMA: [&str; 4] = ["key", "low", "high", "invert"];
const COLOUR: [&str; 5] = ["key", "tolerance", "softness", "spill", "invert"];
const MATTE: [&str; 3] = ["matte", "channel", "invert"];
const CHANNELS: [(&str, Channel); 2] = [("alpha", Channel::Alpha), ("luma", Channel::Luma)];

/// `alpha: network`, `opaque`, `(key: luma, low: 0.05, high: 0.2)`, `(key: (0, 1, 0), tolerance: 0.1)` or
/// `(matte: "mask.png")`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) enum Alpha {
    Opaque,
    Network,
    Luma {
        low: Option<Track<Scalar>>,
        high: Option<Track<Scalar>>,
        invert: bool,
    },
    Colour {
        colour: [f64; 3],
        tolerance: Option<Track<Scalar>>,
        softness: Option<Track<Scalar>>,
        spill: Option<Track<Scalar>>,
        invert: bool,
    },
    Matte {
        path: Spanned<String>,
        channel: Option<Channel>,
        invert: bool,
    },
}

impl Decoder {
    pub fn alpha(&mut self, node: &Node) -> Option<Alpha> {
        if !matches!(inner(node).value, Value::Struct(..)) {
            let words = [("network", true), ("opaque", false)];
            return match &inner(node).value {
                Value::Word(_) | Value::String(_) => {
                    let own = self.choice(node, &words)?;
                    Some(if own { Alpha::Network } else { Alpha::Opaque })
                }
                _ => self.expected(
                    "`network`, `opaque`, a key such as (key: luma, low: 0.05, high: 0.2) or (matte: \"mask.png\")",
                    node,
                ),
            };
        }
        let fields = self.fields(node, "`alpha`", &FIELDS)?;
        let (what, known): (_, &[&str]) = match (fields.get("key"), fields.get("matte")) {
            (Some(_), Some(_)) => {
                let span = fields.name_span("matte").unwrap_or_default();
                self.report.error(span, "`matte` is given beside `key`: expected only one of them");
                return None;
            }
            (None, None) => {
                fields.need(self, "key");
                return None;
            }
            (None, Some(_)) => ("a matte", &MATTE),
            (Some(key), None) if matches!(inner(key).value, Value::Tuple(..)) => {
                ("a colour key", &COLOUR)
            }
            (Some(key), None) => {
                let expected = "`luma` or a colour such as (0, 1, 0)";
                match &inner(key).value {
                    Value::Word(word) if word == "luma" => {}
                    _ => return self.expected(expected, key),
                }
                ("a luma key", &LUMA)
            }
        };
        for name in FIELDS.iter().filter(|name| !known.contains(name)) {
            if let Some(span) = fields.name_span(name) {
                let message = format!("`{name}` does not go with {what}");
                self.report
                    .error(span, message)
                    .help(format!("its fields are {}", known.join(", ")));
            }
        }
        let invert = fields.get("invert").map_or(Some(false), |n| self.bool(n));
        let mut number = |name| fields.get(name).and_then(|n| self.track(n, Self::number));
        match what {
            "a luma key" => {
                Some(Alpha::Luma { low: number("low"), high: number("high"), invert: invert? })
            }
            "a colour key" => {
                let (tolerance, softness) = (number("tolerance"), number("softness"));
                let spill = number("spill");
                let colour = fields.get("key").and_then(|n| self.colour(n));
                Some(Alpha::Colour { colour: colour?, tolerance, softness, spill, invert: invert? })
            }
            _ => {
                let path = fields.get("matte").and_then(|n| self.text(n));
                let channel = match fields.get("channel") {
                    Some(node) => Some(self.choice(node, &CHANNELS)?),
                    None => None,
                };
                Some(Alpha::Matte { path: path?, channel, invert: invert? })
            }
        }
    }
}
