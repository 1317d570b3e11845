//! The built-in networks.
#![cfg(feature = "torch")]

use sg3render::network::device::Precision;
use sg3render::network::generator::load_composed;
use sg3render::network::{TensorSource, builtin};
use sg3render::progress::Silent;
use sg3render::render::Network;
use sg3render::schedule::{FrameInput, Mapping};
use sg3render::signal::randn;
use sg3render::timeline::Model;
use tch::{Device, Kind, Tensor};

/// Latents of one long seed.
fn latents(seed: u32, count: usize, z_dim: usize) -> Tensor {
    let z: Vec<f32> = randn(seed, count * z_dim).into_iter().map(|x| x as f32).collect();
    Tensor::from_slice(&z).reshape([count as i64, z_dim as i64])
}

/// Prints what `presets/networks/*.ron` should hold with `cargo test --test builtin -- --nocapture`
/// when it does not.
#[test]
fn built_in_networks_are_settled() {
    // `aliased` has the weights and magnitudes of `untrained`, to be told from it by its filters alone.
    for name in builtin::names().filter(|name| builtin::file(name).is_none() && *name != "aliased")
    {
        let source = builtin::make(name).unwrap();
        let config = source.config();
        let (mapping, mut synthesis) = load_composed(&source, Device::Cpu, Precision::F32).unwrap();
        let w = mapping.forward(&latents(1, 10_000, config.dims().0), None).unwrap();
        let w_avg = w.mean_dim([0i64].as_slice(), false, Kind::Float);
        let ws = w.narrow(0, 0, 8).unsqueeze(1).repeat([1, config.num_ws() as i64, 1]);
        let upright = Tensor::eye(3, (Kind::Double, Device::Cpu)).repeat([8, 1, 1]);
        let magnitudes = tch::no_grad(|| synthesis.settle(&ws, &upright).unwrap());
        let w_avg = Vec::<f32>::try_from(&w_avg).unwrap();
        let stored: Vec<f32> = config
            .tensors()
            .iter()
            .filter(|spec| spec.name.ends_with("magnitude_ema"))
            .flat_map(|spec| source.read(&spec.name).unwrap())
            .collect();
        let near = |a: &[f32], b: &[f32]| {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.01 * (1.0 + b.abs()))
        };
        let settled = near(mapping.w_avg(), &w_avg) && near(&stored, &magnitudes);
        assert!(settled, "{name}:\n    w_avg: {w_avg:?},\n    magnitudes: {magnitudes:?},");
    }
}

/// What a network that has collapsed or was rounded to nothing would not give: pictures of some contrast,
/// smooth as folds are, each another one.
#[test]
fn the_default_network_is_small_and_makes_pictures() {
    assert!(builtin::file("default").unwrap().len() < 12_000_000);
    let (network, config) = Network::open(&Model::named("builtin:default")).unwrap();
    assert_eq!(config.image(), (64, 3));
    let generator = network.generator(Device::Cpu, Precision::F32).unwrap();
    let (z_dim, num_ws) = (config.dims().0, config.num_ws());
    let inputs: Vec<FrameInput> = (0..8u32)
        .map(|seed| {
            let z: Vec<f32> = randn(seed, z_dim).into_iter().map(|x| x as f32).collect();
            let ws = generator.mapping.map(&z, None).unwrap().repeat(num_ws);
            let transform = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
            FrameInput { index: u64::from(seed), ws, transform }
        })
        .collect();
    let images = generator.images(&inputs, &mut generator.auto_batch(), &Silent).unwrap();
    let spread = |x: &Tensor| f64::try_from(x.std(false)).unwrap();
    let pictures: Vec<Tensor> = (0..8).map(|i| images.get(i).squeeze()).collect();
    for (i, picture) in pictures.iter().enumerate() {
        let (contrast, width) = (spread(picture), 63);
        let steps = picture.narrow(2, 1, width) - picture.narrow(2, 0, width);
        assert!((0.15..0.8).contains(&contrast), "seed {i}: {contrast}");
        assert!(spread(&steps) < 0.7 * contrast, "seed {i}: {}", spread(&steps));
        for (j, other) in pictures.iter().enumerate().skip(i + 1) {
            assert!(spread(&(picture - other)) > 0.7 * contrast, "seeds {i} and {j} are alike");
        }
    }
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let Err(error) = builtin::make("defualt") else { panic!("there is no such network") };
    assert!(error.to_string().contains("did you mean `default`?"), "{error}");
    assert_eq!(error.exit_code(), 66);
}
