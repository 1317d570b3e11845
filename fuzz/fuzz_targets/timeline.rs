//! Any text as a timeline: an error or a sound result, never a panic.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use sg3render::timeline::{Document, Facts, NetworkFacts, Overrides, PresetFacts};

fuzz_target!(|text: &str| {
    let network = NetworkFacts {
        kind: "StyleGAN3-R".into(),
        resolution: 256,
        z_dim: 4,
        w_dim: 4,
        num_ws: 16,
        c_dim: 3,
        layer_names: (0..15).map(|i| format!("L{i}_52_512")).collect(),
        has_camera: true,
        rotates: true,
        alpha: false,
    };
    let preset = PresetFacts {
        name: "h264".into(),
        even_width: true,
        even_height: true,
        alpha: false,
    };
    let Ok(document) = Document::parse("fuzz.ron", text) else {
        return;
    };
    let models = document.models().into_iter();
    let facts = Facts {
        network: Ok(network.clone()),
        networks: models.map(|model| (model, Ok(network.clone()))).collect(),
        presets: vec![preset],
        sounds: HashMap::new(),
    };
    match document.check(&facts, &Overrides::default()) {
        Ok((resolved, warnings)) => assert!(resolved.frames > 0 && !warnings.has_errors()),
        Err(report) => {
            assert!(report.has_errors());
            let _ = report.show(false);
            let _ = report.json();
        }
    }
});
