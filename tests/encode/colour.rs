//! Colours come back as they were written, and the tags say how.

use serde_json::Value;
use sg3render::encode::{Picture, Preset, Samples};
use tempfile::tempdir;

use super::tools::{VIDEO, picture, planes, probe, render, rgb, stream};

const BAR: u32 = 16;
const BARS: u32 = 8;
const ROW: u32 = 32;

/// Colour bars of 100 % and 75 %, and a ramp of eight greys, one row below the other.
fn test_card(x: u32, y: u32) -> [f64; 3] {
    let bar = x / BAR;
    let on = |bit: u32| f64::from((7 - bar) >> bit & 1);
    match y / ROW {
        0 => [on(1), on(2), on(0)],
        1 => [on(1), on(2), on(0)].map(|v| 0.75 * v),
        _ => [f64::from(bar) / f64::from(BARS - 1); 3],
    }
}

/// The middle of every patch of the card.
fn patches() -> impl Iterator<Item = (u32, u32)> {
    (0..3).flat_map(|row| (0..BARS).map(move |bar| (bar * BAR + BAR / 2, row * ROW + ROW / 2)))
}

/// The largest difference that a preset may make, of 255.
fn tolerance(preset: &str) -> f64 {
    match preset {
        "ffv1" => 0.0,
        "prores-4444" | "prores-422hq" => 1.0,
        "h264-draft" => 4.0,
        // One code of Cb is 2.1 of blue.
        _ => 3.0,
    }
}

#[test]
fn bars_come_back_through_bt709() {
    let folder = tempdir().unwrap();
    let stream = stream(BAR * BARS, 3 * ROW, 2);
    for preset in VIDEO {
        let path = render(folder.path(), preset, &stream, |_, x, y| test_card(x, y));
        for frame in rgb(&path, preset, &stream) {
            for (x, y) in patches() {
                let read = frame[(y * stream.width + x) as usize];
                for (read, written) in read.iter().zip(test_card(x, y)) {
                    let written =
                        if preset == "ffv1" { (written * 255.0).round() / 255.0 } else { written };
                    let difference = (read - written).abs() * 255.0;
                    assert!(
                        difference <= tolerance(preset) + 1e-9,
                        "{preset} at {x},{y}: {read} for {written}"
                    );
                }
            }
        }
    }
}

/// Y', Cb and Cr of ITU-R BT.709 in limited range, in codes of `bits`.
fn codes([r, g, b]: [f64; 3], bits: u32) -> [f64; 3] {
    let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let unit = f64::from(1 << (bits - 8));
    let (blue, red) = ((b - luma) / 1.8556, (r - luma) / 1.5748);
    [(16.0 + 219.0 * luma) * unit, (128.0 + 224.0 * blue) * unit, (128.0 + 224.0 * red) * unit]
}

#[test]
fn the_stored_codes_are_those_of_the_standard() {
    let folder = tempdir().unwrap();
    let stream = stream(BAR * BARS, 3 * ROW, 1);
    let (width, height) = (stream.width as usize, stream.height as usize);
    // In codes of 8 bits.
    for (preset, bits, shift) in [
        ("h264", 8, (1, 1)),
        ("h265", 10, (1, 1)),
        ("av1", 10, (1, 1)),
        ("prores-422hq", 10, (1, 0)),
        // FFmpeg decodes it to twelve bits.
        ("prores-4444", 12, (0, 0)),
    ] {
        let path = render(folder.path(), preset, &stream, |_, x, y| test_card(x, y));
        let bytes = planes(&path);
        let stored: Vec<f64> = match bits {
            8 => bytes.iter().map(|b| f64::from(*b)).collect(),
            _ => {
                bytes.chunks_exact(2).map(|b| f64::from(u16::from_le_bytes([b[0], b[1]]))).collect()
            }
        };
        let (chroma_width, chroma_height) = (width >> shift.0, height >> shift.1);
        // ProRes 4444 is decoded with an opaque alpha plane or without one.
        assert!(stored.len() >= width * height + 2 * chroma_width * chroma_height, "{preset}");
        for (x, y) in patches() {
            let (x, y) = (x as usize, y as usize);
            let chroma = width * height + (y >> shift.1) * chroma_width + (x >> shift.0);
            let at = [y * width + x, chroma, chroma + chroma_width * chroma_height];
            let expected = codes(test_card(x as u32, y as u32), bits);
            for (at, expected) in at.into_iter().zip(expected) {
                let difference = (stored[at] - expected).abs() / f64::from(1 << (bits - 8));
                assert!(difference <= 2.0, "{preset} at {x},{y}: {} for {expected}", stored[at]);
            }
        }
    }
}

