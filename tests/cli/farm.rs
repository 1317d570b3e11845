//! Films in chunks: what they are joined to, and what is refused.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::audio::wav;
use super::tools::{Folder, R, STYLEGAN2, probe};

const RANGES: [&str; 3] = ["0-9", "10-30", "31-47"];
const FIELDS: &str =
    "duration: 48, seeds: [1, 2, 3], psi: [(at: 0, value: 0.7), (at: 40, value: 1)]";

/// Renders a range to `chunks`; whether it was rendered and not found.
#[track_caller]
fn chunk(folder: &Folder, frames: &str, more: &[&str]) -> bool {
    let line = ["chunk", "t.ron", "-o", "chunks", "--json", "--frames", frames];
    let run = folder.run(&[&line[..], more].concat()).ok();
    let events = run.events();
    let events: Vec<_> = events.iter().filter(|event| event["event"] == "chunk").collect();
    let [event] = events[..] else { panic!("{events:?}") };
    event["rendered"].as_bool().unwrap()
}

fn chunks(more: &[&str]) -> Folder {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    RANGES.iter().for_each(|frames| assert!(chunk(&folder, frames, more)));
    folder
}

fn manifest(folder: &Folder, name: &str) -> Value {
    serde_json::from_slice(&folder.read(&format!("chunks/{name}.json"))).unwrap()
}

#[test]
fn the_joined_film_is_the_one_of_a_single_run() {
    for (preset, out) in [
        ("h264", "a.mp4"),
        ("h265", "a.mp4"),
        ("av1", "a.mp4"),
        ("prores-4444", "a.mov"),
        ("ffv1", "a.mkv"),
        ("png", "a/%03d.png"),
        ("exr", "a/%03d.exr"),
    ] {
        // Smaller than any part that a preset cannot hold, and with sound where there can be some.
        let audio = if out.contains('%') { vec![] } else { vec!["--audio", "sound.wav"] };
        let with = [&["--preset", preset, "--size", "80x64"], &audio[..]].concat();
        let folder = Folder::with(STYLEGAN2, FIELDS);
        wav(&folder);
        RANGES.iter().for_each(|frames| assert!(chunk(&folder, frames, &with)));
        folder.run(&["join", "chunks", "-o", out, "-q"]).ok();
        let whole = out.replacen('a', "whole", 1);
        folder.run(&[&["t.ron", "-q", "-o", &whole], &with[..]].concat()).ok();
        let of = |start: &str| {
            let files = folder.files().into_iter().filter(|name| name.starts_with(start));
            files.map(|name| folder.read(&name)).collect::<Vec<_>>()
        };
        let (joined, whole) = (of("a"), of("whole"));
        assert_eq!(joined.len(), if out.contains('%') { 48 } else { 1 });
        assert!(joined == whole, "{preset}");
        if !out.contains('%') {
            let streams = probe(&folder.path(out));
            assert_eq!((streams.len(), &streams[0]["nb_read_packets"]), (2, &"48".into()));
        }
        let left = folder.files();
        assert!(!left.iter().any(|name| name.ends_with(".part")), "{left:?}");
    }
}

#[test]
fn a_manifest_tells_what_the_chunk_is() {
    let folder = Folder::with(R, "duration: 4, seeds: [1, 2]");
    chunk(&folder, "1-2", &["--size", "32x32"]);
    let manifest = manifest(&folder, "000001-000002");
    let file = folder.read("chunks/000001-000002.mkv");
    assert_eq!(manifest["frames"], serde_json::json!([1, 2]));
    let piece = &manifest["pieces"][0];
    assert_eq!((&piece["packets"], &piece["bytes"]), (&2.into(), &file.len().into()));
    assert_eq!((&piece["form"], &piece["file"]), (&"pictures".into(), &"000001-000002.mkv".into()));
    assert_eq!(
        (&manifest["device"], &manifest["job"]["precision"]),
        (&"cpu".into(), &"f32".into())
    );
    assert_eq!(manifest["job"]["program"], env!("CARGO_PKG_VERSION"));
    let sum = |path: &Path| {
        let output = std::process::Command::new("sha256sum").arg(path).output().unwrap();
        String::from_utf8(output.stdout).unwrap()[..64].to_owned()
    };
    assert_eq!(piece["sha256"], sum(&folder.path("chunks/000001-000002.mkv")));
    assert_eq!(manifest["job"]["model_sha256"], sum(&super::tools::pickle(R)));
}

