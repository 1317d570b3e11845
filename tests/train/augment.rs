//! The augmentations against the golden figures, and what they must be whatever is drawn.

use sg3render::signal::Draws;
use sg3render::train::augment::{Dice, Draw, Pipe, augment, filter_bank};
use tch::{Kind, Tensor};

use super::golden::{Golden, largest_difference};

/// Every chance is taken, and every draw has the value of one quantile.
struct Fixed {
    quantile: f64,
    /// erfinv(2 q - 1).
    normal: f64,
    /// Rotations that were asked for: the second has no effect in the golden figures.
    rotations: usize,
}

impl Dice for Fixed {
    fn uniform(&mut self) -> f64 {
        self.quantile
    }
    fn normal(&mut self) -> f64 {
        self.normal
    }
    fn chance(&mut self, probability: f64) -> bool {
        // Only rotations are applied with another probability than p, which is 0.75 here.
        if (probability - 0.5).abs() < 1e-9 {
            self.rotations += 1;
            return self.rotations == 1;
        }
        true
    }
}

fn fixed(pipe: &str, quantile: f64) -> Draw {
    let normal = if quantile == 0.2 { -0.595_116_081_449_995 } else { 0.370_807_158_593_558 };
    let mut dice = Fixed { quantile, normal, rotations: 0 };
    Draw::new(&pipe.parse().unwrap(), 0.75, [64, 64], &mut dice)
}

#[test]
fn every_operation_agrees() {
    let golden = Golden::open("augment");
    let image = golden.tensor("image");
    let colours = ["brightness", "contrast", "lumaflip", "hue", "saturation"];
    let mut seen = 0;
    for name in golden.names("").into_iter().filter(|name| name.contains(".q")) {
        let (operation, quantile) = name.split_once(".q").unwrap();
        let draw = fixed(operation, quantile.parse().unwrap());
        let ours = augment(&image, &[draw.clone(), draw]).unwrap();
        let error = largest_difference(&ours, &golden.tensor(&name));
        let within = if colours.contains(&operation) { 1e-6 } else { 1e-4 };
        assert!(error < within, "{name}: {error}");
        seen += 1;
    }
    assert_eq!(seen, 30);
}

#[test]
fn the_filter_bank_agrees() {
    let bank = filter_bank().concat();
    let bank = Tensor::from_slice(&bank).reshape([4, 43]);
    let error = largest_difference(&bank, &Golden::open("augment").tensor("filter_bank"));
    assert!(error < 1e-7, "{error}");
}

#[test]
fn without_chance_nothing_is_done() {
    let image = Golden::open("augment").tensor("image");
    let pipe: Pipe = "bgcfnc".parse().unwrap();
    let draws: Vec<_> =
        (0..2).map(|i| Draw::sample(&pipe, 0.0, [64, 64], Draws::new(1, 2, i))).collect();
    assert_eq!(augment(&image, &draws).unwrap(), image);
}

/// Of grey images and small ones, too; and never a value that is no number.
#[test]
fn every_size_can_be_augmented_differently() {
    let pipe: Pipe = "bgcfnc".parse().unwrap();
    for (channels, side) in [(1, 8), (3, 8), (1, 32), (3, 33)] {
        let x = Tensor::linspace(
            -1.0,
            1.0,
            5 * channels * side * side,
            (Kind::Float, tch::Device::Cpu),
        );
        let x = x.reshape([5, channels, side, side]);
        let sample = |i| Draw::sample(&pipe, 1.0, [side as usize; 2], Draws::new(1, 2, i));
        let draws: Vec<_> = (0..5).map(sample).collect();
        let y = augment(&x, &draws).unwrap();
        assert_eq!(y.size(), x.size());
        assert_eq!(y.isfinite().all().int64_value(&[]), 1);
        // Each sample is its own draw's alone.
        let third = augment(&x.narrow(0, 2, 1), &draws[2..3]).unwrap();
        let error = largest_difference(&third, &y.narrow(0, 2, 1));
        assert!(error < 1e-4, "{channels} {side}: {error}");
    }
}

/// R1 goes through it: the second derivative of something not linear in the gradient, against finite
/// differences.
#[test]
fn it_can_be_differentiated_twice() {
    let pipe: Pipe = "bgcfnc".parse().unwrap();
    let draws: Vec<_> =
        (0..2).map(|i| Draw::sample(&pipe, 1.0, [8, 8], Draws::new(5, 2, i))).collect();
    let options = (Kind::Float, tch::Device::Cpu);
    tch::manual_seed(1);
    let x = Tensor::randn([2, 3, 8, 8], options).set_requires_grad(true);
    let weight = Tensor::randn([2, 3, 8, 8], options).set_requires_grad(true);
    let penalty = |weight: &Tensor| {
        let y = augment(&x, &draws).unwrap();
        let score = (y.square() * weight).sum(Kind::Float);
        let gradient = Tensor::run_backward(&[score], &[&x], true, true);
        gradient[0].square().sum(Kind::Float)
    };
    let gradient = Tensor::run_backward(&[penalty(&weight)], &[&weight], false, false);
    let direction = Tensor::randn([2, 3, 8, 8], options);
    let along = (&gradient[0] * &direction).sum(Kind::Double).double_value(&[]);
    let step = 1e-2;
    let at = |sign: f64| {
        let moved = (&weight + sign * step * &direction).detach().set_requires_grad(true);
        penalty(&moved).double_value(&[])
    };
    let difference = (at(1.0) - at(-1.0)) / (2.0 * step);
    assert!((along - difference).abs() < 2e-3 * difference.abs(), "{along} {difference}");
}
