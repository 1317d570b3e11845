//! `verify`: films that are what they say, and films with one thing wrong.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::tools::{Folder, Run, STYLEGAN2, T, pickle};

const FIELDS: &str =
    "seeds: [1, 2, 3], duration: 40, psi: [(at: 0, value: 1), (at: 39, value: 0.6)]";

/// Verifies, and returns what is told; the exit code is held against that.
#[track_caller]
fn verify(folder: &Folder, film: &str, timeline: &str, options: &[&str]) -> Value {
    let run = folder.run(&[&["verify", film, timeline, "--json"], options].concat());
    let told: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    assert_eq!(run.code, i32::from(told["verified"] == false), "{run:?}");
    told
}

/// The faults of the film and of its frames in one text.
fn faults(told: &Value) -> String {
    let frames = told["frames"].as_array().unwrap().iter();
    let of_frame = |frame: &Value| format!("{}: {}", frame["frame"], frame["fault"]);
    let frames = frames.filter(|frame| frame["same"] == false).map(of_frame);
    let whole = told["faults"].as_array().unwrap().iter().map(Value::to_string);
    whole.chain(frames).collect::<Vec<_>>().join("\n")
}

/// Makes another film with the `ffmpeg` program, described as `film` is.
fn remake(folder: &Folder, film: &str, to: &str, arguments: &[&str]) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.current_dir(folder.path("")).args(["-v", "error", "-y"]).args(arguments).arg(to);
    assert!(ffmpeg.status().unwrap().success());
    let mut beside: Value = serde_json::from_slice(&folder.read(&format!("{film}.json"))).unwrap();
    beside["sha256"] = Value::Null;
    fs::write(folder.path(&format!("{to}.json")), beside.to_string()).unwrap();
}

#[test]
fn what_was_rendered_is_verified() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    for (out, options) in [
        ("a.mkv", &["--size", "48x32"][..]),
        ("a.mp4", &["--fps", "12"]),
        ("b.mp4", &["--preset", "h265"]),
        ("d.mp4", &["--preset", "h264-draft", "--frames", "5-30"]),
        ("a.mov", &["--preset", "prores-4444"]),
        ("a/%03d.png", &["--frames", "10-"]),
        ("w/%d.png", &["--preset", "png16"]),
        ("a/%d.exr", &["--frames", "39"]),
    ] {
        folder.run(&[&["t.ron", "-o", out, "-q"], options].concat()).ok();
        let told = verify(&folder, out, "t.ron", &["--frames", "4"]);
        assert_eq!(faults(&told), "", "{out}");
        let exact = ["mkv", "png", "exr"].contains(&out.rsplit('.').next().unwrap());
        let frames = told["frames"].as_array().unwrap();
        assert!(frames.iter().all(|frame| frame["exact"] == exact), "{out}: {told}");
        assert_eq!(frames.len(), if out == "a/%d.exr" { 1 } else { 4 });
    }
    // The container alone is enough, and a comment in the timeline is no other timeline.
    fs::remove_file(folder.path("a.mkv.json")).unwrap();
    let timeline = String::from_utf8(folder.read("t.ron")).unwrap();
    fs::write(folder.path("same.ron"), format!("// Remarks\n{timeline}")).unwrap();
    let told = verify(&folder, "a.mkv", "same.ron", &["--at", "7,20"]);
    let numbers: Vec<_> = told["frames"].as_array().unwrap().iter().map(|f| &f["frame"]).collect();
    assert_eq!(numbers, [0, 7, 20, 39]);
    let text = folder.run(&["verify", "a.mkv", "t.ron", "--frames", "2"]).ok().stdout;
    assert!(text.contains("frame 0  the same to the bit\n"), "{text}");
    assert!(text.ends_with("a.mkv is t.ron, frames 0 to 39: 2 rendered again\n"), "{text}");
    assert_eq!(folder.run(&["verify", "a.mkv", "t.ron", "-q"]).ok().stdout, "");
    folder
        .run(&["verify", "a.mkv", "t.ron", "--at", "40"])
        .fails(64, "frame 40 is not in the film");
    folder.run(&["verify", "none.mkv", "t.ron"]).fails(66, "none.mkv");
    folder.run(&["verify", "t.ron", "t.ron"]).fails(65, "t.ron");
}