#[test]
fn a_chunk_holds_whole_segments_and_its_ragged_edges() {
    let folder = Folder::with(STYLEGAN2, "duration: 60, seeds: [1, 2, 3]");
    wav(&folder);
    let with = ["--size", "80x64", "--preset", "h264-draft", "--audio", "sound.wav"];
    for (frames, expected) in [
        ("0-9", &["000000-000009.mkv"][..]),
        ("10-55", &["000010-000055.head.mkv", "000010-000055.segments", "000010-000055.tail.mkv"]),
        ("56-59", &["000056-000059.mkv"]),
    ] {
        assert!(chunk(&folder, frames, &with));
        let (first, last) = frames.split_once('-').unwrap();
        let manifest = manifest(&folder, &format!("{first:0>6}-{last:0>6}"));
        let pieces = manifest["pieces"].as_array().unwrap();
        let files: Vec<_> = pieces.iter().map(|piece| piece["file"].as_str().unwrap()).collect();
        assert_eq!(files, expected);
        assert!(files.iter().all(|file| folder.path(&format!("chunks/{file}")).exists()));
        assert!(!chunk(&folder, frames, &with), "it is there");
    }
    let body = folder.path("chunks/000010-000055.segments");
    let whole = fs::read(&body).unwrap();
    let mut holed = whole.clone();
    holed[200..300].fill(0);
    for spoilt in [&holed[..], &whole[..whole.len() - 1]] {
        fs::write(&body, spoilt).unwrap();
        let said = folder.run(&["join", "chunks", "-o", "a.mp4"]).fails(75, "make no film");
        assert!(said.contains("chunks/000010-000055.segments"), "{said}");
    }
    assert!(chunk(&folder, "10-55", &with), "it is rendered again");
    assert!(fs::read(&body).unwrap() == whole);
    folder.run(&["join", "chunks", "-o", "a.mp4", "-q"]).ok();
    folder.run(&[&["t.ron", "-q", "-o", "whole.mp4"], &with[..]].concat()).ok();
    assert!(folder.read("a.mp4") == folder.read("whole.mp4"));
    folder.run(&["join", "chunks", "-o", "null:", "-q"]).ok();
}

#[test]
fn a_chunk_that_is_there_is_not_rendered_again() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    assert!(chunk(&folder, "0-3", &[]));
    assert!(!chunk(&folder, "0-3", &[]));
    assert!(chunk(&folder, "0-4", &[]));
    let timeline = String::from_utf8(folder.read("t.ron")).unwrap();
    fs::write(folder.path("t.ron"), format!("// Remarks\n{timeline}")).unwrap();
    assert!(!chunk(&folder, "0-3", &[]), "a comment changes no pixel");
    fs::write(folder.path("t.ron"), timeline.replace("0.7", "0.8")).unwrap();
    assert!(chunk(&folder, "0-3", &[]), "another psi does");
    assert!(!chunk(&folder, "0-3", &[]));

    let path = folder.path("chunks/000000-000003.mkv");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(chunk(&folder, "0-3", &[]), "a byte is missing");
    fs::remove_file(folder.path("chunks/000000-000003.json")).unwrap();
    assert!(chunk(&folder, "0-3", &[]), "without a manifest it may be unfinished");
}

#[test]
fn what_a_named_file_holds_is_part_of_the_timeline() {
    let fields = "duration: 4, latent: (keys: [(at: 0, z: \"z.npy\")])";
    let folder = Folder::with(STYLEGAN2, fields);
    let network = super::tools::pickle(STYLEGAN2);
    let info = folder.run(&["info".as_ref(), "--json".as_ref(), network.as_os_str()]).ok();
    let info: Value = serde_json::from_str(&info.stdout).unwrap();
    let len = info["z_dim"].as_u64().unwrap() as usize;
    let write = |value: f32| {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({len},), }}");
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(format!("{header:<117}\n").as_bytes());
        bytes.extend((0..len).flat_map(|_| value.to_le_bytes()));
        fs::write(folder.path("z.npy"), bytes).unwrap();
    };
    write(0.5);
    assert!(chunk(&folder, "0-1", &[]));
    assert!(!chunk(&folder, "0-1", &[]));
    write(0.25);
    assert!(chunk(&folder, "0-1", &[]));
}

