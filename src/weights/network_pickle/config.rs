//! From a generator's constructor arguments to its configuration.
//!
//! The arguments decide; what the layers say of themselves must agree ([`super::check`]).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use super::arguments::{Arguments, Rules, collect, json, sort_out};
use super::check;
use super::module::Module;
use crate::network::{Config, StyleGan2Config, StyleGan3Config};
use crate::{Error, Result};

/// The arguments that have no default.
const NEEDED: [&str; 5] = ["z_dim", "c_dim", "w_dim", "img_resolution", "img_channels"];

/// Reads a generator's configuration and says which arguments were ignored.
pub(super) fn generator(network: &Module) -> Result<(Config, Vec<String>)> {
    let (mapping, synthesis) = (network.child("mapping")?, network.child("synthesis")?);
    // The class is called `Generator` in both kinds.
    let alias_free = synthesis.attribute("layer_names").is_some();
    if !alias_free && synthesis.attribute("block_resolutions").is_none() {
        return Err(synthesis
            .invalid("has neither `layer_names` (StyleGAN3) nor `block_resolutions` (StyleGAN2)"));
    }
    let (mut arguments, mut mapping_arguments) = gather(network)?;

    let lr_multiplier = [json!(0.01)];
    let (lrelu, w_dim) = ([json!("lrelu")], [Json::Null, arguments["w_dim"].clone()]);
    let mapping_rules = Rules {
        fixed: &[
            ("lr_multiplier", &lr_multiplier),
            ("activation", &lrelu),
            ("embed_features", &w_dim),
            ("layer_features", &w_dim),
        ],
        harmless: &["w_avg_beta"],
    };
    let mut ignored =
        sort_out(&mut mapping_arguments, &mapping, |name| name == "num_layers", &mapping_rules)?;
    if let Some(layers) = mapping_arguments.remove("num_layers") {
        arguments.insert("mapping_layers".into(), layers);
    }

    let config = if alias_free {
        let rules = Rules { fixed: &[], harmless: &["magnitude_ema_beta"] };
        let default = StyleGan3Config::default();
        let (config, more) = build(network, arguments, &default, &rules)?;
        ignored.extend(more);
        Config::StyleGan3(config)
    } else {
        let facts = check::stylegan2_facts(&synthesis)?;
        arguments.entry("conv_clamp".into()).or_insert(facts.conv_clamp);
        arguments.entry("num_fp16_res".into()).or_insert(facts.num_fp16_res);
        let (filter, yes, kernel) = ([json!([1, 3, 3, 1])], [json!(true)], [json!(3)]);
        let rules = Rules {
            fixed: &[
                ("architecture", &[json!("skip")]),
                ("resample_filter", &filter),
                ("use_noise", &yes),
                ("activation", &lrelu),
                ("kernel_size", &kernel),
            ],
            harmless: &["fp16_channels_last", "fused_modconv_default"],
        };
        let default = StyleGan2Config::default();
        let (config, more) = build(network, arguments, &default, &rules)?;
        ignored.extend(more);
        Config::StyleGan2(config)
    };
    config
        .validate()
        .map_err(|e| network.invalid(format_args!("has a wrong configuration: {e}")))?;
    check::agreement(&config, network, &mapping, &synthesis)?;
    Ok((config, ignored))
}

/// The arguments of the network, written flat (StyleGAN3) or with those of the synthesis apart
/// (StyleGAN2-ADA), and those of its mapping.
fn gather(network: &Module) -> Result<(Arguments, Arguments)> {
    let pickle = network.file.pickle;
    let (mut arguments, mut mapping) = (Arguments::new(), Arguments::new());
    if network
        .attribute("_init_args")
        .and_then(|id| pickle.items(id))
        .is_some_and(|args| !args.is_empty())
    {
        return Err(network.invalid("was constructed with arguments that have no names"));
    }
    let mut flat = Vec::new();
    for &(key, value) in network.dict("_init_kwargs")? {
        match (pickle.text(key), pickle.entries(value)) {
            (Some("mapping_kwargs"), Some(nested)) => collect(&mut mapping, network, nested)?,
            (Some("synthesis_kwargs"), Some(nested)) => collect(&mut arguments, network, nested)?,
            _ => flat.push((key, value)),
        }
    }
    collect(&mut arguments, network, &flat)?;
    for name in NEEDED {
        if !arguments.contains_key(name) {
            let plain = network.attribute(name);
            let plain =
                plain.ok_or_else(|| network.invalid(format_args!("does not say its `{name}`")))?;
            arguments.insert(name.into(), json(network.file, plain));
        }
    }
    Ok((arguments, mapping))
}

/// A configuration whose fields are the arguments of their names.
fn build<C: Serialize + DeserializeOwned>(
    network: &Module,
    mut arguments: Arguments,
    default: &C,
    rules: &Rules,
) -> Result<(C, Vec<String>)> {
    let fields = fields(default);
    let ignored = sort_out(&mut arguments, network, |name| fields.contains_key(name), rules)?;
    // One at a time first, to name the one that is wrong.
    for (name, value) in &arguments {
        serde_json::from_value::<C>(json!({ name: value }))
            .map_err(|error| unfit(network, name, value, &error))?;
    }
    let all: Map<String, Json> = arguments.into_iter().collect();
    let config =
        serde_json::from_value(Json::Object(all)).map_err(|error| network.invalid(error))?;
    Ok((config, ignored))
}

fn unfit(network: &Module, name: &str, value: &Json, error: &serde_json::Error) -> Error {
    network.invalid(format_args!("was constructed with `{name}` {value}: {error}"))
}

/// The fields of a configuration, which have the names of the constructor's arguments.
pub(super) fn fields(config: &impl Serialize) -> Map<String, Json> {
    match serde_json::to_value(config) {
        Ok(Json::Object(fields)) => fields,
        _ => Map::new(),
    }
}
