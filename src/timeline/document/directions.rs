//! Directions as written: edits of the latents out of files.

use super::super::ron_tree::{Node, Value};
use super::decode::{Decoder, inner};
use super::form::{By, Field, NUMBER, Record};
use super::mix::LAYERS;
use super::point::{ARRAY, FILE, INDEX};
use super::shape::Shape;
use super::track::Keyed;
use super::{ArrayItem, Layers, Scalar, Spanned, Track};
use crate::report::Span;

const AMOUNT: Field<Keyed<By<Scalar>>> =
    Field::new("amount", Keyed(NUMBER), "how often the file's vector is added").or("1");
static DIRECTION: Record =
    Record { what: "a direction", fields: &[&FILE, &ARRAY, &INDEX, &LAYERS, &AMOUNT] };

pub(super) const DIRECTIONS: Field<By<Vec<Direction>>> = Field::new(
    "directions",
    By(|d, n| Some(d.directions(n)), || Shape::names(Shape::named("direction", DIRECTION.shape()))),
    "names, and directions of w that are added to the latents",
);

/// `smile: (from: "directions.safetensors", index: 2, layers: coarse, amount: 1.5)`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Direction {
    pub name: String,
    /// Where its vector lies, and where the file's name is written.
    pub from: Option<Spanned<ArrayItem>>,
    /// All that there are if none.
    pub layers: Option<Vec<Spanned<Layers>>>,
    pub amount: Option<Track<Scalar>>,
}

impl Decoder {
    /// Names, and what each adds to the latents.
    fn directions(&mut self, node: &Node) -> Vec<Direction> {
        let Value::Struct(None, entries) = &inner(node).value else {
            self.expected::<()>(
                "names and directions such as `(smile: (from: \"smile.npy\", amount: 2))`",
                node,
            );
            return Vec::new();
        };
        let mut directions: Vec<Direction> = Vec::new();
        for (name, value) in entries {
            if directions.iter().any(|direction| direction.name == name.text) {
                let message = format!("direction `{}` is given twice", name.text);
                self.report.error(name.span.clone(), message);
            } else if let Some(direction) = self.direction(name.text.clone(), value) {
                directions.push(direction);
            }
        }
        directions
    }

    fn direction(&mut self, name: String, node: &Node) -> Option<Direction> {
        let fields = self.fields(node, &DIRECTION)?;
        let from = fields.need(self, FILE.name).and_then(|file| {
            let span: Span = file.span.clone();
            Some(Spanned { value: self.array_item(&fields, file)?, span })
        });
        Some(Direction {
            name,
            from,
            layers: fields.read(self, &LAYERS),
            amount: fields.read(self, &AMOUNT),
        })
    }
}
