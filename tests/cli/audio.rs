//! Sound from the command line and from the timeline.

use std::fs;
use std::process::Command;

use super::tools::{Folder, STYLEGAN2, pickle, probe};

const RATE: usize = 48000;

/// Writes three seconds of mono sound in which no two stretches are alike; returns its samples.
pub fn wav(folder: &Folder) -> Vec<i16> {
    let mut state = 1u32;
    let samples: Vec<i16> = (0..3 * RATE)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 18) as i16
        })
        .collect();
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let rate = RATE as u32;
    let head =
        [&b"RIFF"[..], &(36 + data.len() as u32).to_le_bytes(), b"WAVEfmt \x10\0\0\0\x01\0\x01\0"]
            .concat();
    let format = [&rate.to_le_bytes()[..], &(2 * rate).to_le_bytes(), b"\x02\0\x10\0data"].concat();
    let all = [head, format, (data.len() as u32).to_le_bytes().to_vec(), data].concat();
    fs::write(folder.path("sound.wav"), all).unwrap();
    samples
}

/// The sound of a file, which has 16 bit samples.
fn sound(folder: &Folder, name: &str) -> Vec<i16> {
    let path = folder.path(name);
    let arguments = ["-v", "error", "-i", path.to_str().unwrap(), "-vn", "-f", "s16le", "-"];
    let bytes = Command::new("ffmpeg").args(arguments).output().unwrap().stdout;
    bytes.chunks_exact(2).map(|sample| i16::from_le_bytes([sample[0], sample[1]])).collect()
}

#[test]
fn the_sound_runs_with_the_picture() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1, 2], duration: 48");
    let samples = wav(&folder);
    let model = pickle(STYLEGAN2);
    let fields = "seeds: [1, 2], duration: 48, output: (preset: \"ffv1\", audio: \"sound.wav\")";
    folder.timeline("heard.ron", model.to_str().unwrap(), fields);

    folder.run(&["t.ron", "-o", "option.mkv", "--audio", "sound.wav", "-q"]).ok();
    folder.run(&["heard.ron", "-o", "timeline.mkv", "-q"]).ok();
    assert!(folder.read("option.mkv") == folder.read("timeline.mkv"));
    // Copied as it is, it ends with the packet in which the picture ends.
    let copied = sound(&folder, "option.mkv");
    assert!((2 * RATE..2 * RATE + RATE / 10).contains(&copied.len()), "{}", copied.len());
    assert!(copied == samples[..copied.len()]);
    assert_eq!(probe(&folder.path("option.mkv")).len(), 2);

    // Frame 12 of 24 a second is shown at half a second, and so the sound starts there.
    folder.run(&["heard.ron", "-o", "later.mkv", "-q", "--frames", "12-35"]).ok();
    assert!(sound(&folder, "later.mkv") == samples[RATE / 2..3 * RATE / 2]);
    // Twice as many frames a second last as long.
    folder.run(&["heard.ron", "-o", "fast.mkv", "-q", "--fps", "48", "--frames", "24-"]).ok();
    assert!(sound(&folder, "fast.mkv") == samples[RATE / 2..2 * RATE]);

    folder.run(&["heard.ron", "-o", "film.mp4", "-q"]).ok();
    let codecs =
        probe(&folder.path("film.mp4")).iter().map(|s| s["codec_name"].clone()).collect::<Vec<_>>();
    assert_eq!(codecs, ["h264", "aac"]);
    folder.run(&["heard.ron", "-o", "image.png", "-q", "--frames", "3"]).ok();
}

#[test]
fn sound_that_is_not_there_or_not_wanted_is_an_error() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1], duration: 4");
    wav(&folder);
    for out in ["a.mkv", "null:"] {
        folder.run(&["t.ron", "-o", out, "--audio", "gone.wav"]).fails(66, "`gone.wav`");
    }
    folder.run(&["t.ron", "-o", "a.mkv", "--audio", "t.ron"]).fails(65, "is no audio file");
    folder
        .run(&["t.ron", "-o", "%d.png", "--audio", "sound.wav"])
        .fails(64, "images have no sound");
    assert_eq!(folder.files(), ["sound.wav"]);
    folder.timeline("t.ron", "builtin:default", "seeds: [1], output: (audio: \"gone.wav\")");
    folder.run(&["t.ron", "-o", "a.mkv"]).fails(65, "no audio file");
}
