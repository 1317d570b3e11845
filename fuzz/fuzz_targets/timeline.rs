//! Any text as a timeline: an error or a sound result, never a panic.
#![no_main]

#[path = "../../tests/facts/mod.rs"]
mod facts;

use libfuzzer_sys::fuzz_target;
use sg3render::timeline::{Document, NetworkFacts, Overrides};

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse("fuzz.ron", text) else {
        return;
    };
    let network = || NetworkFacts { c_dim: 3, ..facts::network() };
    let facts = facts::facts(&document, |_| network());
    match document.check(&facts, &Overrides::default()) {
        Ok((resolved, warnings)) => assert!(resolved.frames > 0 && !warnings.has_errors()),
        Err(report) => {
            assert!(report.has_errors());
            let _ = report.show(false);
            let _ = report.json();
        }
    }
});
