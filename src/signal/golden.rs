//! The golden files, for the tests of rooms that hold themselves against them.

use safetensors::{Dtype, SafeTensors};

/// A float tensor of a golden file.
pub fn golden(file: &str, name: &str) -> Vec<f64> {
    let path = format!("{}/tests/golden/{file}.safetensors", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = tensors.tensor(name).unwrap();
    let data = tensor.data();
    match tensor.dtype() {
        Dtype::F64 => data.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect(),
        Dtype::F32 => {
            data.as_chunks().0.iter().map(|&b| f64::from(f32::from_le_bytes(b))).collect()
        }
        other => panic!("{name} is {other:?}"),
    }
}

/// A tensor of bytes of a golden file.
pub fn bytes(file: &str, name: &str) -> Vec<u8> {
    let path = format!("{}/tests/golden/{file}.safetensors", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = tensors.tensor(name).unwrap();
    assert_eq!(tensor.dtype(), Dtype::U8, "{name}");
    tensor.data().to_vec()
}
