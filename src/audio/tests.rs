use std::f64::consts::TAU;

use super::spectrum::{Spectrum, WINDOW, shares};
use super::*;
use crate::signal::randn;

fn hear(samples: &[f32], piece: usize) -> Hearing {
    let mut analyser = Analyser::default();
    samples.chunks(piece).for_each(|samples| analyser.push(samples));
    analyser.finish()
}

fn tone(hertz: f64, amplitude: f64, seconds: f64) -> Vec<f32> {
    let sample = |i: usize| amplitude * (TAU * hertz * i as f64 / f64::from(RATE)).sin();
    (0..(seconds * f64::from(RATE)) as usize).map(|i| sample(i) as f32).collect()
}

fn noise(seconds: f64, amplitude: f64) -> Vec<f32> {
    let length = (seconds * f64::from(RATE)) as usize;
    randn(7, length).into_iter().map(|v| (amplitude * v) as f32).collect()
}

/// Short bursts of noise at given times, upon quiet noise.
fn clicks(times: &[f64], seconds: f64) -> Vec<f32> {
    let mut samples = noise(seconds, 0.003);
    let burst = noise(0.05, 0.3);
    for time in times {
        let start = (time * f64::from(RATE)) as usize;
        for (i, (sample, click)) in samples[start..].iter_mut().zip(&burst).enumerate() {
            *sample += click * (-(i as f32) / 400.0).exp();
        }
    }
    samples
}

#[test]
fn powers_are_those_of_the_definition() {
    let samples = noise(0.05, 0.5);
    let samples = &samples[..WINDOW];
    let fast: Vec<f32> = Spectrum::new(WINDOW).powers(samples).collect();
    assert_eq!(fast.len(), WINDOW / 2 + 1);
    for bin in [0, 1, 2, 17, 500, WINDOW / 2 - 1, WINDOW / 2] {
        let (mut re, mut im, mut squares) = (0.0, 0.0, 0.0);
        for (i, &sample) in samples.iter().enumerate() {
            let weight = 0.5 - 0.5 * (TAU * i as f64 / WINDOW as f64).cos();
            let turn = TAU * ((bin * i) % WINDOW) as f64 / WINDOW as f64;
            re += weight * f64::from(sample) * turn.cos();
            im -= weight * f64::from(sample) * turn.sin();
            squares += weight * weight;
        }
        let sides = if bin == 0 || bin == WINDOW / 2 { 1.0 } else { 2.0 };
        let slow = sides * (re * re + im * im) / squares / WINDOW as f64;
        assert!(
            (f64::from(fast[bin]) - slow).abs() < 1e-5 * slow.max(1e-4),
            "{bin}: {} {slow}",
            fast[bin]
        );
    }
}

#[test]
fn bands_share_all_power_once() {
    for hertz in [63.0, 125.0, 440.0, 1000.0, 5000.0, 15_000.0] {
        let bands = Spectrum::new(WINDOW).bands(&tone(hertz, 1.0, 0.05)[..WINDOW]);
        let all: f32 = bands.iter().sum();
        assert!((all - 0.5).abs() < 0.06, "{hertz} Hz: {all}");
        let loudest = (0..BANDS).max_by(|&a, &b| bands[a].total_cmp(&bands[b])).unwrap();
        let [low, high] = band_edges(loudest);
        // The lowest bands are narrower than a bin, and what is lower still leaks into bin 0.
        assert!(low - 22.0 <= hertz && hertz <= high + 22.0, "{hertz} Hz in {low}-{high}");
    }
    // The named bands meet, and cover what there is.
    let covered = NAMED.map(|(_, ends)| shares(ends));
    for band in 0..BANDS {
        let all: f32 = covered.iter().map(|shares| shares[band]).sum();
        let audible = band_edges(band)[1] <= 20_000.0;
        assert!(!audible || (all - 1.0).abs() < 1e-5, "band {band}: {all}");
    }
}

#[test]
fn loudness_is_the_root_mean_square() {
    let quiet_then_loud = [tone(441.0, 0.1, 1.0), tone(441.0, 0.8, 1.0)].concat();
    let heard = hear(&quiet_then_loud, 1000);
    assert_eq!((heard.samples, heard.rms.len()), (88_200, 173));
    assert!((heard.rms[40] - 0.1 / 2f32.sqrt()).abs() < 1e-3);
    assert!((heard.rms[130] - 0.8 / 2f32.sqrt()).abs() < 5e-3);
    assert!((heard.peaks[130] - 0.8).abs() < 1e-2);
    let series = heard.series(Feature::Rms);
    assert!((series.at(1.5) - 1.0).abs() < 0.01 && (series.at(0.5) - 0.125).abs() < 0.01);
    assert_eq!((series.at(-0.1), series.at(2.1)), (0.0, 0.0));
    // Where it becomes louder, and nowhere else.
    let strongest = (1..173).max_by(|&a, &b| heard.onset[a].total_cmp(&heard.onset[b])).unwrap();
    assert!((84..=88).contains(&strongest), "{strongest}");
}

#[test]
fn a_piece_is_heard_alike_however_it_comes() {
    let samples = clicks(&[0.5, 1.0, 1.5, 2.0], 2.6);
    let whole = hear(&samples, samples.len());
    for piece in [1, 500, 512, 4097, 50_000] {
        assert_eq!(hear(&samples, piece), whole, "pieces of {piece}");
    }
    for length in [0, 1, 511, 512, 513, 4096, 9000] {
        let heard = hear(&samples[..length], 100);
        assert_eq!(heard.rms.len(), length.div_ceil(HOP));
        assert_eq!(Hearing::from_bytes(&heard.to_bytes().unwrap()), Some(heard));
    }
    let bytes = whole.to_bytes().unwrap();
    assert_eq!(Hearing::from_bytes(&bytes), Some(whole));
    for length in [0, 7, 100, bytes.len() - 1] {
        assert_eq!(Hearing::from_bytes(&bytes[..length]), None);
    }
}

