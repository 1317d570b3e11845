//! Ctrl-C: the file plays, says how far it came, and nothing else is left.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::thread::yield_now;

use super::tools::{Folder, Run, STYLEGAN2, T, finished, probe};

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    // Two signals of a kind that wait at once are one: this one is to be taken first.
    let status = format!("/proc/{}/status", child.id());
    let waits = |text: String| {
        let mask = text.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
        mask.is_some_and(|mask| mask.trim().bytes().any(|digit| digit != b'0'))
    };
    while fs::read_to_string(&status).is_ok_and(waits) {
        yield_now();
    }
}

fn end(child: Child) -> Run {
    finished(&child.wait_with_output().unwrap())
}

/// A pipe in the folder, which whoever opens it waits for.
fn pipe(folder: &Folder, name: &str) {
    assert!(Command::new("mkfifo").arg(folder.path(name)).status().unwrap().success());
}

#[test]
fn midway_the_file_is_finished() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1, 2], duration: 200000");
    for (out, name) in [("a.mkv", "INT"), ("a.mp4", "INT"), ("png/%06d.png", "TERM")] {
        let mut child = folder.start(&["t.ron", "-o", out, "--json"]);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        stdout.read_line(&mut said).unwrap();
        signal(&child, name);
        stdout.read_to_string(&mut said).unwrap();
        let run = end(child);
        let code = if name == "TERM" { 75 } else { 130 };
        assert_eq!((run.code, run.stderr.as_str()), (code, ""));

        let events = Run { stdout: said, ..run }.events();
        let [.., done, error] = &events[..] else { panic!("{events:?}") };
        assert_eq!((&done["event"], &done["interrupted"]), (&"done".into(), &true.into()));
        assert_eq!((&error["event"], &error["exit_code"]), (&"error".into(), &code.into()));
        let frames = done["frames"].as_u64().unwrap();
        assert!((1..200_000).contains(&frames), "{frames}");
        assert_eq!(probe(&folder.path(out))[0]["nb_read_packets"], frames.to_string());
        let beside: serde_json::Value =
            serde_json::from_slice(&folder.read(&format!("{out}.json"))).unwrap();
        assert_eq!(beside["frames"], serde_json::json!([0, frames - 1]));
        assert_eq!(beside["complete"], false);
        if out.contains('%') {
            let expected: Vec<_> = (0..frames).map(|i| format!("png/{i:06}.png")).collect();
            assert_eq!(folder.files(), expected);
        } else {
            assert_eq!(folder.files(), [out]);
            fs::remove_file(folder.path(out)).unwrap();
            fs::remove_file(folder.path(&format!("{out}.json"))).unwrap();
        }
    }
}

#[test]
fn people_are_told_how_far_it_came() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1, 2], duration: 200000");
    let mut child = folder.start(&["t.ron", "-o", "a.mkv"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    signal(&child, "INT");
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(end(child).code, 130);
    let frames = probe(&folder.path("a.mkv"))[0]["nb_read_packets"].as_str().unwrap().to_owned();
    let expected =
        format!("interrupted: {frames} of 200000 frames are in a.mkv\nerror: interrupted\n");
    assert!(said.ends_with(&expected), "{said}");
}

#[test]
fn before_the_first_frame_there_is_no_file() {
    for (out, name, code, error) in [
        ("a.mkv", "INT", 130, "interrupted"),
        ("%d.png", "TERM", 75, "ended by SIGTERM; run it again"),
    ] {
        let folder = Folder::new();
        pipe(&folder, "t.ron");
        let child = folder.start(&["t.ron", "-o", out]);
        // The program waits for its timeline meanwhile.
        let pipe = fs::OpenOptions::new().write(true).open(folder.path("t.ron")).unwrap();
        signal(&child, name);
        let model = super::tools::pickle(T);
        let text = format!("(model: {model:?}, seeds: [1, 2], duration: 1000)");
        std::io::Write::write_all(&mut &pipe, text.as_bytes()).unwrap();
        drop(pipe);
        let run = end(child);
        assert_eq!(run.code, code, "{}", run.stderr);
        assert_eq!(
            run.stderr,
            format!("interrupted before the first frame: nothing is written\nerror: {error}\n")
        );
        assert_eq!(folder.files(), [""; 0]);
    }
}

#[test]
fn the_second_time_it_ends_at_once() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1, 2], duration: 24");
    pipe(&folder, "sound");
    // It has begun the film, and waits for a sound that never comes.
    let child = folder.start(&["t.ron", "-o", "a.mkv", "--audio", "sound"]);
    while !folder.files().iter().any(|name| name.ends_with(".part")) {
        yield_now();
    }
    signal(&child, "INT");
    assert!(
        folder.files().iter().any(|name| name.ends_with(".part")),
        "the first time it only asks"
    );
    signal(&child, "INT");
    assert_eq!(end(child).code, 130);
    assert_eq!(folder.files(), ["sound"]);
}

#[test]
fn waiting_for_another_machine_ends_the_first_time() {
    let folder = Folder::with(STYLEGAN2, "seeds: [1, 2], duration: 24");
    fs::create_dir(folder.path("chunks")).unwrap();
    let claim = fs::File::create(folder.path("chunks/000000-000023.claim")).unwrap();
    claim.lock().unwrap();
    let open = |child: &Child| {
        let files = fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap();
        let names = files.filter_map(|file| fs::read_link(file.unwrap().path()).ok());
        names.into_iter().any(|name| name.extension().is_some_and(|end| end == "claim"))
    };
    for (name, code) in [("INT", 130), ("TERM", 75)] {
        let child = folder.start(&["chunk", "t.ron", "-o", "chunks", "--share"]);
        while !open(&child) {
            yield_now();
        }
        signal(&child, name);
        assert_eq!(end(child).code, code);
    }
}
