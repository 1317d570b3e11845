//! Sets made of footage as a user does it, with the `ffmpeg` program's test pictures.

use std::fs;
use std::process::Command;

use image::{ImageEncoder, RgbImage};
use serde_json::Value;
use sg3render::dataset::Dataset;

use crate::tools::{Folder, STYLEGAN2, T, pickle, probe, rgb};

/// Makes a file with the `ffmpeg` program.
fn ffmpeg(folder: &Folder, arguments: &str, name: &str) {
    let words = arguments.split(' ');
    let status = Command::new("ffmpeg")
        .args(["-v", "error"])
        .args(words)
        .arg(folder.path(name))
        .status()
        .unwrap();
    assert!(status.success(), "{arguments}");
}

/// A picture whose colours and waves depend on a number.
fn picture(n: u32, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y, n) = (x as f32 / width as f32, y as f32 / height as f32, n as f32);
        let wave =
            |k: f32| (128.0 + 100.0 * (k * 9.0 * x + (n + 2.0) * 5.0 * y * k + n * k).sin()) as u8;
        image::Rgb([wave(1.0), wave(1.7), wave(2.3 + 0.1 * n)])
    })
}

fn saved(folder: &Folder, name: &str, picture: &RgbImage) {
    fs::create_dir_all(folder.path(name).parent().unwrap()).unwrap();
    picture.save(folder.path(name)).unwrap();
}

fn report(folder: &Folder, name: &str) -> Value {
    serde_json::from_slice(&folder.read(name)).unwrap()
}

#[test]
fn a_folder_becomes_a_set_with_classes_a_report_and_a_sheet() {
    let folder = Folder::new();
    for n in 0..6 {
        let class = if n % 2 == 0 { "cats" } else { "birds" };
        saved(&folder, &format!("in/{class}/{n}.png"), &picture(n, 96, 80));
    }
    // The same again, in another size.
    saved(&folder, "in/cats/copy.png", &picture(2, 144, 120));
    saved(&folder, "in/cats/small.png", &picture(9, 40, 40));
    saved(&folder, "in/cats/black.png", &RgbImage::new(80, 80));
    let soft = RgbImage::from_fn(80, 80, |x, y| image::Rgb([(x + y) as u8 + 40; 3]));
    saved(&folder, "in/cats/soft.png", &soft);
    fs::write(folder.path("in/cats/broken.png"), "no picture").unwrap();
    fs::write(folder.path("in/cats/notes.txt"), "no picture").unwrap();
    let arguments = [
        "dataset",
        "in",
        "-o",
        "set.zip",
        "--size",
        "64",
        "--classes",
        "folders",
        "--sheet",
        "s.png",
        "--report",
        "r.json",
    ];
    let run = folder.run(&arguments).ok();
    for words in [
        "6 images of 64x64, 2 classes",
        "broken.png",
        "skipped 1",
        "passed over 1",
        "1 too small",
        "1 near dup",
        "1 dark",
        "1 blurred",
    ] {
        assert!(run.stderr.contains(words), "`{words}` is not in: {}", run.stderr);
    }
    let set = Dataset::open(&folder.path("set.zip")).unwrap();
    assert_eq!((set.len(), set.side(), set.classes()), (6, 64, 2));
    // By name: birds 1, 3, 5, then cats.
    assert_eq!((0..6).map(|i| set.label(i).unwrap()).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1]);
    let report = report(&folder, "r.json");
    assert_eq!(report["classes"], serde_json::json!(["birds", "cats"]));
    assert_eq!(report["dropped_counts"]["duplicate"], 1);
    assert_eq!(report["images"][3]["from"], "in/cats/0.png");
    assert_eq!(report["bad"][0]["name"], "in/cats/broken.png");
    assert!(image::load_from_memory(&folder.read("s.png")).unwrap().width() > 500);

    folder.run(&arguments).fails(64, "--overwrite");
    folder
        .run(&["dataset", "in", "-o", "other.zip", "--size", "64", "--strict"])
        .fails(65, "broken.png");
    assert!(!folder.path("other.zip").exists());
    assert_eq!(folder.files().iter().filter(|name| name.ends_with(".part")).count(), 0);

    // A set is a source, too: its images come through unchanged, with their classes.
    folder.run(&["dataset", "set.zip", "-o", "again.zip", "--size", "64"]).ok();
    let again = Dataset::open(&folder.path("again.zip")).unwrap();
    assert_eq!(again.sha256().unwrap(), set.sha256().unwrap());
}

