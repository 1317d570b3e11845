//! Timelines for editors: what is written, as JSON and as PyPI's `opentimelineio` reads it.
//!
//! The second half runs where `python3`, or `$SG3RENDER_OTIO_PYTHON`, has that package; naming one
//! demands it.

mod facts;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sg3render::otio;
use sg3render::timeline::{Document, Overrides, Resolved};

const FILM: &str = r#"(
    model: "builtin:a", fps: 29.97, duration: 200, seeds: [1, 2], markers: (drop: 90, end: -10),
    output: (audio: "song.wav"),
    tracks: [
        (name: "main", clips: [
            (source: "../fragments/opening.ron", in: 25, duration: 60),
            (name: "two", source: (seeds: [3]), duration: 50, fade: 10),
            (name: "back", source: (seeds: [4], duration: 60), at: 110, out: 50, in: 20, speed: -1),
            (name: "ramp", source: (seeds: [5]), duration: 30, fade: (duration: 8, by: latent), speed: [(at: 0, value: 1), (at: 160, value: 0)]),
            (name: "still", source: (seeds: [5]), freeze: 3, duration: 20),
        ]),
        (clips: [(name: "title", source: (seeds: [9]), at: 20.5, duration: 20, fade: 5)], opacity: 0.5),
    ],
)"#;

fn resolved(text: &str) -> Resolved {
    let document = Document::parse("tests/timelines/good/film.ron", text).unwrap();
    let facts = facts::facts(&document, |_| facts::network());
    document.check(&facts, &Overrides::default()).unwrap_or_else(|report| panic!("{report}")).0
}

fn exported() -> Value {
    otio::export(&resolved(FILM), "film", Path::new("tests/timelines/good/film.ron"))
}

/// Schema, name, length in frames of a track's children; of a transition what it takes of either side.
fn children(track: &Value) -> Vec<(String, String, [f64; 2])> {
    let time = |value: &Value| value["value"].as_f64().unwrap();
    let child = |child: &Value| {
        let text = |key: &str| child[key].as_str().unwrap().to_owned();
        let numbers = match text("OTIO_SCHEMA").as_str() {
            "Transition.1" => [time(&child["in_offset"]), time(&child["out_offset"])],
            _ => {
                let range = &child["source_range"];
                [time(&range["start_time"]), time(&range["duration"])]
            }
        };
        (text("OTIO_SCHEMA"), text("name"), numbers)
    };
    track["children"].as_array().unwrap().iter().map(child).collect()
}

fn row(schema: &str, name: &str, numbers: [f64; 2]) -> (String, String, [f64; 2]) {
    (schema.into(), name.into(), numbers)
}

#[test]
fn tracks_clips_gaps_and_transitions_are_those_of_the_timeline() {
    let film = exported();
    assert_eq!((&film["OTIO_SCHEMA"], &film["name"]), (&"Timeline.1".into(), &"film".into()));
    let tracks = film["tracks"]["children"].as_array().unwrap();
    let names: Vec<_> = tracks.iter().map(|track| (&track["name"], &track["kind"])).collect();
    let name = |name: &'static str| Value::from(name);
    assert_eq!(
        names,
        [
            (&name("picture"), &name("Video")),
            (&name("main"), &name("Video")),
            (&name("track 2"), &name("Video")),
            (&name("sound"), &name("Audio")),
        ]
    );
    assert_eq!(children(&tracks[0]), [row("Clip.2", "film", [0.0, 200.0])]);
    // The source counts 25 frames a second: its frame 25 is one second of the film.
    let opening = &children(&tracks[1])[0];
    assert_eq!((opening.1.as_str(), opening.2[1]), ("opening", 55.0));
    assert!((opening.2[0] - 30_000.0 / 1001.0).abs() < 1e-9);
    assert_eq!(
        children(&tracks[1])[1..],
        [
            row("Transition.1", "cross-fade", [5.0, 5.0]),
            row("Clip.2", "two", [5.0, 45.0]),
            row("Gap.1", "", [0.0, 10.0]),
            row("Clip.2", "back", [50.0, 26.0]),
            row("Transition.1", "latent cross-fade", [4.0, 4.0]),
            row("Clip.2", "ramp", [children(&tracks[1])[6].2[0], 26.0]),
            row("Clip.2", "still", [3.0, 20.0]),
        ]
    );
    assert_eq!(
        children(&tracks[2]),
        [
            row("Gap.1", "", [0.0, 21.0]),
            row("Transition.1", "cross-fade", [0.0, 5.0]),
            row("Clip.2", "title", [0.5, 20.0]),
        ]
    );
    let marker = &film["tracks"]["markers"][0];
    assert_eq!(
        (&marker["name"], &marker["marked_range"]["start_time"]["value"]),
        (&"drop".into(), &90.0.into())
    );
    let effects: Vec<_> = tracks[1]["children"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|child| child["effects"].as_array())
        .flatten()
        .map(|effect| effect["OTIO_SCHEMA"].as_str().unwrap())
        .collect();
    assert_eq!(effects, ["LinearTimeWarp.1", "TimeEffect.1", "FreezeFrame.1"]);
}