#[test]
fn wrong_frames_are_named() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    for out in ["a.mkv", "a.mp4", "a/%03d.png"] {
        folder.run(&["t.ron", "-o", out, "-q"]).ok();
    }
    // Frame 20 shown for frame 13, all others in their places.
    fs::copy(folder.path("a/020.png"), folder.path("a/013.png")).unwrap();
    assert_eq!(
        faults(&verify(&folder, "a/%03d.png", "t.ron", &["--at", "12,13"])),
        "13: \"differs\""
    );
    let images = ["-framerate", "24", "-i", "a/%03d.png"];
    let h264 = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p"];
    for (film, to, codec) in [
        ("a.mkv", "b.mkv", &["-c:v", "ffv1", "-pix_fmt", "bgr0"][..]),
        ("a.mp4", "b.mp4", &[&h264[..], &["-c:v", "libx264", "-crf", "8"]].concat()),
    ] {
        remake(&folder, film, to, &[&images[..], codec].concat());
        let told = faults(&verify(&folder, to, "t.ron", &["--at", "12,13,14"]));
        assert_eq!(told, "13: \"differs\"", "{to}");
    }
}

#[test]
fn a_dropped_frame_shows_as_its_neighbours() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    let dropped = ["-vf", "select=not(eq(n\\,13))", "-fps_mode", "passthrough"];
    for (out, codec) in [
        ("a.mkv", &["-c:v", "ffv1", "-pix_fmt", "bgr0"][..]),
        ("a.mp4", &["-c:v", "libx264", "-crf", "14"]),
    ] {
        folder.run(&["t.ron", "-o", out, "-q"]).ok();
        let to = out.replace('a', "dropped");
        remake(&folder, out, &to, &[&["-i", out], &dropped[..], codec].concat());
        let told = faults(&verify(&folder, &to, "t.ron", &["--at", "12,13,14"]));
        assert!(told.contains("39 frames, expected 40"), "{told}");
        assert!(!told.contains("12: "), "{told}");
        for number in [13, 14] {
            assert!(told.contains(&format!("{number}: \"shows frame {}", number + 1)), "{told}");
        }
    }
}

#[test]
fn other_timelines_networks_and_damage_are_told_apart() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    for out in ["a.mkv", "a.mp4"] {
        folder.run(&["t.ron", "-o", out, "-q"]).ok();
    }
    let model = pickle(STYLEGAN2);
    folder.timeline("other.ron", model.to_str().unwrap(), &FIELDS.replace("0.6", "0.5"));
    let told = faults(&verify(&folder, "a.mkv", "other.ron", &["--frames", "2"]));
    assert!(told.contains("`other.ron` is another timeline"), "{told}");
    assert!(told.contains("39: \"differs\"") && !told.contains("network"), "{told}");

    folder.timeline("model.ron", pickle(T).to_str().unwrap(), FIELDS);
    let told = faults(&verify(&folder, "a.mkv", "model.ron", &["--frames", "2"]));
    assert!(told.contains("the network is another one"), "{told}");
    assert!(told.contains("0: \"differs\"") && !told.contains("another timeline"), "{told}");

    folder.timeline(
        "short.ron",
        model.to_str().unwrap(),
        &FIELDS.replace("40", "20").replace("39", "19"),
    );
    let told = faults(&verify(&folder, "a.mkv", "short.ron", &["--frames", "2"]));
    assert!(told.contains("the frames 0 to 39, the timeline 0 to 19"), "{told}");

    for out in ["a.mkv", "a.mp4"] {
        let whole = folder.read(out);
        fs::write(folder.path(out), &whole[..whole.len() * 2 / 3]).unwrap();
        let told = faults(&verify(&folder, out, "t.ron", &["--frames", "2"]));
        assert!(
            told.contains("its description says") && told.lines().count() >= 2,
            "{out}: {told}"
        );
        fs::write(folder.path(out), &whole).unwrap();
    }
    let mut bytes = folder.read("a.mkv");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(folder.path("a.mkv"), &bytes).unwrap();
    let told = faults(&verify(&folder, "a.mkv", "t.ron", &["--frames", "2"]));
    assert!(told.contains("not the file that was written"), "{told}");

    let described = |run: Run| run.fails(65, "does not say what it was made of");
    remake(&folder, "a.mp4", "plain.mp4", &["-i", "a.mp4", "-c", "copy", "-map_metadata", "-1"]);
    fs::remove_file(folder.path("plain.mp4.json")).unwrap();
    described(folder.run(&["verify", "plain.mp4", "t.ron"]));
    // The description of another film beside it.
    folder.run(&["t.ron", "-o", "b.mp4", "-q", "--size", "32x32"]).ok();
    fs::copy(folder.path("b.mp4.json"), folder.path("a.mp4.json")).unwrap();
    let told = faults(&verify(&folder, "a.mp4", "t.ron", &["--frames", "2"]));
    assert!(told.contains("that of another film"), "{told}");
}
