//! Walks as written: ways through latent space that need no keys.

use super::super::ron_tree::Node;
use super::Spanned;
use super::decode::Decoder;
use super::form::{Apart, Field, Form, Record, Shaped, Whole, Words};
use super::latent::{LATENT_LOOP, Latent};
use super::point::SEED;
use super::shape::Shape;
use crate::report::Span;

/// Of a walk of noise.
const DEFAULT_WAVES: u32 = 3;

const WALK: Field<Words<bool>> =
    Field::new("walk", Words(&[("circle", true), ("noise", false)]), "a way that needs no keys")
        .needed();
const ONE: Field<Apart> = Field::new("seed", Apart(|| SEED.shape()), "of noise: where it begins");
const TWO: Field<Apart> = Field::new(
    "seeds",
    Apart(|| Shape::List { item: Box::new(SEED.shape()), least: 2, most: Some(2) }),
    "of a circle: where it begins, and where it is after a quarter",
);
const WAVES: Field<Whole> =
    Field::new("waves", Whole("a number of waves", 1, 16), "of noise: more are more restless")
        .or("3");
pub(super) static WALKS: Record =
    Record { what: "a walk", fields: &[&WALK, &ONE, &TWO, &WAVES, &LATENT_LOOP] };

/// A way that needs no keys and comes back to its beginning.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Walk {
    /// How often the fastest of its waves turns in a loop; 1 is a circle.
    pub waves: u32,
    /// Where it begins, and for a circle where it is after a quarter.
    pub seeds: Vec<Spanned<u32>>,
}

impl Decoder {
    /// `(walk: circle, seeds: [1, 2])` or `(walk: noise, seed: 1, waves: 4)`.
    pub fn walk(&mut self, node: &Node, span: Span) -> Option<Latent> {
        let fields = self.fields(node, &WALKS)?;
        let circle = fields.read(self, &WALK)?;
        let (own, other) = if circle {
            ("seeds", ["seed", "waves"].as_slice())
        } else {
            ("seed", ["seeds"].as_slice())
        };
        for name in other.iter().filter_map(|name| fields.name_span(name)) {
            let kind = if circle { "circle" } else { "noise" };
            let message = format!("this has no meaning for a walk of `{kind}`: it has `{own}`");
            self.report.error(name, message);
        }
        let seeds = fields.need(self, own)?;
        let (waves, seeds) = if circle {
            let (first, second) = self.pair_of_seeds(seeds)?;
            (1, vec![first, second])
        } else {
            (fields.given(self, &WAVES, DEFAULT_WAVES)?, vec![SEED.read(self, seeds)?])
        };
        let repeat = fields.read(self, &LATENT_LOOP);
        let walk = Some(Walk { waves, seeds });
        Some(Latent { keys: Vec::new(), walk, speed: None, interpolation: None, repeat, span })
    }

    fn pair_of_seeds(&mut self, node: &Node) -> Option<(Spanned<u32>, Spanned<u32>)> {
        match self.list(node, "two seeds such as [1, 2]")? {
            [a, b] => {
                let (a, b) = (SEED.read(self, a), SEED.read(self, b));
                Some((a?, b?))
            }
            _ => self.expected("two seeds such as [1, 2]", node),
        }
    }
}
