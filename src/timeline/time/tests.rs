//! Times and rates, sound and unsound.

use super::super::tempo::{Clock, Place, Tempo};
use super::*;

const NTSC: (u32, u32) = (30000, 1001);

fn at(text: &str, fps: (u32, u32)) -> f64 {
    Time::parse(text).unwrap().frame(&Clock::new(fps), 1000.0).unwrap()
}

#[test]
fn times_become_frames() {
    assert_eq!(at("1.5s", (24, 1)), 36.0);
    assert_eq!(at("250ms", (24, 1)), 6.0);
    assert_eq!(at("12f", (24, 1)), 12.0);
    assert_eq!(at("12.5f", NTSC), 12.5);
    assert_eq!(at("00:00:02:12", (24, 1)), 60.0);
    assert_eq!(at("01:01:01:01", (25, 1)), (3661 * 25 + 1) as f64);
    assert_eq!(at(" +2 s ", (24, 1)), 48.0);
    assert_eq!(at("-1s", (24, 1)), 976.0);
    assert_eq!(at("-0s", (24, 1)), 1000.0);
    assert_eq!(at("-00:00:01:00", (24, 1)), 976.0);
    assert_eq!(Time::from_frames(-3.0).unwrap().frame(&Clock::new((24, 1)), 10.0), Ok(7.0));
}

#[test]
fn fractional_rates_are_exact() {
    // 1001 seconds are 30000 frames, and timecode counts at the nominal 30.
    assert_eq!(at("1001s", NTSC), 30000.0);
    assert_eq!(at("1.001s", NTSC), 30.0);
    assert_eq!(at("1001ms", (24000, 1001)), 24.0);
    assert_eq!(at("00:00:01:29", NTSC), 59.0);
    assert_eq!(at("9999999999s", (1000, 1)), 9_999_999_999_000.0);
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "-",
        "s",
        "1",
        "1.2.3s",
        "1x",
        "1e3s",
        "--1s",
        "00:00:00",
        "::::",
        "99999999999s",
        "+-1s",
        "١s",
        ".",
    ] {
        assert!(Time::parse(text).is_err(), "{text}");
    }
    assert!(Time::parse("00:00:61:00").unwrap_err().contains("below 60"));
    assert!(Time::parse("00:00:01;12").unwrap_err().contains("drop-frame"));
    let clock = Clock::new((24, 1));
    assert!(Time::parse("00:00:00:24").unwrap().length(&clock).unwrap_err().contains("24 frames"));
    assert!([f64::NAN, f64::INFINITY, 1e11].into_iter().all(|x| Time::from_frames(x).is_err()));
}

#[test]
fn rates() {
    assert_eq!(rate(24.0), Ok((24, 1)));
    assert_eq!(rate(29.97), Ok(NTSC));
    assert_eq!(rate(23.976), Ok((24000, 1001)));
    assert_eq!(rate(23.98), Ok((24000, 1001)));
    assert_eq!(rate(59.94), Ok((60000, 1001)));
    assert_eq!(rate(12.5), Ok((25, 2)));
    assert_eq!(rate_from_text("30000/1001"), Ok(NTSC));
    assert_eq!(rate_from_text(" 50 / 2 "), Ok((25, 1)));
    assert_eq!(rate_from_text("29.97"), Ok(NTSC));
    for wrong in [0.0, -1.0, 1000.1, f64::NAN, f64::INFINITY, 1e-9] {
        assert!(rate(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "a", "1/0", "0/1", "1001/1", "-1/2", "1/2/3", "nan"] {
        assert!(rate_from_text(wrong).is_err(), "{wrong}");
    }
}

fn musical() -> Clock {
    let mut tempo = Tempo::new(0.5, 120.0, 4);
    assert!(tempo.change(Place::Beat(8.0), 60.0, false));
    Clock { rate: (24, 1), tempo: Some(tempo) }
}

#[test]
fn beats_bars_and_sums_become_frames() {
    let frame = |text: &str| Time::parse(text).unwrap().frame(&musical(), 240.0).unwrap();
    assert_eq!([frame("0b"), frame("4b"), frame("12.5b")], [12.0, 60.0, 216.0]);
    assert_eq!([frame("1:1"), frame("2:1"), frame("3:1.5")], [12.0, 60.0, 120.0]);
    // The end, at 10 seconds, lies at beat 13.5: two beats before it a second passes for each.
    assert_eq!([frame("-2b"), frame("-6.5b")], [192.0, 96.0]);
    assert_eq!(
        [frame("4b+1s"), frame("4b - 250ms"), frame("-1s+6f"), frame("1s+4b")],
        [84.0, 54.0, 222.0, 72.0]
    );
    let length = |text: &str| Time::parse(text).unwrap().length(&musical());
    assert_eq!(length("4b"), Ok(48.0));
    for place in ["2:1", "1s+1b"] {
        assert!(length(place).unwrap_err().contains("place"), "{place}");
    }
}

#[test]
fn beats_need_music_and_bars_their_beats() {
    let clock = Clock::new((24, 1));
    for text in ["4b", "2:1", "-4b", "1s+1b"] {
        let error = Time::parse(text).unwrap().frame(&clock, 100.0).unwrap_err();
        assert!(error.contains("music"), "{text}: {error}");
    }
    assert!(Time::parse("2:5").unwrap().frame(&musical(), 100.0).unwrap_err().contains("4 beats"));
    for text in [
        "0:1", "1:0", "1:0.5", "-1:1", "1:", ":1", "1.5:1", "1:x", "b", "4bb", "1s+", "1s++1s",
        "1s+1:1",
    ] {
        assert!(Time::parse(text).is_err(), "{text}");
    }
}

#[test]
fn markers_stand_for_their_times() {
    let markers = |name: &str| (name == "drop").then(|| Time::parse("4b").unwrap());
    let frame =
        |text: &str| Time::parse_with(text, markers).and_then(|time| time.frame(&musical(), 240.0));
    assert_eq!(frame("drop"), Ok(60.0));
    assert_eq!((frame("drop+2b"), frame(" drop - 1s ")), (Ok(84.0), Ok(36.0)));
    assert!(frame("dorp").unwrap_err().contains("no marker `dorp`"));
    assert!(frame("-drop").is_err() && frame("drop+drop").is_err());
}
