//! Alpha, through every preset that holds it.

use std::fs::File;

use sg3render::encode::parts::{self, Part};
use sg3render::encode::{self, Depth, Form, Picture, Preset, Samples, Stream};
use sg3render::progress::Silent;
use tempfile::tempdir;

use super::tools::{decoded, probe, stream};

const HOLD: [&str; 5] = ["prores-4444", "ffv1", "png", "png16", "exr"];

/// Colour and alpha of a pixel: ramps across each other, with corners that are wholly transparent and opaque.
fn pixel(index: u64, x: u32, y: u32) -> [f64; 4] {
    let (u, v) = (f64::from(x) / 63.0, f64::from(y) / 47.0);
    [u, v, 0.25 + 0.1 * index as f64, ((u + v) * 1.5 - 1.0).clamp(0.0, 1.0)]
}

fn picture(index: u64, stream: &Stream, depth: Depth) -> Picture {
    let (width, height) = (stream.width, stream.height);
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let values = places.flat_map(|(x, y)| pixel(index, x, y));
    let samples = match depth {
        Depth::U8 => Samples::U8(values.map(|v| (v * 255.0).round() as u8).collect()),
        Depth::U16 => Samples::U16(values.map(|v| (v * 65535.0).round() as u16).collect()),
        Depth::F32 => Samples::F32(values.map(|v| v as f32).collect()),
    };
    Picture { index, width, height, samples }
}

fn light(v: f64) -> f64 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

#[test]
fn what_is_written_comes_back() {
    let folder = tempdir().unwrap();
    for name in HOLD {
        let preset = Preset::find(name).unwrap();
        assert!(preset.holds_alpha());
        let stream = Stream { alpha: true, ..stream(64, 48, 2) };
        let number = if preset.is_images() { "-%d" } else { "" };
        let out = folder.path().join(format!("{name}{number}.{}", preset.extensions[0]));
        let mut sink = encode::open(&out, &preset, &stream).unwrap();
        let depth = sink.depth();
        let opaque = super::tools::picture(0, &stream, depth, |_, _| [0.5; 3]);
        assert!(sink.write(&opaque).is_err(), "{name}: three samples to a pixel are not four");
        (0..2).for_each(|i| sink.write(&picture(i, &stream, depth)).unwrap());
        let paths = sink.finish().unwrap();
        if name == "exr" {
            for (index, path) in paths.iter().enumerate() {
                let image = image::open(path).unwrap().into_rgba32f();
                for (x, y, found) in image.enumerate_pixels() {
                    let [r, g, b, a] = pixel(index as u64, x, y);
                    let wanted = [r, g, b].map(|v| light(v) * a);
                    let differences = wanted.iter().chain([&a]).zip(found.0);
                    for (wanted, found) in differences {
                        assert!(
                            (wanted - f64::from(found)).abs() < 1e-3,
                            "{x},{y}: {found} {wanted}"
                        );
                    }
                }
            }
            continue;
        }
        let shown = if preset.is_images() { out.clone() } else { paths[0].clone() };
        let format = probe(&paths[0])[0]["pix_fmt"].as_str().unwrap().to_owned();
        let wanted = [
            ("prores-4444", "yuva444p12le"),
            ("ffv1", "bgra"),
            ("png", "rgba"),
            ("png16", "rgba64be"),
        ];
        assert!(wanted.contains(&(name, &format)), "{name}: {format}");
        // FFmpeg makes no exact sixteen bits of eight.
        let eight = ["ffv1", "png"].contains(&name);
        let frames = decoded(&shown, if eight { "rgba" } else { "rgba64le" }, 4, &stream);
        assert_eq!(frames.len(), 2, "{name}");
        for (index, frame) in frames.iter().enumerate() {
            for (i, found) in frame.iter().enumerate() {
                let wanted = pixel(index as u64, i as u32 % 64, i as u32 / 64);
                // ProRes loses some of the colours, and of alpha what ten bits do not hold.
                let (colour, alpha) = match name {
                    "prores-4444" => (0.02, 2.0 / 1023.0),
                    "png16" => (1e-5, 1e-5),
                    _ => (0.5 / 255.0 + 1e-5, 0.5 / 255.0 + 1e-5),
                };
                let most = [colour, colour, colour, alpha];
                for ((found, wanted), most) in found.iter().zip(wanted).zip(most) {
                    assert!((found - wanted).abs() <= most, "{name} {i}: {found} {wanted}");
                }
            }
        }
    }
}

#[test]
fn a_film_of_parts_is_that_of_one_run() {
    let folder = tempdir().unwrap();
    for name in HOLD {
        let preset = Preset::find(name).unwrap();
        let stream = Stream { alpha: true, overwrite: true, ..stream(64, 48, 5) };
        let number = if preset.is_images() { "-%d" } else { "" };
        let out =
            |what: &str| folder.path().join(format!("{what}{number}.{}", preset.extensions[0]));
        let mut sink = encode::open(&out("whole"), &preset, &stream).unwrap();
        (0..5).for_each(|i| sink.write(&picture(i, &stream, preset.depth())).unwrap());
        let whole = sink.finish().unwrap();
        let mut made = Vec::new();
        for frames in [0..2, 2..5] {
            for (frames, form) in parts::pieces(&preset, 5, &frames) {
                let path = folder.path().join(format!(
                    "{}.{}",
                    frames.start,
                    parts::extension(&preset, form)
                ));
                let part = Part { path, frames: frames.clone(), form };
                let mut sink = parts::open(&part, &preset, &stream).unwrap();
                frames.for_each(|i| sink.write(&picture(i, &stream, preset.depth())).unwrap());
                sink.finish().unwrap();
                assert!(preset.is_images() == (form == Form::Pictures));
                made.push(part);
            }
        }
        let joined = parts::join(&made, &out("joined"), &preset, &stream, &Silent).unwrap();
        for (a, b) in whole.iter().zip(&joined) {
            assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap(), "{name}");
        }
    }
}

#[test]
fn presets_without_alpha_say_what_to_do() {
    let folder = tempdir().unwrap();
    for name in ["h264", "h265", "prores-422hq", "av1"] {
        let preset = Preset::find(name).unwrap();
        assert!(!preset.holds_alpha());
        let out = folder.path().join(format!("a.{}", preset.extensions[0]));
        let stream = Stream { alpha: true, ..stream(64, 64, 1) };
        let error = encode::open(&out, &preset, &stream).err().unwrap();
        assert_eq!(error.exit_code(), 64);
        assert!(error.to_string().contains("choose prores-4444"), "{error}");
        assert!(File::open(&out).is_err());
    }
    let path = folder.path().join("my.ron");
    let text = std::fs::read_to_string("presets/prores-4444.ron").unwrap();
    for (format, words) in
        [("yuv444p12le", "`yuv444p12le` for films with alpha"), ("bgra", "as deep")]
    {
        std::fs::write(&path, text.replace("yuva444p10le", format)).unwrap();
        let error = Preset::find(path.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let of = |out: &str| Preset::default_with_alpha(out.as_ref()).unwrap().name;
    assert_eq!(
        ["a.mov", "a.mkv", "%d.png", "a.mp4"].map(of),
        ["prores-4444", "ffv1", "png", "h264"]
    );
}
