//! Every network to every preset: what ffprobe sees, and frames that equal the stills.

use std::path::{Path, PathBuf};

use super::tools::{Folder, NETWORKS, R, STYLEGAN2, T, decode, probe, psnr, rgb};

struct Expected {
    preset: &'static str,
    out: &'static str,
    codec: &'static str,
    tag: &'static str,
    pixels: &'static str,
    /// Range, matrix, transfer, primaries.
    colour: [&'static str; 4],
    loss: Loss,
}

enum Loss {
    /// The still, bit for bit.
    None,
    /// Within this PSNR of the still of a smooth network, dB: 2 to 3 below the least measured of four.
    Codec(f64),
}

const VIDEO: [&str; 4] = ["tv", "bt709", "bt709", "bt709"];

const fn lossy([preset, out, codec, tag, pixels]: [&'static str; 5], decibels: f64) -> Expected {
    Expected { preset, out, codec, tag, pixels, colour: VIDEO, loss: Loss::Codec(decibels) }
}

const fn images(
    preset: &'static str,
    out: &'static str,
    codec: &'static str,
    pixels: &'static str,
    range: &'static str,
) -> Expected {
    let colour = [range, "unknown", "unknown", "unknown"];
    Expected { preset, out, codec, tag: "[0][0][0][0]", pixels, colour, loss: Loss::None }
}

const PRESETS: [Expected; 10] = [
    lossy(["h264", "h264.mp4", "h264", "avc1", "yuv420p"], 41.0),
    lossy(["h264-draft", "draft.mp4", "h264", "avc1", "yuv420p"], 35.0),
    lossy(["h265", "h265.mp4", "hevc", "hvc1", "yuv420p10le"], 39.0),
    lossy(["prores-4444", "4444.mov", "prores", "ap4h", "yuv444p12le"], 45.0),
    lossy(["prores-422hq", "422.mov", "prores", "apch", "yuv422p10le"], 44.0),
    lossy(["av1", "av1.mp4", "av1", "av01", "yuv420p10le"], 37.0),
    Expected {
        preset: "ffv1",
        out: "ffv1.mkv",
        codec: "ffv1",
        tag: "FFV1",
        pixels: "bgr0",
        colour: ["pc", "gbr", "bt709", "bt709"],
        loss: Loss::None,
    },
    images("png", "png/%05d.png", "png", "rgb24", "pc"),
    images("png16", "png16/%05d.png", "png", "rgb48be", "pc"),
    images("exr", "exr/%05d.exr", "exr", "gbrpf32le", "unknown"),
];

/// Renders `t.ron` with a preset; checks what is said and what ffprobe sees.
fn render(folder: &Folder, expected: &Expected) -> PathBuf {
    let Expected { preset, out, colour, .. } = expected;
    let run = folder.run(&["t.ron", "--preset", preset, "-o", out, "--json"]).ok();
    let done = run.events().pop().unwrap();
    assert_eq!((&done["event"], &done["frames"]), (&"done".into(), &48.into()), "{done}");
    assert_eq!(run.stderr, "", "{preset}");

    let path = folder.path(out);
    let streams = probe(&path);
    assert_eq!(streams.len(), 1, "{preset}");
    let shown = |key: &str| streams[0][key].as_str().unwrap_or("unknown");
    assert_eq!(shown("codec_name"), expected.codec);
    assert_eq!(shown("codec_tag_string"), expected.tag);
    assert_eq!(shown("pix_fmt"), expected.pixels, "{preset}");
    assert_eq!((&streams[0]["width"], &streams[0]["height"]), (&64.into(), &64.into()));
    assert_eq!(shown("nb_read_packets"), "48", "{preset}");
    let tags = ["color_range", "color_space", "color_transfer", "color_primaries"].map(shown);
    assert_eq!(tags, *colour, "{preset}");
    if !out.contains('%') {
        assert_eq!(shown("r_frame_rate"), "24/1", "{preset}");
    }
    let paths: Vec<&str> =
        done["paths"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    assert_eq!(paths.len(), if out.contains('%') { 48 } else { 1 });
    assert!(paths.iter().all(|path| folder.path(path).is_file()), "{paths:?}");
    path
}

/// Holds frame `index` of a rendered file against the still of that moment.
fn compare(folder: &Folder, expected: &Expected, path: &Path, index: usize, smooth: bool) {
    let preset = expected.preset;
    let extension = if preset == "exr" { "exr" } else { "png" };
    let still = format!("still-{preset}-{index}.{extension}");
    folder.run(&["still", "t.ron", "--at", &index.to_string(), "-o", &still]).ok();
    if preset == "exr" {
        assert_eq!(
            folder.read(&format!("exr/{index:05}.exr")),
            folder.read(&still),
            "frame {index}"
        );
        return;
    }
    let still = rgb(&folder.path(&still)).remove(0);
    match expected.loss {
        Loss::None if preset == "png16" => {
            let fine = decode(path, "rgb48le").remove(index);
            let fine = fine.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            for (fine, still) in fine.zip(still) {
                // What the network gave, from this level to the next, in 8 bits.
                let level = |fine: f64| ((fine - 32768.0) / 32767.5 * 127.5 + 128.0) as u8;
                let levels = level(fine.into())..=level(f64::from(fine) + 1.0);
                assert!(levels.contains(&still), "frame {index}: {fine} against {still}");
            }
        }
        Loss::None => assert!(rgb(path)[index] == still, "{preset}: frame {index}"),
        Loss::Codec(decibels) if smooth => {
            let near: Vec<f64> =
                rgb(path)[index - 1..=index + 1].iter().map(|frame| psnr(frame, &still)).collect();
            assert!(near[1] > decibels, "{preset}: {near:?} dB");
            assert!(near[1] > near[0].max(near[2]) + 3.0, "{preset} is a frame off: {near:?} dB");
        }
        // Codecs lose the better part of noise.
        Loss::Codec(_) => {}
    }
}

/// Renders a network to some presets, and compares two frames of each with stills.
fn all(network: &str, wanted: impl Fn(&str) -> bool) {
    let (_, fields) = NETWORKS.iter().find(|(name, _)| *name == network).unwrap();
    let folder = Folder::with(network, fields);
    for expected in PRESETS.iter().filter(|expected| wanted(expected.preset)) {
        let path = render(&folder, expected);
        for index in [5, 30] {
            compare(&folder, expected, &path, index, network != STYLEGAN2);
        }
    }
    assert!(folder.files().iter().all(|name| !name.contains(".part")));
    assert!(rgb(&folder.path("ffv1.mkv")) == rgb(&folder.path("png/%05d.png")));
}

#[test]
fn stylegan2_to_every_preset() {
    all(STYLEGAN2, |_| true);
}

#[test]
fn stylegan3_t_to_every_preset() {
    all(T, |_| true);
}

#[test]
fn stylegan3_r_losslessly() {
    all(R, |preset| ["ffv1", "png"].contains(&preset));
}

#[test]
fn a_network_with_classes_losslessly() {
    all(super::tools::CLASSES, |preset| ["ffv1", "png"].contains(&preset));
}

/// All forty, for when encoders or networks change:
/// `cargo test --test cli every_network_to_every_preset -- --ignored`
#[test]
#[ignore = "several minutes; the tests above cover each network and each preset"]
fn every_network_to_every_preset() {
    for (network, _) in NETWORKS {
        all(network, |_| true);
    }
}
