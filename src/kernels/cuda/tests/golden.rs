//! The golden cases of the filtered leaky ReLU.

use std::fs;

use safetensors::SafeTensors;

use super::emulated::Job;
use crate::kernels::cuda::Storage;
use crate::kernels::{FilteredLrelu, Resampler};
use crate::signal::Filter;

/// Two samples of three channels through one operator.
pub struct Case {
    pub operator: FilteredLrelu,
    pub size: [usize; 2],
    pub x: Vec<f32>,
    pub bias: Vec<f32>,
    pub y: Vec<f32>,
    pub dy: Vec<f32>,
    pub dx: Vec<f32>,
    pub db: Vec<f32>,
}

impl Case {
    pub fn job(&self) -> Job {
        let (x, bias, dy) = (self.x.clone(), self.bias.clone(), self.dy.clone());
        Job { operator: self.operator.clone(), size: self.size, storage: Storage::F32, x, bias, dy }
    }
}

#[derive(serde::Deserialize)]
struct Parameters {
    up: usize,
    down: usize,
    padding: [i64; 4],
    gain: f32,
    slope: f32,
    clamp: Option<f32>,
}

/// All ten.
pub fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/filtered_lrelu.safetensors");
    let bytes = fs::read(path).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let cases: Vec<Parameters> =
        serde_json::from_str(&metadata.metadata().as_ref().unwrap()["cases"]).unwrap();
    assert_eq!(cases.len(), 10);
    let read = |i: usize, p: &Parameters| {
        let get = |part: &str| -> Option<(Vec<usize>, Vec<f32>)> {
            let tensor = tensors.tensor(&format!("{i}.{part}")).ok()?;
            let values =
                tensor.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
            Some((tensor.shape().to_vec(), values))
        };
        let values = |part: &str| get(part).unwrap().1;
        let resampler = |factor, part: &str| {
            let filter = get(part).map(|(shape, taps)| {
                let taps = taps.into_iter().map(f64::from).collect();
                match shape[..] {
                    [side, _] => Filter::Radial { side, taps },
                    _ => Filter::Separable(taps),
                }
            });
            Resampler { factor, filter: filter.unwrap_or(Filter::Separable(vec![1.0])) }
        };
        let (shape, x) = get("x").unwrap();
        Case {
            operator: FilteredLrelu {
                up: resampler(p.up, "fu"),
                down: resampler(p.down, "fd"),
                padding: p.padding,
                slope: p.slope,
                gain: p.gain,
                clamp: p.clamp.unwrap_or(f32::INFINITY),
            },
            size: [shape[2], shape[3]],
            x,
            bias: values("b"),
            y: values("y"),
            dy: values("dy"),
            dx: values("dx"),
            db: values("db"),
        }
    };
    cases.iter().enumerate().map(|(i, p)| read(i, p)).collect()
}