#[test]
fn the_number_of_threads_does_not_change_a_set() {
    let folder = Folder::new();
    ffmpeg(
        &folder,
        "-f lavfi -i testsrc2=size=160x120:rate=25:duration=4 -pix_fmt yuv420p",
        "a.mp4",
    );
    for n in 0..10 {
        saved(&folder, &format!("in/{n}.png"), &picture(n, 90, 70));
    }
    let sets = ["1", "3"].map(|threads| {
        let name = format!("{threads}.zip");
        let line = format!(
            "RAYON_NUM_THREADS={threads} $SG dataset in a.mp4 -o {name} --size 64 --every 5 --crop several:3 --duplicates 2"
        );
        folder.shell(&line).ok();
        folder.read(&name)
    });
    assert!(sets[0] == sets[1]);
    assert!(Dataset::open(&folder.path("1.zip")).unwrap().len() > 30);
}

#[test]
fn stills_of_videos_keep_to_the_budget_and_the_scenes() {
    let folder = Folder::new();
    // Three scenes of two seconds.
    let scene = |color: &str, name: &str| {
        ffmpeg(
            &folder,
            &format!("-f lavfi -i testsrc2=size=128x96:rate=24:duration=2,hue=h={color} -c:v ffv1"),
            name,
        );
    };
    scene("0", "1.mkv");
    scene("140", "2.mkv");
    scene("250", "3.mkv");
    fs::write(folder.path("list.txt"), "file 1.mkv\nfile 2.mkv\nfile 3.mkv\n").unwrap();
    let list = folder.path("list.txt").display().to_string();
    ffmpeg(&folder, &format!("-f concat -safe 0 -i {list} -c copy"), "film.mkv");
    let count = |options: &str| {
        let line = format!(
            "$SG dataset film.mkv -o s.zip --size 64 --overwrite --duplicates off --report r.json --json {options}"
        );
        let events = folder.shell(&line).ok().events();
        let done = events.last().unwrap();
        assert_eq!(done["event"], "done");
        (done["images"].as_u64().unwrap(), report(&folder, "r.json"))
    };
    // Without anything said, 120 a minute: one of every half second.
    assert_eq!(count("").0, 12);
    assert_eq!(count("--every 10").0, 15);
    assert_eq!(count("--per-minute 30").0, 3);
    let (scenes, report) = count("--scenes");
    assert_eq!((scenes, &report["scenes"]), (3, &serde_json::json!(3)));
    let from: Vec<f64> = report["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| {
            let from = image["from"].as_str().unwrap();
            from.trim_start_matches("film.mkv ").trim_end_matches(" s").parse().unwrap()
        })
        .collect();
    assert!(
        from.iter().enumerate().all(|(i, at)| (2.0 * i as f64..2.0 * i as f64 + 2.0).contains(at)),
        "{from:?}"
    );
    assert_eq!(count("--every 1").0, 144);
}

