//! Which layers turn w into styles.

use super::config::Config;

impl Config {
    /// The affine layers: the number of the w that each reads, from 0, and the name of its weight
    /// `[styles, w_dim]`. Those of alias-free networks begin with the Fourier features' rotation and
    /// translation; of `StyleGAN2`, `ToRGB` reads the w of the next block's first convolution.
    pub fn affine_layers(&self) -> Vec<(usize, String)> {
        let named =
            |(layer, name): (usize, String)| (layer, format!("synthesis.{name}.affine.weight"));
        match self {
            Self::StyleGan3(config) => {
                let layers = config.layers().into_iter().map(|layer| layer.name);
                std::iter::once("input".to_owned()).chain(layers).enumerate().map(named).collect()
            }
            Self::StyleGan2(config) => {
                let block = |block: super::blocks::BlockSpec| {
                    let first = (block.in_channels > 0).then_some("conv0");
                    let layers = first.into_iter().chain(["conv1", "torgb"]);
                    let name = block.name;
                    let layers = layers.map(|layer| format!("{name}.{layer}")).collect::<Vec<_>>();
                    (block.first_ws..).zip(layers)
                };
                config.blocks().into_iter().flat_map(block).map(named).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{StyleGan2Config, StyleGan3Config};

    /// Every affine weight that a configuration asks for is in the list, and every w is read.
    #[test]
    fn every_affine_layer_has_its_w() {
        for resolution in [64, 256, 1024] {
            let three = StyleGan3Config { img_resolution: resolution, ..Default::default() };
            let two = StyleGan2Config { img_resolution: resolution, ..Default::default() };
            for config in [Config::StyleGan3(three), Config::StyleGan2(two)] {
                let affine = config.affine_layers();
                let mut names: Vec<_> = affine.iter().map(|(_, name)| name.clone()).collect();
                let specs = config.tensors().into_iter().map(|spec| spec.name);
                let mut all: Vec<_> = specs.filter(|n| n.ends_with(".affine.weight")).collect();
                names.sort();
                all.sort();
                assert_eq!(names, all);
                let read = |layer: usize| affine.iter().any(|(own, _)| *own == layer);
                assert!((0..config.num_ws()).all(read));
                assert!(affine.iter().all(|(own, _)| *own < config.num_ws()));
            }
        }
        let config = Config::StyleGan2(StyleGan2Config::default());
        let of = |name: &str| {
            let name = format!("synthesis.{name}.affine.weight");
            config.affine_layers().into_iter().find(|(_, own)| *own == name).unwrap().0
        };
        let layers = ["b4.conv1", "b4.torgb", "b8.conv0", "b8.conv1", "b8.torgb", "b256.torgb"];
        assert_eq!(layers.map(of), [0, 1, 1, 2, 3, 13]);
    }
}
