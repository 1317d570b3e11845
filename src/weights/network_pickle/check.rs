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
    let mut all = match config {
        Config::StyleGan3(config) => fields(config),
        Config::StyleGan2(config) => fields(config),
    };
    let mapping_layers = all.remove("mapping_layers").unwrap_or_default();
    all.insert("num_ws".into(), json!(config.num_ws()));
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
    agree_in_state(module, expected)?;
    agree_in(module, arguments, expected)
}

fn agree_in_state(module: &Module, expected: &Map<String, Json>) -> Result<()> {
    let entries = module.file.pickle.entries(module.state).unwrap_or_default();
    agree_in(module, entries, expected)
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

fn stylegan3(config: &StyleGan3Config, synthesis: &Module) -> Result<()> {
    let (names, layers) = (text_list(synthesis, "layer_names")?, config.layers());
    if names.len() != layers.len() {
        let (found, expected) = (names.len(), layers.len());
        return Err(
            synthesis.invalid(format_args!("has {found} layers, which should be {expected}"))
        );
    }
    let input = config.input();
    let mut expected = fields(&input);
    expected.insert("size".into(), json!([input.size, input.size]));
    agree_in_state(&synthesis.child("input")?, &expected)?;
    for (found, spec) in names.into_iter().zip(layers) {
        if found != spec.name {
            return Err(synthesis
                .invalid(format_args!("has a layer `{found}`, which should be `{}`", spec.name)));
        }
        let mut expected = fields(&spec);
        expected.extend(object(json!({
            "in_size": [spec.in_size, spec.in_size],
            "out_size": [spec.out_size, spec.out_size],
            "is_torgb": spec.to_rgb,
            "is_critically_sampled": spec.critical,
            "conv_clamp": config.conv_clamp,
        })));
        // Not its arguments: they have widths for sizes, and kernels that ToRGB overrides.
        agree_in_state(&synthesis.child(&found)?, &expected)?;
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
    let (found, blocks) = (resolutions(synthesis)?, config.blocks());
    let expected: Vec<usize> = blocks.iter().map(|block| block.resolution).collect();
    if found != expected {
        return Err(synthesis.invalid(format_args!(
            "has blocks of {found:?} pixels, which should be {expected:?}"
        )));
    }
    for spec in blocks {
        let block = synthesis.child(&spec.name)?;
        agree(
            &block,
            &object(json!({
                "architecture": "skip", "use_fp16": spec.use_fp16, "img_channels": config.img_channels,
                "w_dim": config.w_dim, "resolution": spec.resolution,
                "is_last": spec.resolution == config.img_resolution, "in_channels": spec.in_channels,
            })),
        )?;
        let layer = json!({
            "use_noise": true, "activation": "lrelu", "conv_clamp": config.conv_clamp,
            "w_dim": config.w_dim, "resolution": spec.resolution, "out_channels": spec.out_channels,
        });
        let first = spec.in_channels == 0;
        let convolutions: &[&str] = if first { &["conv1"] } else { &["conv0", "conv1"] };
        for name in convolutions {
            agree(&block.child(name)?, &object(layer.clone()))?;
        }
        let to_rgb = json!({ "conv_clamp": config.conv_clamp, "in_channels": spec.out_channels });
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
