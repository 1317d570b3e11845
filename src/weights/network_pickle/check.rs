//! What the modules say of themselves, held against the configuration.

use serde_json::{Map, Value as Json, json};

use super::arguments::json;
use super::config::fields;
use super::module::Module;
use crate::Result;
use crate::network::{Config, StyleGan2Config, StyleGan3Config};
use crate::weights::pickle::Id;

/// Every plain attribute and every constructor argument of the three modules that bears the name of
/// a field must have its value, and so must those of each layer.
///
/// # Errors
/// Names the first that does not, and both values.
pub(super) fn agreement(
    config: &Config,
    network: &Module,
    mapping: &Module,
    synthesis: &Module,
) -> Result<()> {
    let (mut all, num_ws) = match config {
        Config::StyleGan3(config) => (fields(config), config.num_layers + 2),
        // Two per resolution from 4 on: log2(4) = 2.
        Config::StyleGan2(config) => {
            (fields(config), 2 * (config.img_resolution.max(4).ilog2() as usize - 1))
        }
    };
    let mapping_layers = all.remove("mapping_layers").unwrap_or_default();
    all.insert("num_ws".into(), json!(num_ws));
    agree(network, &all)?;
    agree(synthesis, &all)?;
    all.insert("num_layers".into(), mapping_layers);
    agree(mapping, &all)?;
    // The factor in front of the bias is the learning rate multiplier, and it has no other trace.
    agree(&mapping.child("fc0")?, &object(json!({ "bias_gain": 0.01, "activation": "lrelu" })))?;
    match config {
        Config::StyleGan3(config) => stylegan3(config, synthesis),
        Config::StyleGan2(config) => stylegan2(config, synthesis),
    }
}

fn agree(module: &Module, expected: &Map<String, Json>) -> Result<()> {
    let pickle = module.file.pickle;
    let arguments =
        module.attribute("_init_kwargs").and_then(|id| pickle.entries(id)).unwrap_or_default();
    agree_in(module, pickle.entries(module.state).unwrap_or_default(), expected)?;
    agree_in(module, arguments, expected)
}

fn agree_in(module: &Module, entries: &[(Id, Id)], expected: &Map<String, Json>) -> Result<()> {
    let pickle = module.file.pickle;
    for &(key, value) in entries {
        let Some((name, expected)) = pickle.text(key).and_then(|name| expected.get_key_value(name))
        else {
            continue;
        };
        let found = json(module.file, value);
        if !same(&found, expected) {
            let name = module.path(name);
            return Err(module.invalid(format_args!(
                "contradicts the constructor's arguments: `{name}` is {found}, which should be {expected}"
            )));
        }
    }
    Ok(())
}

/// Equal up to the rounding of a power or logarithm. Truth values may be written as numbers.
fn same(found: &Json, expected: &Json) -> bool {
    let number =
        |value: &Json| value.as_f64().or(value.as_bool().map(|yes| f64::from(u8::from(yes))));
    match (number(found), number(expected)) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        _ => found == expected,
    }
}

fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// Bounds of one layer's output band and its size (Karras et al. 2021, appendix D).
struct Band {
    cutoff: f64,
    half_width: f64,
    rate: f64,
    size: usize,
    channels: usize,
}

fn band(config: &StyleGan3Config, i: usize) -> Band {
    let (resolution, layers) = (config.img_resolution as f64, config.num_layers);
    let exponent = (i as f64 / (layers - config.num_critical) as f64).min(1.0);
    let geometric = |first: f64, last: f64| first * (last / first).powf(exponent);
    let cutoff = geometric(config.first_cutoff, resolution / 2.0);
    let stopband = geometric(config.first_stopband, resolution / 2.0 * config.last_stopband_rel);
    let rate = (2.0 * stopband).min(resolution).log2().ceil().exp2();
    let channels = (config.channel_base as f64 / 2.0 / cutoff).min(config.channel_max as f64);
    Band {
        cutoff,
        half_width: stopband.max(rate / 2.0) - cutoff,
        rate,
        size: if i + 2 > layers {
            config.img_resolution
        } else {
            rate as usize + 2 * config.margin_size
        },
        channels: if i == layers {
            config.img_channels
        } else {
            channels.round_ties_even() as usize
        },
    }
}

