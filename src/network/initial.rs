//! Tensors as training begins with them.

use super::builtin::{freqs, phases, taps};
use super::config::Config;
use super::tensors::{Role, TensorSpec};
use crate::signal::Draws;

/// Values of a parameter by its role (specification sections 1 and 4); `index` tells tensors apart.
/// Buffers are zero.
pub fn drawn(spec: &TensorSpec, seed: u64, purpose: u32, index: u64) -> Vec<f32> {
    let len = spec.shape.iter().product();
    match spec.role {
        Role::Normal(sigma) => {
            let mut values = Draws::new(seed, purpose, index).normal_values(len);
            values.iter_mut().for_each(|value| *value *= sigma as f32);
            values
        }
        Role::Constant(value) => vec![value as f32; len],
        Role::Upright => vec![1.0, 0.0, 0.0, 0.0],
        Role::Buffer => vec![0.0; len],
    }
}

impl Config {
    /// Values of a tensor of the generator as training begins with it. The configuration must have been
    /// validated.
    pub fn initial(&self, spec: &TensorSpec, seed: u64, purpose: u32, index: u64) -> Vec<f32> {
        if spec.role.is_parameter() {
            return drawn(spec, seed, purpose, index);
        }
        let len = spec.shape.iter().product();
        let normals = |n| -> Vec<f64> {
            let mut draws = Draws::new(seed, purpose, index);
            (0..n).map(|_| draws.normal()).collect()
        };
        let mut path = spec.name.rsplitn(3, '.');
        let (part, layer) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
        match (self, part) {
            (Self::StyleGan3(c), "freqs") => freqs(&c.input(), &normals(len)),
            (_, "phases") => phases(&normals(2 * len)),
            (_, "transform") => vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            (_, "magnitude_ema") => vec![1.0],
            (Self::StyleGan3(c), "up_filter" | "down_filter") => {
                let layer = c.layers().into_iter().find(|l| l.name == layer);
                let filter = layer.and_then(|layer| match part {
                    "up_filter" => layer.up_filter(),
                    _ => layer.down_filter(),
                });
                taps(filter)
            }
            (_, "noise_const") => normals(len).into_iter().map(|x| x as f32).collect(),
            (_, "resample_filter") => {
                let row = [1.0, 3.0, 3.0, 1.0];
                row.iter().flat_map(|a| row.map(|b| (a * b / 64.0) as f32)).collect()
            }
            _ => vec![0.0; len],
        }
    }
}
