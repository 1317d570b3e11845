//! Frames made of several syntheses, and canvases that are not the trained square, against slow obvious
//! versions.
#![cfg(feature = "torch")]

#[path = "untrained/mod.rs"]
mod untrained;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sg3render::Result;
use sg3render::encode::{Depth, Picture, Samples, Sink};
use sg3render::metrics::Image;
use sg3render::network::device::Precision;
use sg3render::network::generator::{load, load_composed};
use sg3render::network::{Config, StyleGan2Config, StyleGan3Config, TensorSource};
use sg3render::progress::Silent;
use sg3render::render::{Generator, Job, OnCanvas, Project, run, still};
use sg3render::schedule::FrameInput;
use sg3render::signal::randn;
use sg3render::timeline::Overrides;
use sg3render::weights::{Contents, NetworkFile, Part, write};
use tch::{Device, Kind, Tensor};
use untrained::Untrained;

const NETWORKS: [&str; 2] = ["stylegan3-t-tiny", "stylegan3-r-tiny"];

/// A timeline of a tiny network, moving; `more` are fields of it.
fn project(network: &str, more: &str) -> Project {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{network}.pkl"));
    let text = format!(
        "(model: {model:?}, duration: 6, seeds: [1, 2], output: (preset: \"exr\"),
          camera: (translate: [(at: 0, value: (0, 0)), (at: 6, value: (0.1, 0.05))]), {more})"
    );
    Project::read(Path::new("pictures.ron"), text, None, &Overrides::default()).unwrap()
}

fn generators(project: &Project) -> Vec<Generator> {
    project.generators(Device::Cpu, Precision::F32).unwrap()
}

/// Keeps what it is given.
struct Kept(Depth, Arc<Mutex<Vec<Picture>>>);

impl Sink for Kept {
    fn depth(&self) -> Depth {
        self.0
    }
    fn write(&mut self, picture: &Picture) -> Result<()> {
        self.1.lock().unwrap().push(picture.clone());
        Ok(())
    }
    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
}

fn rendered(project: &Project, depth: Depth, batch: usize, stride: u64) -> Vec<Picture> {
    let generators = generators(project);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let job = Job {
        film: &project.film(&generators).unwrap(),
        generators: &generators,
        canvas: project.resolved.canvas,
        grid: project.resolved.grid.as_ref(),
        frames: 0..project.resolved.frames,
        stride,
        batch,
    };
    run(&job, Box::new(Kept(depth, Arc::clone(&kept))), &Silent).unwrap();
    let pictures = kept.lock().unwrap();
    pictures.clone()
}

fn floats(picture: &Picture) -> &[f32] {
    let Samples::F32(values) = &picture.samples else { panic!("asked for float32") };
    values
}

fn light(v: f32) -> f64 {
    let v = f64::from(v);
    let a = v.abs();
    (if a <= 0.04045 { a / 12.92 } else { ((a + 0.055) / 1.055).powf(2.4) }).copysign(v)
}

