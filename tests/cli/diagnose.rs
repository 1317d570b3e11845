//! Measuring and diagnosing as a user does it.

use std::fs;

use serde_json::Value;

use crate::tools::{Folder, R, STYLEGAN2, T, pickle};

fn network(name: &str) -> String {
    pickle(name).display().to_string()
}

fn size(png: &[u8]) -> (u32, u32) {
    let image = image::load_from_memory(png).unwrap();
    (image.width(), image.height())
}

#[test]
fn figures_are_logged_and_a_second_run_only_reads_them() {
    let folder = Folder::new();
    let network = network(T);
    let run = |samples: &str| {
        let arguments =
            ["metrics", "eq-t,eq-r", &network, "--samples", samples, "--batch", "2", "--json"];
        folder.run(&arguments).ok().events()
    };
    let figures = |events: &[Value]| -> Vec<(String, f64)> {
        let own = events.iter().filter(|event| event["event"] == "figure");
        own.map(|e| (e["measure"].as_str().unwrap().into(), e["db"].as_f64().unwrap())).collect()
    };
    let first = figures(&run("4"));
    assert_eq!(first.iter().map(|f| &*f.0).collect::<Vec<_>>(), ["eq-t", "eq-r"]);
    assert!(first[0].1 > 60.0 && first[1].1 < 40.0, "{first:?}");
    let lines = |log: &[u8]| String::from_utf8(log.to_vec()).unwrap().lines().count();
    assert_eq!(lines(&folder.read("metrics.jsonl")), 4);
    // The same again: figures alone are added, and they are the same to the last digit.
    assert_eq!(figures(&run("4")), first);
    assert_eq!(lines(&folder.read("metrics.jsonl")), 6);
    run("6");
    assert_eq!(lines(&folder.read("metrics.jsonl")), 9);

    let people = folder.run(&[
        "metrics",
        "eq-t",
        &network,
        "--samples",
        "4",
        "--batch",
        "2",
        "--report",
        "r.html",
    ]);
    assert!(people.ok().stdout.contains("63.01"));
    assert!(String::from_utf8(folder.read("r.html")).unwrap().contains("data:image/svg+xml"));
}

#[test]
fn what_cannot_be_measured_is_told() {
    let folder = Folder::new();
    let (t, stylegan2) = (network(T), network(STYLEGAN2));
    folder.run(&["metrics", "eq-t", &stylegan2]).fails(65, "StyleGAN2");
    folder.run(&["metrics", "eq-x", &t]).fails(64, "eq-t-frac");
    folder.run(&["metrics", "eq-t", &t, "--samples", "0"]).fails(64, "samples");
    folder.run(&["metrics", "eq-t", "none.pkl"]).fails(66, "none.pkl");
    folder.run(&["diagnose", "stripes", "none.mp4"]).fails(66, "none.mp4");
    fs::write(folder.path("text.mp4"), "no video").unwrap();
    folder.run(&["diagnose", "stripes", "text.mp4"]).fails(65, "no video");
    folder.run(&["diagnose", "stripes", &t, "--seeds", "1"]).fails(64, "two");
    folder.run(&["diagnose", "shot", "text.mp4", "--stabilise"]).fails(64, "camera");
    folder.run(&["diagnose", "spectrum", "text.mp4", "-o", "out"]).fails(65, "no video");
    fs::create_dir(folder.path("empty")).unwrap();
    folder.run(&["diagnose", "spectrum", "empty", "-o", "out"]).fails(65, "no pictures");
    fs::write(folder.path("bad.zip"), "no zip").unwrap();
    folder.run(&["diagnose", "spectrum", "bad.zip", "-o", "out"]).fails(65, "bad.zip");
}

#[test]
fn stripes_and_averages_of_networks_side_by_side() {
    let folder = Folder::new();
    let (t, r) = (network(T), network(R));
    let run = folder.run(&["diagnose", "stripes", &t, &r, "--frames", "6", "-o", "s.png"]).ok();
    assert_eq!(run.stdout.matches("sticking 0.").count(), 2, "{}", run.stdout);
    let (width, height) = size(&folder.read("s.png"));
    assert!(width > 400 && height > 300, "{width}x{height}");
    let stabilised = folder.run(&["diagnose", "stripes", &t, "--frames", "6", "--stabilise"]).ok();
    assert!(stabilised.stdout.contains("sticking 0."));

    let run = folder.run(&[
        "diagnose",
        "average",
        &t,
        "--samples",
        "4",
        "-o",
        "a.png",
        "--report",
        "a.html",
    ]);
    assert!(run.ok().stdout.contains("sharpness ratio 0."));
    assert!(size(&folder.read("a.png")).1 > 500);
    assert!(folder.read("a.html").len() > 10_000);
    folder
        .run(&["diagnose", "average", &t, "--samples", "1", "-o", "a.png"])
        .fails(64, "--overwrite");
}