#[test]
fn spoilt_and_missing_chunks_are_named() {
    let folder = chunks(&["--size", "80x64"]);
    let join = |code: i32, words: &[&str]| {
        let said = folder.run(&["join", "chunks", "-o", "a.mp4"]).fails(code, "error:");
        words.iter().for_each(|word| assert!(said.contains(word), "{word}: {said}"));
        assert!(!folder.files().iter().any(|name| name.starts_with("a.mp4")), "nothing is left");
    };
    let path = folder.path("chunks/000010-000030.mkv");
    let whole = fs::read(&path).unwrap();

    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    join(75, &["chunks/000010-000030.mkv", "bytes, expected"]);

    assert!(whole.len() > 8192);
    let mut holed = whole.clone();
    holed[2048..2048 + 4096].fill(0);
    fs::write(&path, holed).unwrap();
    join(75, &["chunks/000010-000030.mkv", "damaged"]);

    fs::remove_file(&path).unwrap();
    join(75, &["chunks/000010-000030.mkv", "cannot be read"]);

    let json = folder.path("chunks/000010-000030.json");
    let text = fs::read(&json).unwrap();
    fs::remove_file(&json).unwrap();
    join(75, &["`000010-000030` is missing"]);
    fs::write(&json, b"{}").unwrap();
    join(75, &["000010-000030.json", "no manifest"]);
    let elsewhere = String::from_utf8(text.clone()).unwrap();
    let elsewhere = elsewhere.replace("\"000010-000030.mkv\"", "\"../t.ron\"");
    fs::write(&json, elsewhere).unwrap();
    join(75, &["000010-000030.json", "../t.ron"]);

    fs::write(&path, &whole).unwrap();
    fs::write(&json, &text).unwrap();
    fs::write(folder.path("chunks/copy.json"), &text).unwrap();
    join(65, &["chunks/copy.json", "000010-000030.json", "both hold frame 10"]);
    fs::remove_file(folder.path("chunks/copy.json")).unwrap();
    chunk(&folder, "20-40", &["--size", "80x64"]);
    join(65, &["000010-000030.json", "000020-000040.json", "both hold frame 20"]);
    fs::remove_file(folder.path("chunks/000020-000040.json")).unwrap();

    folder.run(&["join", "chunks", "-o", "a.mkv"]).fails(64, "writes");
    folder.run(&["join", "nowhere", "-o", "a.mp4"]).fails(66, "nowhere");
    folder.run(&["join", "chunks", "-o", "a.mp4", "-q"]).ok();
    folder.run(&["join", "chunks", "-o", "a.mp4", "-q"]).fails(64, "already there");
}

#[test]
fn chunks_of_different_films_are_not_joined() {
    let folder = chunks(&[]);
    let timeline = String::from_utf8(folder.read("t.ron")).unwrap();
    let join = |what: &str| {
        let said = folder.run(&["join", "chunks", "-o", "a.mp4"]).fails(65, what);
        assert!(
            said.contains("000000-000009.json") && said.contains("000010-000030.json"),
            "{said}"
        );
    };
    fs::write(folder.path("t.ron"), timeline.replace("0.7", "0.8")).unwrap();
    assert!(chunk(&folder, "10-30", &[]));
    join("differ in timeline");

    let copy = folder.path("stylegan2-copy.pkl");
    let mut network = fs::read(super::tools::pickle(STYLEGAN2)).unwrap();
    // After the pickle's end nobody looks.
    network.push(0);
    fs::write(&copy, network).unwrap();
    let original = super::tools::pickle(STYLEGAN2);
    let text = timeline.replace(original.to_str().unwrap(), copy.to_str().unwrap());
    fs::write(folder.path("t.ron"), text).unwrap();
    assert!(chunk(&folder, "10-30", &[]));
    join("differ in model");

    fs::write(folder.path("t.ron"), &timeline).unwrap();
    assert!(chunk(&folder, "10-30", &["--preset", "h264-draft"]));
    join("differ in output preset");
    assert!(chunk(&folder, "10-30", &[]));
    let json = folder.path("chunks/000010-000030.json");
    let text = String::from_utf8(fs::read(&json).unwrap()).unwrap();
    fs::write(&json, text.replace("\"f32\"", "\"tf32\"")).unwrap();
    join("differ in precision");
}