#[test]
fn colour_samples_are_sited_left() {
    let folder = tempdir().unwrap();
    let lossless = folder.path().join("lossless.ron");
    let text = std::fs::read_to_string("presets/h264.ron").unwrap();
    let text = text.replace("\"crf\": \"14\"", "\"qp\": \"0\"").replace("\"high\"", "\"high444\"");
    std::fs::write(&lossless, text).unwrap();
    let stream = stream(64, 16, 1);
    let red = |x: f64| [x * 4.0 / 255.0, 0.0, 0.0];
    let path =
        render(folder.path(), lossless.to_str().unwrap(), &stream, |_, x, _| red(f64::from(x)));
    let bytes = planes(&path);
    let last_row = &bytes[bytes.len() - 32..];
    // Away from the edges the mean difference would be half a pixel of the ramp, 0.9, if they
    // were sited between the columns.
    let differences = (4..28).map(|k| f64::from(last_row[k]) - codes(red(2.0 * k as f64), 8)[2]);
    let mean = differences.sum::<f64>() / 24.0;
    assert!(mean.abs() < 0.25, "{mean}");
}

#[test]
fn ffv1_is_lossless() {
    let folder = tempdir().unwrap();
    for (width, height) in [(66, 34), (33, 17), (16, 16), (640, 5)] {
        let mut stream = stream(width, height, 3);
        stream.overwrite = true;
        let noise = |i: u64, x: u32, y: u32| {
            let value = (i as u32 + 1)
                .wrapping_mul(x * 7919 + y * 104_729 + 13)
                .wrapping_mul(2_654_435_761);
            [value >> 24, value >> 16 & 255, value >> 8 & 255].map(|v| f64::from(v) / 255.0)
        };
        let path = render(folder.path(), "ffv1", &stream, noise);
        let read: Vec<u8> = rgb(&path, "ffv1", &stream)
            .concat()
            .iter()
            .flat_map(|pixel| pixel.map(|v| (v * 255.0).round() as u8))
            .collect();
        let depth = Preset::find("ffv1").unwrap().depth();
        let written: Vec<u8> = (0..stream.frames)
            .flat_map(|i| match picture(i, &stream, depth, |x, y| noise(i, x, y)) {
                Picture { samples: Samples::U8(samples), .. } => samples,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(read == written, "{width}x{height}");
    }
}

#[test]
fn the_tags_say_what_is_there() {
    let folder = tempdir().unwrap();
    let mut stream = stream(128, 96, 5);
    (stream.fps, stream.pixel_aspect) = ((30000, 1001), (4, 3));
    for (preset, codec, tag, format) in [
        ("h264", "h264", "avc1", "yuv420p"),
        ("h264-draft", "h264", "avc1", "yuv420p"),
        ("h265", "hevc", "hvc1", "yuv420p10le"),
        ("prores-4444", "prores", "ap4h", "yuv444p12le"),
        ("prores-422hq", "prores", "apch", "yuv422p10le"),
        ("ffv1", "ffv1", "FFV1", "bgr0"),
        ("av1", "av1", "av01", "yuv420p10le"),
    ] {
        let path = render(folder.path(), preset, &stream, |i, _, _| [0.2 * i as f64; 3]);
        let streams = probe(&path);
        assert_eq!(streams.len(), 1, "{preset}");
        let video = &streams[0];
        let says = |key: &str| match &video[key] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let (range, matrix) = if preset == "ffv1" { ("pc", "gbr") } else { ("tv", "bt709") };
        for (key, expected) in [
            ("codec_name", codec),
            ("codec_tag_string", tag),
            ("pix_fmt", format),
            ("width", "128"),
            ("height", "96"),
            ("nb_read_packets", "5"),
            ("r_frame_rate", "30000/1001"),
            ("avg_frame_rate", "30000/1001"),
            ("sample_aspect_ratio", "4:3"),
            ("color_range", range),
            ("color_space", matrix),
            ("color_transfer", "bt709"),
            ("color_primaries", "bt709"),
        ] {
            assert_eq!(says(key), expected, "{preset}: {key}");
        }
        let start: f64 = says("start_time").parse().unwrap();
        assert!(start.abs() < 1e-3, "{preset} starts at {start}");
    }
}
