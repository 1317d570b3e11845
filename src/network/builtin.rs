//! Networks that need no file of the user's: a trained one, and others made from a preset and a seed,
//! settled, never trained.

use std::collections::HashMap;
use std::iter;

use serde::Deserialize;

use super::config::{Config, StyleGan3Config};
use super::layers::{InputSpec, LayerSpec};
use super::tensors::{Role, TensorSource, TensorSpec};
use crate::report::nearest;
use crate::signal::{Filter, randn};
use crate::{Error, Result};

/// The trained network, and its file.
const TRAINED: (&str, &[u8]) =
    ("default", include_bytes!("../../presets/networks/default.safetensors"));
/// The presets of those that are made, by name.
const PRESETS: [(&str, &str); 2] = [("untrained", UNTRAINED), (ALIASED, UNTRAINED)];
const UNTRAINED: &str = include_str!("../../presets/networks/untrained.ron");
/// The untrained network's weights with filters too short to keep its signals free of aliases: what its
/// texture sticking is to be told from.
const ALIASED: &str = "aliased";

/// What an untrained network is made from.
///
/// Weights are drawn as training would begin with them, but for what makes an untrained network
/// worth looking at: each layer's weights sum to zero, so that the mean that the leaky ReLU leaves
/// does not drown the pattern from layer to layer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    /// Draws the weights.
    seed: u32,
    /// Standard deviation of `ToRGB`'s weights: the contrast of the picture.
    contrast: f64,
    /// Strength of colour against brightness.
    saturation: f64,
    /// Standard deviation of the affine weights: how much w changes the picture.
    style: f64,
    /// Standard deviation of the layers' biases: keeps light and dark from being alike.
    bias: f64,
    /// The architecture.
    network: StyleGan3Config,
    /// The mean of w, and each layer's mean square input, measured over many draws: what training
    /// would have settled.
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
    iter::once(TRAINED.0).chain(PRESETS.iter().map(|(name, _)| *name))
}

/// The network file of a built-in network that is trained; none for those that [`make`] makes.
pub fn file(name: &str) -> Option<&'static [u8]> {
    (name == TRAINED.0).then_some(TRAINED.1)
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
    let mut preset: Preset = ron::from_str(text)
        .map_err(|e| Error::Invalid(format!("presets/networks/{name}.ron:{e}")))?;
    if name == ALIASED {
        (preset.network.lrelu_upsampling, preset.network.filter_size) = (1, 2);
    }
    Ok(preset)
}

/// The configuration of a built-in network that [`make`] makes, without making it.
///
/// # Errors
/// As there.
pub fn config(name: &str) -> Result<Config> {
    Ok(Config::StyleGan3(preset(name)?.network))
}

/// Makes an untrained network: the same values on every machine.
///
/// # Errors
/// [`Error::Missing`] for an unknown name, naming the nearest one.
pub fn make(name: &str) -> Result<Builtin> {
    let preset = preset(name)?;
    let config = Config::StyleGan3(preset.network.clone());
    config.validate()?;
    let maker = Maker { layers: preset.network.layers(), preset };
    let specs = config.tensors();
    let drawn = specs.iter().filter(|spec| maker.deviation(spec) > 0.0);
    let count = drawn.map(|spec| spec.shape.iter().product::<usize>()).sum();
    let mut normals = randn(maker.preset.seed, count).into_iter();
    let tensors = specs.into_iter().map(|spec| {
        let values = maker.values(&spec, &mut normals);
        (spec.name, (spec.shape, values))
    });
    Ok(Builtin { tensors: tensors.collect(), config })
}

struct Maker {
    preset: Preset,
    layers: Vec<LayerSpec>,
}