#[test]
fn pictures_are_upright_and_without_bars() {
    let folder = Folder::new();
    // A phone's video: stored lying, shown upright.
    let source =
        "-f lavfi -i testsrc2=size=160x96:rate=10:duration=1 -pix_fmt yuv420p -colorspace bt709";
    ffmpeg(&folder, source, "flat.mp4");
    let flat = folder.path("flat.mp4").display().to_string();
    ffmpeg(&folder, &format!("-i {flat} -c copy -metadata:s:v rotate=90"), "phone.mp4");
    if probe(&folder.path("phone.mp4"))[0]["side_data_list"].is_null() {
        // FFmpeg 6 and later.
        ffmpeg(&folder, &format!("-y -display_rotation 270 -i {flat} -c copy"), "phone.mp4");
    }
    let shown = rgb(&folder.path("phone.mp4"));
    folder
        .run(&[
            "dataset",
            "phone.mp4",
            "-o",
            "p.zip",
            "--size",
            "64",
            "--every",
            "5",
            "--duplicates",
            "off",
        ])
        .ok();
    let set = Dataset::open(&folder.path("p.zip")).unwrap();
    // What ffmpeg shows, cut in the middle and scaled the same way.
    let first = RgbImage::from_raw(96, 160, shown[0].clone()).unwrap();
    let centre = image::imageops::crop_imm(&first, 0, 32, 96, 96).to_image();
    saved(&folder, "in/first.png", &centre);
    folder.run(&["dataset", "in", "-o", "i.zip", "--size", "64"]).ok();
    let expected = Dataset::open(&folder.path("i.zip")).unwrap().image(0).unwrap();
    let found = set.image(0).unwrap();
    let error = found.iter().zip(&expected).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
    // Chroma is enlarged differently.
    assert!(error / (found.len() as f64) < 5.0, "{}", error / found.len() as f64);

    ffmpeg(
        &folder,
        "-f lavfi -i testsrc2=size=128x72:rate=10:duration=1,pad=128:128:0:28 -pix_fmt yuv420p",
        "bars.mp4",
    );
    let bars = |how: &str| {
        let out = format!("{how}.zip");
        let arguments =
            ["dataset", "bars.mp4", "-o", &out, "--size", "64", "--every", "5", "--letterbox", how];
        (folder.run(&arguments), out)
    };
    let (run, out) = bars("remove");
    assert!(run.ok().stderr.contains("black bars"));
    let image = Dataset::open(&folder.path(&out)).unwrap().image(0).unwrap();
    assert!(image[..64].iter().any(|v| *v > 60));
    let (run, out) = bars("keep");
    assert!(run.ok().stderr.contains("--letterbox remove"));
    let image = Dataset::open(&folder.path(&out)).unwrap().image(0).unwrap();
    assert!(image[..64].iter().all(|v| *v < 30));
    bars("drop").0.fails(65, "no picture is left");
}

#[test]
fn what_networks_learn_badly_is_told() {
    let folder = Folder::new();
    let photo = picture(3, 96, 96);
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 30);
    encoder.write_image(&photo, 96, 96, image::ColorType::Rgb8.into()).unwrap();
    fs::create_dir(folder.path("in")).unwrap();
    fs::write(folder.path("in/low.jpg"), bytes).unwrap();
    let retro = RgbImage::from_fn(96, 96, |x, y| {
        let n = ((x / 6) * 5 + (y / 6) * 3) % 7;
        image::Rgb([n as u8 * 36, 255 - n as u8 * 30, 80])
    });
    saved(&folder, "in/retro.png", &retro);
    let run = folder.run(&["dataset", "in", "-o", "set.zip", "--size", "64"]).ok();
    assert!(run.stderr.contains("below 75") && run.stderr.contains("low.jpg"), "{}", run.stderr);
    assert!(
        run.stderr.contains("hard blocks") && run.stderr.contains("retro.png"),
        "{}",
        run.stderr
    );
}

#[test]
fn sources_that_cannot_be_used_are_told() {
    let folder = Folder::new();
    let make = |source: &str| folder.run(&["dataset", source, "-o", "set.zip"]);
    make("none").fails(66, "none");
    fs::write(folder.path("text.txt"), "text").unwrap();
    make("text.txt").fails(65, "no known kind");
    fs::create_dir(folder.path("empty")).unwrap();
    make("empty").fails(65, "there are none");
    fs::write(folder.path("bad.zip"), "no zip").unwrap();
    make("bad.zip").fails(65, "bad.zip");
    fs::write(folder.path("bad.mp4"), "no video").unwrap();
    make("bad.mp4").fails(65, "bad.mp4");
    saved(&folder, "in/a.png", &picture(1, 64, 64));
    make("in").fails(65, "1 too small");
    folder.run(&["dataset", "in", "-o", "set.zip", "--size", "100"]).fails(64, "power of two");
    folder.run(&["dataset", "in", "-o", "set.png"]).fails(64, ".zip");
    folder.run(&["dataset", "in", "-o", "set.zip", "--crop", "round"]).fails(64, "several:N");
    folder.run(&["dataset", "in", "-o", "set.zip", "--classes", "folders"]).fails(64, "a.png");
    folder.run(&["dataset", "in", "-o", "set.zip", "--enlarge", "--size", "128"]).ok();
    // A video that ends in the middle: what was there before is kept.
    ffmpeg(
        &folder,
        "-f lavfi -i testsrc2=size=64x64:rate=10:duration=3 -c:v mpeg4 -f avi",
        "whole.avi",
    );
    let whole = folder.read("whole.avi");
    fs::write(folder.path("cut.avi"), &whole[..whole.len() / 2]).unwrap();
    let run = folder.run(&[
        "dataset",
        "cut.avi",
        "-o",
        "cut.zip",
        "--size",
        "64",
        "--every",
        "1",
        "--duplicates",
        "off",
    ]);
    run.ok();
    assert!(Dataset::open(&folder.path("cut.zip")).unwrap().len() > 5);
}

