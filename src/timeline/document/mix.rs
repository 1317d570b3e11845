//! Mixes as written: other latents for some of the layers.

use super::super::ron_tree::{Node, Value};
use super::decode::{Decoder, inner};
use super::form::{By, Field, Form, Listed, NUMBER, Record, Shaped, Whole};
use super::latent::{LATENT, SEEDS, Source};
use super::point::{ARRAY, AVERAGE, INDEX, SEED_POINT, W, Z};
use super::shape::Shape;
use super::track::{Keyed, Track};
use super::{Scalar, Spanned};

/// Names by which mixes and cells may have a latent, of which they have one.
pub(super) const SOURCES: [&str; 6] = ["latent", "seeds", "seed", "z", "w", "average"];
const LAYER: Whole = Whole("a layer", 0, u32::MAX);

pub(super) const LAYERS: Field<By<Vec<Spanned<Layers>>>> = Field::new(
    "layers",
    By(
        |d, n| Some(d.layers(n)),
        || {
            // A group, a range or a layer's name are all texts.
            let layer = || Shape::Any(vec![LAYER.shape(), Shape::Text]);
            Shape::named("layers", Shape::Any(vec![layer(), Shape::list(layer())]))
        },
    ),
    "layers: coarse, middle, fine, all, a number, a range such as 0-4, a name, or a list of these",
);
const MIX_LAYERS: Field<By<Vec<Spanned<Layers>>>> = LAYERS.needed();
const MIX_AMOUNT: Field<Keyed<By<Scalar>>> =
    Field::new("amount", Keyed(NUMBER), "0 leaves the layers, 1 replaces them").or("1");
static MIX_FIELDS: Record = Record {
    what: "a mix",
    fields: &[
        &MIX_LAYERS,
        &MIX_AMOUNT,
        &LATENT,
        &SEEDS,
        &SEED_POINT,
        &Z,
        &W,
        &AVERAGE,
        &INDEX,
        &ARRAY,
    ],
};
pub(super) const MIX: Field<Listed<By<Mix>>> = Field::new(
    "mix",
    Listed(
        "a list of mixes `(layers: ..., seed: ..., amount: ...)`",
        By(Decoder::mix, || Shape::named("mix", MIX_FIELDS.shape())),
    ),
    "other latents in some layers",
);

/// Another latent for some of the layers.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Mix {
    pub layers: Vec<Spanned<Layers>>,
    pub source: Option<Source>,
    pub amount: Option<Track<Scalar>>,
}

/// One entry of a choice of layers.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) enum Layers {
    /// First and last, both included.
    Range(usize, usize),
    /// A group or a layer.
    Named(String),
}

impl Decoder {
    fn mix(&mut self, node: &Node) -> Option<Mix> {
        let fields = self.fields(node, &MIX_FIELDS)?;
        Some(Mix {
            layers: fields.read(self, &MIX_LAYERS).unwrap_or_default(),
            source: self.source(&fields, &SOURCES),
            amount: fields.read(self, &MIX_AMOUNT),
        })
    }

    /// A group, name, number or range of layers, or a list of these.
    fn layers(&mut self, node: &Node) -> Vec<Spanned<Layers>> {
        let items = match &node.value {
            Value::List(_) => self.list(node, "a list of layers").unwrap_or_default(),
            _ => std::slice::from_ref(node),
        };
        items.iter().filter_map(|item| Some(Spanned::new(self.layer(item)?, item))).collect()
    }

    fn layer(&mut self, node: &Node) -> Option<Layers> {
        match &inner(node).value {
            Value::Word(name) => Some(Layers::Named(name.clone())),
            Value::Integer(_) => LAYER.read(self, node).map(|i| Layers::Range(i as usize, i as usize)),
            Value::String(text) => {
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                match (first.trim().parse(), last.trim().parse()) {
                    (Ok(first), Ok(last)) if first <= last => Some(Layers::Range(first, last)),
                    (Ok(_), Ok(_)) => self.expected("a range of layers from low to high, such as \"0-4\"", node),
                    _ => Some(Layers::Named(text.clone())),
                }
            }
            _ => self.expected("layers: coarse, middle, fine, all, a number, a range such as \"0-4\" or a layer's name", node),
        }
    }
}
