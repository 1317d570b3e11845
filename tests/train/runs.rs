//! Whole trainings of tiny networks.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sg3render::dataset::{Dataset, Writer, encode};
use sg3render::network::discriminator::Discriminator;
use sg3render::network::processes::Group;
use sg3render::network::trainable::{Noise, Trainable};
use sg3render::network::{Config, StyleGan2Config, StyleGan3Config};
use sg3render::progress::{Progress, Status};
use sg3render::signal::Draws;
use sg3render::train::draws::{Phase, Purpose, of};
use sg3render::train::preset::{Blur, Channels, Generator, PathLength};
use sg3render::train::settings::{Augment, Request, Settings};
use sg3render::train::state::State;
use sg3render::train::stats::Tick;
use sg3render::train::transfer::{Fitted, transfer};
use sg3render::train::{Options, Preset, Watch, checkpoint, run};
use sg3render::weights::{NetworkFile, Part};
use sg3render::{Error, Result};
use tch::{Device, Kind, Tensor};

/// Images in an iteration.
const BATCH: usize = 4;

/// Listens, and stops a training after so many iterations.
struct Stop(AtomicU64);

impl Progress for Stop {
    fn update(&self, _: &Status) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) > 0
    }
    fn note(&self, _: &str) {}
}

impl Watch for Stop {
    fn begun(&self, _: u64) {}
    fn tick(&self, tick: &Tick) {
        assert!(tick.figures().iter().all(|(_, value)| value.is_finite()));
    }
    fn saved(&self, _: u64, path: &Path) {
        assert!(path.exists());
    }
    fn look(&self, _: u64, network: &Path) -> Result<Vec<(String, f64)>> {
        assert!(network.exists());
        Ok(Vec::new())
    }
    fn measured(&self, _: u64, _: &Path, _: &[(String, f64)]) {}
    fn fitted(&self, _: &Fitted) {}
}

const ENDLESS: u64 = 1 << 60;

/// Smooth blobs, in two classes.
fn images(folder: &Path, side: usize, channels: usize, count: usize) -> Dataset {
    images_of(folder, side, channels, (0..count as u64).collect())
}

/// Those of some numbers.
fn images_of(folder: &Path, side: usize, channels: usize, numbers: Vec<u64>) -> Dataset {
    let path = folder.join("set.zip");
    let mut writer = Writer::create(&path, true).unwrap();
    for (n, number) in numbers.into_iter().enumerate() {
        let mut draws = Draws::new(9, 0, number);
        let (x, y) = (draws.uniform() * side as f64, draws.uniform() * side as f64);
        let level = |i: usize| {
            let (dx, dy) = ((i % side) as f64 - x, (i / side) as f64 - y);
            (255.0 * (-(dx * dx + dy * dy) / side as f64).exp()) as u8
        };
        let pixels = (0..side * side).flat_map(|i| vec![level(i); channels]).collect::<Vec<u8>>();
        writer.add(&encode(side, channels, &pixels).unwrap(), Some(n as u32 % 2)).unwrap();
    }
    writer.finish().unwrap();
    Dataset::open(&path).unwrap()
}

fn tiny() -> Preset {
    Preset::find("tests/train/tiny.ron").unwrap()
}

fn request(preset: Preset) -> Request {
    Request {
        preset,
        batch: BATCH,
        batch_gpu: None,
        gamma: None,
        augment: Augment::Ada,
        pipe: "bgcfnc".parse().unwrap(),
        mirror: false,
        hold_out: 0,
        freeze_d: 0,
        seed: 5,
        channels: (None, None),
        conditional: false,
        transfer: None,
        half: false,
    }
}

fn options(out: PathBuf, steps: u64, resume: bool) -> Options {
    let images = steps * BATCH as u64;
    Options { out, images, tick: 8, snap: ENDLESS, keep: 1, resume, transfer: None }
}

fn train(set: &Dataset, settings: &Settings, options: &Options, stop: u64) -> Result<Vec<u8>> {
    run(set, settings, options, Device::Cpu, &Group::alone(), &Stop(AtomicU64::new(stop)))?;
    let all = checkpoint::list(&options.out)?;
    assert_eq!(all.len(), 1);
    Ok(fs::read(&all[0].1).unwrap())
}

