//! A short song for a timeline to move to, made in code: kick, hat, bass and a pad, 16 bars at 120 beats a
//! minute, with a break before the last eight.
//!
//!     cargo run --release --example song -- timelines/song.wav
//!
//! The argument is the file to write, 16 bit and mono at 44.1 kHz.

use std::f64::consts::TAU;
use std::process::ExitCode;

const RATE: u32 = 44_100;
/// Seconds of a beat, and beats of the song.
const BEAT: f64 = 0.5;
const BEATS: usize = 64;
/// Beats without kick and bass.
const BREAK: std::ops::Range<usize> = 28..32;
/// Chords of four bars, half-tones above the A below middle C.
const CHORDS: [[i32; 3]; 4] = [[0, 3, 7], [-4, 0, 3], [3, 7, 10], [-2, 2, 5]];

fn main() -> ExitCode {
    let Some(out) = std::env::args_os().nth(1) else {
        return fail("name the file to write: song.wav");
    };
    let count = (BEATS as f64 * BEAT * f64::from(RATE)) as u32;
    let levels: Vec<f64> = (0..count).map(|i| sound(f64::from(i) / f64::from(RATE))).collect();
    let loudest = levels.iter().fold(0.0, |most: f64, level| most.max(level.abs()));
    let samples = levels.iter().map(|level| (level / loudest * 30_000.0).round() as i16);
    let samples: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    match std::fs::write(&out, wav(&samples)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("cannot write `{}`: {error}", out.to_string_lossy())),
    }
}

#[allow(clippy::print_stderr, reason = "an example is a program, not the library")]
fn fail(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::FAILURE
}

/// The song at a time in seconds.
fn sound(time: f64) -> f64 {
    let beat = time / BEAT;
    let (number, since) = (beat as usize, beat.fract() * BEAT);
    let (is_break, is_late) = (BREAK.contains(&number), number >= BREAK.end);
    let chord = CHORDS[number / 8 % CHORDS.len()];
    // A falling sine, and noise that ends at once.
    let kick = (TAU * (48.0 * since - 9.0 * (-28.0 * since).exp())).sin() * (-7.0 * since).exp();
    let off = (since - BEAT / 2.0).rem_euclid(BEAT / if is_late { 2.0 } else { 1.0 });
    let hat = hiss(time) * (-60.0 * off).exp();
    let eighth = (2.0 * beat).fract() * BEAT / 2.0;
    let step = chord[(2.0 * beat) as usize % 3];
    let bass = saw(tone(step - 24), time, 6) * (-5.0 * eighth).exp();
    // The pad swells over its eight beats; two voices are a little apart.
    let swell = 0.4 + 0.6 * (beat / 8.0).fract();
    let voice = |&note: &i32| saw(tone(note), time, 4) + saw(1.004 * tone(note), time, 4);
    let pad = chord.iter().map(voice).sum::<f64>() * swell / 6.0;
    let rhythm = if is_break { 0.0 } else { 0.9 * kick + 0.45 * bass };
    let lead = if is_late { 0.12 * saw(tone(chord[number % 3] + 12), time, 5) } else { 0.0 };
    rhythm + 0.12 * hat + 0.28 * pad + lead * (-3.0 * since).exp()
}

/// Frequency of a note, half-tones above 220 Hz.
fn tone(note: i32) -> f64 {
    220.0 * (f64::from(note) / 12.0).exp2()
}

/// The first partials of a saw tooth.
fn saw(frequency: f64, time: f64, partials: u32) -> f64 {
    (1..=partials).map(|n| (TAU * frequency * f64::from(n) * time).sin() / f64::from(n)).sum()
}

/// Noise, the same at each run.
fn hiss(time: f64) -> f64 {
    let mut h = ((time * f64::from(RATE)) as u32).wrapping_mul(0x9e37_79b9);
    h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
    f64::from(h ^ (h >> 13)) / f64::from(u32::MAX) * 2.0 - 1.0
}

/// 16 bit samples of one channel as a WAV file.
fn wav(samples: &[u8]) -> Vec<u8> {
    let chunk = |name: &[u8], content: &[u8]| {
        [name, &(content.len() as u32).to_le_bytes(), content].concat()
    };
    let form = [&[1, 0, 1, 0][..], &RATE.to_le_bytes(), &(2 * RATE).to_le_bytes(), &[2, 0, 16, 0]];
    let body = [b"WAVE".to_vec(), chunk(b"fmt ", &form.concat()), chunk(b"data", samples)].concat();
    chunk(b"RIFF", &body)
}
