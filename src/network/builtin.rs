//! Networks that need no file: made from a preset and a seed, settled, never trained.

use std::collections::HashMap;

use serde::Deserialize;

use super::config::{Config, StyleGan3Config};
use super::layers::InputSpec;
use super::tensors::{Role, TensorSource};
use crate::report::nearest;
use crate::signal::{Filter, randn};
use crate::{Error, Result};

/// The presets, by name.
const PRESETS: [(&str, &str); 1] =
    [("default", include_str!("../../presets/networks/default.ron"))];

/// What a built-in network is made from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    /// Draws the weights.
    seed: u32,
    /// The architecture.
    network: StyleGan3Config,
    /// Strength of the learned colours: `ToRGB`'s weights are drawn this much larger.
    colour: f64,
    /// Standard deviation of the affine weights: how much w changes the picture.
    style: f64,
    /// Standard deviation of the layers' biases: what breaks the symmetry of light and dark.
    bias: f64,
    /// Mean of w, and each layer's mean square input: what training would have settled, measured
    /// once over many draws. Empty while a new preset is being made.
    w_avg: Vec<f32>,
    magnitudes: Vec<f32>,
}

/// A network made in code.
pub struct Builtin {
    config: Config,
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

/// Names of the built-in networks.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

fn preset(name: &str) -> Result<Preset> {
    let text = PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| text);
    let text = text.ok_or_else(|| {
        let hint =
            nearest(name, names()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        let known: Vec<_> = names().collect();
        Error::Missing(format!(
            "there is no built-in network `{name}`, only {}{hint}",
            known.join(", ")
        ))
    })?;
    ron::from_str(text).map_err(|e| Error::Invalid(format!("presets/networks/{name}.ron:{e}")))
}

/// The configuration of a built-in network, without making it.
pub fn config(name: &str) -> Result<Config> {
    Ok(Config::StyleGan3(preset(name)?.network))
}

/// Makes a built-in network: the same values on every machine.
///
/// # Errors
/// [`Error::Missing`] for an unknown name, naming the nearest one.
pub fn make(name: &str) -> Result<Builtin> {
    let preset = preset(name)?;
    let config = Config::StyleGan3(preset.network.clone());
    config.validate()?;
    let specs = config.tensors();
    let drawn = |role| matches!(role, Role::Normal(_) | Role::Constant(0.0));
    let count = specs.iter().filter(|s| drawn(s.role)).map(|s| s.shape.iter().product::<usize>());
    let mut normals = randn(preset.seed, count.sum()).into_iter();
    let layers = preset.network.layers();
    let mut tensors = HashMap::new();
    for spec in specs {
        let len = spec.shape.iter().product();
        let part = spec.name.rsplit('.').next().unwrap_or_default();
        let layer = layers.iter().position(|l| spec.name.split('.').nth(1) == Some(&l.name));
        let values: Vec<f32> = match (spec.role, layer) {
            (Role::Upright, _) => vec![1.0, 0.0, 0.0, 0.0],
            (Role::Normal(sigma), layer) => {
                let last = layer == Some(layers.len() - 1);
                let affine = spec.name.contains(".affine.");
                let sigma = sigma
                    * if affine {
                        preset.style
                    } else if last {
                        preset.colour
                    } else {
                        1.0
                    };
                let drawn: Vec<f64> = normals.by_ref().take(len).map(|x| x * sigma).collect();
                if layer.is_some() && !affine {
                    balanced(&drawn, spec.shape[1..].iter().product())
                } else {
                    drawn.iter().map(|&x| x as f32).collect()
                }
            }
            (Role::Constant(0.0), layer) => {
                let sigma = if layer.is_some() { preset.bias } else { 0.0 };
                normals.by_ref().take(len).map(|x| (x * sigma) as f32).collect()
            }
            (Role::Constant(value), _) => vec![value as f32; len],
            (Role::Buffer, Some(i)) => match part {
                "magnitude_ema" => vec![preset.magnitudes.get(i).copied().unwrap_or(1.0)],
                "up_filter" => taps(layers[i].up_filter()),
                _ => taps(layers[i].down_filter()),
            },
            (Role::Buffer, None) => match part {
                "w_avg" if preset.w_avg.len() == len => preset.w_avg.clone(),
                "w_avg" => vec![0.0; len],
                "freqs" => freqs(&preset.network.input(), preset.seed),
                "phases" => phases(len, preset.seed),
                _ => vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            },
        };
        tensors.insert(spec.name, (spec.shape, values));
    }
    Ok(Builtin { config, tensors })
}

/// Rows of zero sum.
fn balanced(weights: &[f64], row: usize) -> Vec<f32> {
    let balance = |row: &[f64]| {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        row.iter().map(move |x| (x - mean) as f32).collect::<Vec<_>>()
    };
    weights.chunks_exact(row).flat_map(balance).collect()
}

/// Frequencies that fill a disc of the input's bandwidth (specification section 3).
fn freqs(input: &InputSpec, seed: u32) -> Vec<f32> {
    let normals = randn(seed.wrapping_add(1), 2 * input.channels);
    let place = |v: &[f64]| {
        let r = v[0].hypot(v[1]);
        let scale = input.bandwidth / (r * (r * r).exp().powf(0.25));
        [(v[0] * scale) as f32, (v[1] * scale) as f32]
    };
    normals.chunks_exact(2).flat_map(place).collect()
}

/// Uniform in -0.5..0.5 turns: the angle of a normal point of the plane.
fn phases(len: usize, seed: u32) -> Vec<f32> {
    let normals = randn(seed.wrapping_add(2), 2 * len);
    let turn = |v: &[f64]| (v[1].atan2(v[0]) / std::f64::consts::TAU) as f32;
    normals.chunks_exact(2).map(turn).collect()
}

fn taps(filter: Option<Filter>) -> Vec<f32> {
    let taps = match filter {
        None => Vec::new(),
        Some(Filter::Separable(taps) | Filter::Radial { taps, .. }) => taps,
    };
    taps.into_iter().map(|t| t as f32).collect()
}

impl TensorSource for Builtin {
    fn config(&self) -> &Config {
        &self.config
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(name).map(|(shape, _)| shape.clone())
    }

    fn read(&self, name: &str) -> Result<Vec<f32>> {
        let found = self.tensors.get(name).map(|(_, values)| values.clone());
        found.ok_or_else(|| Error::Invalid(format!("a built-in network has no tensor `{name}`")))
    }
}
