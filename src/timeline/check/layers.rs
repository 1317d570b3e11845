//! Which of the `num_ws` copies of w a mix acts on.

use super::super::document::{Layers, Spanned};
use super::{Check, NetworkFacts};
use crate::report::nearest;

impl Check<'_> {
    /// The numbers of the chosen layers, in order and each once.
    pub fn layers(&mut self, chosen: &[Spanned<Layers>]) -> Vec<usize> {
        let Some(network) = self.network else {
            return Vec::new();
        };
        let mut all: Vec<usize> =
            chosen.iter().flat_map(|layers| self.some_layers(layers, network)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn some_layers(&mut self, layers: &Spanned<Layers>, network: &NetworkFacts) -> Vec<usize> {
        match &layers.value {
            &Layers::Range(_, last) if last >= network.num_ws => {
                let message = format!(
                    "layer {last} is out of range: the network takes layers 0 to {}",
                    network.num_ws.saturating_sub(1)
                );
                self.report.error(layers.span.clone(), message);
                Vec::new()
            }
            &Layers::Range(first, last) => (first..=last).collect(),
            Layers::Named(name) => network.named_layers(name).unwrap_or_else(|| {
                let groups = ["coarse", "middle", "fine", "all"]
                    .into_iter()
                    .chain(network.has_camera.then_some("input"));
                let known = || groups.clone().chain(network.layer_names.iter().map(String::as_str));
                let help = match nearest(name, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
                };
                self.report
                    .error(layers.span.clone(), format!("unknown layer `{name}`"))
                    .help(help);
                Vec::new()
            }),
        }
    }
}

impl NetworkFacts {
    /// The layers of a group or with a name.
    fn named_layers(&self, name: &str) -> Option<Vec<usize>> {
        let n = self.num_ws;
        let (coarse, middle) = self.group_ends();
        Some(match name {
            "coarse" => (0..coarse).collect(),
            "middle" => (coarse..middle).collect(),
            "fine" => (middle..n).collect(),
            "all" => (0..n).collect(),
            "input" if self.has_camera => vec![0],
            _ => vec![self.layer_names.iter().position(|layer| layer == name)? + 1],
        })
    }

    /// Where coarse and where middle layers end.
    ///
    /// StyleGAN2: by the resolution of the convolution, 4x4 and 8x8 (w 0 to 2), 16x16 and 32x32 (3
    /// to 6), and above, as Karras et al. 2019 (section 3.1) mix styles. Alias-free networks have
    /// no such steps: shares of 5, 6 and 5 sixteenths, which are whole numbers for the published 16.
    fn group_ends(&self) -> (usize, usize) {
        let n = self.num_ws;
        if self.has_camera {
            let share = |sixteenths: usize| (n * sixteenths + 8) / 16;
            (share(5), share(11))
        } else {
            (n.min(3), n.min(7))
        }
    }
}
