use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn stream(frames: u64) -> Stream {
    Stream::new((5, 3), (24, 1), frames)
}

/// Samples that all differ, from black to white.
fn picture(index: u64, depth: Depth) -> Picture {
    let values = (0..45).map(|i| f64::from((i * 7 + index as u32) % 45) / 44.0);
    let samples = match depth {
        Depth::U8 => Samples::U8(values.map(|v| (v * 255.0) as u8).collect()),
        Depth::U16 => Samples::U16(values.map(|v| (v * 65535.0) as u16).collect()),
        Depth::F32 => Samples::F32(values.map(|v| (v * 1.5 - 0.25) as f32).collect()),
    };
    Picture { index, width: 5, height: 3, samples }
}

fn opened(out: &Path, preset: &str, stream: &Stream) -> Result<Box<dyn Sink>> {
    open(out, &Preset::find(preset).unwrap(), stream)
}

fn refused(out: &Path, preset: &str, stream: &Stream) -> Error {
    opened(out, preset, stream).err().unwrap()
}

/// Writes frames 8 to 10 and gives their paths.
fn written(out: &Path, preset: &str, stream: &Stream) -> Vec<PathBuf> {
    let mut sink = opened(out, preset, stream).unwrap();
    for index in 8..11 {
        sink.write(&picture(index, sink.depth())).unwrap();
    }
    sink.finish().unwrap()
}

#[test]
fn png_images_are_exact_and_numbered_by_the_timeline() {
    let folder = tempfile::tempdir().unwrap();
    for (preset, depth) in [("png", Depth::U8), ("png16", Depth::U16)] {
        let paths = written(&folder.path().join(preset).join("f%03d.png"), preset, &stream(3));
        assert!(paths[2].ends_with(format!("{preset}/f010.png")));
        for (path, index) in paths.iter().zip(8..) {
            let samples = match image::open(path).unwrap() {
                image::DynamicImage::ImageRgb8(read) => Samples::U8(read.into_raw()),
                image::DynamicImage::ImageRgb16(read) => Samples::U16(read.into_raw()),
                other => panic!("{:?}", other.color()),
            };
            assert_eq!(samples, picture(index, depth).samples);
        }
        assert_eq!(fs::read_dir(folder.path().join(preset)).unwrap().count(), 3);
    }
}

#[test]
fn png_says_srgb_and_how_wide_a_pixel_is() {
    let mut bytes = Vec::new();
    png::encode(&mut bytes, &picture(0, Depth::U8), (4, 3)).unwrap();
    let reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let info = reader.info();
    assert!(info.srgb.is_some());
    // Three wide pixels are as long as four high ones.
    assert_eq!(info.pixel_dims.map(|d| (d.xppu, d.yppu)), Some((3, 4)));
}

#[test]
fn exr_images_are_linear_light() {
    let folder = tempfile::tempdir().unwrap();
    let float = folder.path().join("float.ron");
    fs::write(&float, "(description: \"\", extensions: [\"exr\"], output: Exr(samples: Float))")
        .unwrap();
    for (preset, precision) in [("exr", 1e-3), (float.to_str().unwrap(), 1e-6)] {
        let out = folder.path().join(format!("{precision}/%d.exr"));
        let paths = written(&out, preset, &stream(3));
        let Samples::F32(values) = picture(9, Depth::F32).samples else { unreachable!() };
        let read = image::open(&paths[1]).unwrap().into_rgb32f().into_raw();
        for (read, value) in read.into_iter().zip(values) {
            let magnitude = value.abs();
            let light = if magnitude <= 0.04045 {
                magnitude / 12.92
            } else {
                ((magnitude + 0.055) / 1.055).powf(2.4)
            };
            assert!(
                (read - light.copysign(value)).abs() <= precision * (1.0 + light),
                "{read} for {value}"
            );
        }
    }
}

#[test]
fn frames_that_are_there_are_replaced_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("%05d.png");
    let mut stream = stream(3);
    written(&out, "png", &stream);
    let error = refused(&out, "png", &stream);
    assert_eq!(error.exit_code(), 64);
    assert!(error.to_string().contains("--overwrite"), "{error}");
    stream.overwrite = true;
    assert_eq!(written(&out, "png", &stream).len(), 3);
}

#[test]
fn one_image_needs_no_number_and_several_do() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("still.png");
    let error = refused(&out, "png", &stream(2));
    assert!(error.exit_code() == 64 && error.to_string().contains("still/%05d.png"), "{error}");
    let mut sink = opened(&out, "png", &stream(1)).unwrap();
    sink.write(&picture(77, Depth::U8)).unwrap();
    assert_eq!(sink.finish().unwrap(), std::slice::from_ref(&out));
    assert_eq!(refused(&out, "png", &stream(1)).exit_code(), 64);
}

#[test]
fn what_images_cannot_do_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("%d.png");
    let with_sound = Stream { audio: Some(("a.wav".into(), 0.0)), ..stream(2) };
    assert_eq!(refused(&out, "png", &with_sound).exit_code(), 64);
    assert_eq!(refused(&out, "exr", &stream(2)).exit_code(), 64);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(refused(&file.join("%d.png"), "png", &stream(2)).exit_code(), 75);
    let mut sink = opened(&out, "png", &stream(2)).unwrap();
    assert!(sink.write(&picture(0, Depth::U16)).is_err());
    assert!(sink.write(&Picture { width: 3, height: 5, ..picture(0, Depth::U8) }).is_err());
}

#[test]
fn nowhere_takes_what_the_preset_takes() {
    for (preset, depth) in [("h264", Depth::U8), ("prores-4444", Depth::U16), ("exr", Depth::F32)] {
        let mut sink = opened(Path::new(NULL), preset, &stream(1)).unwrap();
        assert_eq!(sink.depth(), depth);
        sink.write(&picture(0, depth)).unwrap();
        assert!(sink.write(&Picture { height: 4, ..picture(0, depth) }).is_err());
        assert!(sink.finish().unwrap().is_empty());
    }
}

#[cfg(not(feature = "video"))]
#[test]
fn without_ffmpeg_a_video_says_how_to_get_it() {
    let stream = Stream { width: 64, height: 64, ..stream(1) };
    let error = refused(Path::new("a.mp4"), "h264", &stream);
    assert_eq!(error.exit_code(), 66);
    assert!(error.to_string().contains("--features video"), "{error}");
}
