//! Optimiser, averages, blur.

use sg3render::network::parameters::Parameters;
use sg3render::network::tensors::{Role, TensorSpec};
use sg3render::train::adam::{self, Adam, Options, average_beta};
use sg3render::train::blur;
use tch::{Device, Kind, Tensor};

fn parameters(values: &[f32]) -> Parameters {
    let spec = |name: &str, role| TensorSpec { name: name.into(), shape: vec![values.len()], role };
    let specs = vec![spec("a", Role::Normal(1.0)), spec("b", Role::Buffer)];
    Parameters::new(specs, Device::Cpu, |_| Ok(values.to_vec())).unwrap()
}

#[test]
fn adam_takes_the_steps_of_the_paper() {
    let parameters = parameters(&[1.0, -2.0, 3.0]);
    let (lr, beta2) = (0.0025, 0.99);
    let mut adam = Adam::new(Options { lr, beta2 }, &parameters).unwrap();
    let (mut x, mut v) = ([1.0, -2.0, 3.0f64], [0.0; 3]);
    for t in 1..=50 {
        let gradient = [0.3 * f64::from(t), -1e-3, (f64::from(t) * 0.7).sin()];
        adam.step(&parameters, &Tensor::from_slice(&gradient.map(|g| g as f32))).unwrap();
        for i in 0..3 {
            v[i] = beta2 * v[i] + (1.0 - beta2) * gradient[i] * gradient[i];
            let unbiased: f64 = v[i] / (1.0 - beta2.powi(t));
            x[i] -= lr * gradient[i] / (unbiased.sqrt() + 1e-8);
        }
    }
    let ours = Vec::<f32>::try_from(parameters.get("a").unwrap().detach()).unwrap();
    for (ours, x) in ours.iter().zip(x) {
        assert!((f64::from(*ours) - x).abs() < 1e-5, "{ours} {x}");
    }
    // What is no number moves nothing; what is infinite moves by a step at most.
    let before = parameters.flat().copy();
    let wild = Tensor::from_slice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
    adam.step(&parameters, &wild).unwrap();
    let moved = Vec::<f32>::try_from(parameters.flat() - before).unwrap();
    assert_eq!(moved[0], 0.0);
    assert!(moved[1] < 0.0 && moved[2] > 0.0 && moved.iter().all(|m| m.abs() < 0.1), "{moved:?}");
}

#[test]
fn lazy_regularisation_slows_the_optimiser() {
    let Options { lr, beta2 } = Options::lazy(0.002, 0.99, Some(16));
    assert!(
        (lr - 0.002 * 16.0 / 17.0).abs() < 1e-12
            && (beta2 - 0.99f64.powf(16.0 / 17.0)).abs() < 1e-12
    );
    assert_eq!(Options::lazy(0.002, 0.99, None), Options { lr: 0.002, beta2: 0.99 });
}

#[test]
fn the_average_follows_and_buffers_are_copied() {
    let (mean, network) = (parameters(&[0.0, 0.0]), parameters(&[1.0, 2.0]));
    adam::average(&mean, &network, 0.75).unwrap();
    assert_eq!(Vec::<f32>::try_from(mean.get("a").unwrap().detach()).unwrap(), [0.25, 0.5]);
    assert_eq!(Vec::<f32>::try_from(mean.get("b").unwrap()).unwrap(), [1.0, 2.0]);
    assert_eq!(average_beta(10_000.0, Some(0.05), 0, 32), 0.0);
    assert!((average_beta(10_000.0, Some(0.05), 1_000, 50) - 0.5).abs() < 1e-12);
    assert!((average_beta(10_000.0, Some(0.05), 1 << 40, 10_000) - 0.5).abs() < 1e-12);
    assert!((average_beta(10_000.0, None, 0, 10_000) - 0.5).abs() < 1e-12);
}

#[test]
fn gradients_of_what_a_loss_does_not_reach_are_zero() {
    let parameters = parameters(&[1.0, 2.0]);
    let none = Tensor::from(3.0f32);
    assert_eq!(Vec::<f32>::try_from(parameters.gradient(&none).unwrap()).unwrap(), [0.0, 0.0]);
    let loss = parameters.get("a").unwrap().square().sum(Kind::Float);
    assert_eq!(Vec::<f32>::try_from(parameters.gradient(&loss).unwrap()).unwrap(), [2.0, 4.0]);
    let mut parameters = parameters;
    parameters.freeze(["a".to_owned()]);
    let loss = parameters.get("a").unwrap().square().sum(Kind::Float);
    assert_eq!(Vec::<f32>::try_from(parameters.gradient(&loss).unwrap()).unwrap(), [0.0, 0.0]);
}

#[test]
fn the_blur_is_a_gaussian_that_fades() {
    assert_eq!(blur::sigma(10.0, 200.0, 0), 10.0);
    assert_eq!(blur::sigma(10.0, 200.0, 50_000), 7.5);
    assert_eq!(blur::sigma(10.0, 200.0, 300_000), 0.0);
    let dot = Tensor::zeros([1, 1, 33, 33], (Kind::Float, Device::Cpu));
    let _ = dot.narrow(2, 16, 1).narrow(3, 16, 1).fill_(1.0);
    assert_eq!(blur::blur(&dot, 0.2).unwrap(), dot);
    let sigma = 2.0;
    let blurred = blur::blur(&dot, sigma).unwrap();
    let weight = |x: i64| if x.abs() <= 6 { (-(x as f64 / sigma).powi(2)).exp2() } else { 0.0 };
    let sum: f64 = (-6..=6).map(weight).sum();
    for (y, x) in [(16, 16), (16, 18), (10, 22), (9, 16), (13, 20)] {
        let expected = weight(y - 16) * weight(x - 16) / (sum * sum);
        let found = blurred.double_value(&[0, 0, y, x]);
        assert!((found - expected).abs() < 1e-7, "{y} {x}: {found} {expected}");
    }
}
