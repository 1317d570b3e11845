//! What is heard in sound files, as a user asks for it.

use std::fs;
use std::process::Command;

use crate::tools::{Folder, Run, STYLEGAN2, pickle};

/// Hears with a cache of the folder's own, so that nothing is remembered from another test's run.
#[track_caller]
fn hear(folder: &Folder, arguments: &str) -> Run {
    folder.shell(&format!("SG3RENDER_CACHE=\"$PWD/cache\" \"$SG\" audio {arguments}"))
}

/// Writes eight seconds of the note a, struck twice a second, in the form that the name asks for.
fn strikes(folder: &Folder, name: &str, options: &[&str]) {
    let sound = "aevalsrc=0.5*sin(2*PI*440*t)*exp(-20*mod(t\\,0.5)):s=48000:d=8";
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-f", "lavfi", "-i", sound]).args(options).arg(folder.path(name));
    assert!(ffmpeg.status().unwrap().success());
}

#[test]
fn files_of_every_form_are_heard_alike() {
    let folder = Folder::new();
    for (name, options) in [
        ("stereo.wav", &["-ac", "2"][..]),
        ("mono.wav", &["-ar", "22050", "-c:a", "pcm_u8"]),
        ("small.mp3", &["-b:a", "128k", "-ar", "44100"]),
        ("surround.flac", &["-ac", "6", "-ar", "96000"]),
    ] {
        strikes(&folder, name, options);
        let heard: serde_json::Value =
            serde_json::from_str(&hear(&folder, &format!("{name} --json")).ok().stdout).unwrap();
        let number = |field: &str| heard[field].as_f64().unwrap();
        assert!((number("seconds") - 8.0).abs() < 0.1, "{name}: {heard}");
        assert!((number("tempo") - 120.0).abs() < 1.0, "{name}: {heard}");
        let beats: Vec<f64> = serde_json::from_value(heard["beats"].clone()).unwrap();
        let off = |beat: &f64| (beat * 2.0 - (beat * 2.0).round()).abs() / 2.0;
        assert!(
            beats.len() >= 14 && beats.iter().all(|beat| off(beat) < 0.05),
            "{name}: {beats:?}"
        );
        assert!(heard["strongest_pitches"]["a"].as_f64().unwrap() > 0.9, "{name}: {heard}");
    }
}

#[test]
fn a_timeline_is_drawn_with_its_sound() {
    let folder = Folder::with(STYLEGAN2, "");
    strikes(&folder, "a.wav", &[]);
    let fields =
        "seeds: [1, 2], duration: \"3s\", markers: (drop: \"2s\"), output: (audio: \"a.wav\")";
    for (name, music, beats) in [("heard", "", 0), ("told", ", music: (bpm: 60)", 4)] {
        let fields = format!("{fields}{music}, psi: \"0.5 + t / 9\"");
        folder.timeline("t.ron", pickle(STYLEGAN2).to_str().unwrap(), &fields);
        folder.run(&["plot", "t.ron", "-o", &format!("{name}.svg")]).ok();
        let svg = String::from_utf8(folder.read(&format!("{name}.svg"))).unwrap();
        for word in ["sound", "peak", "rms", "beats", "drop", "polygon"] {
            assert!(svg.contains(word), "{name}: {word}");
        }
        // Those of the music, or about two a second.
        let keys = 2;
        let dots = svg.matches("<circle").count() - keys;
        assert!(if beats > 0 { dots == beats } else { (4..=7).contains(&dots) }, "{name}: {dots}");
        folder.run(&["plot", "t.ron", "-o", &format!("{name}.png")]).ok();
    }
}

#[test]
fn plots_and_signals_are_written() {
    let folder = Folder::new();
    strikes(&folder, "a.wav", &[]);
    let told = hear(&folder, "a.wav -o heard --report heard.html").ok().stdout;
    for words in ["a.wav: 0:08.0 min, 120", "strongest pitches: a (", "mid (500-2000 Hz)"] {
        assert!(told.contains(words), "{words} is not in {told}");
    }
    let mut names: Vec<String> = fs::read_dir(folder.path("heard"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let plots =
        ["loudness", "onsets"].iter().flat_map(|n| [format!("{n}.png"), format!("{n}.svg")]);
    let mut expected: Vec<String> =
        plots.chain(["bands.png".into(), "pitches.png".into(), "signals.npz".into()]).collect();
    expected.sort();
    assert_eq!(names, expected);
    let page = String::from_utf8(folder.read("heard.html")).unwrap();
    assert_eq!(page.matches("<img").count(), 4);
    // Heard once: the second time comes from the cache, whose entry may be lost or damaged.
    let kept = folder.path("cache/audio");
    let entry = fs::read_dir(&kept).unwrap().next().unwrap().unwrap().path();
    let remembered = fs::read(&entry).unwrap();
    fs::write(&entry, &remembered[..remembered.len() / 2]).unwrap();
    assert_eq!(hear(&folder, "a.wav").ok().stdout + "heard.html\n", told);
    assert_eq!(fs::read(&entry).unwrap(), remembered);
    // Nothing is replaced unasked.
    hear(&folder, "a.wav -o heard").fails(64, "--overwrite");
    hear(&folder, "a.wav -o heard --overwrite").ok();
}

#[test]
fn what_cannot_be_heard_is_told() {
    let folder = Folder::new();
    hear(&folder, "gone.wav").fails(66, "`gone.wav`");
    fs::write(folder.path("text.wav"), "no sound at all").unwrap();
    hear(&folder, "text.wav").fails(65, "no sound that FFmpeg reads: Invalid data found");
    strikes(&folder, "a.wav", &[]);
    let whole = folder.read("a.wav");
    fs::write(folder.path("empty.wav"), &whole[..100]).unwrap();
    hear(&folder, "empty.wav").fails(65, "`empty.wav`");
    // What is there of a truncated file is heard.
    fs::write(folder.path("half.wav"), &whole[..whole.len() / 2]).unwrap();
    assert!(hear(&folder, "half.wav").ok().stdout.contains("0:04.0 min"));
    let film = ["-y", "-v", "error", "-f", "lavfi", "-i", "color=s=16x16:d=1"];
    let made = Command::new("ffmpeg").args(film).arg(folder.path("film.mkv")).status();
    assert!(made.unwrap().success());
    hear(&folder, "film.mkv").fails(65, "holds no sound");
}
