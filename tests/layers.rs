//! Layer tables, filters and tensor lists against the published ones.

use serde_json::Value;
use sg3render::network::{Config, StyleGan3Config};
use sg3render::signal::Filter;

fn table() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string("tests/golden/layers.json").unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The configuration as the published constructors name it.
fn config(published: &Value) -> StyleGan3Config {
    let mut fields = published.as_object().unwrap().clone();
    let mapping = fields.remove("mapping_kwargs").unwrap();
    fields.insert("mapping_layers".into(), mapping["num_layers"].clone());
    serde_json::from_value(Value::Object(fields)).unwrap()
}

/// Numbers equal to 1e-12, everything else exactly.
fn assert_same(ours: &Value, golden: &Value, at: &str) {
    match (ours, golden) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!((a - b).abs() <= 1e-12 * b.abs(), "{at}: {a} is not {b}");
        }
        _ => assert_eq!(ours, golden, "{at}"),
    }
}

#[test]
fn layer_tables_are_the_published_ones() {
    for (set, golden) in table() {
        let config = config(&golden["config"]);
        Config::StyleGan3(config.clone()).validate().unwrap();
        assert_same(&config.num_ws().into(), &golden["num_ws"], &set);
        assert_same(
            &Config::StyleGan3(config.clone()).parameters().into(),
            &golden["parameters"],
            &set,
        );
        let input = serde_json::to_value(config.input()).unwrap();
        for (key, value) in golden["input"].as_object().unwrap() {
            assert_same(&input[key], value, &format!("{set}.input.{key}"));
        }
        let layers = config.layers();
        assert_eq!(layers.len(), golden["layers"].as_array().unwrap().len());
        for (ours, golden) in layers.iter().zip(golden["layers"].as_array().unwrap()) {
            let shown = serde_json::to_value(ours).unwrap();
            for (key, value) in golden.as_object().unwrap() {
                let ours = &shown[key];
                let at = format!("{set}.{}.{key}", shown["name"]);
                match (ours.as_array(), value.as_array()) {
                    (Some(a), Some(b)) => a.iter().zip(b).for_each(|(a, b)| assert_same(a, b, &at)),
                    _ => assert_same(ours, value, &at),
                }
            }
        }
    }
}

#[test]
fn filters_are_the_published_ones() {
    let bytes = std::fs::read("tests/golden/filters.safetensors").unwrap();
    let golden = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let sets = table();
    let mut compared = 0;
    for (name, view) in golden.tensors() {
        let mut parts = name.split('.');
        let (set, layer, which) =
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let layers = config(&sets[set]["config"]).layers();
        let spec = layers.iter().find(|l| l.name == layer).unwrap();
        let filter = if which == "up" { spec.up_filter() } else { spec.down_filter() };
        let taps = match filter.unwrap() {
            Filter::Separable(taps) => {
                assert_eq!(view.shape(), [taps.len()], "{name}");
                taps
            }
            Filter::Radial { side, taps } => {
                assert_eq!(view.shape(), [side, side], "{name}");
                taps
            }
        };
        let published =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        for (ours, published) in taps.iter().zip(published) {
            assert!(
                (ours - f64::from(published)).abs() < 1e-7,
                "{name}: {ours} is not {published}"
            );
        }
        compared += 1;
    }
    assert_eq!(compared, 84);
}

#[test]
fn tensor_lists_are_those_of_the_golden_networks() {
    for name in ["generator-t", "generator-r", "generator-t-cond", "generator-stylegan2"] {
        let bytes = std::fs::read(format!("tests/golden/{name}.safetensors")).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let golden = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let published: Value =
            serde_json::from_str(&header.metadata().as_ref().unwrap()["config"]).unwrap();
        let mut fields = published.as_object().unwrap().clone();
        let mapping = fields.remove("mapping_kwargs").unwrap();
        fields.insert("mapping_layers".into(), mapping["num_layers"].clone());
        fields.remove("magnitude_ema_beta");
        let fields = Value::Object(fields);
        let config = if name.ends_with("stylegan2") {
            Config::StyleGan2(serde_json::from_value(fields).unwrap())
        } else {
            Config::StyleGan3(serde_json::from_value(fields).unwrap())
        };
        config.validate().unwrap();
        let mut ours: Vec<_> = config.tensors().into_iter().map(|t| (t.name, t.shape)).collect();
        let mut theirs: Vec<_> = golden
            .iter()
            .filter_map(|(name, view)| {
                Some((name.strip_prefix("G.")?.to_string(), view.shape().to_vec()))
            })
            .collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{name}");
    }
}
