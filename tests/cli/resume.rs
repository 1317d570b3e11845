//! `--resume` and `--devices`: killed at any moment, the film is the one of a single run, and only
//! the chunk that was open is rendered twice.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Child, Command};
use std::thread::yield_now;

use super::tools::{Folder, STYLEGAN2, finished, rgb};

/// Six chunks, the last a short one.
const FIELDS: &str = "seeds: [1, 2, 3], duration: 250";
const LAST: &str = "000240-000249";

/// Holds a chunk's claim, as another process would: whoever renders waits there and never ends.
fn claim(folder: &Folder, out: &str, chunk: &str) -> File {
    let chunks = folder.path(&format!("{out}.chunks"));
    fs::create_dir_all(&chunks).unwrap();
    let file = File::create(chunks.join(format!("{chunk}.claim"))).unwrap();
    file.lock().unwrap();
    file
}

/// The first frames of the chunks that are there.
fn there(folder: &Folder, out: &str) -> BTreeSet<u64> {
    let start = format!("{out}.chunks/");
    let names = folder.files();
    let chunks = names.iter().filter_map(|name| name.strip_prefix(&start)?.strip_suffix(".json"));
    chunks.map(|name| name[..6].parse().unwrap()).collect()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Runs the program to its end; returns the first frames of the chunks that it rendered.
#[track_caller]
fn rendered(folder: &Folder, line: &[&str]) -> BTreeSet<u64> {
    let events = folder.run(&[line, &["--json"]].concat()).ok().events();
    let chunks = events.iter().filter(|e| e["event"] == "chunk" && e["rendered"] == true);
    chunks.map(|event| event["first"].as_u64().unwrap()).collect()
}

/// Holds the output against that of a single run.
#[track_caller]
fn same_as_whole(folder: &Folder, out: &str) {
    let whole = out.replacen('a', "whole", 1);
    folder.run(&["t.ron", "-q", "-o", &whole, "--overwrite"]).ok();
    assert!(rgb(&folder.path(out)) == rgb(&folder.path(&whole)), "{out}");
    let left = folder.files();
    assert!(
        !left.iter().any(|name| name.contains(".chunks") || name.ends_with(".part")),
        "{left:?}"
    );
}

#[test]
fn killed_at_any_moment_the_film_is_the_same() {
    for out in ["a.mp4", "a.mkv", "a.mov", "a/%03d.png"] {
        let folder = Folder::with(STYLEGAN2, FIELDS);
        let line = ["t.ron", "-o", out, "--resume"];
        for count in [0, 1, 2, 4] {
            let held = claim(&folder, out, LAST);
            let before = there(&folder, out);
            let child = folder.start(&[&line[..], &["-q"]].concat());
            let begun = |name: &String| name.contains(".chunks/") && name.ends_with(".part");
            // At the fifth chunk's end it waits for the claim of the last one.
            let in_time = |there: usize| there >= 5 || folder.files().iter().any(begun);
            while there(&folder, out).len() < count || !in_time(there(&folder, out).len()) {
                yield_now();
            }
            kill(child);
            drop(held);
            assert!(there(&folder, out).is_superset(&before), "what is there stays");
        }
        let before = there(&folder, out);
        assert!((4..6).contains(&before.len()), "{before:?}");
        let all: BTreeSet<u64> = (0..6).map(|i| 48 * i).collect();
        assert_eq!(rendered(&folder, &line), &all - &before);
        same_as_whole(&folder, out);
        folder.run(&line).fails(64, "already there");
    }
}

#[test]
fn killed_while_joining_nothing_is_rendered_again() {
    for out in ["a.mp4", "a/%03d.png"] {
        let folder = Folder::with(STYLEGAN2, FIELDS);
        let line = ["t.ron", "-o", out, "--resume"];
        let mut child = folder.start(&[&line[..], &["-q"]].concat());
        let joining = |name: &String| !name.contains(".chunks") && name.contains(".part");
        while child.try_wait().unwrap().is_none()
            && (there(&folder, out).len() < 6 || !folder.files().iter().any(joining))
        {
            yield_now();
        }
        kill(child);
        if there(&folder, out).len() == 6 {
            assert_eq!(rendered(&folder, &line), BTreeSet::new());
        }
        same_as_whole(&folder, out);
    }
}

#[test]
fn another_timeline_keeps_nothing_of_the_first() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    let line = ["t.ron", "-o", "a.mkv", "--resume", "--frames", "10-200"];
    let held = claim(&folder, "a.mkv", "000154-000200");
    let child = folder.start(&line);
    while there(&folder, "a.mkv").len() < 3 {
        yield_now();
    }
    let second = folder.run(&line).fails(75, "another process renders");
    assert!(second.contains("a.mkv"), "{second}");
    kill(child);
    drop(held);
    let timeline = String::from_utf8(folder.read("t.ron")).unwrap();
    fs::write(folder.path("t.ron"), timeline.replace("[1, 2, 3]", "[4, 2]")).unwrap();
    assert_eq!(rendered(&folder, &line), BTreeSet::from([10, 58, 106, 154]));
    folder.run(&["t.ron", "-q", "-o", "whole.mkv", "--frames", "10-200"]).ok();
    assert!(folder.read("a.mkv") == folder.read("whole.mkv"));
    folder.run(&["t.ron", "-o", "null:", "--resume"]).fails(64, "keeps no chunks");
}

/// The processes that a process has started.
fn workers(parent: &Child) -> Vec<String> {
    let path = format!("/proc/{0}/task/{0}/children", parent.id());
    fs::read_to_string(path).unwrap().split_whitespace().map(str::to_owned).collect()
}

fn end(pid: &str) {
    assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
}

#[test]
fn several_workers_make_the_same_film_though_one_dies() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    let line = ["t.ron", "-o", "a.mp4", "--devices", "cpu,cpu"];
    let held = claim(&folder, "a.mp4", LAST);
    let child = folder.start(&line);
    while there(&folder, "a.mp4").is_empty() {
        yield_now();
    }
    let workers = workers(&child);
    assert_eq!(workers.len(), 2);
    end(&workers[1]);
    drop(held);
    let run = finished(&child.wait_with_output().unwrap()).ok();
    assert!(run.stderr.contains("the worker on `cpu` ended early: signal: 9"), "{}", run.stderr);
    same_as_whole(&folder, "a.mp4");
}

#[test]
fn when_all_workers_die_or_their_parent_does_the_next_run_goes_on() {
    let folder = Folder::with(STYLEGAN2, FIELDS);
    let line = ["t.ron", "-o", "a.mkv", "--devices", "cpu,cpu"];
    let held = claim(&folder, "a.mkv", LAST);
    let child = folder.start(&line);
    while there(&folder, "a.mkv").is_empty() {
        yield_now();
    }
    workers(&child).iter().for_each(|worker| end(worker));
    finished(&child.wait_with_output().unwrap()).fails(75, "ended early");
    drop(held);

    let before = there(&folder, "a.mkv");
    let held = claim(&folder, "a.mkv", LAST);
    let child = folder.start(&line);
    while there(&folder, "a.mkv").len() <= before.len() {
        yield_now();
    }
    kill(child);
    drop(held);
    folder.run(&line).ok();
    same_as_whole(&folder, "a.mkv");
    folder.run(&["t.ron", "-o", "b.mkv", "--devices", "cpu,tpu"]).fails(64, "expected `auto`");
    folder.run(&["t.ron", "-o", "b.mkv", "--devices", "900"]).fails(75, "cuda:900");
}
