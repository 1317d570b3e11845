//! Networks of every option of the specification, untrained: they load, and give an image of the
//! right shape that follows its latent.
#![cfg(feature = "torch")]

mod untrained;

use sg3render::Error;
use sg3render::network::device::Precision;
use sg3render::network::generator::load;
use sg3render::network::{Config, StyleGan2Config, StyleGan3Config};
use sg3render::signal::randn;
use tch::{Device, Kind, Tensor};
use untrained::Untrained;

fn assert_renders(config: Config) {
    let shown = format!("{config:?}");
    let source = Untrained::new(config);
    let (mapping, synthesis) = load(&source, Device::Cpu, Precision::F32).expect(&shown);
    let (z_dim, c_dim, _) = source.config.dims();
    let class = (c_dim > 0).then(|| c_dim - 1);
    let image = |seed| {
        let z: Vec<f32> = randn(seed, z_dim).into_iter().map(|x| x as f32).collect();
        let w = Tensor::from_slice(&mapping.map(&z, class).unwrap());
        let ws = w.reshape([1, 1, -1]).repeat([1, source.config.num_ws() as i64, 1]);
        synthesis.forward(&ws, &Tensor::eye(3, (Kind::Double, Device::Cpu)).unsqueeze(0)).unwrap()
    };
    let (one, other) = (image(1), image(2));
    let (resolution, channels) = source.config.image();
    assert_eq!(one.size(), [1, channels as i64, resolution as i64, resolution as i64], "{shown}");
    assert!(one.isfinite().all().int64_value(&[]) == 1, "{shown}");
    assert!(one.std(false).double_value(&[]) > 1e-3, "{shown}");
    assert!((one - other).abs().max().double_value(&[]) > 1e-3, "{shown}");
}

fn small() -> StyleGan3Config {
    StyleGan3Config {
        z_dim: 8,
        w_dim: 8,
        img_resolution: 32,
        channel_base: 256,
        channel_max: 8,
        num_layers: 6,
        ..StyleGan3Config::default()
    }
}

#[test]
fn every_option_of_stylegan3_renders() {
    let variants: [fn(&mut StyleGan3Config); 18] = [
        |_| {},
        |c| c.img_resolution = 16,
        |c| c.img_resolution = 128,
        |c| c.img_channels = 1,
        |c| c.c_dim = 3,
        |c| c.mapping_layers = 5,
        |c| c.num_layers = 14,
        |c| c.num_critical = 0,
        |c| c.num_critical = 5,
        |c| c.conv_kernel = 1,
        |c| (c.conv_kernel, c.use_radial_filters) = (1, true),
        |c| c.use_radial_filters = true,
        |c| c.filter_size = 4,
        |c| c.filter_size = 7,
        |c| (c.lrelu_upsampling, c.filter_size) = (1, 2),
        |c| (c.lrelu_upsampling, c.use_radial_filters) = (4, true),
        |c| (c.first_cutoff, c.first_stopband, c.last_stopband_rel) = (3.0, 2f64.powf(3.1), 1.5),
        |c| (c.margin_size, c.conv_clamp, c.output_scale) = (4, None, 1.0),
    ];
    for change in variants {
        let mut config = small();
        change(&mut config);
        assert_renders(Config::StyleGan3(config));
    }
}

#[test]
fn every_option_of_stylegan2_renders() {
    let small = StyleGan2Config {
        z_dim: 8,
        w_dim: 8,
        img_resolution: 32,
        channel_base: 256,
        channel_max: 8,
        ..StyleGan2Config::default()
    };
    let variants: [fn(&mut StyleGan2Config); 5] = [
        |_| {},
        |c| c.img_resolution = 8,
        |c| c.img_channels = 1,
        |c| c.c_dim = 3,
        |c| (c.mapping_layers, c.conv_clamp) = (2, None),
    ];
    for change in variants {
        let mut config = small.clone();
        change(&mut config);
        assert_renders(Config::StyleGan2(config));
    }
}

#[test]
fn a_missing_or_misshapen_tensor_is_named() {
    let mut source = Untrained::new(Config::StyleGan3(small()));
    let refused = |source: &Untrained| match load(source, Device::Cpu, Precision::F32) {
        Err(Error::Invalid(message)) => message,
        _ => panic!("loaded"),
    };
    let bias = source.tensors.remove("mapping.fc1.bias").unwrap();
    assert!(refused(&source).contains("`mapping.fc1.bias` is missing"));
    source.tensors.insert("mapping.fc1.bias".into(), (vec![2, 4], bias.1));
    assert!(refused(&source).contains("`mapping.fc1.bias` is of shape [2, 4]"));
}