fn largest(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn a_blurred_frame_is_the_average_of_stills() {
    let sharp = project(NETWORKS[0], "size: (50, 40)");
    let generators = generators(&sharp);
    for (written, opens, open, samples) in [
        ("(shutter: 180, samples: 4)", -0.25, 0.5, 4),
        ("(shutter: 360, phase: 0, samples: 3)", 0.0, 1.0, 3),
    ] {
        let blurred = project(NETWORKS[0], &format!("size: (50, 40), motion_blur: {written}"));
        let frames = rendered(&blurred, Depth::F32, 2, 1);
        assert_eq!(frames.len(), 6);
        // Frame 0 looks at times before the start, which `still` has none of.
        for frame in &frames[1..3] {
            let stills: Vec<_> = (0..samples)
                .map(|i| {
                    let part = (f64::from(i) + 0.5) / f64::from(samples);
                    let time = frame.index as f64 + opens + open * part;
                    still(&sharp, &generators, time, Depth::F32).unwrap()
                })
                .collect();
            let average = |i: usize| {
                let sum: f64 = stills.iter().map(|still| light(floats(still)[i])).sum();
                sum / f64::from(samples)
            };
            let values = floats(frame).iter().enumerate();
            let error = largest(values.map(|(i, v)| (light(*v), average(i))));
            assert!(error < 1e-5, "{error}");
        }
        // Each frame alone is the same, to the last bit.
        let alone = still(&blurred, &generators, 2.0, Depth::F32).unwrap();
        assert_eq!(alone, frames[2]);
    }
}

#[test]
fn a_grid_shows_its_cells() {
    let cells = "cells: [5, (seeds: [8, 9]), (psi: 0.4)]";
    let wall = project(NETWORKS[1], &format!("grid: (columns: 2, gap: 4, {cells})"));
    let frames = rendered(&wall, Depth::U8, 1, 1);
    assert_eq!((frames[0].width, frames[0].height), (132, 132));
    for (cell, more) in [
        (0, "latent: (keys: [(at: 0, seed: 5)])"),
        (1, "seeds: [8, 9]"),
        (2, "psi: 0.4, seeds: [1, 2]"),
    ] {
        let model = format!("{}/tests/golden/{}.pkl", env!("CARGO_MANIFEST_DIR"), NETWORKS[1]);
        let text = format!(
            "(model: {model:?}, duration: 6, output: (preset: \"png\"), {more},
              camera: (translate: [(at: 0, value: (0, 0)), (at: 6, value: (0.1, 0.05))]))"
        );
        let alone = Project::read(Path::new("a.ron"), text, None, &Overrides::default()).unwrap();
        let alone = rendered(&alone, Depth::U8, 1, 1);
        let (left, top) = (68 * (cell % 2), 68 * (cell / 2));
        for (whole, alone) in frames.iter().zip(&alone) {
            let (Samples::U8(whole), Samples::U8(alone)) = (&whole.samples, &alone.samples) else {
                panic!("asked for 8 bits")
            };
            for y in 0..64 {
                let row = &whole[3 * ((top + y) * 132 + left)..][..3 * 64];
                assert_eq!(row, &alone[3 * 64 * y..][..3 * 64], "cell {cell}, row {y}");
            }
        }
    }
}

#[test]
fn a_draft_is_every_fourth_frame_smaller() {
    let whole = project(NETWORKS[0], "motion_blur: (samples: 3), size: (50, 40)");
    let mut draft = project(NETWORKS[0], "motion_blur: (samples: 3), size: (50, 40)");
    draft.shrink(4);
    assert_eq!((whole.size(), draft.size()), ((50, 40), (13, 10)));
    let frames = rendered(&draft, Depth::U8, 1, 4);
    assert_eq!(frames.iter().map(|frame| frame.index).collect::<Vec<_>>(), [0, 4]);
    let small = project(NETWORKS[0], "size: (13, 10)");
    let frame = still(&small, &generators(&small), 4.0, Depth::U8).unwrap();
    assert_eq!(frame, frames[1]);
}

/// Clips of one network upon two canvases are those that films of their own would be.
#[test]
fn clips_have_canvases() {
    let seeds = "duration: 6, seeds: [1, 2]";
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stylegan3-t-tiny.pkl");
    let read = |text: &str| {
        let text = format!(
            "(model: {model:?}, duration: 6, output: (preset: \"exr\"), size: (96, 48), {text})"
        );
        Project::read(Path::new("pictures.ron"), text, None, &Overrides::default()).unwrap()
    };
    let film = read(&format!(
        "canvas: (96, 48), tracks: [[(source: ({seeds}), out: 3),
          (source: (canvas: (80, 40), {seeds}), in: 3)]]"
    ));
    // It is one network, by which chunks and proofs know the film.
    let plain = read("seeds: [1, 2]").model_sha256().unwrap();
    assert_eq!((film.networks().count(), film.model_sha256().unwrap()), (1, plain));
    let film = rendered(&film, Depth::F32, 2, 1);
    let apart = ["canvas: (96, 48)", "canvas: (80, 40)"]
        .map(|canvas| rendered(&read(&format!("{canvas}, seeds: [1, 2]")), Depth::F32, 2, 1));
    for (i, picture) in film.iter().enumerate() {
        assert_eq!((picture.width, picture.height), (96, 48));
        let [own, other] = [i / 3, 1 - i / 3].map(|of| floats(&apart[of][i]));
        assert!(floats(picture) == own, "frame {i}");
        assert!(floats(picture) != other, "frame {i}");
    }
}

