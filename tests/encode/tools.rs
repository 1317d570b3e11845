//! Pictures to write, and the programs that read them back.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sg3render::encode::{self, Depth, Picture, Preset, Samples, Sink, Stream};

/// The presets that make video files.
pub const VIDEO: [&str; 7] =
    ["h264", "h264-draft", "h265", "prores-4444", "prores-422hq", "ffv1", "av1"];

pub fn stream(width: u32, height: u32, frames: u64) -> Stream {
    Stream::new((width, height), (24, 1), frames)
}

/// A picture of the colours (0 to 1) that `colour` gives for column and row.
pub fn picture(
    index: u64,
    stream: &Stream,
    depth: Depth,
    colour: impl Fn(u32, u32) -> [f64; 3],
) -> Picture {
    let (width, height) = (stream.width, stream.height);
    let values =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| colour(x, y));
    let samples = match depth {
        Depth::U8 => Samples::U8(values.map(|v| (v * 255.0).round() as u8).collect()),
        Depth::U16 => Samples::U16(values.map(|v| (v * 65535.0).round() as u16).collect()),
        Depth::F32 => Samples::F32(values.map(|v| v as f32).collect()),
    };
    Picture { index, width, height, samples }
}

/// Opens the output of a preset in a folder, named after the preset.
pub fn open(folder: &Path, preset: &str, stream: &Stream) -> (PathBuf, Box<dyn Sink>) {
    let preset = Preset::find(preset).unwrap();
    let name = Path::new(&preset.name).file_stem().unwrap().to_str().unwrap();
    let path = folder.join(format!("{name}.{}", preset.extensions[0]));
    let sink = encode::open(&path, &preset, stream).unwrap();
    (path, sink)
}

/// Writes all frames of a stream.
pub fn render(
    folder: &Path,
    preset: &str,
    stream: &Stream,
    colour: impl Fn(u64, u32, u32) -> [f64; 3],
) -> PathBuf {
    let (path, mut sink) = open(folder, preset, stream);
    for index in 0..stream.frames {
        sink.write(&picture(index, stream, sink.depth(), |x, y| colour(index, x, y))).unwrap();
    }
    assert_eq!(sink.finish().unwrap(), std::slice::from_ref(&path));
    path
}

/// What a program prints.
fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaint.is_empty(),
        "{program} {arguments:?}: {complaint}"
    );
    output.stdout
}

/// The streams of a file as ffprobe sees them, packets counted.
pub fn probe(path: &Path) -> Vec<Value> {
    let path = path.to_str().unwrap();
    let shown =
        run("ffprobe", &["-v", "error", "-count_packets", "-show_streams", "-of", "json", path]);
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    shown["streams"].as_array().unwrap().clone()
}

/// The frames of a video in its own pixel format, one after the other.
pub fn planes(path: &Path) -> Vec<u8> {
    run(
        "ffmpeg",
        &["-v", "error", "-i", path.to_str().unwrap(), "-vsync", "0", "-f", "rawvideo", "-"],
    )
}

/// The frames of a video as RGB, read with BT.709's matrix whatever its tags say; with 8 bits
/// where it stores RGB, which is exact, else with 16.
pub fn rgb(path: &Path, preset: &str, stream: &Stream) -> Vec<Vec<[f64; 3]>> {
    let (filter, format, most) = match preset {
        "ffv1" => ("null", "rgb24", 255.0),
        _ => (
            "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=accurate_rnd+full_chroma_int+full_chroma_inp",
            "rgb48le",
            65535.0,
        ),
    };
    let path = path.to_str().unwrap();
    let bytes = run(
        "ffmpeg",
        &[
            "-v", "error", "-i", path, "-vsync", "0", "-vf", filter, "-pix_fmt", format, "-f",
            "rawvideo", "-",
        ],
    );
    let codes: Vec<u16> = match format {
        "rgb24" => bytes.into_iter().map(u16::from).collect(),
        _ => bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect(),
    };
    let values: Vec<f64> = codes.into_iter().map(|code| f64::from(code) / most).collect();
    let pixels: Vec<[f64; 3]> = values.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
    pixels.chunks((stream.width * stream.height) as usize).map(<[_]>::to_vec).collect()
}

/// The frames of a video or of images as components of 16 bits (of 8 where the format has no byte order), video
/// with the matrix of BT.709.
pub fn decoded(path: &Path, format: &str, channels: usize, stream: &Stream) -> Vec<Vec<Vec<f64>>> {
    let filter = match path.extension().is_some_and(|extension| extension == "mov") {
        true => {
            "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=accurate_rnd+full_chroma_int+full_chroma_inp"
        }
        false => "null",
    };
    let path = path.to_str().unwrap();
    let bytes = run(
        "ffmpeg",
        &[
            "-v", "error", "-i", path, "-vsync", "0", "-vf", filter, "-pix_fmt", format, "-f",
            "rawvideo", "-",
        ],
    );
    let words = || bytes.chunks_exact(2).map(|b| f64::from(u16::from_le_bytes([b[0], b[1]])));
    let codes: Vec<f64> = match format.ends_with("le") {
        true => words().map(|code| code / 65535.0).collect(),
        false => bytes.iter().map(|&code| f64::from(code) / 255.0).collect(),
    };
    let pixels: Vec<Vec<f64>> = codes.chunks_exact(channels).map(<[f64]>::to_vec).collect();
    pixels.chunks((stream.width * stream.height) as usize).map(<[_]>::to_vec).collect()
}

/// The sound of a file, the first of its channels at 48 kHz.
pub fn sound(path: &Path) -> Vec<f32> {
    let path = path.to_str().unwrap();
    let bytes = run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-i",
            path,
            "-vn",
            "-af",
            "pan=mono|c0=c0",
            "-f",
            "f32le",
            "-ar",
            "48000",
            "-",
        ],
    );
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Runs ffmpeg to make a file.
pub fn make(arguments: &[&str]) {
    run("ffmpeg", &[&["-v", "error", "-y"], arguments].concat());
}
