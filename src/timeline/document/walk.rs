//! Walks as written: ways through latent space that need no keys.

use super::super::ron_tree::Node;
use super::Spanned;
use super::decode::Decoder;
use super::latent::Latent;
use crate::report::Span;

/// Of a walk of noise.
const DEFAULT_WAVES: u32 = 3;
const MOST_WAVES: i128 = 16;

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
        let fields = self.fields(node, "a walk", &["walk", "seed", "seeds", "waves", "loop"])?;
        let circle = self.choice(fields.get("walk")?, &[("circle", true), ("noise", false)])?;
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
            let waves = fields.get("waves").map_or(Some(DEFAULT_WAVES), |n| {
                self.integer(n, "a number of waves", 1..=MOST_WAVES)
            });
            (waves?, vec![self.seed(seeds)?])
        };
        let repeat = fields.get("loop").and_then(|n| self.repeat(n));
        let walk = Some(Walk { waves, seeds });
        Some(Latent { keys: Vec::new(), walk, speed: None, interpolation: None, repeat, span })
    }

    fn pair_of_seeds(&mut self, node: &Node) -> Option<(Spanned<u32>, Spanned<u32>)> {
        match self.list(node, "two seeds such as [1, 2]")? {
            [a, b] => {
                let (a, b) = (self.seed(a), self.seed(b));
                Some((a?, b?))
            }
            _ => self.expected("two seeds such as [1, 2]", node),
        }
    }
}
