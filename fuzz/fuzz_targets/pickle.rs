//! Network files from any bytes: opened as each part and every tensor read.
//!
//! Good seeds are the pickles of `tests/golden`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sg3render::weights::{NetworkFile, Part, Source};

fuzz_target!(|bytes: &[u8]| {
    for part in Part::ALL {
        let Ok(network) =
            NetworkFile::from_source(Source::from_bytes("fuzz", bytes.to_vec()), part)
        else {
            continue;
        };
        for (name, shape, _) in network.tensors() {
            if let Ok(values) = network.read_f32(name) {
                assert_eq!(values.len(), shape.iter().product::<usize>());
            }
        }
    }
});
