//! Looking at a film before it is rendered: sheets, differences, estimates.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::tools::{Folder, STYLEGAN2, T, pickle, rgb};

/// A PNG image: width and RGB samples.
fn picture(folder: &Folder, name: &str) -> (usize, Vec<u8>) {
    let image = image::load_from_memory(&folder.read(name)).unwrap().to_rgb8();
    (image.width() as usize, image.into_raw())
}

/// Whether a picture of 64 pixels squared stands somewhere in another one.
fn shows(sheet: &(usize, Vec<u8>), small: &[u8]) -> bool {
    let (width, samples) = sheet;
    let row = |y: usize| &small[3 * 64 * y..][..3 * 64];
    let places = samples.windows(3 * 64).enumerate().filter(|(_, window)| *window == row(0));
    places.into_iter().any(|(at, _)| {
        (1..64).all(|y| samples.get(at + 3 * width * y..).is_some_and(|s| s.starts_with(row(y))))
    })
}

#[test]
fn a_sheet_shows_the_key_moments() {
    let fields = "duration: 48, markers: (drop: 30), psi: [(at: 0, value: 1), (at: 14, value: 0.5)], \
                  latent: (keys: [(at: 0, seed: 1), (at: 31, seed: 2), (at: 47, seed: 3)])";
    let folder = Folder::with(STYLEGAN2, fields);
    folder.run(&["t.ron", "-o", "all/%d.png", "-q"]).ok();
    let frames: Vec<_> = (0..48).map(|i| picture(&folder, &format!("all/{i}.png")).1).collect();
    let shown = |options: &[&str]| -> Vec<usize> {
        let line = ["sheet", "t.ron", "-o", "s.png", "--cell", "64", "-q", "--overwrite"];
        assert_eq!(folder.run(&[&line, options].concat()).ok().stdout, "s.png\n");
        let sheet = picture(&folder, "s.png");
        (0..48).filter(|&i| shows(&sheet, &frames[i])).collect()
    };
    // The key at 31 is joined with the marker.
    assert_eq!(shown(&[]), [0, 14, 30, 47]);
    assert_eq!(shown(&["--most", "3"]), [0, 30, 47]);
    assert_eq!(shown(&["--frames", "6-29"]), [6, 14, 29]);
    assert_eq!(shown(&["--every", "0.5s", "--columns", "2"]), [0, 12, 24, 36]);
    assert_eq!(shown(&["--every", "20f", "--frames", "20-"]), [20, 40]);
    let sheet =
        |options: &[&str]| folder.run(&[&["sheet", "t.ron", "-o", "s.png"], options].concat());
    sheet(&[]).fails(64, "already there");
    sheet(&["--overwrite", "--every", "0.01s"]).fails(64, "less than a frame");
    sheet(&["--overwrite", "--every", "-1s"]).fails(64, "from the end");
    sheet(&["--overwrite", "--every", "9s", "--frames", "20-"]).fails(64, "longer");
    sheet(&["--overwrite", "--cell", "4096", "--every", "1f"]).fails(64, "pixels");
    folder.run(&["sheet", "t.ron", "-o", "s.jpg"]).fails(64, ".png");
}

/// The frames that `diff` says to change, and what else it says; the exit code is held against that.
fn changed(folder: &Folder, options: &[&str]) -> (BTreeSet<u64>, Value) {
    let run = folder.run(&[&["diff", "a.ron", "b.ron", "--json"], options].concat());
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(run.code == 0, told["equal"] == true, "{run:?}");
    assert!(run.code <= 1, "{run:?}");
    let ranges = told["ranges"].as_array().unwrap().iter();
    let frames = ranges.flat_map(|r| r["first"].as_u64().unwrap()..=r["last"].as_u64().unwrap());
    (frames.collect(), told.clone())
}

#[test]
fn a_difference_names_just_the_frames_whose_pixels_change() {
    let folder = Folder::new();
    let film = |name: &str, psi: &str, mix: &str| {
        let fields = format!(
            "duration: 36, seeds: [1, 2], psi: [(at: 0, value: 1, ease: hold), (at: 8, value: {psi}, ease: hold), \
             (at: 12, value: 0.5)], mix: [(layers: fine, seed: 5, amount: [(at: 20, value: 0), (at: 26, value: {mix}), \
             (at: 32, value: 0)])]"
        );
        folder.timeline(name, pickle(STYLEGAN2).to_str().unwrap(), &fields);
    };
    film("a.ron", "0.9", "0");
    film("b.ron", "0.8", "1");
    for name in ["a", "b"] {
        folder.run(&[&format!("{name}.ron"), "-o", &format!("{name}/%d.png"), "-q"]).ok();
    }
    let differs =
        |i: &u64| folder.read(&format!("a/{i}.png")) != folder.read(&format!("b/{i}.png"));
    let (frames, told) = changed(&folder, &[]);
    assert_eq!(frames, (0..36).filter(differs).collect());
    assert_eq!((&told["frames"], &told["changed"]), (&serde_json::json!([36, 36]), &15.into()));
    let tracks: Vec<_> =
        told["ranges"].as_array().unwrap().iter().map(|r| &r["tracks"][0]).collect();
    assert_eq!(tracks, ["psi", "mix 1"]);
    assert_eq!(told["ranges"][0]["timecodes"][0], "00:00:00:08");
    assert!(
        told["ranges"][0]["w"].as_f64() > Some(0.0) && told["ranges"][0]["camera_pixels"] == 0.0
    );

    let text = folder.run(&["diff", "a.ron", "b.ron"]);
    assert_eq!((text.code, text.stderr.as_str()), (1, ""));
    assert!(text.stdout.contains("00:00:00:08 - 00:00:00:11  8-11  w by "), "{}", text.stdout);
    assert!(text.stdout.ends_with("15 of 36 frames change\n"), "{}", text.stdout);

    let a = String::from_utf8(folder.read("a.ron")).unwrap();
    fs::write(folder.path("b.ron"), format!("// Remarks\n{a}")).unwrap();
    assert_eq!(folder.run(&["diff", "a.ron", "b.ron"]).ok().stdout, "nothing changes\n");
    folder.run(&["diff", "a.ron", "c.ron"]).fails(66, "c.ron");
}

