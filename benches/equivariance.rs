//! What rounding costs in dB: equivariance of whole networks in float32, with bfloat16 factors, and
//! composed of libtorch's operators (no Winograd, no folded styles), on the same seeds; how near their
//! pictures are; and what measuring costs beside synthesis.
//!
//!     cargo bench --bench equivariance -- [NAME or FILE ...]
//!
//! libtorch's operators take 5 to 20 s a picture of 256x256 on two cores. Names are `t256`, `r256` ...: the
//! published configurations with random weights, settled. The default is `t256 r256`.

#![allow(clippy::print_stdout, reason = "a benchmark is a program, not the library")]

#[path = "shared/mod.rs"]
mod shared;
#[path = "../tests/untrained/mod.rs"]
mod untrained;

use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use sg3render::Result;
use sg3render::metrics::equivariance::{Measure, STILL, Sample, Subject, measure};
use sg3render::metrics::{Image, Mask, Sums, figure};
use sg3render::network::device::Precision;
use sg3render::network::generator::{Synthesis, load_composed};
use sg3render::network::mapping::Mapping;
use sg3render::network::{Config, TensorSource};
use sg3render::render::Generator;
use sg3render::signal::randn;
use sg3render::weights::{NetworkFile, Part};
use tch::{Device, Kind, Tensor};

use shared::{names, published};
use untrained::Untrained;

/// Samples of the kernels, and of libtorch's operators, which take ten times as long.
const SAMPLES: (u32, u32) = (16, 4);
/// Samples in a batch: the spread of the batches gives the standard error.
const BATCH: usize = 4;

fn main() -> Result<()> {
    for name in names(&["t256", "r256"]) {
        match published(&name) {
            Some(config) => report(&name, &settled(Config::StyleGan3(config))?)?,
            None => {
                let file = NetworkFile::open(Path::new(&name), Part::default())?;
                report(&name, &file.generator()?)?;
            }
        }
    }
    Ok(())
}

/// Random weights under which every signal has unit power, as in a trained network.
fn settled(config: Config) -> Result<Untrained> {
    let mut source = Untrained::new(config);
    let (mapping, mut synthesis) = load_composed(&source, Device::Cpu, Precision::F32)?;
    let (z_dim, _, _) = source.config.dims();
    let z = Tensor::randn([2, z_dim as i64], (Kind::Float, Device::Cpu));
    let num_ws = source.config.num_ws() as i64;
    let ws = mapping.forward(&z, None)?.unsqueeze(1).repeat([1, num_ws, 1]);
    let upright = Tensor::eye(3, (Kind::Double, Device::Cpu)).repeat([2, 1, 1]);
    let magnitudes = tch::no_grad(|| synthesis.settle(&ws, &upright))?;
    let Config::StyleGan3(alias_free) = &source.config else { return Ok(source) };
    for (layer, magnitude) in alias_free.layers().iter().zip(magnitudes) {
        let name = format!("synthesis.{}.magnitude_ema", layer.name);
        source.tensors.insert(name, (Vec::new(), vec![magnitude]));
    }
    Ok(source)
}

/// A subject whose synthesis is timed.
struct Timed<S>(S, Mutex<(f64, u32)>);

impl<S: Subject> Subject for Timed<S> {
    fn latents(&self, seed: u32) -> Result<Vec<f32>> {
        self.0.latents(seed)
    }
    fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>> {
        let start = Instant::now();
        let images = self.0.images(inputs);
        let mut spent = self.1.lock().unwrap();
        *spent = (spent.0 + start.elapsed().as_secs_f64(), spent.1 + inputs.len() as u32);
        images
    }
}

/// libtorch's operators.
struct Composed {
    network: Mutex<(Mapping, Synthesis)>,
    side: usize,
    num_ws: usize,
    z_dim: usize,
}