/// Runs `steps` at once, and in two parts.
fn resumes_exactly(set: &Dataset, settings: &Settings, steps: u64) {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let whole = train(set, settings, &options(out("whole"), steps, false), ENDLESS).unwrap();
    let stopped = train(set, settings, &options(out("parts"), steps, false), steps / 2);
    assert_eq!(stopped.unwrap_err().exit_code(), 130);
    let parts = train(set, settings, &options(out("parts"), steps, true), ENDLESS).unwrap();
    assert!(whole == parts, "the checkpoints differ");
    // The figures are those of one run, too, but for time and memory.
    let figures = |name: &str| -> Vec<(u64, f64)> {
        let text = fs::read_to_string(out(name).join("stats.jsonl")).unwrap();
        let line = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
        let figure = |line: serde_json::Value| {
            (line["images"].as_u64().unwrap(), line["augment_p"].as_f64().unwrap())
        };
        text.lines().map(line).map(figure).collect()
    };
    assert_eq!(figures("whole"), figures("parts"));
    assert!(figures("whole").len() as u64 >= steps * BATCH as u64 / 8);
}

#[test]
fn an_alias_free_training_resumes_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let set = images(folder.path(), 16, 3, 10);
    let settings = request(tiny()).resolve(&set).unwrap();
    resumes_exactly(&set, &settings, 10);
}

/// Configuration R with its blur, in parts of a batch, with classes, flips and frozen layers.
#[test]
fn a_training_with_everything_resumes_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let set = images(folder.path(), 16, 1, 7);
    let mut preset = tiny();
    preset.blur = Some(Blur { sigma: 2.0, fade_kimg: 0.2 });
    let Generator::StyleGan3(c) = &mut preset.generator else { panic!("the tiny one is") };
    (c.conv_kernel, c.use_radial_filters) = (1, true);
    let settings = Request {
        batch_gpu: Some(2),
        mirror: true,
        conditional: true,
        freeze_d: 3,
        augment: Augment::Fixed(0.8),
        ..request(preset)
    };
    resumes_exactly(&set, &settings.resolve(&set).unwrap(), 6);
}

#[test]
fn a_training_of_stylegan2_resumes_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let set = images(folder.path(), 16, 3, 9);
    let mut preset = tiny();
    let config =
        StyleGan2Config { z_dim: 16, w_dim: 16, mapping_layers: 2, ..StyleGan2Config::default() };
    preset.generator = Generator::StyleGan2(config);
    preset.path_length = Some(PathLength { weight: 2.0, interval: 2, decay: 0.01 });
    preset.mixing = 0.9;
    resumes_exactly(&set, &request(preset).resolve(&set).unwrap(), 6);
}

/// With deviations measured sample by sample, parts of a batch sum up to the batch.
#[test]
fn gradients_accumulate() {
    let folder = tempfile::tempdir().unwrap();
    let set = images(folder.path(), 16, 3, 9);
    let moments = |batch_gpu| {
        let asked =
            Request { batch_gpu: Some(batch_gpu), augment: Augment::None, ..request(tiny()) };
        let mut settings = asked.resolve(&set).unwrap();
        settings.discriminator.mbstd_group_size = 1;
        let out = folder.path().join(batch_gpu.to_string());
        train(&set, &settings, &options(out.clone(), 1, false), ENDLESS).unwrap();
        let (state, _) =
            checkpoint::load(&checkpoint::list(&out).unwrap()[0].1, Device::Cpu).unwrap();
        [state.adam_g.second_moment, state.adam_d.second_moment]
    };
    for (whole, parts) in moments(4).iter().zip(&moments(1)) {
        let error = super::golden::relative(parts, whole);
        // The magnitudes are averaged over other batches.
        assert!(error < 1e-2, "{error}");
    }
}

