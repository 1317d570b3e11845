//! What a discriminator is made of.

use serde::{Deserialize, Serialize};

use super::tensors::{List, MAPPING_LR_MULTIPLIER, Role, TensorSpec};

/// Layers of the mapping of a class.
pub(super) const MAPPING_LAYERS: usize = 8;

/// Options of the residual discriminator of `StyleGAN2` (Karras et al. 2020, figure 7c), which the
/// alias-free generators are trained against, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// Number of classes; 0 for none.
    pub c_dim: usize,
    /// Width and height of the image, pixels; a power of two of at least 8.
    pub img_resolution: usize,
    /// 1 (grey) or 3 (RGB).
    pub img_channels: usize,
    /// Channels times resolution, before `channel_max`.
    pub channel_base: usize,
    /// Most channels of a block.
    pub channel_max: usize,
    /// Blocks of the highest resolutions that run in half precision when that is asked for.
    pub num_fp16_res: usize,
    /// Largest magnitude after a layer, before its gain; none for no limit.
    pub conv_clamp: Option<f64>,
    /// Most samples whose deviation is measured together.
    pub mbstd_group_size: usize,
}

impl DiscriminatorConfig {
    /// Channels of a resolution.
    pub fn channels(&self, resolution: usize) -> usize {
        (self.channel_base / resolution).clamp(1, self.channel_max)
    }

    /// Resolutions of the blocks, from the image's down to 8.
    pub fn resolutions(&self) -> impl Iterator<Item = usize> + use<> {
        let highest = self.img_resolution;
        (0..).map(move |halvings| highest >> halvings).take_while(|&resolution| resolution >= 8)
    }

    /// Every tensor, in the order of computation; none is a buffer.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let mut list = List(Vec::new());
        let (zero, normal) = (Role::Constant(0.0), Role::Normal(1.0));
        let mut conv = |name: String, from: usize, to: usize, k: usize, bias: bool| {
            list.add(format!("{name}.weight"), &[to, from, k, k], normal);
            if bias {
                list.add(format!("{name}.bias"), &[to], zero);
            }
        };
        for resolution in self.resolutions() {
            let (from, to) = (self.channels(resolution), self.channels(resolution / 2));
            if resolution == self.img_resolution {
                conv(format!("b{resolution}.fromrgb"), self.img_channels, from, 1, true);
            }
            conv(format!("b{resolution}.conv0"), from, from, 3, true);
            conv(format!("b{resolution}.conv1"), from, to, 3, true);
            conv(format!("b{resolution}.skip"), from, to, 1, false);
        }
        let channels = self.channels(4);
        conv("b4.conv".into(), channels + 1, channels, 3, true);
        list.linear("b4.fc", 16 * channels, channels, normal, zero);
        let out = if self.c_dim > 0 { channels } else { 1 };
        list.linear("b4.out", channels, out, normal, zero);
        if self.c_dim > 0 {
            list.linear("mapping.embed", self.c_dim, channels, normal, zero);
            for i in 0..MAPPING_LAYERS {
                let weight = Role::Normal(1.0 / MAPPING_LR_MULTIPLIER);
                list.linear(&format!("mapping.fc{i}"), channels, channels, weight, zero);
            }
        }
        list.0
    }

    /// The parameters of the first `layers` layers of the highest resolutions, counted as Mo et al.
    /// (2020, "Freeze the discriminator") do: `fromrgb`, then `conv0`, `conv1` and `skip` of each block.
    pub fn first_layers(&self, layers: usize) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for spec in self.tensors() {
            let layer = spec.name.rsplit_once('.').map_or("", |(layer, _)| layer);
            if layer.starts_with("b4.") || layer.starts_with("mapping") {
                break;
            }
            names.push(layer.to_owned());
        }
        names.dedup();
        let frozen = |spec: &TensorSpec| {
            names.iter().take(layers).any(|layer| {
                spec.name.strip_prefix(layer.as_str()).is_some_and(|rest| rest.starts_with('.'))
            })
        };
        self.tensors().into_iter().filter(frozen).map(|spec| spec.name).collect()
    }
}
