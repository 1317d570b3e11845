//! Names and shapes of all tensors that a configuration asks for.

use super::config::{Config, StyleGan2Config, StyleGan3Config};
use crate::Result;

/// A tensor that a network is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorSpec {
    /// Its name in network files, such as `synthesis.L0_36_512.affine.weight`.
    pub name: String,
    /// Its shape; empty for a scalar.
    pub shape: Vec<usize>,
    /// Trained, or fixed and running averages.
    pub role: Role,
}

/// What a tensor is for, and how it starts before training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// A parameter that starts as N(0, sigma^2).
    Normal(f64),
    /// A parameter that starts at one value throughout.
    Constant(f64),
    /// The affine bias of the Fourier features: (1, 0, 0, 0).
    Upright,
    /// A buffer.
    Buffer,
}

impl Role {
    /// Whether it counts among the parameters.
    pub fn is_parameter(self) -> bool {
        self != Self::Buffer
    }
}

impl Config {
    /// Every tensor of the generator, in the order of computation.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let mut list = List(Vec::new());
        match self {
            Self::StyleGan3(config) => {
                list.mapping(config.z_dim, config.c_dim, config.w_dim, config.mapping_layers);
                list.stylegan3(config);
            }
            Self::StyleGan2(config) => {
                list.mapping(config.z_dim, config.c_dim, config.w_dim, config.mapping_layers);
                list.stylegan2(config);
            }
        }
        list.0
    }

    /// Number of trained parameters, without buffers.
    pub fn parameters(&self) -> usize {
        let tensors = self.tensors();
        let parameters = tensors.iter().filter(|t| t.role.is_parameter());
        parameters.map(|t| t.shape.iter().product::<usize>()).sum()
    }
}

/// Where a network's tensors come from: a file, or code that made them.
pub trait TensorSource {
    /// The network's configuration, validated.
    fn config(&self) -> &Config;
    /// The shape of a tensor; none if there is no such tensor.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;
    /// A tensor's values in row-major order.
    fn read(&self, name: &str) -> Result<Vec<f32>>;
}

/// Learning-rate multiplier of the mapping network's `fc*` layers: their weights are stored this
/// much larger (specification section 1).
pub const MAPPING_LR_MULTIPLIER: f64 = 0.01;

pub(super) struct List(pub Vec<TensorSpec>);

impl List {
    pub fn add(&mut self, name: impl Into<String>, shape: &[usize], role: Role) {
        self.0.push(TensorSpec { name: name.into(), shape: shape.to_vec(), role });
    }

    pub fn linear(&mut self, name: &str, from: usize, to: usize, weight: Role, bias: Role) {
        self.add(format!("{name}.weight"), &[to, from], weight);
        self.add(format!("{name}.bias"), &[to], bias);
    }

    fn mapping(&mut self, z_dim: usize, c_dim: usize, w_dim: usize, layers: usize) {
        if c_dim > 0 {
            self.linear("mapping.embed", c_dim, w_dim, Role::Normal(1.0), Role::Constant(0.0));
        }
        for i in 0..layers {
            let from = match i {
                0 => z_dim + if c_dim > 0 { w_dim } else { 0 },
                _ => w_dim,
            };
            let weight = Role::Normal(1.0 / MAPPING_LR_MULTIPLIER);
            self.linear(&format!("mapping.fc{i}"), from, w_dim, weight, Role::Constant(0.0));
        }
        self.add("mapping.w_avg", &[w_dim], Role::Buffer);
    }

    fn stylegan3(&mut self, config: &StyleGan3Config) {
        let (input, w_dim) = (config.input(), config.w_dim);
        let channels = input.channels;
        self.add("synthesis.input.freqs", &[channels, 2], Role::Buffer);
        self.add("synthesis.input.phases", &[channels], Role::Buffer);
        self.add("synthesis.input.transform", &[3, 3], Role::Buffer);
        self.add("synthesis.input.weight", &[channels, channels], Role::Normal(1.0));
        self.linear("synthesis.input.affine", w_dim, 4, Role::Constant(0.0), Role::Upright);
        for layer in config.layers() {
            let name = format!("synthesis.{}", layer.name);
            let (from, to, k) = (layer.in_channels, layer.out_channels, layer.conv_kernel);
            self.linear(
                &format!("{name}.affine"),
                w_dim,
                from,
                Role::Normal(1.0),
                Role::Constant(1.0),
            );
            self.add(format!("{name}.weight"), &[to, from, k, k], Role::Normal(1.0));
            self.add(format!("{name}.bias"), &[to], Role::Constant(0.0));
            self.add(format!("{name}.magnitude_ema"), &[], Role::Buffer);
            if layer.up_taps > 1 {
                self.add(format!("{name}.up_filter"), &[layer.up_taps], Role::Buffer);
            }
            if layer.down_taps > 1 {
                let taps = vec![layer.down_taps; if layer.down_radial { 2 } else { 1 }];
                self.add(format!("{name}.down_filter"), &taps, Role::Buffer);
            }
        }
    }

    fn stylegan2(&mut self, config: &StyleGan2Config) {
        let w_dim = config.w_dim;
        for block in config.blocks() {
            let name = format!("synthesis.{}", block.name);
            let (from, to, size) = (block.in_channels, block.out_channels, block.resolution);
            self.add(format!("{name}.resample_filter"), &[4, 4], Role::Buffer);
            if from == 0 {
                self.add(format!("{name}.const"), &[to, size, size], Role::Normal(1.0));
            } else {
                self.stylegan2_conv(&format!("{name}.conv0"), w_dim, from, to, size);
            }
            self.stylegan2_conv(&format!("{name}.conv1"), w_dim, to, to, size);
            let rgb = format!("{name}.torgb");
            self.linear(
                &format!("{rgb}.affine"),
                w_dim,
                to,
                Role::Normal(1.0),
                Role::Constant(1.0),
            );
            self.add(format!("{rgb}.weight"), &[config.img_channels, to, 1, 1], Role::Normal(1.0));
            self.add(format!("{rgb}.bias"), &[config.img_channels], Role::Constant(0.0));
        }
    }

    fn stylegan2_conv(&mut self, name: &str, w_dim: usize, from: usize, to: usize, size: usize) {
        self.linear(&format!("{name}.affine"), w_dim, from, Role::Normal(1.0), Role::Constant(1.0));
        self.add(format!("{name}.weight"), &[to, from, 3, 3], Role::Normal(1.0));
        self.add(format!("{name}.bias"), &[to], Role::Constant(0.0));
        self.add(format!("{name}.noise_const"), &[size, size], Role::Buffer);
        self.add(format!("{name}.noise_strength"), &[], Role::Constant(0.0));
        self.add(format!("{name}.resample_filter"), &[4, 4], Role::Buffer);
    }
}
