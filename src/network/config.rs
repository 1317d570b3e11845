//! What a network is made of: the options of `StyleGAN3` (configurations T and R) and `StyleGAN2`.
//!
//! Field names are the published constructor arguments. Defaults are theirs too.

use serde::{Deserialize, Serialize};

/// The configuration of a generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Config {
    /// Alias-free, configurations T and R (Karras et al. 2021).
    StyleGan3(StyleGan3Config),
    /// The baseline, the paper's configuration A (Karras et al. 2020).
    StyleGan2(StyleGan2Config),
}

/// Options of an alias-free generator (Karras et al. 2021, section 3 and appendix D).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StyleGan3Config {
    /// Length of the normal latent z.
    pub z_dim: usize,
    /// Number of classes; 0 for none.
    pub c_dim: usize,
    /// Length of the mapped latent w.
    pub w_dim: usize,
    /// Width and height of the image, pixels; a power of two of at least 16.
    pub img_resolution: usize,
    /// 1 (grey), 3 (RGB) or 4 (RGB and straight alpha, -1 transparent and 1 opaque).
    pub img_channels: usize,
    /// Fully connected layers of the mapping network.
    pub mapping_layers: usize,
    /// Channels at a cutoff of 1/2, before `channel_max`.
    pub channel_base: usize,
    /// Most channels of a layer.
    pub channel_max: usize,
    /// Synthesis layers without `ToRGB`.
    pub num_layers: usize,
    /// Critically sampled layers at the end.
    pub num_critical: usize,
    /// Cutoff of the first layer, cycles per canvas.
    pub first_cutoff: f64,
    /// Minimum stopband of the first layer, cycles per canvas.
    pub first_stopband: f64,
    /// Stopband of the last layer over its cutoff.
    pub last_stopband_rel: f64,
    /// Pixels kept around the canvas inside the network.
    pub margin_size: usize,
    /// What the last layer's output is multiplied by.
    pub output_scale: f64,
    /// Layers with a sampling rate within this many octaves of the highest run in half precision.
    pub num_fp16_res: usize,
    /// Convolution kernel: 3 (T) or 1 (R).
    pub conv_kernel: usize,
    /// Filter taps per sampling period at the lower rate.
    pub filter_size: usize,
    /// Oversampling around the nonlinearity: 1, 2 or 4.
    pub lrelu_upsampling: usize,
    /// Radially symmetric downsampling filters on layers that are not critically sampled (R).
    pub use_radial_filters: bool,
    /// Largest magnitude after the nonlinearity; none for no limit.
    pub conv_clamp: Option<f64>,
    /// Width and height of the canvas, pixels, where another than the trained square is synthesised. Not
    /// of the network, and so in no file: the sampling rates stay, there are only more or fewer samples.
    #[serde(skip)]
    pub canvas: Option<(usize, usize)>,
}

/// Options of a `StyleGAN2` generator (Karras et al. 2020) with skip connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StyleGan2Config {
    /// Length of the normal latent z.
    pub z_dim: usize,
    /// Number of classes; 0 for none.
    pub c_dim: usize,
    /// Length of the mapped latent w.
    pub w_dim: usize,
    /// Width and height of the image, pixels; a power of two of at least 8.
    pub img_resolution: usize,
    /// 1 (grey), 3 (RGB) or 4 (RGB and straight alpha, -1 transparent and 1 opaque).
    pub img_channels: usize,
    /// Fully connected layers of the mapping network.
    pub mapping_layers: usize,
    /// Channels times resolution, before `channel_max`.
    pub channel_base: usize,
    /// Most channels of a block.
    pub channel_max: usize,
    /// Blocks of the highest resolutions that run in half precision.
    pub num_fp16_res: usize,
    /// Largest magnitude after the nonlinearity; none for no limit.
    pub conv_clamp: Option<f64>,
}

impl Default for StyleGan3Config {
    fn default() -> Self {
        Self {
            z_dim: 512,
            c_dim: 0,
            w_dim: 512,
            img_resolution: 256,
            img_channels: 3,
            mapping_layers: 2,
            channel_base: 32768,
            channel_max: 512,
            num_layers: 14,
            num_critical: 2,
            first_cutoff: 2.0,
            first_stopband: 2f64.powf(2.1),
            last_stopband_rel: 2f64.powf(0.3),
            margin_size: 10,
            output_scale: 0.25,
            num_fp16_res: 4,
            conv_kernel: 3,
            filter_size: 6,
            lrelu_upsampling: 2,
            use_radial_filters: false,
            conv_clamp: Some(256.0),
            canvas: None,
        }
    }
}

impl Default for StyleGan2Config {
    fn default() -> Self {
        Self {
            z_dim: 512,
            c_dim: 0,
            w_dim: 512,
            img_resolution: 256,
            img_channels: 3,
            mapping_layers: 8,
            channel_base: 32768,
            channel_max: 512,
            num_fp16_res: 4,
            conv_clamp: Some(256.0),
        }
    }
}

impl Config {
    /// "StyleGAN3" or "StyleGAN2".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::StyleGan3(_) => "StyleGAN3",
            Self::StyleGan2(_) => "StyleGAN2",
        }
    }

    /// What people call it: `StyleGAN3-T`, `StyleGAN3-R` (1x1 kernels with radial filters) or
    /// `StyleGAN2`, and the image's size.
    pub fn name(&self) -> String {
        let variant = match self {
            Self::StyleGan3(c) if c.conv_kernel == 1 && c.use_radial_filters => "-R",
            Self::StyleGan3(c) if c.conv_kernel == 3 && !c.use_radial_filters => "-T",
            _ => "",
        };
        format!("{}{variant} {1}x{1}", self.kind(), self.image().0)
    }

    /// Lengths of z, of a class's one-hot vector, and of w.
    pub fn dims(&self) -> (usize, usize, usize) {
        match self {
            Self::StyleGan3(c) => (c.z_dim, c.c_dim, c.w_dim),
            Self::StyleGan2(c) => (c.z_dim, c.c_dim, c.w_dim),
        }
    }

    /// Copies of w that the synthesis takes.
    pub fn num_ws(&self) -> usize {
        match self {
            Self::StyleGan3(c) => c.num_ws(),
            Self::StyleGan2(c) => c.num_ws(),
        }
    }

    /// Width and height of what is synthesised, pixels.
    pub fn size(&self) -> (usize, usize) {
        match self {
            Self::StyleGan3(c) => c.canvas.unwrap_or((c.img_resolution, c.img_resolution)),
            Self::StyleGan2(c) => (c.img_resolution, c.img_resolution),
        }
    }

    /// Whether its image has alpha.
    pub fn has_alpha(&self) -> bool {
        self.image().1 == 4
    }

    /// Width and height of the image that it was trained on, and its channels.
    pub fn image(&self) -> (usize, usize) {
        match self {
            Self::StyleGan3(c) => (c.img_resolution, c.img_channels),
            Self::StyleGan2(c) => (c.img_resolution, c.img_channels),
        }
    }
}
