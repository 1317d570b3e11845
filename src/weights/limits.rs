//! Configurations that no network can have, wherever they were read.

use crate::network::Config;

/// Refuses figures outside what a network can be built from; the error names the first.
///
/// The bounds are far beyond every published network. They keep layer tables and memory finite.
pub(crate) fn check(config: &Config) -> Result<(), String> {
    let within = |name: &str, value: usize, range: std::ops::RangeInclusive<usize>| {
        if range.contains(&value) {
            return Ok(());
        }
        Err(format!("`{name}` {value}; expected {} to {}", range.start(), range.end()))
    };
    let expect = |holds: bool, message: &str| {
        if holds { Ok(()) } else { Err(message.to_owned()) }
    };
    let common = |sizes: [usize; 7], channels, resolution: usize, clamp: Option<f64>, least| {
        let [z_dim, c_dim, w_dim, mapping_layers, channel_base, channel_max, num_fp16_res] = sizes;
        within("z_dim", z_dim, 1..=1 << 16)?;
        within("c_dim", c_dim, 0..=1 << 16)?;
        within("w_dim", w_dim, 1..=1 << 16)?;
        within("mapping_layers", mapping_layers, 1..=64)?;
        within("channel_base", channel_base, 1..=1 << 24)?;
        within("channel_max", channel_max, 1..=1 << 16)?;
        within("num_fp16_res", num_fp16_res, 0..=32)?;
        within("img_resolution", resolution, least..=1 << 13)?;
        expect(resolution.is_power_of_two(), "an `img_resolution` that is not a power of two")?;
        expect(matches!(channels, 1 | 3), "an `img_channels` that is neither 1 nor 3")?;
        expect(
            clamp.is_none_or(|clamp| clamp > 0.0 && clamp.is_finite()),
            "a `conv_clamp` that is not positive",
        )
    };
    match config {
        Config::StyleGan3(c) => {
            let sizes = [
                c.z_dim,
                c.c_dim,
                c.w_dim,
                c.mapping_layers,
                c.channel_base,
                c.channel_max,
                c.num_fp16_res,
            ];
            common(sizes, c.img_channels, c.img_resolution, c.conv_clamp, 16)?;
            within("num_layers", c.num_layers, 1..=128)?;
            within("num_critical", c.num_critical, 0..=c.num_layers - 1)?;
            within("margin_size", c.margin_size, 0..=256)?;
            within("filter_size", c.filter_size, 2..=64)?;
            let half = c.img_resolution as f64 / 2.0;
            expect(c.filter_size % 2 == 0, "an odd `filter_size`")?;
            expect(matches!(c.conv_kernel, 1 | 3), "a `conv_kernel` that is neither 1 nor 3")?;
            expect(
                matches!(c.lrelu_upsampling, 1 | 2 | 4),
                "an `lrelu_upsampling` that is not 1, 2 or 4",
            )?;
            expect(
                c.first_cutoff >= 0.125 && c.first_cutoff <= half,
                "a `first_cutoff` outside 1/8 to half the resolution",
            )?;
            expect(
                c.first_stopband > c.first_cutoff && c.first_stopband <= 4.0 * half,
                "a `first_stopband` below the cutoff or beyond twice the resolution",
            )?;
            expect(
                (1.0..=4.0).contains(&c.last_stopband_rel),
                "a `last_stopband_rel` outside 1 to 4",
            )?;
            expect(c.output_scale.is_finite(), "an `output_scale` that is not finite")
        }
        Config::StyleGan2(c) => {
            let sizes = [
                c.z_dim,
                c.c_dim,
                c.w_dim,
                c.mapping_layers,
                c.channel_base,
                c.channel_max,
                c.num_fp16_res,
            ];
            common(sizes, c.img_channels, c.img_resolution, c.conv_clamp, 8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{StyleGan2Config, StyleGan3Config};

    #[test]
    fn the_defaults_pass_and_each_bad_figure_is_named() {
        check(&Config::StyleGan3(StyleGan3Config::default())).unwrap();
        check(&Config::StyleGan2(StyleGan2Config::default())).unwrap();
        type Spoil = fn(&mut StyleGan3Config);
        let bad: [(&str, Spoil); 12] = [
            ("w_dim", |c| c.w_dim = 0),
            ("img_resolution", |c| c.img_resolution = 96),
            ("img_resolution", |c| c.img_resolution = 1 << 40),
            ("img_channels", |c| c.img_channels = 4),
            ("conv_clamp", |c| c.conv_clamp = Some(f64::NAN)),
            ("num_layers", |c| c.num_layers = usize::MAX),
            ("num_critical", |c| c.num_critical = 14),
            ("conv_kernel", |c| c.conv_kernel = 2),
            ("filter_size", |c| c.filter_size = 5),
            ("first_cutoff", |c| c.first_cutoff = f64::NAN),
            ("first_stopband", |c| c.first_stopband = f64::INFINITY),
            ("last_stopband_rel", |c| c.last_stopband_rel = 0.0),
        ];
        for (name, spoil) in bad {
            let mut config = StyleGan3Config::default();
            spoil(&mut config);
            let message = check(&Config::StyleGan3(config)).unwrap_err();
            assert!(message.contains(name), "{name}: {message}");
        }
    }
}
