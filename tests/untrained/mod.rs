//! Networks as training would begin with them: for tests and benchmarks.

use std::collections::HashMap;

use sg3render::Result;
use sg3render::network::tensors::Role;
use sg3render::network::{Config, TensorSource};
use sg3render::signal::{Filter, randn};

/// A network as training would begin with it.
pub struct Untrained {
    /// Its configuration.
    pub config: Config,
    /// Shapes and values by name.
    pub tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Untrained {
    /// Draws its weights; all magnitudes are 1.
    pub fn new(config: Config) -> Self {
        let layers = match &config {
            Config::StyleGan3(c) => c.layers(),
            Config::StyleGan2(_) => Vec::new(),
        };
        let taps = |filter: Option<Filter>| match filter.unwrap() {
            Filter::Separable(taps) | Filter::Radial { taps, .. } => taps,
        };
        let mut tensors = HashMap::new();
        for (i, spec) in config.tensors().into_iter().enumerate() {
            let len = spec.shape.iter().product();
            let layer = layers.iter().find(|l| spec.name.split('.').nth(1) == Some(&l.name));
            let values = match (spec.role, spec.name.rsplit('.').next().unwrap(), layer) {
                (Role::Normal(sigma), ..) => {
                    randn(i as u32, len).into_iter().map(|x| x * sigma).collect()
                }
                (Role::Constant(value), ..) => vec![value; len],
                (Role::Upright, ..) => vec![1.0, 0.0, 0.0, 0.0],
                (_, "up_filter", Some(layer)) => taps(layer.up_filter()),
                (_, "down_filter", Some(layer)) => taps(layer.down_filter()),
                (_, "resample_filter", _) => {
                    let row = [1.0, 3.0, 3.0, 1.0];
                    row.iter().flat_map(|a| row.map(|b| a * b / 64.0)).collect()
                }
                (_, "magnitude_ema", _) => vec![1.0],
                _ => randn(i as u32, len),
            };
            let values = values.into_iter().map(|v| v as f32).collect();
            tensors.insert(spec.name, (spec.shape, values));
        }
        Self { config, tensors }
    }
}

impl TensorSource for Untrained {
    fn config(&self) -> &Config {
        &self.config
    }
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(name).map(|(shape, _)| shape.clone())
    }
    fn read(&self, name: &str) -> Result<Vec<f32>> {
        Ok(self.tensors[name].1.clone())
    }
}
