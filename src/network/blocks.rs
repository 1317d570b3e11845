//! The blocks of `StyleGAN2` generators with skip connections (Karras et al. 2020, figure 7b).

use super::config::StyleGan2Config;

/// One block: all layers of one resolution.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct BlockSpec {
    /// `b{resolution}`: the name of its weights.
    pub name: String,
    /// Width and height it gives, pixels.
    pub resolution: usize,
    /// Channels it takes; 0 for the first block, which starts from a constant.
    pub in_channels: usize,
    /// Channels it gives.
    pub out_channels: usize,
    /// Index of the w of its first convolution; its last w is the next block's first.
    pub first_ws: usize,
    /// Whether it runs in half precision when that is asked for.
    pub use_fp16: bool,
}

impl StyleGan2Config {
    /// Copies of w that the synthesis takes.
    pub fn num_ws(&self) -> usize {
        2 * self.img_resolution.ilog2() as usize - 2
    }

    /// The blocks from 4x4 up. The configuration must have been validated.
    pub fn blocks(&self) -> Vec<BlockSpec> {
        let highest = self.img_resolution.ilog2() as usize;
        let channels = |log2: usize| (self.channel_base >> log2).min(self.channel_max);
        let block = |log2: usize| BlockSpec {
            name: format!("b{}", 1 << log2),
            resolution: 1 << log2,
            in_channels: if log2 == 2 { 0 } else { channels(log2 - 1) },
            out_channels: channels(log2),
            first_ws: (2 * log2).saturating_sub(5),
            use_fp16: log2 > 2 && log2 + self.num_fp16_res > highest,
        };
        (2..=highest).map(block).collect()
    }
}
