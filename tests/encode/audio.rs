//! The sound is there, at its time, as long as the picture.

use std::fs;
use std::path::{Path, PathBuf};

use sg3render::encode::{Preset, open};
use tempfile::tempdir;

use super::tools::{make, probe, render, sound, stream};

const RATE: usize = 48000;

/// Stereo sound of so many seconds: silence for the first half second, then a tone of 440 Hz.
fn wav(folder: &Path, seconds: f64) -> (PathBuf, Vec<i16>) {
    let samples: Vec<i16> = (0..(seconds * RATE as f64) as usize)
        .map(|i| {
            let phase = 440.0 * i as f64 / RATE as f64 * std::f64::consts::TAU;
            if i < RATE / 2 { 0 } else { (16000.0 * phase.sin()) as i16 }
        })
        .collect();
    let data: Vec<u8> =
        samples.iter().flat_map(|s| [s.to_le_bytes(), s.to_le_bytes()]).flatten().collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    file.extend((RATE as u32).to_le_bytes());
    file.extend((RATE as u32 * 4).to_le_bytes());
    file.extend(b"\x04\0\x10\0data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    let path = folder.join("sound.wav");
    fs::write(&path, file).unwrap();
    (path, samples)
}

/// A grey second (or as many frames of 24 in it) with sound; returns the sound read back.
fn with_sound(
    folder: &Path,
    preset: &str,
    frames: u64,
    audio: &Path,
    offset: f64,
) -> (String, Vec<f32>) {
    let mut stream = stream(64, 64, frames);
    (stream.audio, stream.overwrite) = (Some((audio.to_path_buf(), offset)), true);
    let path = render(folder, preset, &stream, |_, _, _| [0.5; 3]);
    let streams = probe(&path);
    assert_eq!(streams.len(), 2, "{preset}");
    assert_eq!(streams[0]["nb_read_packets"], frames.to_string());
    let start: f64 = streams[0]["start_time"].as_str().unwrap().parse().unwrap();
    assert!(start.abs() < 1e-3, "{preset}: the picture starts at {start}");
    (streams[1]["codec_name"].as_str().unwrap().to_owned(), sound(&path))
}

fn loudness(sound: &[f32]) -> f32 {
    (sound.iter().map(|s| s * s).sum::<f32>() / sound.len().max(1) as f32).sqrt()
}

/// The tone's root mean square.
const TONE: f32 = 16000.0 / 32768.0 * std::f32::consts::FRAC_1_SQRT_2;

#[test]
fn lossless_sound_is_exact_to_the_sample() {
    let folder = tempdir().unwrap();
    let (path, samples) = wav(folder.path(), 2.0);
    let exact = |i: i64| samples.get(i as usize).map_or(0.0, |s| f32::from(*s) / 32768.0);
    for (preset, offset, codec) in [
        ("prores-422hq", 0.25, "pcm_s24le"),
        ("prores-422hq", -0.125, "pcm_s24le"),
        ("ffv1", 0.25, "flac"),
        ("ffv1", 1e-4, "flac"),
    ] {
        let (read_codec, read) = with_sound(folder.path(), preset, 24, &path, offset);
        assert_eq!(read_codec, codec);
        assert_eq!(read.len(), RATE, "{preset} at {offset}");
        let first = (offset * RATE as f64).round() as i64;
        for (i, read) in read.into_iter().enumerate() {
            let at = first + i as i64;
            let written = if at < 0 { 0.0 } else { exact(at) };
            assert!(
                (read - written).abs() < 1e-6,
                "{preset} at {offset}: sample {i} is {read}, not {written}"
            );
        }
    }
}

#[test]
fn sound_is_copied_where_the_container_takes_it() {
    let folder = tempdir().unwrap();
    let (path, samples) = wav(folder.path(), 2.0);
    for preset in ["prores-4444", "ffv1"] {
        let (codec, read) = with_sound(folder.path(), preset, 24, &path, 0.0);
        assert_eq!(codec, "pcm_s16le");
        // To the packet.
        assert!((RATE..RATE + RATE / 10).contains(&read.len()), "{preset}: {}", read.len());
        assert!(read.iter().zip(&samples).all(|(r, w)| *r == f32::from(*w) / 32768.0), "{preset}");
    }
    let m4a = folder.path().join("sound.m4a");
    make(&["-i", path.to_str().unwrap(), "-c:a", "aac", m4a.to_str().unwrap()]);
    for (preset, codec) in [("h264-draft", "aac"), ("ffv1", "flac")] {
        let (read_codec, read) = with_sound(folder.path(), preset, 24, &m4a, 0.0);
        assert_eq!(read_codec, codec, "{preset}");
        assert!((RATE - 64..RATE + 2100).contains(&read.len()), "{preset}: {}", read.len());
        assert!(loudness(&read[..RATE / 2 - 1100]) < 0.01, "{preset}");
        assert!((loudness(&read[RATE / 2 + 1100..RATE - 64]) - TONE).abs() < 0.02, "{preset}");
    }
}

#[test]
fn aac_starts_and_ends_with_the_picture() {
    let folder = tempdir().unwrap();
    let (path, _) = wav(folder.path(), 2.0);
    for (offset, tone) in [(0.0, RATE / 2), (0.375, RATE / 8), (-0.25, 3 * RATE / 4)] {
        let (codec, read) = with_sound(folder.path(), "h264-draft", 24, &path, offset);
        assert_eq!(codec, "aac");
        assert!((RATE..RATE + 1100).contains(&read.len()), "at {offset}: {}", read.len());
        assert!(loudness(&read[..tone - 1100]) < 0.01, "at {offset}");
        assert!((loudness(&read[tone + 1100..RATE]) - TONE).abs() < 0.02, "at {offset}");
    }
}

#[test]
fn short_sound_ends_and_odd_rates_are_converted() {
    let folder = tempdir().unwrap();
    let (path, _) = wav(folder.path(), 0.75);
    let (_, read) = with_sound(folder.path(), "prores-422hq", 24, &path, 0.25);
    assert_eq!(read.len(), RATE / 2);
    let odd = folder.path().join("odd.flac");
    make(&["-i", path.to_str().unwrap(), "-ar", "37800", "-ac", "1", odd.to_str().unwrap()]);
    let (codec, read) = with_sound(folder.path(), "h264-draft", 12, &odd, 0.25);
    assert_eq!(codec, "aac");
    assert!((loudness(&read[RATE / 4 + 1500..RATE / 2 - 1500]) - TONE).abs() < 0.02);
}

#[test]
fn what_is_no_sound_is_refused() {
    let folder = tempdir().unwrap();
    let (path, _) = wav(folder.path(), 0.5);
    let refused = |audio: &Path, offset: f64| {
        let mut stream = stream(64, 64, 1);
        stream.audio = Some((audio.to_path_buf(), offset));
        let error = open(&folder.path().join("x.mp4"), &Preset::find("h264").unwrap(), &stream)
            .err()
            .unwrap();
        assert!(error.to_string().contains(audio.to_str().unwrap()), "{error}");
        error.exit_code()
    };
    assert_eq!(refused(&folder.path().join("none.wav"), 0.0), 66);
    assert_eq!(refused(&path, 10.0), 64);
    assert_eq!(refused(&path, f64::NAN), 64);
    let text = folder.path().join("text.wav");
    fs::write(&text, "no sound").unwrap();
    assert_eq!(refused(&text, 0.0), 65);
    let silent = render(folder.path(), "h264-draft", &stream(64, 64, 1), |_, _, _| [0.0; 3]);
    assert_eq!(refused(&silent, 0.0), 65);
    assert!(!folder.path().join("x.mp4").exists());
    assert!(
        fs::read_dir(folder.path()).unwrap().all(|e| !e
            .unwrap()
            .file_name()
            .to_str()
            .unwrap()
            .ends_with(".part"))
    );
}
