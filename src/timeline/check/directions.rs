//! Directions: their vectors, the layers that they act on, their amounts.

use super::super::document;
use super::super::resolved::Direction;
use super::Check;
use super::latent::Wanted;

/// The array that `sg3render directions` writes.
const USUAL: &str = "directions";

impl Check<'_> {
    pub fn directions(&mut self) -> Vec<Direction> {
        let document = self.document;
        document.written.directions.iter().filter_map(|written| self.direction(written)).collect()
    }

    fn direction(&mut self, written: &document::Direction) -> Option<Direction> {
        let layers = written.layers.as_ref().map(|layers| self.layers(layers));
        let amount = self.curve(written.amount.as_ref(), 1.0.into(), |check, amount, span| {
            Some(check.number(amount, &span).0)
        });
        let from = written.from.as_ref()?;
        let usual = [written.name.as_str(), USUAL];
        let array = self.array(&from.value, from.span.clone(), &usual)?;
        let network = self.network?;
        let wanted = Wanted {
            what: "direction",
            many: "directions",
            dim: network.w_dim,
            num_ws: Some(network.num_ws),
        };
        let (vector, per_layer) = self.pick(&array, &from.value, from.span.clone(), wanted)?;
        let vector = if per_layer { vector } else { vector.repeat(network.num_ws) };
        let layers = layers.unwrap_or_else(|| (0..network.num_ws).collect());
        Some(Direction { name: written.name.clone(), layers, vector, amount })
    }
}
