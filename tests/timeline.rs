//! Whole timelines, found from the folders `timelines/bad` and `timelines/good`.
//!
//! Each ends with the findings that are expected, one comment each: `// error LINE:COLUMN message`
//! or `// warning ...`, all of them and no more. A first line `// network: NAME` chooses other
//! facts. `BLESS=1` writes the findings anew: look at the difference before it is kept.

mod facts;
#[path = "json/mod.rs"]
mod json;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use sg3render::audio::{Analyser, Hearing, RATE};
use sg3render::report::{Report, Severity};
use sg3render::timeline::resolved::LatentPoint;
use sg3render::timeline::{
    Document, Facts, Model, NetworkFacts, Overrides, PresetFacts, Problem, Resolved, STARTER,
};

fn network(name: &str) -> Result<NetworkFacts, Problem> {
    let alias_free =
        NetworkFacts { kind: "StyleGAN3-T".into(), rotates: false, ..facts::network() };
    Ok(match name {
        "stylegan3-t" => alias_free,
        "stylegan3-r" => NetworkFacts { kind: "StyleGAN3-R".into(), rotates: true, ..alias_free },
        "classes" => NetworkFacts { c_dim: 3, ..alias_free },
        "alpha" => NetworkFacts { alpha: true, ..alias_free },
        "odd" => NetworkFacts { resolution: 255, ..alias_free },
        "stylegan2" => NetworkFacts {
            kind: "StyleGAN2".into(),
            num_ws: 14,
            layer_names: vec![],
            has_camera: false,
            rotates: false,
            ..alias_free
        },
        "broken" => {
            return Err(Problem {
                message: "there is no built-in network `default`".into(),
                help: Some("did you mean `texture`?".into()),
            });
        }
        other => panic!("no network {other}"),
    })
}

fn facts(name: &str) -> Facts {
    let preset = |name: &str, even_width, even_height| PresetFacts {
        name: name.into(),
        even_width,
        even_height,
        alpha: name == "prores-4444",
    };
    let presets = vec![
        preset("h264", true, true),
        preset("prores-422hq", true, false),
        preset("prores-4444", false, false),
    ];
    Facts { network: network(name), networks: Vec::new(), presets, sounds: HashMap::new() }
}

/// What a second of a tone that swells evenly gives, whatever the file holds.
fn heard() -> Hearing {
    let mut analyser = Analyser::default();
    let swell = |i: u32| (i as f32 * 0.1).sin() * i as f32 / RATE as f32;
    analyser.push(&(0..RATE).map(swell).collect::<Vec<f32>>());
    analyser.finish()
}

fn check(
    name: &str,
    text: &str,
    network: &str,
    overrides: &Overrides,
) -> Result<(Resolved, Report), Report> {
    let document = Document::parse(name, text)?;
    let there = document.sounds(overrides).into_iter().filter(|path| path.is_file());
    let sounds = there.map(|path| (path, Ok(Arc::new(heard())))).collect();
    // A film may have several networks, of which the names of built-in ones say what they are.
    let networks = document.syntheses().into_iter().map(|synthesis| {
        let facts = match &synthesis.model {
            Model::Builtin(name) if name == "stylegan2" => self::network(name),
            _ => self::network(network),
        };
        (synthesis, facts)
    });
    let networks = networks.collect();
    document.check(&Facts { sounds, networks, ..facts(network) }, overrides)
}