#[test]
fn networks_are_held_against_sets() {
    let folder = Folder::new();
    for n in 0..12 {
        saved(&folder, &format!("in/{n:02}.png"), &picture(n, 80, 80));
    }
    folder.run(&["dataset", "in", "-o", "set.zip", "--size", "64", "--duplicates", "off"]).ok();
    let network = pickle(STYLEGAN2).display().to_string();
    let detector = crate::tools::repository("tests/golden/detector.pt").display().to_string();
    let run = |measures: &str, detector: &str, more: &[&str]| {
        let mut arguments = vec![
            "metrics",
            measures,
            &network,
            "--detector",
            detector,
            "--samples",
            "12",
            "--json",
        ];
        arguments.extend(more);
        let line: Vec<String> = arguments.iter().map(|a| format!("'{a}'")).collect();
        folder.shell(&format!("SG3RENDER_CACHE=cache $SG {}", line.join(" ")))
    };
    let figures = |events: Vec<Value>| -> Vec<(String, f64)> {
        let own = events.into_iter().filter(|event| event["event"] == "figure");
        own.map(|e| (e["measure"].as_str().unwrap().into(), e["value"].as_f64().unwrap())).collect()
    };
    let data = ["--data", "set.zip"];
    let first = figures(run("fid,kid,pr", "random", &data).ok().events());
    let names: Vec<&str> = first.iter().map(|f| &*f.0).collect();
    assert_eq!(names, ["fid", "kid", "kid-floor", "precision", "recall"]);
    assert!(first[0].1 > 0.0 && first[1].1 > first[2].1 && first[3].1 <= 1.0, "{first:?}");
    let cached = fs::read_dir(folder.path("cache/features")).unwrap().count();
    assert_eq!(cached, 1);
    // From the cache, to the last digit.
    assert_eq!(figures(run("fid,kid,pr", "random", &data).ok().events()), first);
    let mirrored = figures(run("kid", "random", &["--data", "set.zip", "--mirror"]).ok().events());
    assert_ne!(mirrored[0].1, first[1].1);
    let scripted = figures(run("kid,is,ppl", &detector, &data).ok().events());
    assert_eq!(
        scripted.iter().map(|f| &*f.0).collect::<Vec<_>>(),
        ["kid", "kid-floor", "is", "ppl"]
    );
    assert!((1.0..=4.0).contains(&scripted[2].1) && scripted[3].1 > 0.0, "{scripted:?}");

    let fails = |measures: &str, detector: &str, more: &[&str], code: i32, words: &str| {
        let run = run(measures, detector, more);
        assert!(run.code == code && run.stdout.contains(words), "{words}: {run:?}");
    };
    fails("fid", "random", &[], 64, "--data");
    fails("is", "random", &[], 64, "TorchScript");
    fails("fid", "none.pt", &data, 66, "none.pt");
    fails("fid", &network, &data, 65, "TorchScript");
    // Told before the first picture, though another measure would come first.
    fails("fid,is", "random", &data, 64, "TorchScript");
    folder.run(&["import", &network, "-o", "other.safetensors"]).ok();
    fails("fid", "other.safetensors", &data, 65, "`Conv2d_1a_3x3.conv.weight`");
    folder.run(&["metrics", "fid", &network, "--data", "set.zip"]).fails(64, "--detector");
    folder.run(&["dataset", "in", "-o", "small.zip", "--size", "32"]).ok();
    fails("fid", "random", &["--data", "small.zip"], 65, "32x32");
    // Beside measures of motion, in one report.
    let t = pickle(T).display().to_string();
    let line = [
        "metrics",
        "eq-t,kid",
        &t,
        "--detector",
        "random",
        "--data",
        "set.zip",
        "--samples",
        "4",
        "--report",
        "r.html",
    ];
    let told = folder.run(&line).ok().stdout;
    assert!(told.contains("EQ-T") && told.contains("KID"), "{told}");
    let page = String::from_utf8(folder.read("r.html")).unwrap();
    assert!(page.contains("Equivariance") && page.contains("Distribution"));
}