fn stylegan3(config: &StyleGan3Config, synthesis: &Module) -> Result<()> {
    let names = text_list(synthesis, "layer_names")?;
    if names.len() != config.num_layers + 1 {
        let (found, expected) = (names.len(), config.num_layers + 1);
        return Err(
            synthesis.invalid(format_args!("has {found} layers, which should be {expected}"))
        );
    }
    for (i, name) in names.into_iter().enumerate() {
        let (input, output) = (band(config, i.saturating_sub(1)), band(config, i));
        let expected = format!("L{i}_{}_{}", output.size, output.channels);
        if name != expected {
            return Err(synthesis
                .invalid(format_args!("has a layer `{name}`, which should be `{expected}`")));
        }
        let (to_rgb, critical) =
            (i == config.num_layers, i + config.num_critical >= config.num_layers);
        let oversampling = if to_rgb { 1 } else { config.lrelu_upsampling };
        let rate = input.rate.max(output.rate) * oversampling as f64;
        let taps = |factor: f64| {
            if factor > 1.0 && !to_rgb { config.filter_size as f64 * factor } else { 1.0 }
        };
        let expected = json!({
            "is_torgb": to_rgb,
            "is_critically_sampled": critical,
            "use_fp16": output.rate * 2f64.powi(config.num_fp16_res as i32) > config.img_resolution as f64,
            "in_channels": input.channels,
            "out_channels": output.channels,
            "in_size": [input.size, input.size],
            "out_size": [output.size, output.size],
            "in_sampling_rate": input.rate,
            "out_sampling_rate": output.rate,
            "tmp_sampling_rate": rate,
            "in_cutoff": input.cutoff,
            "out_cutoff": output.cutoff,
            "in_half_width": input.half_width,
            "out_half_width": output.half_width,
            "conv_kernel": if to_rgb { 1 } else { config.conv_kernel },
            "conv_clamp": config.conv_clamp,
            "up_taps": taps(rate / input.rate),
            "down_taps": taps(rate / output.rate),
            "down_radial": config.use_radial_filters && !critical,
        });
        // Not its arguments: they have widths for sizes, and kernels that ToRGB overrides.
        let layer = synthesis.child(&name)?;
        agree_in(
            &layer,
            layer.file.pickle.entries(layer.state).unwrap_or_default(),
            &object(expected),
        )?;
    }
    Ok(())
}

/// What the blocks of a StyleGAN2 network say that its constructor may have left out: its two
/// releases have different defaults.
pub(super) struct StyleGan2Facts {
    pub conv_clamp: Json,
    pub num_fp16_res: Json,
}

pub(super) fn stylegan2_facts(synthesis: &Module) -> Result<StyleGan2Facts> {
    let (mut conv_clamp, mut half) = (Json::Null, 0);
    let is = |module: &Module, name: &str| module.attribute(name).map(|id| json(module.file, id));
    for resolution in resolutions(synthesis)? {
        let block = synthesis.child(&format!("b{resolution}"))?;
        half += usize::from(is(&block, "use_fp16") == Some(json!(true)));
        conv_clamp = is(&block.child("conv1")?, "conv_clamp").unwrap_or_default();
    }
    let num_fp16_res = is(synthesis, "num_fp16_res").unwrap_or(json!(half));
    Ok(StyleGan2Facts { conv_clamp, num_fp16_res })
}

fn stylegan2(config: &StyleGan2Config, synthesis: &Module) -> Result<()> {
    let found = resolutions(synthesis)?;
    let expected: Vec<usize> = (2..=config.img_resolution.ilog2()).map(|log2| 1 << log2).collect();
    if found != expected {
        return Err(synthesis.invalid(format_args!(
            "has blocks of {found:?} pixels, which should be {expected:?}"
        )));
    }
    let channels = |resolution: usize| (config.channel_base / resolution).min(config.channel_max);
    for resolution in expected {
        let block = synthesis.child(&format!("b{resolution}"))?;
        // The 4x4 block never runs in half precision.
        let octaves = (config.img_resolution / resolution).ilog2() as usize;
        let half = resolution > 4 && octaves < config.num_fp16_res;
        agree(
            &block,
            &object(json!({
                "architecture": "skip", "use_fp16": half, "img_channels": config.img_channels, "w_dim": config.w_dim,
                "resolution": resolution, "is_last": octaves == 0,
                "in_channels": if resolution == 4 { 0 } else { channels(resolution / 2) },
            })),
        )?;
        let layer = json!({
            "use_noise": true, "activation": "lrelu", "conv_clamp": config.conv_clamp, "w_dim": config.w_dim,
            "resolution": resolution, "out_channels": channels(resolution),
        });
        let convolutions: &[&str] = if resolution == 4 { &["conv1"] } else { &["conv0", "conv1"] };
        for name in convolutions {
            agree(&block.child(name)?, &object(layer.clone()))?;
        }
        let to_rgb =
            json!({ "conv_clamp": config.conv_clamp, "in_channels": channels(resolution) });
        agree(&block.child("torgb")?, &object(to_rgb))?;
    }
    Ok(())
}

fn resolutions(synthesis: &Module) -> Result<Vec<usize>> {
    let pickle = synthesis.file.pickle;
    let items: &[Id] = synthesis
        .attribute("block_resolutions")
        .and_then(|id| pickle.items(id))
        .unwrap_or_default();
    let size = |&id| pickle.integer(id).and_then(|size| usize::try_from(size).ok());
    let sizes = items.iter().take(64).map(size).collect::<Option<_>>();
    sizes.ok_or_else(|| synthesis.invalid("has `block_resolutions` that are not sizes"))
}

fn text_list(module: &Module, name: &str) -> Result<Vec<String>> {
    let pickle = module.file.pickle;
    let items: &[Id] = module.attribute(name).and_then(|id| pickle.items(id)).unwrap_or_default();
    let texts = items
        .iter()
        .take(1024)
        .map(|&id| pickle.text(id).map(str::to_owned))
        .collect::<Option<_>>();
    texts.ok_or_else(|| module.invalid(format_args!("has `{name}` that are not names")))
}
