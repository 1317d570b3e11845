//! Where alpha comes from, as written.

use super::super::alpha::Channel;
use super::super::ron_tree::{Node, Value};
use super::decode::{Decoder, Fields, inner};
use super::form::{Apart, BOOL, By, Field, NUMBER, Record, TEXT, Words};
use super::picture::{COLOUR, colour};
use super::shape::Shape;
use super::track::{Keyed, Track};
use super::{Scalar, Spanned};

/// Which key it is.
const KEY: Field<Apart> = Field::new(
    "key",
    Apart(|| Shape::Any(vec![Shape::words([LUMA]), colour()])),
    "what is cut out: luma, or a colour",
);
const LUMA: &str = "luma";
const KEY_OF_LUMA: Field<Apart> =
    Field::new("key", Apart(|| Shape::words([LUMA])), "what is dark goes").needed();
const KEY_OF_COLOUR: Field<By<[f64; 3]>> =
    Field::new("key", COLOUR, "the colour that goes").needed();
const MATTE_FILE: Field<By<Spanned<String>>> =
    Field::new("matte", TEXT, "a still picture (PNG, JPEG, WebP)");
const LOW: Field<Keyed<By<Scalar>>> =
    Field::new("low", Keyed(NUMBER), "luma, 0 to 1, up to which nothing is seen").or("0.05");
const HIGH: Field<Keyed<By<Scalar>>> =
    Field::new("high", Keyed(NUMBER), "luma from which all is seen").or("0.2");
const TOLERANCE: Field<Keyed<By<Scalar>>> =
    Field::new("tolerance", Keyed(NUMBER), "distance in Oklab up to which nothing is seen")
        .or("0.1");
const SOFTNESS: Field<Keyed<By<Scalar>>> =
    Field::new("softness", Keyed(NUMBER), "how much farther all is seen").or("0.1");
const SPILL: Field<Keyed<By<Scalar>>> =
    Field::new("spill", Keyed(NUMBER), "how much of the key's hue goes from what stays, 0 to 1")
        .or("0");
const CHANNEL: Field<Words<Channel>> = Field::new(
    "channel",
    Words(&[("alpha", Channel::Alpha), ("luma", Channel::Luma)]),
    "what of the picture counts; its alpha where it has some, if left out",
);
const INVERT: Field<By<bool>> =
    Field::new("invert", BOOL, "whether it is turned round").or("false");

static ANY: Record = Record {
    what: "`alpha`",
    fields: &[&KEY, &MATTE_FILE, &LOW, &HIGH, &TOLERANCE, &SOFTNESS, &SPILL, &CHANNEL, &INVERT],
};
static OF_LUMA: Record =
    Record { what: "a luma key", fields: &[&KEY_OF_LUMA, &LOW, &HIGH, &INVERT] };
static OF_COLOUR: Record = Record {
    what: "a colour key",
    fields: &[&KEY_OF_COLOUR, &TOLERANCE, &SOFTNESS, &SPILL, &INVERT],
};
static MATTE: Record = Record { what: "a matte", fields: &[&MATTE_FILE, &CHANNEL, &INVERT] };

/// Whether it is the network's.
const WORDS: [(&str, bool); 2] = [("network", true), ("opaque", false)];
pub(super) const ALPHA: Field<By<Spanned<Alpha>>> = Field::new(
    "alpha",
    By(
        |d, n| Some(Spanned::new(d.alpha(n)?, n)),
        || {
            let words = Shape::words(WORDS.map(|(word, _)| word));
            let ways = vec![words, OF_LUMA.shape(), OF_COLOUR.shape(), MATTE.shape()];
            Shape::named("alpha", Shape::Any(ways))
        },
    ),
    "what of the picture is seen: a key, a matte, or the network's fourth channel",
);

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
    fn alpha(&mut self, node: &Node) -> Option<Alpha> {
        if !matches!(inner(node).value, Value::Struct(..)) {
            return match &inner(node).value {
                Value::Word(_) | Value::String(_) => {
                    let own = self.choice(node, &WORDS)?;
                    Some(if own { Alpha::Network } else { Alpha::Opaque })
                }
                _ => self.expected(
                    "`network`, `opaque`, a key such as (key: luma, low: 0.05, high: 0.2) or (matte: \"mask.png\")",
                    node,
                ),
            };
        }
        let fields = self.fields(node, &ANY)?;
        let (kind, read): (_, Reader) = match (fields.get(KEY.name), fields.get(MATTE_FILE.name)) {
            (Some(_), Some(_)) => {
                let span = fields.name_span(MATTE_FILE.name).unwrap_or_default();
                self.report.error(span, "`matte` is given beside `key`: expected only one of them");
                return None;
            }
            (None, None) => {
                fields.need(self, KEY.name);
                return None;
            }
            (None, Some(_)) => (&MATTE, Self::matte),
            (Some(key), None) => match &inner(key).value {
                Value::Tuple(..) => (&OF_COLOUR, Self::colour_key),
                Value::Word(word) if word == LUMA => (&OF_LUMA, Self::luma_key),
                _ => return self.expected("`luma` or a colour such as (0, 1, 0)", key),
            },
        };
        let known = || kind.names();
        for name in ANY.names().filter(|name| !known().any(|known| known == *name)) {
            if let Some(span) = fields.name_span(name) {
                let names: Vec<_> = known().collect();
                self.report
                    .error(span, format!("`{name}` does not go with {}", kind.what))
                    .help(format!("its fields are {}", names.join(", ")));
            }
        }
        let invert = fields.given(self, &INVERT, false);
        let alpha = read(self, &fields, invert.unwrap_or_default());
        invert.and(alpha)
    }

    fn luma_key(&mut self, fields: &Fields, invert: bool) -> Option<Alpha> {
        let (low, high) = (fields.read(self, &LOW), fields.read(self, &HIGH));
        Some(Alpha::Luma { low, high, invert })
    }

    fn colour_key(&mut self, fields: &Fields, invert: bool) -> Option<Alpha> {
        let (tolerance, softness) = (fields.read(self, &TOLERANCE), fields.read(self, &SOFTNESS));
        let spill = fields.read(self, &SPILL);
        let colour = fields.read(self, &KEY_OF_COLOUR)?;
        Some(Alpha::Colour { colour, tolerance, softness, spill, invert })
    }

    fn matte(&mut self, fields: &Fields, invert: bool) -> Option<Alpha> {
        let path = fields.read(self, &MATTE_FILE);
        let channel = fields.optional(self, &CHANNEL);
        Some(Alpha::Matte { path: path?, channel: channel?, invert })
    }
}

/// Reads one kind of alpha, turned round or not.
type Reader = fn(&mut Decoder, &Fields, bool) -> Option<Alpha>;