#[test]
fn a_plan_holds_its_tasks_to_what_was_planned() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    let plan = ["farm", "plan", "t.ron", "-o", "job", "--frames", "10-40", "--chunk", "20"];
    folder.run(&plan).ok();
    assert_eq!(folder.read("job/plan.txt"), b"10-29\n30-40\n");
    let task = |frames| {
        let line = ["chunk", "t.ron", "--plan", "job/plan.json", "-o", "job/chunks", "-q"];
        folder.run(&[&line[..], &["--frames", frames]].concat())
    };
    task("10-29").ok();
    let timeline = String::from_utf8(folder.read("t.ron")).unwrap();
    fs::write(folder.path("t.ron"), timeline.replace("0.7", "0.8")).unwrap();
    task("30-40").fails(65, "the timeline has changed");
    fs::write(folder.path("t.ron"), &timeline).unwrap();
    task("30-40").ok();

    let join =
        |frames| folder.run(&["join", "job/chunks", "-o", "a.mp4", "-q", "--frames", frames]);
    join("5-40").fails(75, "`000005-000009` is missing");
    join("20-40").fails(65, "holds other frames");
    join("10-40").ok();
    folder.run(&["t.ron", "-q", "-o", "whole.mp4", "--frames", "10-40"]).ok();
    assert!(folder.read("a.mp4") == folder.read("whole.mp4"));

    folder.run(&plan).fails(64, "already planned");
    let again = folder.run(&[&plan[..], &["--overwrite", "--chunk", "20"]].concat());
    assert_eq!(again.code, 64, "an option is given twice: {}", again.stderr);
    folder.run(&[&plan[..], &["--overwrite"]].concat()).ok();
    assert!(folder.path("job/chunks/000010-000029.json").exists(), "what fits stays");
    let others = ["farm", "plan", "t.ron", "-o", "job", "--chunk", "30", "--overwrite"];
    folder.run(&others).ok();
    assert!(!folder.path("job/chunks/000010-000029.json").exists(), "what does not goes");
}

#[test]
fn what_cannot_be_planned_is_refused() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    let plan =
        |more: &[&str]| folder.run(&[&["farm", "plan", "t.ron", "-o", "job"], more].concat());
    plan(&["--chunk", "0"]).fails(64, "expected `auto` or a number");
    plan(&["--gres", "gpu:1\n#SBATCH --wrap=rm"]).fails(64, "without spaces");
    plan(&["--sbatch", "mem=1"]).fails(64, "an option of `sbatch`");
    plan(&["--film-file", "a.avi"]).fails(64, "");
    plan(&["--frames", "40-50"]).fails(64, "beyond");
    folder.run(&["farm", "status", "job"]).fails(66, "plan.json");
    fs::create_dir_all(folder.path("job/chunks")).unwrap();
    fs::write(folder.path("job/chunks/000000-000047.mkv"), "somebody's").unwrap();
    plan(&[]).fails(64, "no plan tells of");
    fs::remove_dir_all(folder.path("job")).unwrap();
    plan(&["--film-file", "a.mov"]).ok();
    let text = String::from_utf8(folder.read("job/slurm-join.sh")).unwrap();
    assert!(text.contains("/a.mov'"), "{text}");
    let status = folder.run(&["farm", "status", "job", "--json"]).ok().events();
    assert_eq!(
        (&status[0]["tasks"]["done"], &status[0]["frames"]["total"]),
        (&0.into(), &48.into())
    );
    folder.run(&["farm", "cancel", "job"]).fails(64, "nothing was submitted");
}
