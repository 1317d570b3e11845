//! Timelines in JSON, and the schema that editors hold them against.

mod validator;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use sg3render::timeline::{Overrides, STARTER, schema, to_json};
use validator::valid;

use super::{cases, check, mixture};

const FOLDER: &str = "tests/timelines/good";

static SCHEMA: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&schema()).unwrap());

fn accepts(document: &Value) -> bool {
    valid(&SCHEMA, &SCHEMA, document)
}

/// What the program says of a text: the resolved timeline and its warnings, or all mistakes.
fn verdict(name: &str, text: &str, network: &str) -> Result<(String, Vec<String>), String> {
    let (resolved, warnings) =
        check(name, text, network, &Overrides::default()).map_err(|report| report.show(false))?;
    let warnings = warnings.diagnostics.into_iter().map(|found| found.message).collect();
    Ok((format!("{resolved:?}"), warnings))
}

/// Timelines, each with the network that it is for.
fn examples() -> Vec<(String, String, &'static str)> {
    let mut examples = vec![(format!("{FOLDER}/starter"), STARTER.to_owned(), "stylegan3-t")];
    for path in [cases("good"), cases("../../timelines")].concat() {
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let network = match first.strip_prefix("// network: ") {
            Some("classes") => "classes",
            Some("stylegan3-r") => "stylegan3-r",
            Some("stylegan2") => "stylegan2",
            Some("alpha") => "alpha",
            Some(other) => panic!("no network {other}"),
            None => "stylegan3-t",
        };
        examples.push((path.with_extension("").to_string_lossy().into_owned(), text, network));
    }
    examples
}

#[test]
fn ron_and_json_of_a_timeline_are_the_same_film() {
    for (name, text, network) in examples() {
        let json = to_json(&name, &text).unwrap();
        assert!(accepts(&serde_json::from_str(&json).unwrap()), "{name}:\n{json}");
        match (
            verdict(&format!("{name}.ron"), &text, network),
            verdict(&format!("{name}.json"), &json, network),
        ) {
            (Err(ron), Err(json)) => {
                // Both lack the song that `examples/song.rs` makes.
                assert!(
                    name.ends_with("music")
                        && ron.matches("error:").count() == json.matches("error:").count(),
                    "{ron}\n{json}"
                );
            }
            (ron, json) => assert_eq!(ron, json, "{name}"),
        }
    }
}

#[test]
fn the_readmes_json_passes() {
    let readme = include_str!("../../README.md");
    let mut snippets = readme.split("\n```json\n").skip(1).peekable();
    assert!(snippets.peek().is_some());
    for snippet in snippets {
        let text = snippet.split_once("```").unwrap().0;
        assert!(accepts(&serde_json::from_str(text).unwrap()), "{text}");
        let found =
            verdict("film.json", text, "stylegan3-t").unwrap_or_else(|found| panic!("{found}"));
        assert_eq!(found.1, [""; 0]);
    }
}

/// All objects, lists and values of a document.
fn places(value: &Value, at: String, into: &mut Vec<String>) {
    into.push(at.clone());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| places(value, format!("{at}/{name}"), into));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(i, value)| places(value, format!("{at}/{i}"), into));
        }
        _ => {}
    }
}

/// Documents that are another in one place, most of them wrong, and what is there.
fn broken(document: &Value) -> Vec<(Value, String)> {
    let mut all = Vec::new();
    places(document, String::new(), &mut all);
    let mut broken = Vec::new();
    for place in all {
        let mut put = |value: Value, what: &str| {
            let mut document = document.clone();
            *document.pointer_mut(&place).unwrap() = value;
            broken.push((document, format!("{what} at `{place}`")));
        };
        let value = document.pointer(&place).unwrap();
        if let Value::Object(fields) = value {
            let mut fields = fields.clone();
            fields.insert("zzz".into(), json!([[[]]]));
            put(Value::Object(fields), "an unknown field");
        }
        put(json!([[[]]]), "a list of lists of lists");
        put(json!({"zzz": [[[]]]}), "another object");
        put(json!(true), "`true`");
        put(json!(-0.5), "a negative number");
        put(json!("zzz zzz"), "a text that is no word");
    }
    broken
}

