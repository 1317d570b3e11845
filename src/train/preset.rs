//! Presets of training: what the published settings are made of.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::network::{Config, DiscriminatorConfig, StyleGan2Config, StyleGan3Config};
use crate::report::nearest;
use crate::{Error, Result};

/// The presets, by name.
const PRESETS: [(&str, &str); 3] = [
    ("stylegan3-t", include_str!("../../presets/train/stylegan3-t.ron")),
    ("stylegan3-r", include_str!("../../presets/train/stylegan3-r.ron")),
    ("stylegan2", include_str!("../../presets/train/stylegan2.ron")),
];

/// Settings that do not depend on the images, the batch or the machine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The generator; image size, classes and channels come from elsewhere.
    pub generator: Generator,
    /// Channels of the generator.
    pub generator_channels: Channels,
    /// Channels of the discriminator.
    pub discriminator_channels: Channels,
    /// R1's weight at 256 pixels and batch 32.
    pub gamma_256: f64,
    /// The generator's learning rate.
    pub g_lr: f64,
    /// The discriminator's.
    pub d_lr: f64,
    /// R1 every so many iterations.
    pub r1_interval: u32,
    /// Path length regularisation (`StyleGAN2`).
    #[serde(default)]
    pub path_length: Option<PathLength>,
    /// Probability of a second latent in some of the layers.
    pub mixing: f64,
    /// Blur of what the discriminator sees at first.
    #[serde(default)]
    pub blur: Option<Blur>,
    /// Half-life of the generator's average, kimg at batch 32.
    pub ema_kimg: f64,
    /// Most of the images seen that the half-life may be; none for no limit.
    #[serde(default)]
    pub ema_rampup: Option<f64>,
    /// ADA's target for the overfitting measure.
    pub ada_target: f64,
    /// ADA: kimg in which p could go from 0 to 1, for a training from the beginning and for one that goes on
    /// from another network.
    pub ada_kimg: (f64, f64),
}

/// The kind of generator, with its options.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub enum Generator {
    /// Alias-free.
    StyleGan3(StyleGan3Config),
    /// The baseline.
    StyleGan2(StyleGan2Config),
}

/// How wide a network is.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// `channel_base` for images of up to 256 pixels.
    pub up_to_256: usize,
    /// `channel_base` for larger ones.
    pub above: usize,
    /// `channel_max`.
    pub most: usize,
}

/// Path length regularisation (Karras et al. 2020, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct PathLength {
    /// Weight of the penalty.
    pub weight: f64,
    /// Every so many iterations.
    pub interval: u32,
    /// How quickly the mean length follows.
    pub decay: f64,
}

/// Blur of what the discriminator sees (Karras et al. 2021, appendix D).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Blur {
    /// Deviation at the beginning, pixels.
    pub sigma: f64,
    /// It has faded out after so many kimg (in a preset: at batch 32).
    pub fade_kimg: f64,
}

impl Preset {
    /// A built-in preset by its name, or a file that ends in `.ron`.
    ///
    /// # Errors
    /// [`Error::Usage`] for an unknown name, naming the nearest; [`Error::Io`]; [`Error::Invalid`] with line
    /// and column for a file that is no preset.
    pub fn find(name: &str) -> Result<Self> {
        let path = Path::new(name);
        if path.extension().is_some_and(|extension| extension == "ron") {
            let text = fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
            return Self::parse(&text, name);
        }
        match PRESETS.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Self::parse(text, &format!("presets/train/{name}.ron")),
            None => {
                let names: Vec<_> = PRESETS.iter().map(|(name, _)| *name).collect();
                let hint = nearest(name, names.iter().copied())
                    .map_or(String::new(), |nearest| format!("; did you mean `{nearest}`?"));
                Err(Error::Usage(format!(
                    "no training preset `{name}`; expected {} or a `.ron` file{hint}",
                    names.join(", ")
                )))
            }
        }
    }

    fn parse(text: &str, name: &str) -> Result<Self> {
        let preset: Self =
            ron::from_str(text).map_err(|e| Error::Invalid(format!("`{name}`:{e}")))?;
        preset.check().map_err(|what| Error::Invalid(format!("`{name}`: {what}")))?;
        Ok(preset)
    }

    fn check(&self) -> Result<(), String> {
        let positive = [
            ("gamma_256", self.gamma_256 >= 0.0),
            ("g_lr", self.g_lr > 0.0),
            ("d_lr", self.d_lr > 0.0),
            ("r1_interval", self.r1_interval > 0),
            ("mixing", (0.0..=1.0).contains(&self.mixing)),
            ("ema_kimg", self.ema_kimg >= 0.0),
            ("ema_rampup", self.ema_rampup.is_none_or(|share| share > 0.0)),
            ("ada_target", (-1.0..=1.0).contains(&self.ada_target)),
            ("ada_kimg", self.ada_kimg.0 > 0.0 && self.ada_kimg.1 > 0.0),
            ("path_length", self.path_length.is_none_or(|p| p.interval > 0 && p.weight > 0.0)),
            ("blur", self.blur.is_none_or(|b| b.sigma >= 0.0 && b.fade_kimg >= 0.0)),
        ];
        if let Some((name, _)) = positive.iter().find(|(_, fine)| !fine) {
            return Err(format!("`{name}` is out of its range"));
        }
        if self.path_length.is_some() && matches!(self.generator, Generator::StyleGan3(_)) {
            return Err("`path_length` needs StyleGAN2: the alias-free generators are trained \
                        without it"
                .into());
        }
        Ok(())
    }

    /// The networks for images of a size, with so many channels and classes. `channels` takes the place
    /// of the discriminator's base and maximum; the generator's keep their ratio to them.
    pub fn networks(
        &self,
        (img_resolution, img_channels, c_dim): (usize, usize, usize),
        channels: (Option<usize>, Option<usize>),
    ) -> (Config, DiscriminatorConfig) {
        let of = |own: &Channels| {
            let base = |c: &Channels| if img_resolution <= 256 { c.up_to_256 } else { c.above };
            let d = &self.discriminator_channels;
            let scaled = |given: Option<usize>, own: usize, d: usize| match given {
                Some(given) => (given * own / d.max(1)).max(1),
                None => own,
            };
            (scaled(channels.0, base(own), base(d)), scaled(channels.1, own.most, d.most))
        };
        let (channel_base, channel_max) = of(&self.generator_channels);
        let (generator, num_fp16_res, conv_clamp) = match self.generator.clone() {
            Generator::StyleGan3(c) => {
                let half = (c.num_fp16_res, c.conv_clamp);
                let c = StyleGan3Config {
                    img_resolution,
                    img_channels,
                    c_dim,
                    channel_base,
                    channel_max,
                    ..c
                };
                (Config::StyleGan3(c), half.0, half.1)
            }
            Generator::StyleGan2(c) => {
                let half = (c.num_fp16_res, c.conv_clamp);
                let c = StyleGan2Config {
                    img_resolution,
                    img_channels,
                    c_dim,
                    channel_base,
                    channel_max,
                    ..c
                };
                (Config::StyleGan2(c), half.0, half.1)
            }
        };
        let (channel_base, channel_max) = of(&self.discriminator_channels);
        let discriminator = DiscriminatorConfig {
            c_dim,
            img_resolution,
            img_channels,
            channel_base,
            channel_max,
            num_fp16_res,
            conv_clamp,
            mbstd_group_size: 4,
        };
        (generator, discriminator)
    }
}