fn resolved(text: &str, network: &str) -> Resolved {
    check("tests/timelines/good/inline.ron", text, network, &Overrides::default())
        .unwrap_or_else(|r| panic!("{r}"))
        .0
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new("tests/timelines").join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "ron"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

/// Holds a file's findings against its comments; the answer says whether it passed.
fn verdict(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap();
    let network = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("// network: "))
        .unwrap_or("stylegan3-t");
    let result = check(path.to_str().unwrap(), &text, network, &Overrides::default());
    let passed = result.is_ok();
    let report = result.map_or_else(|report| report, |(_, warnings)| warnings);
    assert_eq!(report.has_errors(), !passed);
    let line = |d: &sg3render::report::Diagnostic| {
        let (line, column) = report.line_column(d.span.start);
        // What stands in an included file is told with its name.
        let file = Path::new(report.file(d.span.start).1);
        let name = file.file_name().filter(|_| file != path).map(|name| name.to_string_lossy());
        let file = name.map(|name| format!("{name}:")).unwrap_or_default();
        let severity = if d.severity == Severity::Error { "error" } else { "warning" };
        let help = d.help.as_ref().map(|help| format!(" | {help}")).unwrap_or_default();
        format!("// {severity} {file}{line}:{column} {}{help}", d.message)
    };
    let found: Vec<String> = report.diagnostics.iter().map(line).collect();
    let is_expectation =
        |line: &&str| line.starts_with("// error ") || line.starts_with("// warning ");
    let expected: Vec<&str> = text.lines().filter(is_expectation).collect();
    if std::env::var_os("BLESS").is_some() && found != expected {
        let body: Vec<&str> = text.lines().filter(|line| !is_expectation(line)).collect();
        fs::write(path, format!("{}\n{}\n", body.join("\n").trim_end(), found.join("\n"))).unwrap();
    } else {
        assert_eq!(found, expected, "{}", path.display());
    }
    passed
}

#[test]
fn every_mistake_is_found_at_its_place() {
    for path in cases("bad") {
        assert!(!verdict(&path), "{} passed", path.display());
    }
}

#[test]
fn good_timelines_pass_with_the_warnings_they_name() {
    for path in cases("good") {
        assert!(verdict(&path), "{} did not pass", path.display());
    }
}

#[test]
fn a_report_shows_all_mistakes_as_people_read_them() {
    let path = "tests/timelines/bad/many-mistakes.ron";
    let text = fs::read_to_string(path).unwrap();
    let report = check(path, &text, "stylegan3-t", &Overrides::default()).unwrap_err();
    insta::assert_snapshot!(report.show(false));
}

#[test]
fn the_starter_passes_without_a_warning() {
    let (resolved, warnings) = check("new.ron", STARTER, "stylegan3-t", &Overrides::default())
        .unwrap_or_else(|r| panic!("{r}"));
    assert_eq!(warnings.diagnostics, []);
    assert_eq!((resolved.fps, resolved.frames), ((24, 1), 96));
}

#[test]
fn everything_is_resolved_without_names_or_defaults() {
    let text = fs::read_to_string("tests/timelines/good/everything.ron").unwrap();
    insta::assert_debug_snapshot!(resolved(&text, "classes"));
}

#[test]
fn the_smallest_timeline_has_the_documented_defaults() {
    insta::assert_debug_snapshot!(resolved(
        "(model: \"builtin:x\", duration: \"1s\", seeds: [3, 4])",
        "stylegan3-t"
    ));
}

#[test]
fn the_caller_learns_model_and_preset() {
    let document = |text: &str| Document::parse("some/folder/a.ron", text).unwrap();
    assert_eq!(document("(model: \"builtin:x\")").model(), Some(Model::Builtin("x".into())));
    assert_eq!(
        document("(model: \"../n.pkl\")").model(),
        Some(Model::File("some/folder/../n.pkl".into()))
    );
    assert_eq!(document("(model: 3)").model(), None);
    assert_eq!(document("(output: (preset: \"ffv1\"))").preset(), Some("ffv1".into()));
    assert_eq!(
        document("(output: (preset: \"my.ron\"))").preset(),
        Some("some/folder/my.ron".into())
    );
    assert_eq!(document("()").preset(), None);
}

#[test]
fn layer_groups_divide_all_layers() {
    let layers = |name: &str, network: &str| {
        resolved(
            &format!(
                "(model: \"builtin:x\", duration: 9, seeds: [1], mix: [(layers: {name}, seed: 1)])"
            ),
            network,
        )
        .mixes[0]
            .layers
            .clone()
    };
    for network in ["stylegan3-t", "stylegan2"] {
        let together =
            [layers("coarse", network), layers("middle", network), layers("fine", network)]
                .concat();
        assert_eq!(together, layers("all", network));
    }
    assert_eq!(layers("coarse", "stylegan3-t"), [0, 1, 2, 3, 4]);
    assert_eq!(layers("fine", "stylegan3-t"), [11, 12, 13, 14, 15]);
    assert_eq!(layers("coarse", "stylegan2"), [0, 1, 2]);
    assert_eq!(layers("middle", "stylegan2"), [3, 4, 5, 6]);
    assert_eq!(layers("[\"L3_52_512\", input, \"3-4\", 3]", "stylegan3-t"), [0, 3, 4]);
}

