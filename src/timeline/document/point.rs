//! Single latents as written: a seed, a place in an array file, or the average.

use super::super::ron_tree::Node;
use super::Spanned;
use super::decode::{Decoder, Fields};
use super::form::{Apart, By, Field, Form, Placed, TEXT, Whole};
use super::shape::Shape;

const POINTS: [&str; 4] = ["seed", "z", "w", "average"];

pub(super) const SEED: Placed<Whole> = Placed(Whole("a seed", 0, u32::MAX));

pub(super) const SEED_POINT: Field<Placed<Whole>> = Field::new("seed", SEED, "a community seed");
pub(super) const Z: Field<By<Spanned<String>>> =
    Field::new("z", TEXT, "a normal latent out of a file (.npy, .npz, .safetensors)");
pub(super) const W: Field<By<Spanned<String>>> =
    Field::new("w", TEXT, "a mapped latent out of a file (.npy, .npz, .safetensors)");
pub(super) const AVERAGE: Field<Apart> =
    Field::new("average", Apart(|| Shape::True), "the network's average w");
pub(super) const INDEX: Field<Whole> =
    Field::new("index", Whole("an index", 0, u32::MAX), "which latent of the file, from 0");
pub(super) const ARRAY: Field<By<Spanned<String>>> =
    Field::new("array", TEXT, "which array of the file");
/// Of a direction.
pub(super) const FILE: Field<By<Spanned<String>>> =
    Field::new("from", TEXT, "the file of its vector (.npy, .npz, .safetensors)").needed();

#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) enum Point {
    Seed(u32),
    Z(ArrayItem),
    W(ArrayItem),
    Average,
}

/// A place in an array file.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct ArrayItem {
    pub file: String,
    pub array: Option<String>,
    pub index: Option<usize>,
}

impl Decoder {
    /// The one of `seed`, `z`, `w` and `average` that is given.
    pub fn point(&mut self, fields: &Fields) -> Option<Spanned<Point>> {
        let mut given = POINTS.iter().filter_map(|name| Some((*name, fields.get(name)?)));
        let Some((name, node)) = given.next() else {
            fields.missing(self, &POINTS);
            return None;
        };
        let mut alone = true;
        for (other, _) in given {
            let span = fields.name_span(other).unwrap_or_default();
            self.report.error(
                span,
                format!("`{other}` is given beside `{name}`: a key has only one of them"),
            );
            alone = false;
        }
        let in_file = matches!(name, "z" | "w");
        for extra in ["index", "array"] {
            if let Some(span) = fields.name_span(extra).filter(|_| !in_file) {
                self.report.error(
                    span,
                    format!("`{extra}` has no meaning beside `{name}`: it belongs to `z` and `w`"),
                );
            }
        }
        let point = match name {
            "seed" => Point::Seed(SEED.read(self, node)?.value),
            "average" if self.bool(node)? => Point::Average,
            "average" => return self.expected("`true`", node),
            _ => {
                let item = self.array_item(fields, node)?;
                if name == "z" { Point::Z(item) } else { Point::W(item) }
            }
        };
        alone.then(|| Spanned::new(point, node))
    }

    /// A place in the array file that a text names, with the `array` and `index` beside it.
    pub fn array_item(&mut self, fields: &Fields, file: &Node) -> Option<ArrayItem> {
        let file = self.text(file)?.value;
        let array = fields.get(ARRAY.name).map(|_| fields.read(self, &ARRAY));
        let index = fields.get(INDEX.name).map(|_| fields.read(self, &INDEX));
        // What is given but unreadable must not look as if it were left out.
        if matches!(array, Some(None)) || matches!(index, Some(None)) {
            return None;
        }
        let array = array.flatten().map(|text| text.value);
        Some(ArrayItem { file, array, index: index.flatten().map(|index| index as usize) })
    }
}