#[test]
fn media_are_named_by_urls() {
    let film = exported();
    let clip = &film["tracks"]["children"][1]["children"][0];
    let media = &clip["media_references"]["DEFAULT_MEDIA"];
    let url = media["target_url"].as_str().unwrap();
    assert!(url.starts_with("file:///") && url.ends_with("/fragments/opening.ron"), "{url}");
    assert!(!url.contains(".."), "{url}");
    assert_eq!(media["available_range"]["duration"]["value"], 120.0);
    // A timeline of one picture is a clip of itself.
    let plain = resolved("(model: \"builtin:a\", duration: 48, seeds: [1], speed: 0.5)");
    let plain = otio::export(&plain, "a b", Path::new("a b.ron"));
    let clip = &plain["tracks"]["children"][0]["children"][0];
    let url = clip["media_references"]["DEFAULT_MEDIA"]["target_url"].as_str().unwrap();
    assert!(url.ends_with("/a%20b.ron"), "{url}");
    assert_eq!(clip["effects"][0]["time_scalar"], 0.5);
}

const READ: &str = r#"
import sys, opentimelineio as otio
film = otio.adapters.read_from_file(sys.argv[1])
assert isinstance(film, otio.schema.Timeline), film
print(film.name, film.duration().value, len(film.video_tracks()), len(film.audio_tracks()))
for track in film.tracks:
    print(track.name, track.duration().value)
    for child in track:
        if isinstance(child, otio.schema.Transition):
            print(" transition", child.in_offset.value, child.out_offset.value)
            continue
        place = child.range_in_parent()
        effects = ",".join(type(effect).__name__ for effect in child.effects)
        kind = type(child).__name__
        print("", kind, child.name or "-", place.start_time.value, place.duration.value, effects or "-")
print(*(f"{m.name}@{m.marked_range.start_time.value}" for m in film.tracks.markers))
print(film.tracks[1][0].media_reference.target_url.rsplit("/", 1)[1])
assert otio.adapters.read_from_string(otio.adapters.write_to_string(film, "otio_json"), "otio_json").is_equivalent_to(film)
"#;

#[test]
fn opentimelineio_reads_it() {
    let named = std::env::var("SG3RENDER_OTIO_PYTHON").ok();
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let has = Command::new(&python).args(["-c", "import opentimelineio"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        assert_eq!(named, None, "it has no opentimelineio");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.otio");
    std::fs::write(&path, exported().to_string()).unwrap();
    let output = Command::new(&python).args(["-c", READ]).arg(&path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = "\
film 200.0 3 1
picture 200.0
 Clip film 0.0 200.0 -
main 182.0
 Clip opening 0.0 55.0 -
 transition 5.0 5.0
 Clip two 55.0 45.0 -
 Gap - 100.0 10.0 -
 Clip back 110.0 26.0 LinearTimeWarp
 transition 4.0 4.0
 Clip ramp 136.0 26.0 TimeEffect
 Clip still 162.0 20.0 FreezeFrame
track 2 41.0
 Gap - 0.0 21.0 -
 transition 0.0 5.0
 Clip title 21.0 20.0 -
sound 200.0
 Clip song.wav 0.0 200.0 -
drop@90.0 end@190.0
opening.ron
";
    assert_eq!(text, expected);
}
