//! What documents are checked against where no network is opened: for tests, benchmarks, fuzzing.

use std::collections::HashMap;

use sg3render::timeline::{Document, Facts, Model, NetworkFacts, PresetFacts};

/// A StyleGAN3-R of 256 pixels, whose latents have 4 values.
pub fn network() -> NetworkFacts {
    NetworkFacts {
        kind: "StyleGAN3-R".into(),
        resolution: 256,
        z_dim: 4,
        w_dim: 4,
        num_ws: 16,
        c_dim: 0,
        layer_names: (0..15).map(|i| format!("L{i}_52_512")).collect(),
        has_camera: true,
        rotates: true,
        alpha: false,
    }
}

/// Each model of a document as `network` says, the presets `h264` and, with alpha, `prores-4444`, and no sounds.
#[allow(dead_code, reason = "not all that share this check whole documents")]
pub fn facts(document: &Document, network: impl Fn(&Model) -> NetworkFacts) -> Facts {
    let networks: Vec<_> = document
        .syntheses()
        .into_iter()
        .map(|own| (own.clone(), Ok(network(&own.model))))
        .collect();
    let preset = |name: &str, alpha: bool| PresetFacts {
        name: name.into(),
        even_width: !alpha,
        even_height: !alpha,
        alpha,
    };
    Facts {
        network: networks.first().map_or_else(|| Ok(self::network()), |first| first.1.clone()),
        networks,
        presets: vec![preset("h264", false), preset("prores-4444", true)],
        sounds: HashMap::new(),
    }
}