/// Against means of images that the discriminator judges one by one; and whatever is held out makes no
/// difference to the training.
#[test]
fn overfitting_is_measured_with_images_that_are_held_out() {
    const IMAGES: usize = 12;
    const HELD_OUT: usize = 6;
    let seed = request(tiny()).seed;
    let order = Draws::new(seed, Purpose::HeldOut as u32, 0).permutation(IMAGES);
    let (trained_on, held_out) = order.split_at(IMAGES - HELD_OUT);
    let run = |others: u64| {
        let folder = tempfile::tempdir().unwrap();
        let number = |n: usize| n as u64 + if held_out.contains(&n) { others } else { 0 };
        let set = images_of(folder.path(), 16, 3, (0..IMAGES).map(number).collect());
        let request = Request { augment: Augment::None, hold_out: HELD_OUT, ..request(tiny()) };
        let mut settings = request.resolve(&set).unwrap();
        settings.discriminator.mbstd_group_size = 1;
        let out = folder.path().join("run");
        train(&set, &settings, &options(out.clone(), 30, false), ENDLESS).unwrap();
        let (_, path) = checkpoint::list(&out).unwrap().remove(0);
        let (state, _) = checkpoint::load(&path, Device::Cpu).unwrap();
        let log = fs::read_to_string(out.join("stats.jsonl")).unwrap();
        let last: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        (set, settings, state, last["r_v"].as_f64().unwrap(), folder)
    };
    let (set, settings, state, r_v, _folder) = run(0);
    // The second training, too, is begun where gradients are switched off.
    let _no_grad = tch::no_grad_guard();
    let d = Discriminator::new(&settings.discriminator, &state.d, true, false).unwrap();
    let mean = |images: Vec<Tensor>| {
        let logits =
            images.iter().map(|image| d.forward(image, None).unwrap().double_value(&[0, 0]));
        logits.sum::<f64>() / images.len() as f64
    };
    let real = |n: &usize| {
        let pixels = Tensor::from_slice(&set.image(*n).unwrap()).reshape([1, 3, 16, 16]);
        pixels.to_kind(Kind::Float) / 127.5 - 1.0
    };
    let g = Trainable::new(&settings.generator, &state.g, true, false).unwrap();
    let generated = |n: usize| {
        let z = of(seed, Purpose::Latent, Phase::Validation, n as u64).normal_values(16);
        let w = g.map(&Tensor::from_slice(&z).reshape([1, 16]), None, None).unwrap();
        let ws = w.unsqueeze(1).repeat([1, settings.generator.num_ws() as i64, 1]);
        g.synthesise(&ws, &Noise::Constant, None).unwrap()
    };
    let train = mean(trained_on.iter().map(real).collect());
    let validation = mean(held_out.iter().map(real).collect());
    let expected = (train - validation) / (train - mean((0..HELD_OUT).map(generated).collect()));
    assert!((r_v - expected).abs() < 1e-4 * expected.abs().max(1.0), "{r_v} {expected}");

    let (_, _, other, other_r_v, _folder) = run(1000);
    for ((name, tensor), (_, other)) in state.tensors().into_iter().zip(other.tensors()) {
        assert!(tensor.equal(other), "{name}");
    }
    assert!(r_v != other_r_v);
    let all = Request { hold_out: IMAGES, ..request(tiny()) }.resolve(&set);
    assert_eq!(all.unwrap_err().exit_code(), 64);
}

#[test]
fn augmentation_adapts() {
    let folder = tempfile::tempdir().unwrap();
    let set = images(folder.path(), 16, 3, 4);
    let settings = request(tiny()).resolve(&set).unwrap();
    let mut state = State::new(&settings, Device::Cpu).unwrap();
    // 16 images of 100 in which p could go from 0 to 1.
    for (sign, p) in [(1.0, 0.16), (1.0, 0.32), (0.6, 0.32), (0.5, 0.16), (-1.0, 0.0), (-1.0, 0.0)]
    {
        state.counters.signs = (sign * 16.0, 16);
        assert_eq!(state.adapt(&settings, 4), Some(sign));
        assert!((state.counters.p - p).abs() < 1e-12, "{sign}: {}", state.counters.p);
    }
    assert_eq!(state.adapt(&settings, 4), None);
}

#[test]
fn another_run_is_not_overwritten_nor_mixed_up() {
    let folder = tempfile::tempdir().unwrap();
    let set = images(folder.path(), 16, 3, 4);
    let settings = request(tiny()).resolve(&set).unwrap();
    let out = folder.path().join("run");
    train(&set, &settings, &options(out.clone(), 1, false), ENDLESS).unwrap();
    let again = train(&set, &settings, &options(out.clone(), 1, false), ENDLESS).unwrap_err();
    assert!(again.exit_code() == 64 && again.to_string().contains("--resume"), "{again}");
    let other = Settings { gamma: 3.0, ..settings };
    let mixed = train(&set, &other, &options(out, 2, true), ENDLESS).unwrap_err();
    assert!(mixed.exit_code() == 64 && mixed.to_string().contains("`gamma`"), "{mixed}");
}