impl Maker {
    /// The synthesis layer that a tensor belongs to, and the tensor's name within it.
    fn layer<'a>(&self, spec: &'a TensorSpec) -> Option<(usize, &'a str)> {
        let (layer, part) = spec.name.strip_prefix("synthesis.")?.split_once('.')?;
        Some((self.layers.iter().position(|l| l.name == layer)?, part))
    }

    /// Standard deviation of what a tensor is drawn from; 0 for one that is not drawn.
    fn deviation(&self, spec: &TensorSpec) -> f64 {
        let preset = &self.preset;
        match (spec.role, self.layer(spec)) {
            (Role::Normal(sigma), Some((_, "affine.weight"))) => sigma * preset.style,
            (Role::Normal(sigma), Some((i, _))) if self.layers[i].to_rgb => sigma * preset.contrast,
            (Role::Normal(sigma), _) => sigma,
            (Role::Constant(_), Some((_, "bias"))) => preset.bias,
            _ => 0.0,
        }
    }

    /// `ToRGB`'s weights: its rows are drawn as brightness, orange and green (`YCoCg`) and turned
    /// to RGB, because pictures differ more in brightness than in colour. A grey picture has the
    /// first row only.
    fn colours(&self, drawn: &[f64]) -> Vec<f32> {
        let columns = drawn.len() / self.layers.last().map_or(1, |l| l.out_channels);
        let rows = balanced(drawn, columns);
        let [y, co, cg] = [0, 1, 2].map(|row| rows.get(row * columns..).unwrap_or_default());
        if co.is_empty() {
            return rows;
        }
        let strength = self.preset.saturation as f32;
        let rgb = [(1.0, -1.0), (0.0, 1.0), (-1.0, -1.0)];
        let row = |(orange, green): (f32, f32)| {
            (0..columns).map(move |i| y[i] + strength * (orange * co[i] + green * cg[i]))
        };
        rgb.into_iter().flat_map(row).collect()
    }

    fn values(&self, spec: &TensorSpec, normals: &mut impl Iterator<Item = f64>) -> Vec<f32> {
        let len = spec.shape.iter().product();
        let (layer, sigma) = (self.layer(spec), self.deviation(spec));
        if sigma > 0.0 {
            let drawn: Vec<f64> = normals.take(len).map(|x| x * sigma).collect();
            return match layer {
                Some((i, "weight")) if self.layers[i].to_rgb => self.colours(&drawn),
                Some((_, "weight")) => balanced(&drawn, spec.shape[1..].iter().product()),
                _ => drawn.into_iter().map(|x| x as f32).collect(),
            };
        }
        let Preset { seed, network, w_avg, magnitudes, .. } = &self.preset;
        match (spec.role, spec.name.as_str(), layer) {
            (Role::Constant(value), ..) => vec![value as f32; len],
            (Role::Upright, ..) => vec![1.0, 0.0, 0.0, 0.0],
            (_, "mapping.w_avg", _) => w_avg.clone(),
            (_, "synthesis.input.freqs", _) => {
                let input = network.input();
                freqs(&input, &randn(seed.wrapping_add(1), 2 * input.channels))
            }
            (_, "synthesis.input.phases", _) => phases(&randn(seed.wrapping_add(2), 2 * len)),
            (_, _, Some((i, "magnitude_ema"))) => magnitudes.get(i).copied().into_iter().collect(),
            (_, _, Some((i, "up_filter"))) => taps(self.layers[i].up_filter()),
            (_, _, Some((i, "down_filter"))) => taps(self.layers[i].down_filter()),
            // The stored user transform.
            _ => vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        }
    }
}

/// Rows of zero sum.
fn balanced(weights: &[f64], row: usize) -> Vec<f32> {
    let balance = |row: &[f64]| {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        row.iter().map(|x| (x - mean) as f32).collect::<Vec<_>>()
    };
    weights.chunks_exact(row).flat_map(balance).collect()
}

/// Frequencies that fill a disc of the input's bandwidth (specification section 3), from two normals
/// each.
pub(super) fn freqs(input: &InputSpec, normals: &[f64]) -> Vec<f32> {
    let place = |v: &[f64]| {
        let r = v[0].hypot(v[1]);
        let scale = input.bandwidth / (r * (r * r).exp().powf(0.25));
        [(v[0] * scale) as f32, (v[1] * scale) as f32]
    };
    normals.chunks_exact(2).flat_map(place).collect()
}

/// Uniform in -0.5..0.5 turns: the angle of a normal point of the plane.
pub(super) fn phases(normals: &[f64]) -> Vec<f32> {
    let turn = |v: &[f64]| (v[1].atan2(v[0]) / std::f64::consts::TAU) as f32;
    normals.chunks_exact(2).map(turn).collect()
}

pub(super) fn taps(filter: Option<Filter>) -> Vec<f32> {
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
