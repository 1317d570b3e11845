//! Which configurations can be a network.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::config::{Config, StyleGan2Config, StyleGan3Config};
use super::layers::LayerSpec;
use crate::{Error, Result};

impl Config {
    /// Refuses what cannot be a network, or would need absurd amounts of memory; the bounds are far
    /// beyond every published network. Everything derived from a configuration (layer tables,
    /// tensor shapes) asks for this first.
    ///
    /// # Errors
    /// [`Error::Invalid`], naming the option, its value and the range.
    pub fn validate(&self) -> Result<()> {
        let ((z_dim, c_dim, w_dim), (resolution, channels)) = (self.dims(), self.image());
        within("z_dim", z_dim, 1..=1 << 16)?;
        within("c_dim", c_dim, 0..=1 << 16)?;
        within("w_dim", w_dim, 1..=1 << 16)?;
        one_of("img_channels", channels, &[1, 3, 4])?;
        let smallest = if matches!(self, Self::StyleGan3(_)) { 16 } else { 8 };
        if !resolution.is_power_of_two() || !(smallest..=8192).contains(&resolution) {
            let wanted = format!("a power of two from {smallest} to 8192");
            return Err(out_of_range("img_resolution", resolution, wanted));
        }
        match self {
            Self::StyleGan3(config) => config.validate(),
            Self::StyleGan2(config) => config.validate(),
        }
    }
}

impl StyleGan3Config {
    fn validate(&self) -> Result<()> {
        common(self.mapping_layers, self.channel_max, self.num_fp16_res, self.conv_clamp)?;
        within("channel_base", self.channel_base, 1..=1 << 24)?;
        within("num_layers", self.num_layers, 2..=128)?;
        within("num_critical", self.num_critical, 0..=self.num_layers - 1)?;
        within("margin_size", self.margin_size, 0..=256)?;
        one_of("conv_kernel", self.conv_kernel, &[1, 3])?;
        // Odd sizes too: filters have this many taps times their factor, which is a power of two,
        // so that no tap of a radial one lies in its centre.
        within("filter_size", self.filter_size, 1..=64)?;
        one_of("lrelu_upsampling", self.lrelu_upsampling, &[1, 2, 4])?;
        let nyquist = self.img_resolution as f64 / 2.0;
        // Below half a cycle per canvas there would be less than one sample.
        between("first_cutoff", self.first_cutoff, 0.5, nyquist)?;
        between("first_stopband", self.first_stopband, self.first_cutoff, 2.0 * nyquist)?;
        between("last_stopband_rel", self.last_stopband_rel, 1.0, 4.0)?;
        between("output_scale", self.output_scale, -1e6, 1e6)?;
        self.layers().iter().try_for_each(|layer| self.validate_layer(layer))
    }

    fn validate_layer(&self, layer: &LayerSpec) -> Result<()> {
        let name = &layer.name;
        if layer.in_channels == 0 || layer.out_channels == 0 {
            let wanted = format!("enough for at least one channel in layer {name}");
            return Err(out_of_range("channel_base", self.channel_base, wanted));
        }
        if !(layer.in_half_width > 0.0 && layer.out_half_width > 0.0) {
            return Err(Error::Invalid(format!(
                "layer {name} leaves its filters no transition band; raise the stopbands"
            )));
        }
        Ok(())
    }
}

impl StyleGan2Config {
    fn validate(&self) -> Result<()> {
        common(self.mapping_layers, self.channel_max, self.num_fp16_res, self.conv_clamp)?;
        // The last block has this many channels divided by the resolution.
        within("channel_base", self.channel_base, self.img_resolution..=1 << 24)
    }
}

/// What both kinds have under the same names.
fn common(
    mapping_layers: usize,
    channel_max: usize,
    num_fp16_res: usize,
    conv_clamp: Option<f64>,
) -> Result<()> {
    within("mapping_layers", mapping_layers, 1..=64)?;
    within("channel_max", channel_max, 1..=1 << 16)?;
    within("num_fp16_res", num_fp16_res, 0..=16)?;
    match conv_clamp {
        Some(clamp) if !(clamp > 0.0 && clamp <= 1e6) => {
            Err(out_of_range("conv_clamp", clamp, "above 0 and up to 1e6, or none"))
        }
        _ => Ok(()),
    }
}

fn within(name: &str, value: usize, range: RangeInclusive<usize>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(out_of_range(name, value, format_args!("{} to {}", range.start(), range.end())))
}

fn between(name: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(out_of_range(name, value, format_args!("{low} to {high}")))
}

fn one_of(name: &str, value: usize, allowed: &[usize]) -> Result<()> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let allowed: Vec<_> = allowed.iter().map(usize::to_string).collect();
    Err(out_of_range(name, value, allowed.join(" or ")))
}

