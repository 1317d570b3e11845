//! Against figures of torchvision, torch-fidelity and pytorch-fid: `tests/golden/inception.py`.

use super::*;
use crate::Error;
use crate::signal::golden::golden;
use crate::signal::uniforms;

/// The golden script's weights: uniform numbers by the name, of the same size throughout the network.
pub(crate) fn weight(name: &str, shape: &[usize]) -> Vec<f32> {
    let inputs: usize = shape[1..].iter().product();
    let (middle, reach) = match name.rsplit_once('.') {
        Some((_, "running_var")) => (1.0, 0.5),
        Some(("fc", _)) => (0.0, 0.02),
        Some((_, "weight")) if shape.len() == 1 => (1.0, 0.2),
        Some((_, "weight")) => (0.0, (6.0 / inputs as f64).sqrt()),
        _ => (0.0, 0.3),
    };
    let numbers = uniforms(crc32fast::hash(name.as_bytes()), shape.iter().product());
    numbers.into_iter().map(|u| (middle + reach * (2.0 * u - 1.0)) as f32).collect()
}

/// The golden script's picture of a side, `[3, side, side]`.
pub(crate) fn picture(side: usize) -> Vec<f32> {
    let place = |i: usize| (i / side / side, i / side % side, i % side);
    let level = |(i, u): (usize, f64)| {
        let (c, y, x) = place(i);
        ((5 * x + 3 * y) * (c + 1) / 2 + (96.0 * u) as usize) % 256
    };
    let noise = uniforms(side as u32, 3 * side * side);
    noise.into_iter().enumerate().map(|at| level(at) as f32).collect()
}

/// The largest difference, as a share of the largest value.
fn distance(found: &Tensor, expected: &[f64]) -> f64 {
    let found = Vec::<f32>::try_from(found.reshape([-1])).unwrap();
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0f64, |most, v| most.max(v.abs()));
    let differences = found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs());
    differences.fold(0.0, f64::max) / largest
}

#[test]
fn features_and_probabilities_are_those_of_the_known_implementations() {
    let cases = [
        (Variant::Fid, "fid", &[32, 64, 299, 320][..]),
        (Variant::Torchvision, "torchvision", &[64, 320]),
    ];
    for (variant, name, sides) in cases {
        let made = |name: &str, shape: &[usize]| Ok(weight(name, shape));
        let network = Inception::new(variant, Device::Cpu, made).unwrap();
        for &side in sides {
            let pictures = tensor(&picture(side), &[1, 3, side, side]).unwrap();
            let features = network.features(&pictures).unwrap();
            let probabilities = network.probabilities(&features).unwrap();
            assert_eq!(features.size(), [1, FEATURES as i64]);
            for (found, what) in [(features, "features"), (probabilities, "probabilities")] {
                let distance =
                    distance(&found, &golden("inception", &format!("{name}.{side}.{what}")));
                assert!(distance < 2e-5, "{name} {side} {what}: {distance}");
            }
        }
    }
}

#[test]
fn the_first_tensor_that_cannot_be_read_ends_it() {
    let read = |name: &str, shape: &[usize]| match name {
        "Conv2d_2a_3x3.bn.running_mean" => Err(Error::Invalid(format!("{name} {shape:?}"))),
        _ => Ok(weight(name, shape)),
    };
    let error = Inception::new(Variant::Fid, Device::Cpu, read).unwrap_err();
    assert_eq!(error.to_string(), "Conv2d_2a_3x3.bn.running_mean [32]");
}

#[test]
fn resizing_is_that_of_the_obvious_loop() {
    for side in [1usize, 7, 32, 298, 299, 300, 512] {
        let values = &picture(side)[..side * side];
        let found = resize::legacy(&tensor(values, &[1, 1, side, side]).unwrap()).unwrap();
        let mut expected = Vec::new();
        for i in 0..299 * 299 {
            let place = |i: usize| (i * side) as f64 / 299.0;
            let (y, x) = (place(i / 299), place(i % 299));
            let mut sum = 0.0;
            for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let near = |place: f64, d: usize| (place as usize + d).min(side - 1);
                let share =
                    |place: f64, d: usize| if d == 1 { place.fract() } else { 1.0 - place.fract() };
                sum += share(y, dy)
                    * share(x, dx)
                    * f64::from(values[near(y, dy) * side + near(x, dx)]);
            }
            expected.push(sum);
        }
        let distance = distance(&found, &expected);
        assert!(distance < 2e-4, "{side}: {distance}");
    }
    // With a filter: a wave of two pixels is gone where half the pixels are left.
    let wave: Vec<f32> = (0..598 * 598).map(|i| (i % 2 * 200) as f32).collect();
    let wave = tensor(&wave, &[1, 1, 598, 598]).unwrap();
    let spread = |x: Tensor| (x.narrow(3, 5, 280) - 100.0).abs().max().double_value(&[]);
    assert!(spread(resize::filtered(&wave).unwrap()) < 1e-3);
    assert!(spread(resize::legacy(&wave).unwrap()) > 99.0);
}