/// Wherever the schema sees a mistake, the program does; and a mistake of structure is seen by both.
#[test]
fn the_schema_refuses_what_the_program_refuses() {
    let (mut documents, mut refused) = (Vec::new(), 0);
    for (name, text, network) in
        examples().into_iter().filter(|(name, ..)| !name.ends_with("music"))
    {
        let document: Value = serde_json::from_str(&to_json(&name, &text).unwrap()).unwrap();
        for (broken, what) in broken(&document) {
            let seen = !accepts(&broken);
            let told = verdict(&format!("{name}.json"), &broken.to_string(), network).err();
            let structural = what.starts_with("an unknown")
                || what.starts_with("a list")
                || what.starts_with("another");
            assert!(!seen || told.is_some(), "{name}: the schema alone refuses {what}");
            assert!(
                seen || told.is_none() || !structural,
                "{name}: the schema lets through {what}:\n{}",
                told.unwrap_or_default()
            );
            refused += usize::from(seen);
            documents.push(broken);
        }
    }
    assert!(refused > 1000, "{refused}");
    let some: Vec<Value> = documents.into_iter().step_by(5).collect();
    python_agrees(&some);
}

#[test]
fn single_mistakes_are_refused_by_both() {
    let whole = |field: &str| {
        let given = |name: &str| field.starts_with(&format!("\"{name}\""));
        let mut fields = vec![field];
        fields.extend((!given("model")).then_some("\"model\": \"builtin:x\""));
        fields.extend((!given("duration")).then_some("\"duration\": 48"));
        fields.extend((!given("seeds") && !given("latent")).then_some("\"seeds\": [1, 2]"));
        format!("{{{}}}", fields.join(", "))
    };
    let sound = [
        r#""fit": "cover""#,
        r#""fit": null"#,
        r#""size": [1920, 1080]"#,
        r#""size": [1920.0, 1080]"#,
        r#""psi": "0.5 + 0.5 * sin(t)""#,
        r#""psi": {"keys": [{"at": 0, "value": 1, "ease": "bezier(0.7, 0, 0.3, 1)"}, {"at": 9, "value": 0}], "loop": "ping_pong"}"#,
        r#""camera": {"translate": [0.1, "0.1 * sin(t)"], "scale": [{"at": 0, "value": 1.5, "ease": "steps(3)"}]}"#,
        r#""camera": {"translate": [{"at": 0, "value": [0.1, 0]}]}"#,
        r#""latent": {"keys": [{"at": 0, "seed": 1, "ease": "in_out_sine"}, {"at": "1s", "average": true}], "loop": "ping_pong"}"#,
        r#""latent": {"walk": "noise", "seed": 7, "waves": 4, "loop": true}"#,
        r#""mix": [{"layers": ["coarse", 7, "9-11"], "seed": 1}]"#,
        r#""tracks": [[{"source": {"seeds": [4]}, "duration": 9}, {"source": {"seeds": [3]}, "duration": 9, "fade": {"duration": 2, "by": "latent"}}]]"#,
        r#""$schema": "timeline.schema.json""#,
    ];
    for field in sound {
        let text = whole(field);
        assert!(accepts(&serde_json::from_str(&text).unwrap()), "{text}");
        let found = verdict("a.json", &text, "stylegan3-t");
        assert!(found.is_ok(), "{text}\n{}", found.unwrap_err());
    }
    let wrong = [
        (r#""fsp": 24"#, "1:2: error: unknown field `fsp` of the timeline"),
        (r#""fit": "covr""#, "1:9: error: expected `contain`, `cover` or `stretch`, found `covr`"),
        (
            r#""size": 256"#,
            "1:10: error: expected width and height such as (1920, 1080), found the number 256",
        ),
        (
            r#""size": [1, 2, 3]"#,
            "1:10: error: expected width and height such as (1920, 1080), found a tuple of 3",
        ),
        (
            r#""size": [0, 2]"#,
            "1:11: error: expected a number of pixels (a whole number from 1 to 16384), found the number 0",
        ),
        (r#""size": [1.5, 2]"#, "1:11: error: expected a number of pixels"),
        (
            r#""seeds": []"#,
            "1:11: error: expected a list of seeds such as [1, 2, 3], found an empty list",
        ),
        (r#""seeds": [-1]"#, "1:12: error: expected a seed"),
        (
            r#""psi": [{"at": 0, "value": 1, "ease": "bounce"}]"#,
            "1:40: error: unknown easing `bounce`",
        ),
        (
            r#""psi": [{"at": 0, "value": 1, "ease": "in_out_sinus"}]"#,
            "1:40: error: unknown easing `in_out_sinus`",
        ),
        (r#""psi": [{"at": 0, "vale": 1}]"#, "1:20: error: unknown field `vale` of a key"),
        (r#""psi": [{"value": 1}]"#, "1:10: error: field `at` of a key is missing"),
        (
            r#""psi": {"keys": [{"at": 0, "value": 1}], "loop": "twice"}"#,
            "1:51: error: expected `repeat` or `ping_pong`, found `twice`",
        ),
        (r#""camera": {"scale": 0}"#, "1:22: error: a scale of 0 shows nothing"),
        (r#""motion_blur": {"shutter": 800}"#, "1:29: error: expected an angle of the shutter"),
        (r#""music": {"bpm": 0}"#, "1:19: error: a tempo of 0 is out of range"),
        (r#""mix": {"layers": "fine", "seed": 1}"#, "1:9: error: expected a list of mixes"),
        (r#""stabilise": true"#, "1:15: error: expected `stabilise`"),
        (r#""tracks": [[{"at": 3}]]"#, "1:14: error: field `source` of a clip is missing"),
        (
            r#""tracks": [[{"source": {"fps": 3, "seeds": [1]}}]]"#,
            "1:26: error: unknown field `fps` of what a clip shows",
        ),
        (
            r#""signals": {"a": {"hear": "bas", "from": "song.wav"}}"#,
            "1:28: error: nothing is heard by the name `bas`",
        ),
        (r#""duration": null"#, "1:1: error: field `duration` of the timeline is missing"),
    ];
    for (field, message) in wrong {
        let text = whole(field);
        assert!(!accepts(&serde_json::from_str(&text).unwrap()), "{text}");
        let found = check("a.json", &text, "stylegan3-t", &Overrides::default()).unwrap_err();
        let found: Vec<_> = found
            .diagnostics
            .iter()
            .map(|one| {
                let (line, column) = found.line_column(one.span.start);
                format!("{line}:{column}: error: {}", one.message)
            })
            .collect();
        assert!(found.iter().any(|one| one.starts_with(message)), "{text}\n{found:#?}");
    }
}

#[test]
fn what_is_not_json_is_told_at_its_place() {
    let cases = [
        (
            "{\"fps\": 24, // the rate\n}",
            "1:13 expected a field's name in quotation marks, found `/`: JSON has no comments",
        ),
        ("{\"fps\": 24,\n}", "1:11 expected no comma before `}`, as JSON has none there"),
        (
            "{fps: 24}",
            "1:2 expected a field's name in quotation marks, found `fps`: in JSON words stand in quotation marks",
        ),
        (
            "{\"fit\":\n cover}",
            "2:2 expected a value, found `cover`: in JSON words stand in quotation marks",
        ),
        (
            "(fps: 24)",
            "1:1 expected a value, found `(`: JSON has fields in `{ }` and all else in `[ ]`",
        ),
        ("{\"fps\": .5}", "1:9 expected a value, found `.`"),
        ("{\"fps\": 24", "1:1 this `{` is never closed: expected `}`"),
    ];
    for (text, expected) in cases {
        let report = check("a.json", text, "stylegan3-t", &Overrides::default()).unwrap_err();
        let found = &report.diagnostics[0];
        let (line, column) = report.line_column(found.span.start);
        assert_eq!(format!("{line}:{column} {}", found.message), expected);
    }
    let report = check("a.ron", "{\"fps\": 24}", "stylegan3-t", &Overrides::default()).unwrap_err();
    assert!(report.show(false).contains("names end in `.json`"), "{}", report.show(false));
    // RON's examples come with a word on JSON.
    let report =
        check("a.json", "{\"size\": 3}", "stylegan3-t", &Overrides::default()).unwrap_err();
    assert!(report.show(false).contains("in JSON fields stand in `{ }`"), "{}", report.show(false));
}

#[test]
fn files_of_both_kinds_go_together() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let look =
        r#"{"$schema": "x.json", "fit": "cover", "camera": {"translate": [0.1, 0], "scale": 1.3}}"#;
    put("look.json", look);
    put("look.ron", "(fit: cover, camera: (translate: (0.1, 0), scale: 1.3))");
    let opening =
        r#"{"model": "builtin:x", "duration": 48, "latent": {"walk": "circle", "seeds": [1, 2]}}"#;
    put("opening.json", opening);
    put(
        "opening.ron",
        "(model: \"builtin:x\", duration: 48, latent: (walk: circle, seeds: [1, 2]))",
    );
    let film = |kind: &str| {
        format!(
            "(model: \"builtin:x\", duration: 48, include: \"look.{kind}\", seeds: [1], size: (640, 480), \
         tracks: [[(source: \"opening.{kind}\", duration: 12)]])"
        )
    };
    let of = |kind: &str| {
        let (ron, json) = (film(kind), to_json("film", &film(kind)).unwrap());
        assert!(accepts(&serde_json::from_str(&json).unwrap()), "{json}");
        let found = verdict(&put("film.ron", &ron), &ron, "stylegan3-t").unwrap();
        assert_eq!(found, verdict(&put("film.json", &json), &json, "stylegan3-t").unwrap());
        found.0.replace(&format!("opening.{kind}"), "opening")
    };
    assert_eq!(of("ron"), of("json"));
    // A mistake is told with the fragment's own lines.
    put("look.json", "{\n  \"fit\": \"covr\"\n}");
    let report =
        verdict(&put("film.ron", &film("json")), &film("json"), "stylegan3-t").unwrap_err();
    assert!(report.contains("look.json:2:10"), "{report}");
    // Names that are nearly those of files.
    let near = film("json").replace("look.json", "loko.json");
    let report = verdict(&put("film.ron", &near), &near, "stylegan3-t").unwrap_err();
    assert!(report.contains("did you mean `look.json`?"), "{report}");
}

#[test]
fn defaults_are_what_holds_where_a_field_is_left_out() {
    let smallest = json!({"model": "builtin:x", "duration": 48, "seeds": [1, 2], "size": [640, 480],
        "camera": {}, "stabilise": {}, "output": {}, "motion_blur": {}, "music": {"bpm": 120},
        "grid": {"columns": 1, "cells": [{}]}, "mix": [{"layers": "fine", "seed": 1}]});
    let of = |document: &Value| {
        let (resolved, warnings) = verdict("a.json", &document.to_string(), "stylegan3-t").unwrap();
        // Time that passes as it does is no other film.
        let as_it_is = "time: Some(Steady { start: 0.0, from: 0.0, speed: 1.0 })";
        (resolved.replace(as_it_is, "time: None"), warnings)
    };
    let plain = of(&smallest);
    let mut count = 0;
    // A place in the document, and the schema of the struct there.
    let structs = [
        ("", &*SCHEMA),
        ("/camera", &SCHEMA["$defs"]["camera"]),
        ("/stabilise", &SCHEMA["$defs"]["stabilise"]),
        ("/output", &SCHEMA["properties"]["output"]),
        ("/motion_blur", &SCHEMA["properties"]["motion_blur"]),
        ("/music", &SCHEMA["properties"]["music"]),
        ("/grid", &SCHEMA["properties"]["grid"]),
        ("/mix/0", &SCHEMA["$defs"]["mix"]),
    ];
    for (place, of_struct) in structs {
        for (name, field) in of_struct["properties"].as_object().unwrap() {
            let Some(default) = field.get("default") else { continue };
            let mut document = smallest.clone();
            document.pointer_mut(place).unwrap()[name] = default.clone();
            assert!(accepts(&document), "{document}");
            assert_eq!(of(&document), plain, "{place}/{name}");
            count += 1;
        }
    }
    assert!(count > 15, "{count}");
    // Those of all others are at least possible.
    for (name, def) in SCHEMA["$defs"].as_object().unwrap() {
        for (field, of) in def["properties"].as_object().into_iter().flatten() {
            assert!(of["description"].is_string(), "{name}/{field}");
            let default = of.get("default");
            assert!(default.is_none_or(|default| valid(&SCHEMA, of, default)), "{name}/{field}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_timeline_that_passes_has_a_json_form_that_does(text in mixture()) {
        let name = format!("{FOLDER}/random");
        if let Ok(ron) = verdict(&format!("{name}.ron"), &text, "classes") {
            let json = to_json(&name, &text).unwrap();
            let document = serde_json::from_str(&json).unwrap();
            prop_assert!(accepts(&document), "{json}");
            prop_assert_eq!(Ok(ron), verdict(&format!("{name}.json"), &json, "classes"));
        }
    }
}

const VALIDATE: &str = r#"
import json, sys
from jsonschema import Draft202012Validator as Validator
schema = json.load(open(sys.argv[1]))
Validator.check_schema(schema)
validator = Validator(schema)
for line in sys.stdin:
    print(int(validator.is_valid(json.loads(line))))
"#;

/// PyPI's `jsonschema` says the same of every document. It is asked where `python3`, or
/// `$SG3RENDER_JSONSCHEMA_PYTHON`, has it; naming one demands it.
fn python_agrees(documents: &[Value]) {
    let named = std::env::var("SG3RENDER_JSONSCHEMA_PYTHON").ok();
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let has = Command::new(&python).args(["-c", "import jsonschema"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        assert_eq!(named, None, "it has no jsonschema");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.json");
    fs::write(&path, SCHEMA.to_string()).unwrap();
    let mut child = Command::new(&python)
        .args(["-c", VALIDATE])
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String = documents.iter().map(|document| format!("{document}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let verdicts = String::from_utf8(output.stdout).unwrap();
    assert_eq!(verdicts.lines().count(), documents.len());
    for (verdict, document) in verdicts.lines().zip(documents) {
        assert_eq!(verdict == "1", accepts(document), "{document}");
    }
}
