//! The golden files, as tensors and networks.

use std::collections::HashMap;

use safetensors::SafeTensors;
use sg3render::network::parameters::Parameters;
use sg3render::network::tensors::TensorSpec;
use sg3render::network::{Config, DiscriminatorConfig};
use tch::{Device, Kind, Tensor};

pub struct Golden {
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    metadata: HashMap<String, String>,
}

impl Golden {
    pub fn open(name: &str) -> Self {
        let bytes = std::fs::read(format!("tests/golden/{name}.safetensors")).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let values = |data: &[u8]| {
            data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
        };
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = tensors.tensors().into_iter();
        Self {
            tensors: tensors
                .map(|(name, view)| (name, (view.shape().to_vec(), values(view.data()))))
                .collect(),
            metadata: header.metadata().clone().unwrap_or_default(),
        }
    }

    pub fn tensor(&self, name: &str) -> Tensor {
        let (shape, values) = &self.tensors[name];
        let shape: Vec<i64> = shape.iter().map(|&d| d as i64).collect();
        Tensor::from_slice(values).reshape(shape)
    }

    pub fn scalar(&self, name: &str) -> f64 {
        f64::from(self.tensors[name].1[0])
    }

    /// Names that begin so, without that.
    pub fn names(&self, begin: &str) -> Vec<String> {
        let mut names: Vec<_> = self
            .tensors
            .keys()
            .filter_map(|name| name.strip_prefix(begin))
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    }

    fn read(&self, prefix: &str, spec: &TensorSpec) -> Vec<f32> {
        let (shape, values) = &self.tensors[&format!("{prefix}.{}", spec.name)];
        assert_eq!(shape, &spec.shape, "{}", spec.name);
        values.clone()
    }

    pub fn generator(&self, kind: &str) -> (Config, Parameters) {
        let published: serde_json::Value = serde_json::from_str(&self.metadata["config"]).unwrap();
        let mut fields = published.as_object().unwrap().clone();
        let mapping = fields.remove("mapping_kwargs").unwrap();
        fields.insert("mapping_layers".into(), mapping["num_layers"].clone());
        fields.remove("magnitude_ema_beta");
        fields.insert("kind".into(), kind.into());
        let config: Config = serde_json::from_value(fields.into()).unwrap();
        let read = |spec: &TensorSpec| Ok(self.read("G", spec));
        let parameters = Parameters::new(config.tensors(), Device::Cpu, read).unwrap();
        (config, parameters)
    }

    pub fn discriminator(&self, prefix: &str, c_dim: usize) -> (DiscriminatorConfig, Parameters) {
        let config = DiscriminatorConfig {
            c_dim,
            img_resolution: 64,
            img_channels: 3,
            channel_base: 1024,
            channel_max: 32,
            num_fp16_res: 4,
            conv_clamp: Some(256.0),
            mbstd_group_size: 4,
        };
        let read = |spec: &TensorSpec| Ok(self.read(prefix, spec));
        let parameters = Parameters::new(config.tensors(), Device::Cpu, read).unwrap();
        (config, parameters)
    }
}

pub fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    (a.to_kind(Kind::Double) - b.to_kind(Kind::Double)).abs().max().double_value(&[])
}

/// Distance relative to the norm of the expected tensor.
pub fn relative(a: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(a.size(), expected.size());
    let (a, b) = (a.to_kind(Kind::Double), expected.to_kind(Kind::Double));
    let norm = |x: &Tensor| x.square().sum(Kind::Double).sqrt().double_value(&[]);
    norm(&(a - &b)) / norm(&b).max(1e-30)
}