#[test]
fn a_canvas_gives_its_pictures_size() {
    for (canvas, size) in [((96, 48), (96, 48)), ((33, 80), (33, 80)), ((64, 64), (64, 64))] {
        let project = project(NETWORKS[0], &format!("canvas: {canvas:?}"));
        assert_eq!(project.size(), size);
        let frame = still(&project, &generators(&project), 0.0, Depth::F32).unwrap();
        assert_eq!((frame.width, frame.height), size);
    }
}

/// What lies in the middle of an image.
fn middle(image: &Image, width: usize, height: usize) -> Vec<f32> {
    let (left, top) = ((image.width - width) / 2, (image.height - height) / 2);
    let mut values = Vec::new();
    for channel in image.values.chunks_exact(image.width * image.height) {
        for row in channel.chunks_exact(image.width).skip(top).take(height) {
            values.extend(&row[left..left + width]);
        }
    }
    values
}

fn image(source: &dyn TensorSource, canvas: Option<(u32, u32)>, precision: Precision) -> Image {
    let source = OnCanvas::new(source, canvas).unwrap();
    let generator = Generator::load(&source, Device::Cpu, precision).unwrap();
    let (num_ws, w_dim) = (source.config().num_ws(), source.config().dims().2);
    let ws = randn(5, num_ws * w_dim).into_iter().map(|w| w as f32).collect();
    let transform = [[1.0, 0.0, 0.03], [0.0, 1.0, -0.02], [0.0, 0.0, 1.0]];
    let input = FrameInput { index: 0, ws, transform };
    generator.planes(&[input]).unwrap().remove(0)
}

/// Networks so shallow that what their borders do not see reaches but a part of the canvas. From the
/// border of a layer's input, its margin beyond the canvas, come the taps of the convolution and of the
/// two filters: `(k - 1) / 2 + n / 2` samples of the rate it takes and `n / 2` of the one it gives.
fn shallow(conv_kernel: usize, radial: bool) -> (Untrained, f64) {
    let config = StyleGan3Config {
        z_dim: 16,
        w_dim: 16,
        img_resolution: 64,
        channel_base: 512,
        channel_max: 24,
        num_layers: 4,
        num_critical: 1,
        first_cutoff: 8.0,
        first_stopband: 16.0,
        conv_kernel,
        use_radial_filters: radial,
        ..StyleGan3Config::default()
    };
    let margin = config.margin_size as f64;
    let mut reached = f64::NEG_INFINITY;
    for layer in config.layers() {
        let half = if layer.to_rgb { 0.0 } else { config.filter_size as f64 / 2.0 };
        let taps = (layer.conv_kernel as f64 - 1.0) / 2.0;
        let rates = (layer.in_sampling_rate as f64, layer.out_sampling_rate as f64);
        // Only the last two signals have no margin.
        let margin = if layer.in_size > layer.in_sampling_rate { margin } else { 0.0 };
        reached = reached.max(-margin / rates.0) + (taps + half + 0.5) / rates.0 + half / rates.1;
    }
    (Untrained::new(Config::StyleGan3(config)), reached)
}

#[test]
fn the_middle_of_a_larger_canvas_is_the_trained_one() {
    for (kernel, radial) in [(3, false), (1, true)] {
        let (network, reached) = shallow(kernel, radial);
        let side = 64 - 2 * (64.0 * reached).ceil() as usize;
        assert!((12..64).contains(&side), "nothing to compare: {reached}");
        let plain = image(&network, None, Precision::F32);
        let wanted = middle(&plain, side, side);
        let scale = wanted.iter().fold(0f32, |most, v| most.max(v.abs()));
        for canvas in [(128, 128), (256, 64), (64, 96), (200, 74), (48, 120)] {
            let extended = image(&network, Some(canvas), Precision::F32);
            assert_eq!((extended.width, extended.height), (canvas.0 as usize, canvas.1 as usize));
            if canvas.0 < 64 {
                // What a smaller canvas's own borders reach is another matter.
                continue;
            }
            let found = middle(&extended, side, side);
            let pairs = found.iter().zip(&wanted).map(|(a, b)| (f64::from(*a), f64::from(*b)));
            let error = largest(pairs) / f64::from(scale);
            assert!(error < 1e-5, "{kernel}x{kernel}, {canvas:?}: {error}");
        }
    }
}