fn out_of_range(name: &str, value: impl Display, wanted: impl Display) -> Error {
    Error::Invalid(format!("the network's `{name}` is {value}, expected {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Filter;

    fn stylegan3(change: impl Fn(&mut StyleGan3Config)) -> Result<()> {
        let mut config = StyleGan3Config::default();
        change(&mut config);
        Config::StyleGan3(config).validate()
    }

    fn stylegan2(change: impl Fn(&mut StyleGan2Config)) -> Result<()> {
        let mut config = StyleGan2Config::default();
        change(&mut config);
        Config::StyleGan2(config).validate()
    }

    #[test]
    fn each_bad_option_of_stylegan3_is_named() {
        type Spoil = fn(&mut StyleGan3Config);
        let bad: [(&str, Spoil); 26] = [
            ("`z_dim`", |c| c.z_dim = 0),
            ("`c_dim`", |c| c.c_dim = usize::MAX),
            ("`w_dim`", |c| c.w_dim = 0),
            ("`img_resolution`", |c| c.img_resolution = 96),
            ("`img_resolution`", |c| c.img_resolution = 8),
            ("`img_resolution`", |c| c.img_resolution = 1 << 40),
            ("`img_channels`", |c| c.img_channels = 2),
            ("`mapping_layers`", |c| c.mapping_layers = 0),
            ("`channel_base`", |c| c.channel_base = usize::MAX),
            ("`channel_base`", |c| c.channel_base = 32),
            ("`channel_max`", |c| c.channel_max = 0),
            ("`num_fp16_res`", |c| c.num_fp16_res = 64),
            ("`conv_clamp`", |c| c.conv_clamp = Some(f64::NAN)),
            ("`conv_clamp`", |c| c.conv_clamp = Some(0.0)),
            ("`num_layers`", |c| c.num_layers = usize::MAX),
            ("`num_critical`", |c| c.num_critical = 14),
            ("`margin_size`", |c| c.margin_size = usize::MAX),
            ("`conv_kernel`", |c| c.conv_kernel = 2),
            ("`filter_size`", |c| c.filter_size = 0),
            ("`lrelu_upsampling`", |c| c.lrelu_upsampling = 3),
            ("`first_cutoff`", |c| c.first_cutoff = f64::NAN),
            ("`first_cutoff`", |c| c.first_cutoff = 0.25),
            ("`first_stopband`", |c| c.first_stopband = f64::INFINITY),
            ("`last_stopband_rel`", |c| c.last_stopband_rel = 0.0),
            ("`output_scale`", |c| c.output_scale = f64::NAN),
            ("transition band", |c| c.last_stopband_rel = 1.0),
        ];
        for (name, spoil) in bad {
            let message = stylegan3(spoil).unwrap_err().to_string();
            assert!(message.contains(name), "{name}: {message}");
        }
    }

    #[test]
    fn each_bad_option_of_stylegan2_is_named() {
        type Spoil = fn(&mut StyleGan2Config);
        let bad: [(&str, Spoil); 5] = [
            ("`w_dim`", |c| c.w_dim = 0),
            ("`img_resolution`", |c| c.img_resolution = 4),
            ("`channel_base`", |c| c.channel_base = c.img_resolution - 1),
            ("`conv_clamp`", |c| c.conv_clamp = Some(f64::INFINITY)),
            ("`mapping_layers`", |c| c.mapping_layers = 65),
        ];
        for (name, spoil) in bad {
            let message = stylegan2(spoil).unwrap_err().to_string();
            assert!(message.contains(name), "{name}: {message}");
        }
    }

    #[test]
    fn what_is_legal_passes() {
        stylegan3(|_| ()).unwrap();
        stylegan2(|_| ()).unwrap();
        stylegan2(|c| (c.img_resolution, c.conv_clamp) = (8, None)).unwrap();
        stylegan3(|c| (c.img_channels, c.conv_clamp, c.c_dim) = (1, None, 10)).unwrap();
        stylegan3(|c| c.img_channels = 4).unwrap();
        stylegan2(|c| c.img_channels = 4).unwrap();
    }

    #[test]
    fn filters_of_every_legal_size_are_finite() {
        let sizes = (1..=8).chain([63, 64]);
        for (filter_size, lrelu_upsampling, last_stopband_rel) in sizes
            .flat_map(|size| [1, 2, 4].map(|up| (size, up)))
            .flat_map(|(size, up)| [1.1, 4.0].map(|rel| (size, up, rel)))
        {
            let config = StyleGan3Config {
                filter_size,
                lrelu_upsampling,
                last_stopband_rel,
                num_layers: 5,
                conv_kernel: 1,
                use_radial_filters: true,
                ..Default::default()
            };
            Config::StyleGan3(config.clone()).validate().unwrap();
            for layer in config.layers() {
                for filter in [layer.up_filter(), layer.down_filter()].into_iter().flatten() {
                    let (Filter::Separable(taps) | Filter::Radial { taps, .. }) = filter;
                    let what = (&layer.name, filter_size, lrelu_upsampling);
                    assert!(taps.len() % 2 == 0 && taps.iter().all(|t| t.is_finite()), "{what:?}");
                }
            }
        }
    }
}
