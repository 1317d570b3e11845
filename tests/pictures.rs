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
use sg3render::network::{Config, StyleGan3Config, TensorSource};
use sg3render::progress::Silent;
use sg3render::render::{Generator, Job, OnCanvas, Project, run, still};
use sg3render::schedule::FrameInput;
use sg3render::signal::randn;
use sg3render::timeline::Overrides;
use sg3render::weights::{NetworkFile, Part};
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

fn generators(project: &Project) -> [Generator; 1] {
    [project.generator(Device::Cpu, Precision::F32).unwrap()]
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