#[test]
fn a_shot_passes_and_fails_its_limits() {
    let folder = Folder::with(T, "seeds: [1, 2], duration: 6, fps: 3");
    let limits = ["diagnose", "shot", "t.ron", "--eqt-frames", "2"];
    let with = |more: &[&str]| folder.run(&[&limits[..], more].concat());
    let run = with(&["--max-sticking", "1", "--min-eqt", "50", "--report", "r.html"]).ok();
    assert!(run.stdout.contains("EQ-T "), "{}", run.stdout);
    with(&["--max-sticking", "0.001"]).fails(1, "expected at most 0.001");
    with(&["--min-eqt", "200"]).fails(1, "expected at least 200 dB");

    // The finished film, lossless: the same footage but for rounding.
    folder.run(&["t.ron", "-o", "film.mkv"]).ok();
    let sticking = |output: &str| -> f64 {
        output.split("sticking ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let film = folder.run(&["diagnose", "shot", "film.mkv", "--report", "film.html"]).ok();
    assert!((sticking(&film.stdout) - sticking(&run.stdout)).abs() < 0.01, "{}", film.stdout);
    folder.run(&["diagnose", "shot", "film.mkv", "--max-sticking", "0.001"]).fails(1, "film.mkv");
    folder
        .run(&["diagnose", "shot", "film.mkv", "--min-eqt", "1"])
        .fails(64, "expected a timeline");
}

#[test]
fn spectra_of_networks_folders_and_films_agree() {
    let folder = Folder::with(T, "seeds: [1, 2], duration: 4");
    folder.run(&["t.ron", "-o", "frames/%05d.png"]).ok();
    folder.run(&["t.ron", "-o", "film.mkv"]).ok();
    let arguments =
        ["diagnose", "spectrum", "frames", "film.mkv", &network(T), "-o", "out", "--samples", "4"];
    folder.run(&arguments).ok();
    let names = folder.files();
    for name in
        ["slice-0.svg", "slice-0.png", "slice-45.svg", "heat-3.svg", "heat-1.png", "spectra.npz"]
    {
        assert!(names.contains(&format!("out/{name}")), "{name} is not in {names:?}");
    }
    let mut archive =
        zip::ZipArchive::new(std::io::Cursor::new(folder.read("out/spectra.npz"))).unwrap();
    let mut array = |name: &str| -> Vec<f64> {
        let entry = archive.by_name(name).unwrap();
        npyz::NpyFile::new(std::io::BufReader::new(entry)).unwrap().into_vec().unwrap()
    };
    let (frames, film) = (array("power_1.npy"), array("power_2.npy"));
    assert_eq!(frames.len(), 256 * 256);
    // Lossless: the same levels.
    for (a, b) in frames.iter().zip(film) {
        assert!((a - b).abs() <= 1e-9 * a.abs().max(1e-6), "{a} {b}");
    }
}

#[test]
fn the_layer_that_breaks_equivariance_is_told() {
    let folder = Folder::new();
    let t = network(T);
    let run = folder.run(&[
        "diagnose",
        "layers",
        &t,
        "--samples",
        "1",
        "-o",
        "l.svg",
        "--report",
        "l.html",
    ]);
    assert!(run.ok().stdout.contains("input"));
    assert!(String::from_utf8(folder.read("l-rotation.svg")).unwrap().contains("rotation"));
    let run = folder.run(&["diagnose", "layers", &t, "--samples", "1", "--json"]).ok();
    let layers = run.events();
    assert_eq!(
        (layers[0]["layer"].as_str(), layers[0]["rate"].as_f64()),
        (Some("input"), Some(16.0))
    );
    let decibels = |i: usize, name: &str| layers[i][name].as_f64().unwrap();
    // The Fourier features move exactly: what is left is the filter's own.
    assert!(decibels(0, "shift_db") > 60.0 && decibels(0, "shift_floor_db") > 60.0, "{layers:?}");
    // Configuration T breaks rotation with its first 3x3 kernels.
    assert!(decibels(0, "rotation_db") > decibels(1, "rotation_db") + 10.0, "{layers:?}");
    folder.run(&["diagnose", "layers", &network(STYLEGAN2)]).fails(65, "alias-free");
    folder.run(&["diagnose", "layers", &t, "-o", "l.jpg"]).fails(64, ".svg");
}

#[test]
fn folders_and_zips_may_hold_jpeg() {
    let folder = Folder::new();
    fs::create_dir(folder.path("set")).unwrap();
    let picture =
        image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * 4) as u8, (y * 4) as u8, 90]));
    for name in ["set/a.png", "set/b.JPG", "set/c.jpeg"] {
        picture.save(folder.path(name)).unwrap();
    }
    let zip = "cd set && python3 -c 'import zipfile as z; f = z.ZipFile(\"../s.zip\", \"w\"); f.write(\"b.JPG\")'";
    folder.shell(zip).ok();
    let run = folder.run(&["diagnose", "spectrum", "set", "s.zip", "-o", "out"]).ok();
    assert!(
        run.stderr.contains("set: 3 pictures") && run.stderr.contains("s.zip: 1 pictures"),
        "{}",
        run.stderr
    );
    fs::write(folder.path("set/d.jpg"), "no picture").unwrap();
    folder.run(&["diagnose", "spectrum", "set", "-o", "out"]).fails(65, "d.jpg");
}

/// The README quotes the figures of longer runs.
#[test]
fn aliased_filters_are_told_from_those_that_are_not() {
    let folder = Folder::new();
    let networks = ["builtin:untrained", "builtin:aliased"];
    let figures = |run: &[&str], word: &str| -> [f64; 2] {
        let run = folder.run(&[run, &networks].concat()).ok();
        let found =
            run.stdout.split(word).skip(1).map(|rest| rest.split_whitespace().next().unwrap());
        let found: Vec<f64> = found.map(|number| number.parse().unwrap()).collect();
        found.try_into().unwrap()
    };
    let stripes = ["diagnose", "stripes", "--frames", "12"];
    let [clean, aliased] = figures(&stripes, "sticking ");
    assert!(aliased > clean + 0.1, "{clean} {aliased}");
    let [clean, aliased] = figures(&["diagnose", "average", "--samples", "6"], "sharpness ratio ");
    assert!(aliased > clean + 0.5, "{clean} {aliased}");
    let decibels = networks.map(|network| {
        let run = folder.run(&["metrics", "eq-t-frac", network, "--samples", "2", "--json"]).ok();
        run.events().iter().find_map(|event| event["db"].as_f64()).unwrap()
    });
    assert!(decibels[0] > decibels[1] + 20.0, "{decibels:?}");
}
