//! What outputs say of themselves: in their containers and beside them.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::tools::{Folder, STYLEGAN2, pickle, probe};

/// What lies beside an output.
fn sidecar(folder: &Folder, out: &str) -> Value {
    serde_json::from_slice(&folder.read(&format!("{out}.json"))).unwrap()
}

/// What the container says.
fn comment(folder: &Folder, out: &str) -> Value {
    let path = folder.path(out);
    let arguments = ["-v", "error", "-show_format", "-of", "json", path.to_str().unwrap()];
    let output = Command::new("ffprobe").args(arguments).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tags = shown["format"]["tags"].as_object().unwrap();
    let comment = tags.iter().find(|(name, _)| name.eq_ignore_ascii_case("comment")).unwrap().1;
    serde_json::from_str(comment.as_str().unwrap()).unwrap()
}

#[test]
fn every_container_says_what_it_holds_however_it_was_made() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1, 2, 3], duration: 60");
    let network = std::process::Command::new("sha256sum").arg(pickle(STYLEGAN2)).output().unwrap();
    for out in ["a.mp4", "a.mov", "a.mkv", "a/%02d.png"] {
        let joined = out.replacen('a', "joined", 1);
        let resumed = out.replacen('a', "resumed", 1);
        let options = ["--frames", "3-58", "--preset"];
        let preset = match out {
            "a.mov" => "prores-422hq",
            "a.mkv" => "ffv1",
            "a.mp4" => "h264",
            _ => "png",
        };
        let options = [&options[..], &[preset, "-q"]].concat();
        folder.run(&[&["t.ron", "-o", out], &options[..]].concat()).ok();
        folder.run(&[&["t.ron", "-o", &resumed, "--resume"], &options[..]].concat()).ok();
        let chunks = format!("{preset}-chunks");
        folder.run(&[&["chunk", "t.ron", "-o", &chunks, "--share"], &options[..]].concat()).ok();
        folder.run(&["join", &chunks, "-o", &joined, "--frames", "3-58", "-q"]).ok();

        let beside = sidecar(&folder, out);
        assert_eq!((&beside["frames"], &beside["complete"]), (&json!([3, 58]), &true.into()));
        assert_eq!((&beside["size"], &beside["fps"]), (&json!([64, 64]), &json!([24, 1])));
        assert_eq!((&beside["device"], &beside["precision"]), (&"cpu".into(), &"f32".into()));
        assert_eq!(beside["preset"], preset);
        assert_eq!(beside["sg3render"], env!("CARGO_PKG_VERSION"));
        assert_eq!(
            beside["model_sha256"].as_str().unwrap().as_bytes(),
            &network.stdout[..64],
            "the network's file"
        );
        for other in [&resumed, &joined] {
            assert_eq!(sidecar(&folder, other), beside, "{other}");
        }
        if !out.contains('%') {
            assert_eq!(beside["bytes"], folder.read(out).len());
            let inside = comment(&folder, out);
            for (name, value) in inside.as_object().unwrap() {
                assert_eq!(value, &beside[name], "{out}: {name}");
            }
            assert_eq!(inside.as_object().unwrap().len(), 10);
            for other in [&resumed, &joined] {
                assert_eq!(comment(&folder, other), inside, "{other}");
            }
            assert_eq!(probe(&folder.path(out))[0]["nb_read_packets"], "56");
        }
    }
}

#[test]
fn a_size_that_is_the_networks_own_makes_no_other_timeline() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1, 2], duration: 2");
    let hash = |options: &[&str]| {
        folder.run(&[&["t.ron", "-o", "a.mkv", "-q", "--overwrite"], options].concat()).ok();
        sidecar(&folder, "a.mkv")["timeline_sha256"].clone()
    };
    let plain = hash(&[]);
    assert_eq!(hash(&["--size", "64x64"]), plain);
    assert_ne!(hash(&["--size", "32x32"]), plain);
}

#[test]
fn a_strangers_file_is_not_replaced() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1, 2], duration: 2");
    fs::write(folder.path("a.mkv.json"), "{\"mine\": true}").unwrap();
    for option in ["-q", "--resume"] {
        folder.run(&["t.ron", "-o", "a.mkv", option]).fails(64, "a.mkv.json");
        assert!(!folder.path("a.mkv").exists());
    }
    folder.run(&["t.ron", "-o", "a.mkv", "-q", "--overwrite"]).ok();
    assert_eq!(sidecar(&folder, "a.mkv")["frames"], json!([0, 1]));
    // One that this program wrote goes with its film.
    fs::remove_file(folder.path("a.mkv")).unwrap();
    folder.run(&["t.ron", "-o", "a.mkv", "-q", "--frames", "1"]).ok();
    assert_eq!(sidecar(&folder, "a.mkv")["frames"], json!([1, 1]));
    folder.run(&["t.ron", "-o", "null:", "-q"]).ok();
    assert!(!folder.path("null:.json").exists());
}