#[test]
fn kernels_and_composed_operations_agree_on_any_canvas() {
    for name in NETWORKS {
        let path = PathBuf::from(format!("tests/golden/{name}.pkl"));
        let file = NetworkFile::open(&path, Part::default()).unwrap();
        let source = file.generator().unwrap();
        for canvas in [(112, 64), (40, 96), (65, 79)] {
            let source = OnCanvas::new(&source, Some(canvas)).unwrap();
            let (num_ws, w_dim) =
                (source.config().num_ws() as i64, source.config().dims().2 as i64);
            let ws: Vec<f32> =
                randn(9, (num_ws * w_dim) as usize).into_iter().map(|w| w as f32).collect();
            let ws = Tensor::from_slice(&ws).reshape([1, num_ws, w_dim]);
            let turned = [0.8f64, -0.6, 0.1, 0.6, 0.8, -0.2, 0.0, 0.0, 1.0];
            let transform = Tensor::from_slice(&turned).reshape([1, 3, 3]);
            let of = |(_, synthesis): (_, sg3render::network::generator::Synthesis)| {
                synthesis.forward(&ws, &transform).unwrap()
            };
            let kernels = of(load(&source, Device::Cpu, Precision::F32).unwrap());
            let composed = of(load_composed(&source, Device::Cpu, Precision::F32).unwrap());
            assert_eq!(kernels.size()[2..], [i64::from(canvas.1), i64::from(canvas.0)]);
            let difference = (&kernels - &composed).abs().max().double_value(&[]);
            let scale = composed.abs().max().double_value(&[]);
            assert!(difference < 2e-5 * scale.max(1.0), "{name} {canvas:?}: {difference}");
            assert!(composed.std(false).to_kind(Kind::Double).double_value(&[]) > 1e-3);
        }
    }
}

#[test]
fn a_canvas_of_a_stylegan2_is_refused() {
    let path = Path::new("tests/golden/stylegan2-tiny.pkl");
    let file = NetworkFile::open(path, Part::default()).unwrap();
    let source = file.generator().unwrap();
    assert!(OnCanvas::new(&source, Some((128, 64))).is_err());
    assert!(OnCanvas::new(&source, None).is_ok());
}

/// A network with alpha, and the same one without its fourth channel.
fn with_alpha(config: Config) -> [Untrained; 2] {
    let whole = Untrained::new(config);
    let mut colours = Untrained { config: whole.config.clone(), tensors: whole.tensors.clone() };
    match &mut colours.config {
        Config::StyleGan3(c) => c.img_channels = 3,
        Config::StyleGan2(c) => c.img_channels = 3,
    }
    colours.tensors.clear();
    for spec in colours.config.tensors() {
        // The last layer is called after its channels.
        let last = spec.name.replace("_3.", "_4.");
        let name = if whole.tensors.contains_key(&spec.name) { &spec.name } else { &last };
        let (shape, mut values) = whole.tensors[name].clone();
        if shape != spec.shape {
            assert_eq!((shape[0], spec.shape[0]), (4, 3), "{}", spec.name);
            values.truncate(spec.shape.iter().product());
        }
        colours.tensors.insert(spec.name, (spec.shape, values));
    }
    [whole, colours]
}

