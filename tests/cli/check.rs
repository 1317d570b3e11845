//! `check` and `new`.

use serde_json::Value;

use super::tools::{CLASSES, Folder, R, STYLEGAN2, T};

#[test]
fn a_sound_timeline_passes() {
    let folder = Folder::with(T, "seeds: [1, 2], duration: \"2s\"");
    let run = folder.run(&["check", "t.ron"]).ok();
    assert_eq!(run.stdout, "t.ron: 48 frames, 2.00 s, 64x64, preset h264\n");
    assert_eq!(run.stderr, "");
    let run =
        folder.run(&["check", "t.ron", "--preset", "ffv1", "--size", "99x33", "--fps", "50"]).ok();
    assert_eq!(run.stdout, "t.ron: 100 frames, 2.00 s, 99x33, preset ffv1\n");
    assert_eq!(folder.run(&["check", "t.ron", "--json"]).ok().stdout, "[]\n");
    assert_eq!(folder.files(), [""; 0]);
}

const MISTAKES: &str = r#"(
    model: "gone.pkl",
    duraton: "4s",
    seeds: [1, 2, -3],
    psi: [(at: 0, value: 0.7, ease: bezier(2, 0, 1, 1)), (at: "1s", value: "high")],
)
"#;

#[test]
fn all_mistakes_are_told_at_once() {
    let folder = Folder::new();
    std::fs::write(folder.path("t.ron"), MISTAKES).unwrap();
    let run = folder.run(&["check", "t.ron"]);
    assert_eq!(run.code, 65);
    insta::assert_snapshot!("all_mistakes", run.stderr);
    assert_eq!(folder.run(&["t.ron", "-o", "a.mp4"]).stderr, run.stderr);

    let run = folder.run(&["check", "t.ron", "--json"]);
    assert_eq!(run.code, 65);
    let findings: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    let places: Vec<_> =
        findings.iter().map(|f| (f["line"].as_u64(), f["column"].as_u64())).collect();
    let expected = [(2, 12), (3, 5), (4, 19), (5, 44), (5, 77)];
    assert_eq!(places, expected.map(|(line, column)| (Some(line), Some(column))));
    assert!(findings.iter().all(|f| f["severity"] == "error" && f["file"] == "t.ron"));
    assert_eq!(findings[1]["help"], "did you mean `duration`?");

    let events = folder.run(&["t.ron", "-o", "a.mp4", "--json"]).events();
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["event"], &events[0]["exit_code"]), (&"error".into(), &65.into()));
    assert_eq!(events[0]["findings"], Value::Array(findings));
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn networks_have_their_limits() {
    let sound = "seeds: [1, 2], duration: 24";
    let turning =
        format!("{sound}, camera: (scale: 2, rotate: [(at: 0, value: 0), (at: 23, value: 90)])");

    let folder = Folder::with(T, &turning);
    let run = folder.run(&["check", "t.ron"]).ok();
    assert!(
        run.stderr.starts_with("warning: ") && run.stderr.contains("not made to be rotated"),
        "{}",
        run.stderr
    );
    let warned: Value =
        serde_json::from_str(&folder.run(&["check", "t.ron", "--json"]).ok().stdout).unwrap();
    assert_eq!(warned[0]["severity"], "warning");
    let rendered = folder.run(&["t.ron", "-o", "null:", "--frames", "0"]).ok();
    assert!(rendered.stderr.contains("not made to be rotated"));

    let run = Folder::with(R, &turning).run(&["check", "t.ron"]).ok();
    assert!(!run.stderr.contains("rotated"), "{}", run.stderr);

    let said = Folder::with(STYLEGAN2, &turning).run(&["check", "t.ron"]).fails(65, "alias-free");
    assert!(said.contains("t.ron:1:") && said.contains("^^^^^^"), "{said}");

    Folder::with(CLASSES, sound).run(&["check", "t.ron"]).fails(65, "`class` is missing");
    Folder::with(T, &format!("{sound}, class: 0"))
        .run(&["check", "t.ron"])
        .fails(65, "has no classes");
    Folder::with(T, &format!("{sound}, size: (65, 64)")).run(&["check", "t.ron"]).fails(65, "odd");
}