#[test]
fn a_direction_is_what_its_file_holds_on_its_layers() {
    let text = fs::read_to_string("tests/timelines/good/directions.ron").unwrap();
    let directions = resolved(&text, "stylegan3-t").directions;
    let names: Vec<_> = directions.iter().map(|direction| direction.name.as_str()).collect();
    assert_eq!(names, ["first", "smile", "plain", "own", "layered"]);
    let row: Vec<f32> = (64u16..128).map(f32::from).collect();
    assert_eq!((&directions[0].vector, directions[0].layers.len()), (&row, 16));
    // A file's array of the direction's own name comes first.
    assert_eq!(directions[1].vector, [1.0, 2.0, 3.0, 4.0].repeat(16));
    assert_eq!(directions[1].layers, [0, 1, 2, 3, 4, 7]);
    assert_eq!((directions[3].layers.len(), directions[3].amount.at(9.0)), (5, 1.0));
    assert_eq!((&*directions[4].layers, directions[4].vector.len()), (&[3, 4][..], 64));
    let amounts = [0.0, 48.0, 96.0].map(|frame| directions[0].amount.at(frame));
    assert_eq!(amounts, [-3.0, 0.0, 3.0]);
    assert!((directions[1].amount.at(6.0) - 2.0).abs() < 1e-12);
    // Another file is another film.
    let debug = |text: &str| format!("{:?}", resolved(text, "stylegan3-t"));
    assert_ne!(debug(&text), debug(&text.replace("index: 1", "index: 0")));
}