#[test]
fn what_is_no_number_is_silence() {
    let heard = hear(&[f32::NAN, f32::INFINITY, -f32::INFINITY].repeat(5000), 999);
    assert!(heard.rms.iter().chain(&heard.onset).chain(&heard.chroma).all(|&v| v == 0.0));
    assert_eq!(heard.beats, Beats::default());
}

#[test]
fn pitches_are_told_apart() {
    for (octave, base) in [(3, 130.81), (4, 261.63), (6, 1046.5)] {
        for (pitch, name) in PITCHES.into_iter().enumerate() {
            let hertz = base * (pitch as f64 / 12.0).exp2();
            let heard = hear(&tone(hertz, 0.5, 0.6), 4096);
            let middle = &heard.chroma[12 * 25..12 * 26];
            let strongest = (0..12).max_by(|&a, &b| middle[a].total_cmp(&middle[b])).unwrap();
            assert_eq!(PITCHES[strongest], name, "octave {octave}");
            let others = (0..12).filter(|&i| i != pitch).map(|i| middle[i]).fold(0.0, f32::max);
            assert!(others < 0.5, "{name} in octave {octave}: {middle:?}");
        }
    }
}

#[test]
fn beats_are_found() {
    for tempo in [64.0, 90.0, 120.0, 128.0, 174.0] {
        let length = 60.0 / tempo;
        let times: Vec<f64> =
            (0..).map(|i| 0.4 + length * f64::from(i)).take_while(|time| *time < 19.5).collect();
        let heard = hear(&clicks(&times, 20.0), 44_100).beats;
        let found = heard.tempo.unwrap();
        assert!((found / tempo - 1.0).abs() < 0.01, "{tempo}: {found}");
        let near = |time: f64| heard.times.iter().any(|beat| (beat - time).abs() < 0.01);
        let missed = times.iter().filter(|&&time| !near(time)).count();
        assert!(missed <= 1, "{tempo}: {missed} of {} missed; {:?}", times.len(), heard.times);
        let wrong = |beat: &&f64| !times.iter().any(|time| (*beat - time).abs() < 0.01);
        assert_eq!(heard.times.iter().filter(wrong).count(), 0, "{tempo}: {:?}", heard.times);
    }
}

#[test]
fn beats_follow_a_player_who_is_not_quite_even() {
    let sway = |i: usize| 0.5 * i as f64 + 0.5 + 0.03 * (i as f64 * 0.4).sin();
    let times: Vec<f64> = (0..38).map(sway).collect();
    let heard = hear(&clicks(&times, 20.0), 44_100).beats;
    let near = |time: &&f64| heard.times.iter().any(|beat| (beat - **time).abs() < 0.02);
    assert!(times.iter().filter(near).count() >= 36, "{:?}", heard.times);
}

#[test]
fn what_does_not_repeat_has_no_panic_in_it() {
    for samples in
        [vec![], vec![0.0; 100_000], noise(3.0, 0.1), tone(440.0, 0.5, 2.0), noise(0.01, 1.0)]
    {
        let beats = hear(&samples, 4096).beats;
        assert!(beats.times.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

#[test]
fn beats_fall_from_one_to_the_next() {
    let beats = Beats { tempo: Some(60.0), times: vec![1.0, 2.0, 4.0] };
    let at = [0.5, 1.0, 1.25, 2.0, 3.0, 4.0, 5.0, 6.5].map(|t| beats.nearness(t));
    assert_eq!(at, [0.0, 1.0, 0.75, 1.0, 0.5, 1.0, 0.5, 0.0]);
    assert_eq!(Beats { tempo: None, times: vec![1.0] }.nearness(1.5), 0.0);
}

#[test]
fn a_value_follows_with_its_attack_and_release() {
    let step: Vec<f32> = (0..600).map(|i| f32::from(u8::from((100..300).contains(&i)))).collect();
    let series = Series::new(step);
    let follow = Follow { gain: 2.0, attack: 0.1, release: 0.4, ..Follow::default() };
    let moment = |i: usize| i as f64 * HOP as f64 / f64::from(RATE);
    let followed = series.followed(follow);
    // 63 % of the way after each time.
    let up = followed.at(moment(99) + 0.1) / 2.0;
    let down = followed.at(moment(299) + 0.4) / 2.0;
    assert!((up - 0.632).abs() < 0.01 && (down - 0.368).abs() < 0.01, "{up} {down}");
    assert_eq!(series.followed(Follow::default()), series);
    // Smoothing is even on both sides and keeps the sum.
    let smooth = series.followed(Follow { smooth: 0.1, ..Follow::default() });
    for i in 0..100 {
        let (rising, falling) = (smooth.values()[100 + i], smooth.values()[299 - i]);
        assert!((rising - falling).abs() < 1e-5);
    }
    let sum = |series: &Series| series.values().iter().sum::<f32>();
    assert!((sum(&smooth) - sum(&series)).abs() < 0.01);
}

#[test]
fn features_have_names() {
    assert_eq!("bass".parse(), Ok(Feature::Band([60.0, 250.0])));
    assert_eq!("80-120.5".parse(), Ok(Feature::Band([80.0, 120.5])));
    assert_eq!(("f#".parse(), "beat".parse()), (Ok(Feature::Chroma(6)), Ok(Feature::Beat)));
    for (text, told) in [
        ("bas", "did you mean `bass`"),
        ("10-50", "20 to 20000"),
        ("90-80", "two frequencies"),
        ("x-y", "two frequencies"),
    ] {
        let error = text.parse::<Feature>().unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}