impl Subject for Composed {
    fn latents(&self, seed: u32) -> Result<Vec<f32>> {
        let z: Vec<f32> = randn(seed, self.z_dim).into_iter().map(|v| v as f32).collect();
        Ok(self.network.lock().unwrap().0.map(&z, None)?.repeat(self.num_ws))
    }
    fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>> {
        let image = |(ws, transform): &(&[f32], [[f64; 3]; 3])| {
            let ws = Tensor::f_from_slice(ws)?.f_reshape([1, self.num_ws as i64, -1])?;
            let transform = Tensor::f_from_slice(transform.as_flattened())?.f_reshape([1, 3, 3])?;
            let image = self.network.lock().unwrap().1.forward(&ws, &transform)?;
            let values = Vec::<f32>::try_from(image.f_flatten(0, -1)?)?;
            let channels = values.len() / (self.side * self.side);
            Ok(Image { channels, height: self.side, width: self.side, values })
        };
        inputs.iter().map(image).collect()
    }
}

fn report(name: &str, source: &dyn TensorSource) -> Result<()> {
    let config = source.config();
    let (side, num_ws, (z_dim, _, _)) = (config.image().0, config.num_ws(), config.dims());
    let network = Mutex::new(load_composed(source, Device::Cpu, Precision::F32)?);
    let composed = Timed(Composed { network, side, num_ws, z_dim }, Mutex::default());
    let ours = |precision| -> Result<_> {
        Ok(Timed(Generator::load(source, Device::Cpu, precision)?, Mutex::default()))
    };
    let exact = ours(Precision::F32)?;
    figures(&format!("{name} f32"), &exact, &exact.1, side, SAMPLES.0)?;
    let rounded = Precision::Bf16.check(Device::Cpu).is_ok();
    let rounded = rounded.then(|| ours(Precision::Bf16)).transpose()?;
    if let Some(rounded) = &rounded {
        figures(&format!("{name} bf16"), rounded, &rounded.1, side, SAMPLES.0)?;
    }
    figures(&format!("{name} f32"), &exact, &exact.1, side, SAMPLES.1)?;
    figures(&format!("{name} composed"), &composed, &composed.1, side, SAMPLES.1)?;
    pictures(&format!("{name}: f32"), &exact, &composed)?;
    if let Some(rounded) = &rounded {
        pictures(&format!("{name}: bf16"), rounded, &composed)?;
    }
    Ok(())
}

/// Figures with standard errors, and the time over that of the synthesis alone.
fn figures(
    name: &str,
    subject: &dyn Subject,
    spent: &Mutex<(f64, u32)>,
    side: usize,
    samples: u32,
) -> Result<()> {
    *spent.lock().unwrap() = (0.0, 0);
    let start = Instant::now();
    let mut columns = vec![Vec::new(); Measure::ALL.len()];
    let seeds: Vec<u32> = (0..samples).collect();
    for seeds in seeds.chunks(BATCH) {
        let samples: Vec<Sample> =
            seeds.iter().map(|&seed| Sample::of_seed(subject, seed)).collect::<Result<_>>()?;
        let sums = measure(subject, side, &Measure::ALL, &samples)?;
        for (i, column) in columns.iter_mut().enumerate() {
            column.push(sums.iter().map(|sums| sums[i]).sum::<Sums>());
        }
    }
    let (synthesis, images) = *spent.lock().unwrap();
    print!("{name}, {samples} samples:");
    for (measure, column) in Measure::ALL.iter().zip(&columns) {
        let (db, error) = figure(column);
        let error = error.map_or(String::new(), |error| format!(" +- {error:.2}"));
        print!(" {} {db:.2}{error} dB,", measure.name().to_uppercase());
    }
    let ratio = start.elapsed().as_secs_f64() / synthesis;
    println!(
        " {images} images of {:.3} s, {ratio:.2} times that in all",
        synthesis / f64::from(images)
    );
    Ok(())
}

/// How near the pictures of two are, over two seeds: PSNR of a range of 2.
fn pictures(name: &str, a: &dyn Subject, b: &dyn Subject) -> Result<()> {
    let mut sums = Vec::new();
    for seed in 0..2 {
        let ws = a.latents(seed)?;
        let [a, b] = [a, b].map(|subject| subject.images(&[(&ws, STILL)]));
        for (a, b) in a?.iter().zip(&b?) {
            sums.push(Sums::compare(a, b, &Mask(vec![true; a.width * a.height])));
        }
    }
    println!("{name} against composed: pictures differ by {:.1} dB", figure(&sums).0);
    Ok(())
}