#[test]
fn checkpoints_are_networks_too() {
    let folder = tempfile::tempdir().unwrap();
    let set = images(folder.path(), 16, 3, 4);
    let settings = request(tiny()).resolve(&set).unwrap();
    let out = folder.path().join("run");
    train(&set, &settings, &options(out.clone(), 2, false), ENDLESS).unwrap();
    let path = &checkpoint::list(&out).unwrap()[0].1;
    for part in [Part::GEma, Part::G, Part::D] {
        let file = NetworkFile::open(path, part).unwrap();
        assert_eq!(file.facts().parts, [Part::GEma, Part::G, Part::D]);
        assert_eq!(file.config().is_ok(), part != Part::D);
        let expected = match part {
            Part::D => settings.discriminator.tensors(),
            _ => settings.generator.tensors(),
        };
        assert_eq!(file.tensors().count(), expected.len(), "{part}");
        assert!(expected.iter().all(|spec| file.shape(&spec.name) == Some(&spec.shape)));
    }
    // The network that is kept beside it is the averaged one.
    let network =
        NetworkFile::open(&out.join("network-000000008.safetensors"), Part::GEma).unwrap();
    let both = NetworkFile::open(path, Part::GEma).unwrap();
    for (name, ..) in network.tensors() {
        assert_eq!(network.read_f32(name).unwrap(), both.read_f32(name).unwrap(), "{name}");
    }
}

/// Networks of the published release, discriminator included.
#[test]
fn published_networks_can_be_gone_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let set = images(folder.path(), 64, 3, 2);
    let wide = Channels { up_to_256: 1024, above: 1024, most: 32 };
    let preset = Preset { generator_channels: wide, discriminator_channels: wide, ..tiny() };
    let of = |generator: Generator| {
        let preset = Preset { generator, ..preset.clone() };
        request(preset).resolve(&set).unwrap()
    };
    let t = StyleGan3Config { z_dim: 64, w_dim: 64, ..StyleGan3Config::default() };
    let settings = of(Generator::StyleGan3(t.clone()));
    let state = State::new(&settings, Device::Cpu).unwrap();
    let path = Path::new("tests/golden/stylegan3-t-tiny.pkl");
    for fitted in transfer(path, &state).unwrap() {
        assert_eq!(fitted.tensors.0, fitted.tensors.1, "{}", fitted.describe());
        assert!(fitted.left.is_empty());
    }
    for (part, network) in [(Part::G, &state.g), (Part::D, &state.d), (Part::GEma, &state.g_ema)] {
        let from =
            NetworkFile::open(path, part).or_else(|_| NetworkFile::open(path, Part::GEma)).unwrap();
        for spec in network.specs() {
            let ours = network.get(&spec.name).unwrap().detach().flatten(0, -1);
            let expected = from.read_f32(&spec.name).unwrap();
            let near = Vec::<f32>::try_from(ours).unwrap().iter().zip(&expected).all(|(a, b)| {
                // Filters are designed anew.
                (a - b).abs() <= if spec.name.ends_with("_filter") { 1e-6 } else { 0.0 }
            });
            assert!(near, "{part} {}", spec.name);
        }
    }
    // Half as long a latent: some tensors fit, and those that do not are named.
    let settings = of(Generator::StyleGan3(StyleGan3Config { z_dim: 32, ..t }));
    let state = State::new(&settings, Device::Cpu).unwrap();
    let fitted = transfer(path, &state).unwrap();
    assert_eq!(fitted[0].left, ["mapping.fc0.weight"]);
    assert!(fitted[0].describe().contains("new: `mapping.fc0.weight`"));
    // Another kind: nothing does.
    let settings = of(Generator::StyleGan2(StyleGan2Config {
        z_dim: 32,
        w_dim: 16,
        ..StyleGan2Config::default()
    }));
    let error = transfer(path, &State::new(&settings, Device::Cpu).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error}");
}

#[test]
fn published_settings() {
    let folder = tempfile::tempdir().unwrap();
    let set = images(folder.path(), 64, 3, 2);
    for (name, parameters) in [("stylegan3-t", 23_320_443), ("stylegan3-r", 15_779_565)] {
        let (config, _) = Preset::find(name).unwrap().networks((256, 3, 0), (None, None));
        assert_eq!(config.parameters(), parameters, "{name}");
    }
    for (name, side, batch, gamma) in [
        ("stylegan3-t", 64, 32, 0.125),
        ("stylegan3-r", 64, 8, 0.5),
        ("stylegan2", 64, 32, 10.0 / 256.0),
    ] {
        assert_eq!(set.side(), side);
        let request = Request { batch, ..request(Preset::find(name).unwrap()) };
        let settings = request.resolve(&set).unwrap();
        assert!((settings.gamma - gamma).abs() < 1e-12, "{name}: {}", settings.gamma);
        assert_eq!(matches!(settings.generator, Config::StyleGan2(_)), name == "stylegan2");
    }
    let error = Preset::find("stylegan3-q").unwrap_err();
    assert!(error.to_string().contains("did you mean `stylegan3-"), "{error}");
    let odd = Request { batch_gpu: Some(3), ..request(tiny()) };
    assert_eq!(odd.resolve(&set).unwrap_err().exit_code(), 64);
}