#[test]
fn a_timeline_that_is_no_text_or_not_there() {
    let folder = Folder::new();
    folder.run(&["check", "gone.ron"]).fails(66, "`gone.ron`");
    std::fs::write(folder.path("t.ron"), b"(model: \"\xFF\")").unwrap();
    folder.run(&["check", "t.ron"]).fails(65, "not UTF-8");
    folder.run(&["check", "."]).fails(75, "cannot read `.`");
    std::fs::write(folder.path("t.ron"), "").unwrap();
    folder.run(&["check", "t.ron"]).fails(65, "t.ron:1:1");
}

#[test]
fn a_timeline_in_json_is_as_good_as_one_in_ron() {
    let folder = Folder::new();
    folder.run(&["new", "film.json"]).ok();
    folder.run(&["new", "film.ron"]).ok();
    assert_eq!(folder.run(&["check", "film.json"]).ok().stderr, "");
    folder.run(&["film.json", "-o", "null:", "--frames", "0-1", "-q"]).ok();
    // The same frames, so none changes.
    folder.run(&["diff", "film.ron", "film.json"]).ok();

    let printed = folder.run(&["schema"]).ok().stdout;
    folder.run(&["schema", "-o", "timeline.schema.json"]).ok();
    assert_eq!(folder.read("timeline.schema.json"), printed.as_bytes());
    folder.run(&["schema", "-o", "timeline.schema.json"]).fails(64, "already");
    let schema: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(schema["properties"]["fit"]["default"], "contain");

    std::fs::write(folder.path("film.json"), "{\n  \"fit\": \"covr\"\n}").unwrap();
    folder.run(&["check", "film.json"]).fails(65, "film.json:2:10");
}

#[test]
fn memory_has_a_unit_of_its_size() {
    let folder = Folder::with(T, "seeds: [1], duration: 4, canvas: (192, 108), size: (64, 64)");
    let told = folder.run(&["check", "t.ron"]).ok().stdout;
    let (_, memory) = told.trim().split_once("canvas 192x108 (about ").unwrap();
    let (amount, unit) = memory.strip_suffix(')').unwrap().split_once(' ').unwrap();
    assert!(amount.parse::<f64>().unwrap() > 0.0 && unit == "MB", "{told}");
}

#[test]
fn a_new_timeline_is_a_sound_one() {
    let folder = Folder::new();
    let said = folder.run(&["new", "film.ron"]).ok().stdout;
    assert!(said.contains("sg3render film.ron -o film.mp4"), "{said}");
    let run = folder.run(&["check", "film.ron"]).ok();
    assert_eq!(run.stderr, "");
    folder.run(&["film.ron", "-o", "null:", "--frames", "0-1", "-q"]).ok();

    std::fs::write(folder.path("film.ron"), "mine").unwrap();
    folder.run(&["new", "film.ron"]).fails(64, "exists");
    assert_eq!(folder.read("film.ron"), b"mine");
    folder.run(&["new", "none/film.ron"]).fails(75, "cannot create");
    folder.shell("trap '' XFSZ; ulimit -f 0; exec \"$SG\" new full.ron").fails(75, "full.ron");
    assert_eq!(folder.files(), ["film.ron"]);
}

#[test]
fn the_curves_of_a_timeline_are_drawn() {
    let fields = "duration: \"4s\", seeds: [1, 2], music: (bpm: 120), markers: (drop: \"2:1\"),
                  psi: \"0.5 + 0.2 * sin(t)\", camera: (translate: [(at: 0, value: (0, 0)), (at: \"drop\", value: (0.1, 0))])";
    let folder = Folder::with(T, fields);
    folder.run(&["plot", "t.ron", "-o", "plot.svg"]).ok();
    let svg = String::from_utf8(folder.read("plot.svg")).unwrap();
    for word in ["drop", "psi", "translate", "keys", "bpm", "time (s)"] {
        assert!(svg.contains(word), "{word}");
    }
    assert!(!svg.contains("rotate</text"));
    folder.run(&["plot", "t.ron", "-o", "plot.png"]).ok();
    assert!(folder.read("plot.png").starts_with(b"\x89PNG"));
    folder.run(&["plot", "t.ron", "-o", "plot.png"]).fails(64, "--overwrite");
    folder.run(&["plot", "t.ron", "-o", "plot.pdf"]).fails(64, ".svg");
    // A marker is a moment for a still, too.
    folder.run(&["still", "t.ron", "--at", "drop+1b", "-o", "s.png"]).ok();
    folder.run(&["still", "t.ron", "--at", "dorp", "-o", "s.png"]).fails(64, "no marker `dorp`");
}
