//! Seconds of training on this machine: of each phase, and for a thousand images.
//!
//!     cargo bench --bench train -- [PRESET] [SIDE] [CHANNEL_BASE] [CHANNEL_MAX] [BATCH]
//!
//! The default is `stylegan3-t 64 2048 64 8`. The images are noise; augmentation is off.

#![allow(clippy::print_stdout, reason = "a benchmark is a program, not the library")]

use std::time::Instant;

use sg3render::Result;
use sg3render::dataset::{Dataset, Writer, encode};
use sg3render::network::discriminator::Discriminator;
use sg3render::network::processes::Group;
use sg3render::network::trainable::{Noise, Trainable};
use sg3render::signal::Draws;
use sg3render::train::order::Order;
use sg3render::train::settings::{Augment, Settings};
use sg3render::train::state::State;
use sg3render::train::step::{Source, step};
use sg3render::train::{Preset, Request, losses};
use tch::{Device, Kind, Tensor};

const REPEATS: usize = 5;

fn main() -> Result<()> {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let number = |i: usize, otherwise: usize| {
        given.get(i).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (side, batch) = (number(1, 64), number(4, 8));
    let folder = std::env::temp_dir().join(format!("sg3render-bench-{}", std::process::id()));
    let images = noise(&folder, side)?;
    let request = Request {
        preset: Preset::find(given.first().map_or("stylegan3-t", String::as_str))?,
        batch,
        batch_gpu: None,
        gamma: None,
        augment: Augment::None,
        pipe: "bgc".parse().unwrap_or_else(|_| unreachable!("a known group")),
        mirror: false,
        hold_out: 0,
        freeze_d: 0,
        seed: 1,
        channels: (Some(number(2, 2048)), Some(number(3, 64))),
        conditional: false,
        transfer: None,
        half: false,
    };
    let settings = request.resolve(&images)?;
    let state = State::new(&settings, Device::Cpu)?;
    let parts = [
        ("generator, forward", forward(&settings, &state, batch)?),
        ("generator's phase", generator(&settings, &state, batch)?),
        ("discriminator, forward and backward", discriminator(&settings, &state, batch)?),
        ("R1", r1(&settings, &state, batch)?),
    ];
    for (name, seconds) in parts {
        println!("{name}: {:.1} ms", seconds * 1e3);
    }
    let group = Group::alone();
    let source = Source {
        images: &images,
        order: Order::new(1, images.len()),
        held_out: None,
        device: Device::Cpu,
        group: &group,
    };
    let mut state = state;
    // One with all phases, then those without regularisation.
    let mut with = f64::INFINITY;
    for _ in 0..2 {
        state.counters.step = 0;
        with = with.min(timed(|| step(&mut state, &settings, &source))?);
    }
    state.counters.step = 1;
    let mut plain: Vec<f64> = Vec::new();
    let before = processor_seconds();
    for _ in 0..REPEATS {
        state.counters.step = 1;
        plain.push(timed(|| step(&mut state, &settings, &source))?);
    }
    let busy = (processor_seconds() - before) / REPEATS as f64;
    plain.sort_by(f64::total_cmp);
    let plain = plain[REPEATS / 2];
    let interval = f64::from(settings.r1_interval);
    let mean = ((interval - 1.0) * plain + with) / interval;
    println!(
        "iteration: {:.1} ms ({:.1} ms of processor time), with regularisation {:.1} ms; {:.1} s/kimg",
        plain * 1e3,
        busy * 1e3,
        with * 1e3,
        mean / batch as f64 * 1e3
    );
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}

fn noise(folder: &std::path::Path, side: usize) -> Result<Dataset> {
    std::fs::create_dir_all(folder).map_err(|e| sg3render::Error::io("create", folder, e))?;
    let path = folder.join("set.zip");
    let mut writer = Writer::create(&path, true)?;
    for n in 0..16 {
        let mut draws = Draws::new(n, 0, 0);
        let pixels: Vec<u8> = (0..3 * side * side).map(|_| draws.below(256) as u8).collect();
        writer.add(&encode(side, 3, &pixels)?, None)?;
    }
    writer.finish()?;
    Dataset::open(&path)
}

/// Processor time of this program: on a busy machine a fairer measure than the clock.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses: the 12th and 13th fields, in hundredths.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

/// The median of several, after one that warms caches.
fn median(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    work()?;
    let mut times = (0..REPEATS).map(|_| timed(&mut work)).collect::<Result<Vec<_>>>()?;
    times.sort_by(f64::total_cmp);
    Ok(times[REPEATS / 2])
}

fn generate(settings: &Settings, state: &State, batch: usize, fixed: bool) -> Result<Tensor> {
    let g = Trainable::new(&settings.generator, &state.g, fixed, false)?;
    let z = Tensor::randn(
        [batch as i64, settings.generator.dims().0 as i64],
        (Kind::Float, Device::Cpu),
    );
    let ws = g.map(&z, None, None)?.unsqueeze(1);
    g.synthesise(&ws.repeat([1, settings.generator.num_ws() as i64, 1]), &Noise::Constant, None)
}

fn forward(settings: &Settings, state: &State, batch: usize) -> Result<f64> {
    let _no_grad = tch::no_grad_guard();
    median(|| generate(settings, state, batch, true).map(drop))
}

fn generator(settings: &Settings, state: &State, batch: usize) -> Result<f64> {
    median(|| {
        let images = generate(settings, state, batch, false)?;
        let d = Discriminator::new(&settings.discriminator, &state.d, true, false)?;
        let loss = losses::generator(&d.forward(&images, None)?)?;
        state.g.gradient(&loss).map(drop)
    })
}

fn images(settings: &Settings, batch: usize) -> Tensor {
    let side = settings.discriminator.img_resolution as i64;
    Tensor::randn([batch as i64, 3, side, side], (Kind::Float, Device::Cpu))
}

fn discriminator(settings: &Settings, state: &State, batch: usize) -> Result<f64> {
    let images = images(settings, batch);
    median(|| {
        let d = Discriminator::new(&settings.discriminator, &state.d, false, false)?;
        state.d.gradient(&losses::real(&d.forward(&images, None)?)?).map(drop)
    })
}

fn r1(settings: &Settings, state: &State, batch: usize) -> Result<f64> {
    let images = images(settings, batch).set_requires_grad(true);
    median(|| {
        let d = Discriminator::new(&settings.discriminator, &state.d, false, false)?;
        let penalty = losses::r1(&d.forward(&images, None)?, &images)?;
        state.d.gradient(&penalty.mean(Kind::Float)).map(drop)
    })
}