#[test]
fn a_difference_tells_what_all_frames_have_in_common() {
    let folder = Folder::new();
    let film = |name: &str, model: &str, fields: &str| {
        let fields = format!("seeds: (list: [1, 2], every: 20), {fields}");
        folder.timeline(name, pickle(model).to_str().unwrap(), &fields);
    };
    let text = |told: &Value| told["everywhere"].to_string() + &told["film"].to_string();
    film("a.ron", STYLEGAN2, "duration: 24");
    for (model, fields, words, count) in [
        (T, "duration: 24", "network ", 24),
        (STYLEGAN2, "duration: 24, size: (32, 32)", "size 64x64 -> 32x32", 24),
        (STYLEGAN2, "duration: 24, fit: cover", "fit contain -> cover", 24),
        (STYLEGAN2, "duration: 24, output: (preset: \"ffv1\")", "preset h264 -> ffv1", 0),
        (STYLEGAN2, "duration: 30", "", 6),
        (STYLEGAN2, "duration: 20", "", 0),
    ] {
        film("b.ron", model, fields);
        let (frames, told) = changed(&folder, &[]);
        assert!(frames.is_empty() && text(&told).contains(words), "{fields}: {told}");
        assert_eq!(told["changed"], count, "{fields}");
        assert_eq!(told["equal"], false);
    }
    assert_eq!(changed(&folder, &[]).1["only_in_first"], serde_json::json!([20, 23]));
    folder.timeline("b.ron", pickle(STYLEGAN2).to_str().unwrap(), "seeds: [1, 2], duration: 20");
    assert_eq!(changed(&folder, &["--size", "32x32"]).0, (1..20).collect(), "another path");
    // The same motion at twice the rate.
    for (name, fps, every) in [("a.ron", 12, 10), ("b.ron", 24, 20)] {
        let fields = format!("fps: {fps}, duration: \"1s\", seeds: (list: [1, 2], every: {every})");
        folder.timeline(name, pickle(STYLEGAN2).to_str().unwrap(), &fields);
    }
    let (frames, told) = changed(&folder, &[]);
    assert!(frames.is_empty() && text(&told).contains("fps 12 -> 24"), "{told}");
}

#[test]
fn a_difference_measures_the_camera_in_pixels() {
    let folder = Folder::new();
    for (name, x) in [("a.ron", "0"), ("b.ron", "0.125")] {
        let fields = format!("duration: 4, seeds: [1, 2], camera: (translate: ({x}, 0))");
        folder.timeline(name, pickle(T).to_str().unwrap(), &fields);
    }
    let (frames, told) = changed(&folder, &[]);
    assert_eq!(frames, (0..4).collect());
    let range = &told["ranges"][0];
    assert!((range["camera_pixels"].as_f64().unwrap() - 8.0).abs() < 1e-9 && range["w"] == 0.0);
    assert_eq!(range["tracks"], serde_json::json!(["translate"]));
}

#[test]
fn an_estimate_holds_and_leaves_nothing() {
    let folder = || Folder::with(STYLEGAN2, "seeds: [1, 2, 3], duration: 200");
    for out in ["a.mp4", "a.mkv", "a.mov", "a/%03d.png"] {
        let folder = folder();
        let run = folder.run(&["estimate", "t.ron", "-o", out, "--json"]).ok();
        assert_eq!(folder.files(), [""; 0]);
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((&told["frames"], &told["measured_frames"]), (&200.into(), &18.into()));
        let range = |name: &str| [0, 1].map(|i| told[name][i].as_f64().unwrap());
        let (seconds, bytes) = (range("seconds"), range("bytes"));
        assert!(0.0 < seconds[0] && seconds[0] <= seconds[1], "{told}");
        assert!(told["peak_memory_bytes"].as_u64() > Some(1 << 20) && told["fits"].is_boolean());
        folder.run(&["t.ron", "-o", out, "-q"]).ok();
        let made = folder.files().iter().map(|name| folder.read(name).len()).sum::<usize>() as f64;
        assert!(bytes[0] <= made && made <= bytes[1], "{out}: {made} bytes, {told}");
    }
    let folder = folder();
    let text = folder.run(&["estimate", "t.ron", "--frames", "0-9", "--size", "32x32"]).ok().stdout;
    let words =
        ["t.ron: 10 frames of 32x32, h264, cpu", "time ", " fps, ", "memory ", "free at t.mp4"];
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
    folder.run(&["estimate", "t.ron", "-o", "a.txt"]).fails(64, "a.txt");
}

#[test]
fn a_sheet_fits_pixels_that_are_not_square() {
    let fields = "seeds: [1, 2], duration: 2, size: (32, 64), pixel_aspect: (2, 1), fit: stretch";
    let folder = Folder::with(STYLEGAN2, fields);
    folder.run(&["sheet", "t.ron", "-o", "s.png", "--cell", "64", "--columns", "1", "-q"]).ok();
    let (width, _) = picture(&folder, "s.png");
    let frames = rgb(&folder.path("s.png"));
    // Two cells of 64x64, each with two lines above it, below the title.
    assert_eq!(frames[0].len() / 3 / width, 40 + 2 * (48 + 64 + 14) + 14);
}
