//! Ranges of frames, files that are there already, and what is printed.

use super::tools::{Folder, STYLEGAN2, probe};

fn folder() -> Folder {
    Folder::with(STYLEGAN2, "seeds: [1, 2], duration: 8")
}

#[test]
fn ranges_of_frames() {
    let folder = folder();
    for (frames, expected) in [("2-4", &[2, 3, 4][..]), ("6-", &[6, 7]), ("5", &[5]), ("0-0", &[0])]
    {
        let out = format!("{frames}/%d.png");
        folder.run(&["t.ron", "-o", &out, "-q", "--frames", frames]).ok();
        let prefix = format!("{frames}/");
        let made: Vec<_> =
            folder.files().into_iter().filter(|name| name.starts_with(&prefix)).collect();
        let expected: Vec<_> = expected.iter().map(|i| format!("{prefix}{i}.png")).collect();
        assert_eq!(made, expected);
    }
    let before = folder.files();
    for (frames, words) in [
        ("8", "beyond the timeline's 8 frames"),
        ("3-8", "beyond the timeline's 8 frames"),
        ("4-2", "ends before it begins: write `2-4`"),
        ("a", "not a range of frames"),
        ("1-2-3", "not a range of frames"),
        ("", "not a range of frames"),
        ("1.5", "not a range of frames"),
        ("99999999999999999999", "beyond the timeline's 8 frames"),
    ] {
        folder.run(&["t.ron", "-o", "x/%d.png", "--frames", frames]).fails(64, words);
    }
    assert_eq!(folder.files(), before);
    assert!(!folder.path("x").exists());
}

#[test]
fn finished_files_are_replaced_only_when_asked() {
    let folder = folder();
    folder.run(&["t.ron", "-o", "a.mkv", "-q", "--frames", "0-1"]).ok();
    let before = folder.read("a.mkv");
    folder.run(&["t.ron", "-o", "a.mkv"]).fails(64, "--overwrite");
    assert!(folder.read("a.mkv") == before);
    folder.run(&["t.ron", "-o", "a.mkv", "-q", "--overwrite"]).ok();
    assert_eq!(probe(&folder.path("a.mkv"))[0]["nb_read_packets"], "8");

    folder.run(&["t.ron", "-o", "out/%d.png", "-q", "--frames", "0-1"]).ok();
    folder.run(&["t.ron", "-o", "out/%d.png", "--frames", "4"]).fails(64, "--overwrite");
    folder.run(&["t.ron", "-o", "out/%d.png", "-q", "--frames", "1-2", "--overwrite"]).ok();
    assert_eq!(folder.files(), ["a.mkv", "out/0.png", "out/1.png", "out/2.png"]);

    folder.run(&["still", "t.ron", "--at", "0", "-o", "s.png"]).ok();
    let before = folder.read("s.png");
    folder.run(&["still", "t.ron", "--at", "7", "-o", "s.png"]).fails(64, "--overwrite");
    assert!(folder.read("s.png") == before);
    assert_eq!(
        folder.run(&["still", "t.ron", "--at", "7", "-o", "s.png", "--overwrite"]).ok().stdout,
        "s.png\n"
    );
    assert!(folder.read("s.png") != before);
}

#[test]
fn moments_of_a_still() {
    let folder = folder();
    let still =
        |at: &str| folder.run(&["still", "t.ron", "--overwrite", "-o", "s.png", "--at", at]);
    let picture = |at: &str| {
        still(at).ok();
        folder.read("s.png")
    };
    let sixth = picture("6");
    for at in ["6f", "0.25s", "250ms", "00:00:00:06", "-2", "-2f", "-00:00:00:02"] {
        assert!(picture(at) == sixth, "{at}");
    }
    let between = picture("5.5");
    assert!(between != sixth && between != picture("5"));
    for (at, words) in [
        ("8", "outside the timeline's 8 frames"),
        ("-9", "outside"),
        ("1s", "outside"),
        ("soon", "no marker"),
    ] {
        still(at).fails(64, words);
    }
    folder.run(&["still", "t.ron", "--at", "0", "-o", "s.mp4"]).fails(64, "no image");
}

#[test]
fn progress_for_people() {
    let run = folder().run(&["t.ron", "-o", "null:"]).ok();
    assert_eq!(run.stdout, "");
    let lines: Vec<_> = run.stderr.lines().collect();
    assert!(lines[0].starts_with("1/8 frames, ") && lines[0].ends_with(" s to go"), "{lines:?}");
    let last = &lines[lines.len() - 2..];
    assert!(last[0].starts_with("8/8 frames, ") && last[0].contains("-bound"), "{lines:?}");
    assert!(last[1].starts_with("8 frames in ") && last[1].ends_with(": nowhere"), "{lines:?}");
    // No terminal, hence no bar.
    assert!(!run.stderr.contains(['\x1b', '\r']));
}

#[test]
fn quiet_means_silent() {
    let folder =
        Folder::with(super::tools::T, "seeds: [1, 2], duration: 2, camera: (scale: 2, rotate: 10)");
    for out in ["null:", "a.mp4", "out/%d.png"] {
        let run = folder.run(&["t.ron", "-o", out, "--quiet"]).ok();
        assert_eq!((run.stdout, run.stderr), (String::new(), String::new()));
    }
    folder.run(&["t.ron", "-o", "a.mp4", "--quiet"]).fails(64, "--overwrite");
}

#[test]
fn progress_for_programs() {
    let folder = folder();
    let run = folder.run(&["t.ron", "-o", "a.mkv", "--json"]).ok();
    assert_eq!(run.stderr, "");
    let events = run.events();
    let (done, progress) = events.split_last().unwrap();
    assert!(progress.len() >= 2);
    assert!(progress.is_sorted_by_key(|event| event["done"].as_u64()));
    for event in progress {
        assert_eq!((&event["event"], &event["total"]), (&"progress".into(), &8.into()));
        assert!(
            event["fps"].as_f64() > Some(0.0) && event["eta_seconds"].as_f64() >= Some(0.0),
            "{event}"
        );
        assert!(
            ["schedule", "generator", "colour", "encoder"]
                .contains(&event["bottleneck"].as_str().unwrap())
        );
    }
    assert_eq!(progress.last().unwrap()["done"], 8);
    assert_eq!(
        (&done["event"], &done["frames"], &done["interrupted"]),
        (&"done".into(), &8.into(), &false.into())
    );
    assert_eq!(done["paths"], serde_json::json!(["a.mkv"]));
    assert!(done["seconds"].as_f64() > Some(0.0));

    let failed = folder.run(&["t.ron", "-o", "a.mkv", "--json"]);
    assert_eq!((failed.code, failed.stderr.as_str()), (64, ""));
    let events = failed.events();
    assert_eq!((&events[0]["event"], &events[0]["exit_code"]), (&"error".into(), &64.into()));
    assert!(events[0]["message"].as_str().unwrap().contains("a.mkv"));
    assert_eq!(events.len(), 1);

    // The film is worth more than its reports.
    folder.shell("exec \"$SG\" t.ron -o b.mkv --json >/dev/full").ok();
    folder.shell("exec \"$SG\" t.ron -o c.mkv 2>/dev/full").ok();
    for name in ["b.mkv", "c.mkv"] {
        assert!(folder.read(name) == folder.read("a.mkv"));
    }
}