#[test]
fn a_network_with_alpha_has_the_colours_of_one_without() {
    let alias_free = |conv_kernel, use_radial_filters| {
        Config::StyleGan3(StyleGan3Config {
            z_dim: 8,
            w_dim: 8,
            img_resolution: 32,
            img_channels: 4,
            channel_base: 512,
            channel_max: 12,
            num_layers: 5,
            conv_kernel,
            use_radial_filters,
            ..StyleGan3Config::default()
        })
    };
    let stylegan2 = Config::StyleGan2(StyleGan2Config {
        z_dim: 8,
        w_dim: 8,
        img_resolution: 32,
        img_channels: 4,
        channel_base: 512,
        channel_max: 12,
        ..StyleGan2Config::default()
    });
    let folder = tempfile::tempdir().unwrap();
    for (i, config) in
        [alias_free(3, false), alias_free(1, true), stylegan2].into_iter().enumerate()
    {
        let [whole, colours] = with_alpha(config);
        let ws = randn(5, whole.config.num_ws() * 8).into_iter().map(|w| w as f32);
        let ws = Tensor::from_slice(&ws.collect::<Vec<_>>()).reshape([1, -1, 8]);
        let still = Tensor::eye(3, (Kind::Double, Device::Cpu)).unsqueeze(0);
        let of = |(_, synthesis): (_, sg3render::network::generator::Synthesis)| {
            synthesis.forward(&ws, &still).unwrap()
        };
        let kernels = |source: &Untrained| of(load(source, Device::Cpu, Precision::F32).unwrap());
        let made = kernels(&whole);
        assert_eq!(made.size(), [1, 4, 32, 32]);
        let scale = made.abs().max().double_value(&[]).max(1.0);
        let near = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]) < 2e-5 * scale;
        assert!(near(&made.narrow(1, 0, 3), &kernels(&colours)), "{i}");
        assert!(
            near(&made, &of(load_composed(&whole, Device::Cpu, Precision::F32).unwrap())),
            "{i}"
        );

        // The same through files, as films.
        let project = |name: &str, network: &Untrained, more: &str| {
            let path = folder.path().join(format!("{name}{i}.safetensors"));
            let shapes =
                network.tensors.iter().map(|(name, (shape, _))| (name.clone(), shape.clone()));
            let shapes = shapes.collect();
            let config = Some(&network.config);
            let contents =
                Contents { parts: &[Part::default()], config, shapes, ..Contents::default() };
            write(&path, contents, true, |name, numbers| numbers(&network.tensors[name].1))
                .unwrap();
            let text = format!(
                "(model: {path:?}, duration: 2, seeds: [1, 2], output: (preset: \"png\"), {more})"
            );
            Project::read(Path::new("pictures.ron"), text, None, &Overrides::default()).unwrap()
        };
        let (own, plain) = (project("rgba", &whole, ""), project("rgb", &colours, ""));
        assert!(own.stream().alpha && !plain.stream().alpha);
        let opaque = project("rgba", &whole, "alpha: opaque");
        assert!(!opaque.stream().alpha);
        for depth in [Depth::U8, Depth::F32] {
            let [own, plain, opaque] = [&own, &plain, &opaque].map(|p| rendered(p, depth, 1, 1));
            for ((own, plain), opaque) in own.iter().zip(&plain).zip(&opaque) {
                let numbers = |picture: &Picture| -> Vec<f64> {
                    match &picture.samples {
                        Samples::U8(samples) => samples.iter().map(|&v| v.into()).collect(),
                        Samples::F32(samples) => samples.iter().map(|&v| v.into()).collect(),
                        Samples::U16(_) => panic!("not asked for"),
                    }
                };
                let [own, plain, opaque] = [own, plain, opaque].map(numbers);
                let colours: Vec<f64> = own.chunks(4).flat_map(|p| p[..3].to_vec()).collect();
                // Another shape of the last layer may round otherwise.
                let most = if depth == Depth::U8 { 1.0 } else { 2e-5 * scale };
                assert!(largest(colours.iter().copied().zip(plain.iter().copied())) <= most);
                assert_eq!(colours, opaque);
                assert_eq!(own.len(), 4 * 32 * 32);
                let shares = own.iter().skip(3).step_by(4);
                assert!(shares.clone().any(|share| *share != own[3]), "one alpha everywhere");
            }
        }
        // Motion blur of a picture that stands, and another size, leave what is there.
        let still = |more: &str| {
            let fields = format!("psi: 0, size: (64, 48), fit: stretch, {more}");
            rendered(&project("rgba", &whole, &fields), Depth::F32, 1, 1).remove(0)
        };
        let (sharp, blurred) = (still(""), still("motion_blur: (samples: 3)"));
        assert_eq!(floats(&sharp), floats(&blurred));
    }
}