#[test]
fn another_rate_keeps_the_tempo() {
    let text = "(model: \"builtin:x\", fps: 25, duration: 100, seeds: (list: [1, 2], every: 25),
                 psi: [(at: 50, value: 1), (at: \"3s\", value: 0.5), (at: -5, value: 1)])";
    let overrides = Overrides { fps: Some((50, 1)), ..Overrides::default() };
    let (resolved, _) = check("a.ron", text, "stylegan3-t", &overrides).unwrap();
    assert_eq!((resolved.fps, resolved.frames), ((50, 1), 200));
    assert_eq!(
        resolved.psi.keys.iter().map(|key| key.at).collect::<Vec<_>>(),
        [100.0, 150.0, 190.0]
    );
    assert_eq!((resolved.latent.keys[1].at, resolved.latent.period), (50.0, Some(100.0)));
}

#[test]
fn beats_follow_the_tempo_to_every_key() {
    let text = "(model: \"builtin:x\", duration: \"20b\", seeds: (list: [1, 2, 3], every: \"4b\"), markers: (drop: \"3:1\"),
                 music: (bpm: [(at: \"0b\", value: 60), (at: \"4b\", value: 120)], start: \"1s\"),
                 psi: [(at: \"4b\", value: 1), (at: \"drop\", value: 0.5), (at: \"-2b\", value: 1)])";
    for (fps, scale) in [((24, 1), 1.0), ((48, 1), 2.0)] {
        let overrides = Overrides { fps: Some(fps), ..Overrides::default() };
        let (resolved, _) = check("a.ron", text, "stylegan3-t", &overrides).unwrap();
        let frames = |times: &[f64]| times.iter().map(|t| t * scale).collect::<Vec<_>>();
        assert_eq!(resolved.frames, 312 * scale as u64);
        let at = |keys: Vec<f64>| keys;
        assert_eq!(
            at(resolved.psi.keys.iter().map(|key| key.at).collect()),
            frames(&[120.0, 168.0, 288.0])
        );
        assert_eq!(
            at(resolved.latent.keys.iter().map(|key| key.at).collect()),
            frames(&[24.0, 120.0, 168.0])
        );
        assert_eq!(resolved.latent.period, Some(192.0 * scale));
        assert_eq!(
            (resolved.markers[0].name.as_str(), resolved.markers[0].frame),
            ("drop", 168.0 * scale)
        );
    }
}

/// A change of tempo and a marker with the same words lie at the same time, by the clock that results.
#[test]
fn a_tempo_lies_where_its_time_says_it_does() {
    for first in [60.0, 120.0, 174.5] {
        for ease in ["hold", "linear"] {
            for at in [
                "9:1",
                "32b",
                "9:1-1s",
                "9:1+1s",
                "32b-12f",
                "9:1+250ms",
                "9:1-1b",
                "9:1+1.5b",
                "14s",
                "14s+2b",
                "14s-2b",
                "00:00:14:06",
                "drop-1s",
            ] {
                let text = format!(
                    "(model: \"builtin:x\", duration: \"90s\", seeds: [1], markers: (drop: \"9:1\", same: \"{at}\"),
                     music: (start: \"0.4s\", bpm: [(at: \"0b\", value: {first}, ease: {ease}), (at: \"{at}\", value: 90)]))"
                );
                let resolved = resolved(&text, "stylegan3-t");
                let marker = resolved.markers.iter().find(|marker| marker.name == "same").unwrap();
                let (clock, tempo) = (resolved.clock(), resolved.tempo.unwrap());
                let second = clock.second(marker.frame);
                let bpm = [second - 1e-5, second + 1e-5].map(|second| tempo.bpm(second));
                let before = if ease == "hold" { first } else { 90.0 };
                assert!((bpm[1] - 90.0).abs() < 1e-9, "{first} {ease} {at}: {bpm:?}");
                assert!((bpm[0] - before).abs() < 1e-2, "{first} {ease} {at}: {bpm:?}");
                // Still on the ramp a tenth earlier.
                let earlier = tempo.bpm(second - 0.1);
                assert!(
                    ease == "hold" || (earlier - 90.0) * (first - 90.0) > 0.0,
                    "{first} {at}: {earlier}"
                );
            }
        }
    }
}

#[test]
fn expressions_move_numbers_at_the_rate_of_the_output() {
    let text = "(model: \"builtin:x\", fps: 24, duration: \"2s\", seeds: [1], variables: (half: \"frame / 2\"),
                 psi: [(at: 0, value: \"t / 10\"), (at: \"1s\", value: 0.5)], camera: (translate: (\"half / 1000\", 0)))";
    for (fps, scale) in [((24, 1), 1.0), ((48, 1), 2.0)] {
        let overrides = Overrides { fps: Some(fps), ..Overrides::default() };
        let (resolved, _) = check("a.ron", text, "stylegan3-t", &overrides).unwrap();
        // Half-way between what the expression gives there and the next key.
        assert!((resolved.psi.at(12.0 * scale) - (0.05 + 0.5) / 2.0).abs() < 1e-12);
        assert_eq!(resolved.psi.at(47.0 * scale), 0.5);
        assert!((resolved.camera.translate.at(24.0 * scale)[0] - 0.012).abs() < 1e-12);
    }
}

#[test]
fn fragments_fill_in_what_the_timeline_leaves_open() {
    let text = "(include: [\"../fragments/look.ron\", \"../fragments/moves.ron\"], model: \"builtin:x\", duration: \"4s\",
                 seeds: [1], variables: (own: \"base * 2\"), camera: (scale: \"own\"))";
    let resolved = resolved(text, "stylegan3-t");
    // Its own first, then the first file's, which has another one's in it.
    assert_eq!(resolved.camera.scale.at(0.0), 2.5);
    assert_eq!(resolved.psi.at(0.0), 0.5);
    assert_eq!(resolved.camera.translate.at(0.0), [0.25, 0.0]);
    assert_eq!(resolved.markers.len(), 2);
    let LatentPoint::W(w) = &resolved.mixes[0].latent.keys[0].value else {
        panic!("{:?}", resolved.mixes)
    };
    assert_eq!(w.len(), 4, "a path of a fragment starts at the fragment's folder");
}

#[test]
fn the_command_line_comes_first() {
    let text = "(model: \"builtin:x\", duration: 9, seeds: [1], size: (255, 255), output: (preset: \"nonsense\", audio: \"gone\"))";
    let overrides = Overrides {
        size: Some((640, 480)),
        preset: Some("prores-422hq".into()),
        audio: Some("song.wav".into()),
        fps: None,
    };
    let (resolved, warnings) = check("a.ron", text, "stylegan3-t", &overrides).unwrap();
    assert_eq!(resolved.canvas.size, Some((640, 480)));
    assert_eq!(
        (resolved.preset.as_str(), resolved.audio),
        ("prores-422hq", Some("song.wav".into()))
    );
    assert_eq!(warnings.diagnostics, []);
    let odd = Overrides { size: Some((641, 480)), ..overrides };
    assert!(
        check("a.ron", text, "stylegan3-t", &odd)
            .unwrap_err()
            .show(false)
            .contains("width of 641 is odd")
    );
}

/// Well-formed documents of fields and values that mostly do not belong together.
fn mixture() -> impl Strategy<Value = String> {
    let names = "fps duration size fit pixel_aspect output seeds latent psi cutoff class mix camera \
        stabilise music markers variables time speed tracks at value bpm signature start ease seed z w average index array keys interpolate loop list every \
        layers amount translate rotate scale pivot to preset audio other directions from clips source in out freeze fade by opacity monotone name expression";
    let scalars = "0 1 -1 0.5 8 15 47 48 1e9 -1e300 NaN inf 4294967296 true false None Some(3) \
        \"-1s\" \"1s\" \"00:00:01:00\" \"0.0000000001s\" \"1/7\" \"z.npy\" \"zs.npy\" \"ws.npy\" \"h264\" \
        \"0-4\" \"4b\" \"3:2\" \"-2b+1s\" \"drop\" \"1+sin(t)\" \"a*beat\" \"1/t\" (a:\"t\",b:\"a+2\") a (bpm:120) (bpm:60,start:\"1s\",signature:(3,4)) (drop:\"1s\") (0,0.25) (1,2) (3) () [] {} {0:1,2:3} {1:0} linear hold in_out_elastic out_back \
        (source:(seeds:[1]),duration:9) [[(source:(seeds:[1,2]),duration:20),(source:(seed:1))]] \"smallest.ron\" latent pixels \
        steps(3) bezier(0,-9,1,9) bezier(2,0,0,0) coarse fine cubic slerp loop_cubic cover centre";
    let name = prop::sample::select(names.split_whitespace().collect::<Vec<_>>());
    let scalar =
        prop::sample::select(scalars.split_whitespace().map(String::from).collect::<Vec<_>>());
    let well_placed = prop::sample::select(vec![
        "(at: 0, value: 1, ease: in_out_back)",
        "(at: \"1s\", value: (0.1, 0.2), ease: out_elastic)",
        "(at: -1, value: 0.5)",
        "(at: 3, seed: 1)",
        "(at: 7.5, z: \"zs.npy\", index: 1)",
        "(at: 40, w: \"ws.npy\", index: 0, ease: steps(2))",
        "(layers: [fine, 1], seeds: [1, 2], amount: 0.5)",
        "(at: 5, value: {0: 1, 1: 1})",
        "(source: (seeds: [1, 2]), duration: 20, fade: \"3f\")",
        "(source: (seeds: [3]), at: 8, in: 2, out: 30, speed: -0.5, fade: (by: latent))",
        "(source: \"smallest.ron\", time: [(at: 0, value: \"1f\"), (at: 30, value: \"-1f\")])",
        "(source: \"smallest.ron\", freeze: \"0.5s\", duration: 9)",
        "[(source: (seeds: [1, 2], class: 1), duration: 20), (source: (seeds: [3], class: 1), duration: 20, fade: \"3f\")]",
    ]);
    let leaf = prop_oneof![3 => scalar, 2 => well_placed.prop_map(String::from)];
    let value = leaf.prop_recursive(3, 24, 5, move |inner| {
        let field =
            (name.clone(), inner.clone()).prop_map(|(name, value)| format!("{name}: {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(field, 1..6)
                .prop_map(|fields| format!("({})", fields.join(", "))),
        ]
    });
    let top = names.split_whitespace().take(19).map(String::from).collect::<Vec<_>>();
    let fields = prop::collection::vec((prop::sample::select(top), value), 0..5);
    fields.prop_map(|fields| {
        let given = |name: &str| fields.iter().any(|(field, _)| field == name);
        let mut all = vec!["model: \"builtin:x\"".to_string()];
        all.extend((!given("duration")).then(|| "duration: 48".into()));
        all.extend((!given("seeds") && !given("latent")).then(|| "seeds: [1, 2]".into()));
        all.extend((!given("class")).then(|| "class: 1".into()));
        all.extend(fields.iter().map(|(name, value)| format!("{name}: {value}")));
        format!("({})", all.join(", "))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mixture_gives_a_report_or_a_sound_timeline(text in mixture()) {
        sound(&text)?;
    }

    /// A sound timeline with one piece cut out.
    #[test]
    fn damaged_timelines_give_a_report_or_a_sound_timeline(from in any::<prop::sample::Index>(), length in 0usize..12) {
        let text = fs::read_to_string("tests/timelines/good/everything.ron").unwrap();
        let chars: Vec<char> = text.chars().collect();
        let from = from.index(chars.len());
        let damaged: String = chars[..from].iter().chain(chars.iter().skip(from + length)).collect();
        sound(&damaged)?;
    }
}

/// What every text must keep: a report of a failure has errors, a result keeps its invariants.
fn sound(text: &str) -> Result<(), TestCaseError> {
    match check("tests/timelines/good/random.ron", text, "classes", &Overrides::default()) {
        Err(report) => prop_assert!(report.has_errors(), "{text}"),
        Ok((resolved, warnings)) => {
            prop_assert!(!warnings.has_errors());
            prop_assert!(resolved.frames >= 1);
            let times = |keys: Vec<f64>| {
                !keys.is_empty() && keys.windows(2).all(|w| w[0] < w[1]) && keys[0] >= 0.0
            };
            prop_assert!(times(resolved.latent.keys.iter().map(|k| k.at).collect()));
            prop_assert!(times(resolved.psi.keys.iter().map(|k| k.at).collect()));
            prop_assert!(times(resolved.camera.scale.keys.iter().map(|k| k.at).collect()));
            for track in &resolved.tracks {
                prop_assert!(track.clips.windows(2).all(|w| w[0].start < w[1].start));
                prop_assert!(track.clips.windows(3).all(|w| w[0].end <= w[2].start + 1e-6));
                for clip in &track.clips {
                    prop_assert!(clip.start >= 0.0 && clip.start < clip.end);
                    prop_assert!(clip.fade.is_none_or(|fade| fade.frames > 0.0));
                }
            }
            for key in resolved.class.iter().flat_map(|class| &class.keys) {
                prop_assert!((key.value.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }
    Ok(())
}

#[test]
fn values_follow_what_is_heard() {
    let text = |signal: &str| {
        format!(
            "(model: \"builtin:default\", duration: \"2s\", seeds: [1], fps: 100, \
             signals: (loud: ({signal})), psi: \"loud\")"
        )
    };
    let file = "hear: rms, from: \"song.wav\"";
    let psi = |signal: &str, frame: f64| resolved(&text(signal), "stylegan3-t").psi.at(frame);
    // The swell of one second, and silence after it.
    for (frame, expected) in [(20.0, 0.2), (50.0, 0.5), (80.0, 0.8), (110.0, 0.0)] {
        assert!((psi(file, frame) - expected).abs() < 0.03, "{frame}: {}", psi(file, frame));
    }
    let later = |frame: f64| psi(&format!("{file}, at: 50, gain: 2"), frame);
    assert!(later(40.0) == 0.0 && (later(100.0) - 1.0).abs() < 0.06);
    // A release of a second holds what the end takes away.
    let held = psi(&format!("{file}, release: \"1s\""), 99.0);
    assert!(held > 0.9, "{held}");
    // Another signal is another film.
    let debug = |signal: &str| format!("{:?}", resolved(&text(signal), "stylegan3-t"));
    assert_eq!(debug(file), debug(file));
    assert_ne!(debug(file), debug(&format!("{file}, gain: 1.01")));
}
