//! EQ-T, EQ-T_frac and EQ-R of networks: the golden figures, and what aliased filters do to them.
#![cfg(feature = "torch")]

mod untrained;

use std::collections::HashMap;

use safetensors::{Dtype, SafeTensors};
use sg3render::Result;
use sg3render::metrics::equivariance::{Draw, Measure, STILL, Sample, Subject, measure};
use sg3render::metrics::{Image, Sums, figure, integer_shift};
use sg3render::network::device::Precision;
use sg3render::network::{Config, TensorSource};
use sg3render::render::Generator;
use sg3render::schedule::Mapping;
use sg3render::weights::{NetworkFile, Part};
use tch::Device;
use untrained::Untrained;

/// The float tensors of the golden file.
fn golden() -> HashMap<String, Vec<f64>> {
    let bytes = std::fs::read("tests/golden/equivariance.safetensors").unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let values = |view: &safetensors::tensor::TensorView| match view.dtype() {
        Dtype::F64 => view.data().as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect(),
        Dtype::F32 => {
            view.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b).into()).collect()
        }
        other => panic!("{other:?}"),
    };
    tensors.tensors().iter().map(|(name, view)| (name.clone(), values(view))).collect()
}

fn network(name: &str) -> NetworkFile {
    NetworkFile::open(format!("tests/golden/{name}.pkl").as_ref(), Part::GEma).unwrap()
}

fn generator(source: &dyn TensorSource) -> Generator {
    Generator::load(source, Device::Cpu, Precision::F32).unwrap()
}

/// EQ-T, EQ-T_frac and EQ-R in dB.
fn decibels(generator: &Generator, samples: &[Sample]) -> [f64; 3] {
    let sums = measure(generator, generator.resolution() as usize, &Measure::ALL, samples).unwrap();
    [0, 1, 2].map(|i| figure(&sums.iter().map(|sums| sums[i]).collect::<Vec<Sums>>()).0)
}

#[test]
fn golden_networks_have_the_golden_figures() {
    let golden = golden();
    for (letter, name) in [("t", "stylegan3-t-tiny"), ("r", "stylegan3-r-tiny")] {
        let get = |part: &str| &golden[&format!("{letter}.{part}")];
        let file = network(name);
        let generator = generator(&file.generator().unwrap());
        let pair = |part: &str, i: usize| [get(part)[2 * i], get(part)[2 * i + 1]];
        let sample = |(i, z): (usize, &[f64])| {
            let z: Vec<f32> = z.iter().map(|&v| v as f32).collect();
            let w = generator.mapping.map(&z, None).unwrap();
            let draw = Draw {
                shift: pair("t_int", i),
                fractional_shift: pair("t_frac", i),
                angle: get("angle")[i],
            };
            Sample { ws: w.repeat(generator.mapping.num_ws()), transform: STILL, draw }
        };
        let samples: Vec<Sample> = get("z").chunks_exact(64).enumerate().map(sample).collect();
        assert_eq!(samples.len(), 8);
        let figures = decibels(&generator, &samples);
        for (figure, expected) in figures.iter().zip(get("psnr_db")) {
            assert!((figure - expected).abs() < 0.02, "{name}: {figures:?}, {:?}", get("psnr_db"));
        }
    }
}

/// A network's weights under another configuration: filters of other lengths, everything else alike.
struct Aliased<S> {
    weights: S,
    filters: Untrained,
}

impl<S: TensorSource> Aliased<S> {
    fn new(weights: S) -> Self {
        let Config::StyleGan3(mut config) = weights.config().clone() else { panic!() };
        (config.lrelu_upsampling, config.filter_size) = (1, 2);
        Self { weights, filters: Untrained::new(Config::StyleGan3(config)) }
    }
}

impl<S: TensorSource> TensorSource for Aliased<S> {
    fn config(&self) -> &Config {
        &self.filters.config
    }
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.filters.shape(name)
    }
    fn read(&self, name: &str) -> Result<Vec<f32>> {
        if name.ends_with("_filter") { self.filters.read(name) } else { self.weights.read(name) }
    }
}

/// What of a picture does not go with a camera that moves by two pixels, as a share of all that changes
/// on the screen: 0 where every detail moves along.
fn left_behind(subject: &dyn Subject, seed: u32) -> f64 {
    let ws = subject.latents(seed).unwrap();
    let pan = [[1.0, 0.0, -2.0 / 64.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let images = subject.images(&[(&ws, STILL), (&ws, pan)]).unwrap();
    let (followed, mask) = integer_shift(&images[0], [2, 0]);
    let energy = |image: &Image| Sums::compare(image, &images[1], &mask).squares;
    energy(&followed) / energy(&images[0])
}

#[test]
fn aliased_filters_score_visibly_worse() {
    let file = network("stylegan3-t-tiny");
    let source = || file.generator().unwrap();
    let (clean, aliased) = (generator(&source()), generator(&Aliased::new(source())));
    let samples = |generator: &Generator| -> Vec<Sample> {
        (0..4).map(|seed| Sample::of_seed(generator, seed).unwrap()).collect()
    };
    let (t, worse) = (decibels(&clean, &samples(&clean)), decibels(&aliased, &samples(&aliased)));
    assert!(t[0] > worse[0] + 20.0 && t[1] > worse[1] + 20.0, "{t:?} {worse:?}");
    let glued = [0, 1].map(|seed| [left_behind(&clean, seed), left_behind(&aliased, seed)]);
    for [clean, aliased] in glued {
        assert!(aliased > 30.0 * clean, "{glued:?}");
    }
}