#[test]
fn a_cut_out_frame_is_the_opaque_one_and_its_matte() {
    let opaque = project(NETWORKS[0], "");
    let keyed = project(
        NETWORKS[0],
        "alpha: (key: luma, low: 0.3, high: [(at: 0, value: 0.5), (at: 5, value: 0.7)])",
    );
    assert!(keyed.stream().alpha && keyed.timeline_sha256() != opaque.timeline_sha256());
    let [plain, cut] = [&opaque, &keyed].map(|project| rendered(project, Depth::F32, 2, 1));
    for (frame, (plain, cut)) in plain.iter().zip(&cut).enumerate() {
        let high = 0.5 + 0.2 * frame as f64 / 5.0;
        for (rgb, rgba) in floats(plain).chunks(3).zip(floats(cut).chunks(4)) {
            assert_eq!(rgb, &rgba[..3]);
            let luma = 0.2126 * f64::from(rgb[0])
                + 0.7152 * f64::from(rgb[1])
                + 0.0722 * f64::from(rgb[2]);
            let share = ((luma - 0.3) / (high - 0.3)).clamp(0.0, 1.0);
            assert!((share - f64::from(rgba[3])).abs() < 1e-5);
        }
    }
    // Upon a colour, in linear light; and larger, between transparent bars.
    let ground = project(
        NETWORKS[0],
        "alpha: (key: luma, low: 0.3, high: 0.5), background: (0.2, 0.4, 0.6)",
    );
    assert!(!ground.stream().alpha);
    let flat = rendered(&ground, Depth::F32, 1, 1).remove(0);
    for (rgba, rgb) in floats(&cut[0]).chunks(4).zip(floats(&flat).chunks(3)) {
        for (c, below) in [0.2, 0.4, 0.6].into_iter().enumerate() {
            let share = f64::from(rgba[3]);
            let wanted = share * light(rgba[c]) + (1.0 - share) * light(below);
            assert!((light(rgb[c]) - wanted).abs() < 1e-5);
        }
    }
    let wide = project(NETWORKS[0], "alpha: (key: luma, low: -2, high: -1), size: (100, 50)");
    let plain = project(NETWORKS[0], "size: (100, 50)");
    let [wide, plain] =
        [&wide, &plain].map(|project| rendered(project, Depth::F32, 1, 1).remove(0));
    for (i, (rgba, rgb)) in floats(&wide).chunks(4).zip(floats(&plain).chunks(3)).enumerate() {
        let inside = (25..75).contains(&(i % 100));
        assert!((rgba[3] - f32::from(u8::from(inside))).abs() < 1e-6, "{i}");
        assert!(largest((0..3).map(|c| (rgba[c].into(), rgb[c].into()))) < 1e-4, "{i}");
    }
}

#[test]
fn a_matte_is_fitted_as_a_picture_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matte.png");
    // White on the left, grey on the right.
    let matte =
        image::GrayImage::from_fn(128, 64, |x, _| image::Luma([if x < 64 { 255 } else { 51 }]));
    matte.save(&path).unwrap();
    let frame = |more: &str| {
        let fields = format!("size: (96, 48), alpha: (matte: {path:?}), {more}");
        rendered(&project(NETWORKS[0], &fields), Depth::F32, 1, 1).remove(0)
    };
    let cover = frame("fit: cover");
    let share = |frame: &Picture, x: usize, y: usize| floats(frame)[4 * (96 * y + x) + 3];
    for (x, y) in [(0, 0), (40, 47), (55, 20), (95, 47)] {
        let wanted = if x < 48 { 1.0 } else { 0.2 };
        assert!((share(&cover, x, y) - wanted).abs() < 1e-3, "{x},{y}");
    }
    // A square picture between bars, under a matte as wide as the frame.
    let contain = frame("fit: contain");
    for (x, wanted) in [(10, 0.0), (30, 1.0), (60, 0.2), (90, 0.0)] {
        assert!((share(&contain, x, 24) - wanted).abs() < 1e-3, "{x}");
    }
}

#[test]
fn a_wall_with_alpha_has_no_ground() {
    let cells =
        "grid: (columns: 2, gap: 4, cells: [1, 2]), alpha: (key: luma, low: 0.2, high: 0.8)";
    let wall = project(NETWORKS[0], cells);
    let frame = rendered(&wall, Depth::U8, 2, 1).remove(0);
    let Samples::U8(levels) = &frame.samples else { panic!() };
    let [width, height] = [frame.width as usize, frame.height as usize];
    let middle = (0..height).map(|y| &levels[4 * (y * width + width / 2 - 1)..][..8]);
    assert!(middle.clone().all(|gap| gap == [0; 8]));
    assert!(levels.iter().skip(3).step_by(4).any(|&share| share > 128));
    let background = cells.replace("gap: 4", "gap: 4, background: (1, 0, 0)");
    let flat = project(NETWORKS[0], &background);
    assert!(!flat.stream().alpha);
    let frame = rendered(&flat, Depth::U8, 2, 1).remove(0);
    let Samples::U8(levels) = &frame.samples else { panic!() };
    assert_eq!(levels[3 * (width / 2)..][..3], [255, 0, 0]);
}
