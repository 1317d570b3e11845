//! Clips on tracks and remapped time: what frames are made of, against the slow obvious way to say it.

mod facts;

use std::sync::Arc;

use proptest::prelude::*;
use sg3render::report::Report;
use sg3render::schedule::{Film, FrameInput, Mapping, Part, Schedule};
use sg3render::timeline::alpha::Alpha;
use sg3render::timeline::resolved::Clip;
use sg3render::timeline::{Document, Model, NetworkFacts, Overrides, Resolved};
use sg3render::{Result, otio};

const DIM: usize = 4;

/// A smooth mapping that is not linear; each network has its own.
struct Fake(f64);

impl Mapping for Fake {
    fn z_dim(&self) -> usize {
        DIM
    }
    fn w_dim(&self) -> usize {
        DIM
    }
    fn num_ws(&self) -> usize {
        16
    }
    fn w_avg(&self) -> &[f32] {
        &[0.25, -0.5, 0.125, 0.75]
    }
    fn map(&self, z: &[f32], _: Option<usize>) -> Result<Vec<f32>> {
        let sum: f64 = z.iter().enumerate().map(|(i, z)| f64::from(*z) * (i as f64).cos()).sum();
        Ok((0..DIM).map(|i| (self.0 + sum + i as f64).sin() as f32).collect())
    }
    fn pose(&self, _: &[f32]) -> Option<[f64; 4]> {
        None
    }
}

fn network(model: &Model) -> NetworkFacts {
    let has_camera = *model != Model::Builtin("stylegan2".into());
    let network = facts::network();
    let layer_names = if has_camera { network.layer_names } else { vec![] };
    NetworkFacts { layer_names, has_camera, ..network }
}

fn check(text: &str) -> std::result::Result<(Resolved, Report, usize), Report> {
    let document = Document::parse("tests/timelines/good/inline.ron", text)?;
    let facts = facts::facts(&document, network);
    let count = facts.networks.len();
    let (resolved, warnings) = document.check(&facts, &Overrides::default())?;
    Ok((resolved, warnings, count))
}

fn resolved(text: &str) -> (Resolved, Vec<Arc<dyn Mapping>>) {
    let (resolved, _, networks) = check(text).unwrap_or_else(|report| panic!("{report}\n{text}"));
    let mappings = (0..networks).map(|i| Arc::new(Fake(i as f64)) as Arc<dyn Mapping>).collect();
    (resolved, mappings)
}

fn film(text: &str) -> (Resolved, Film) {
    let (resolved, mappings) = resolved(text);
    let film = Film::new(&resolved, &mappings).unwrap();
    (resolved, film)
}

/// What a clip alone gives at a moment of its source.
fn alone(clip: &Clip, at: f64) -> FrameInput {
    let network = clip.shot.network.unwrap();
    Schedule::new(&clip.shot, Arc::new(Fake(network as f64))).unwrap().at(at).unwrap()
}

fn numbered(index: u64, input: FrameInput) -> FrameInput {
    FrameInput { index, ..input }
}

/// The only part of a frame, which must take all of it.
fn only(film: &Film, index: u64) -> (usize, FrameInput) {
    let parts = film.frame(index).unwrap();
    let [Part { network, cell: 0, weight: 1.0, input, .. }] = parts.as_slice() else {
        panic!("frame {index}: {parts:?}")
    };
    (*network, input.clone())
}

#[test]
fn a_plain_timeline_is_one_part_of_its_schedule() {
    let text = "(model: \"builtin:a\", duration: 48, seeds: [1, 2, 3], psi: [(at: 0, value: 0.5), (at: 40, value: 1)])";
    let (resolved, film) = film(text);
    let schedule = Schedule::new(&resolved, Arc::new(Fake(0.0))).unwrap();
    for frame in 0..48 {
        assert_eq!(only(&film, frame), (0, schedule.frame(frame).unwrap()));
    }
    assert!(film.frame(48).is_err() && film.at(f64::NAN).is_err());
    assert_eq!(film.at(7.5).unwrap()[0].input, schedule.at(7.5).unwrap());
}

#[test]
fn cuts_are_the_clips_alone() {
    let text = "(model: \"builtin:a\", duration: 100, tracks: [[
        (source: (seeds: [1, 2], duration: 60), in: 10, out: 30),
        (source: (model: \"builtin:b\", seeds: [3, 4], duration: 40), speed: -2),
        (source: (seeds: [5, 6]), freeze: 7, duration: 10),
    ]])";
    let (resolved, film) = film(text);
    let clips = &resolved.tracks[0].clips;
    let places: Vec<_> = clips.iter().map(|clip| (clip.start, clip.end)).collect();
    assert_eq!(places, [(0.0, 20.0), (20.0, 40.0), (40.0, 50.0)]);
    assert_eq!(resolved.network, None);
    for frame in 0..20 {
        let expected = alone(&clips[0], 10.0 + frame as f64);
        assert_eq!(only(&film, frame), (0, numbered(frame, expected)));
    }
    for frame in 20..40 {
        let expected = alone(&clips[1], 40.0 - 2.0 * (frame - 20) as f64);
        assert_eq!(only(&film, frame), (1, numbered(frame, expected)));
    }
    let frozen = alone(&clips[2], 7.0);
    for frame in 40..50 {
        assert_eq!(only(&film, frame), (0, numbered(frame, frozen.clone())));
    }
    // After the last clip there is nothing.
    for frame in 50..100 {
        assert_eq!(film.frame(frame).unwrap(), []);
    }
}

#[test]
fn latents_fade_in_one_synthesis() {
    let text = "(model: \"builtin:a\", duration: 60, tracks: [[
        (source: (seeds: [1, 2], camera: (scale: 1)), duration: 30),
        (source: (seeds: [3, 4], camera: (scale: 4)), duration: 30, fade: (duration: 10, by: latent)),
    ]])";
    let (resolved, film) = film(text);
    let clips = &resolved.tracks[0].clips;
    assert_eq!((clips[1].start, clips[1].end), (20.0, 50.0));
    assert_eq!(only(&film, 20).1, numbered(20, alone(&clips[0], 20.0)));
    assert_eq!(only(&film, 30).1, numbered(30, alone(&clips[1], 10.0)));
    for frame in 21..30 {
        let share = (frame - 20) as f32 / 10.0;
        let (a, b) = (alone(&clips[0], frame as f64), alone(&clips[1], frame as f64 - 20.0));
        let (_, input) = only(&film, frame);
        for ((a, b), w) in a.ws.iter().zip(&b.ws).zip(&input.ws) {
            assert!((a + (b - a) * share - w).abs() < 1e-6, "{frame}");
        }
        // The scale of what is seen goes up evenly: from 1 to 4.
        let scale = 1.0 / input.transform[0][0];
        assert!((scale - 4f64.powf(f64::from(share))).abs() < 1e-6, "{frame}: {scale}");
    }
}

#[test]
fn pixels_fade_in_two() {
    let text = "(model: \"builtin:a\", duration: 60, tracks: [[
        (source: (seeds: [1, 2]), duration: 30),
        (source: (model: \"builtin:stylegan2\", seeds: [3, 4]), at: 20, duration: 30),
    ]])";
    let (resolved, film) = film(text);
    let clips = &resolved.tracks[0].clips;
    for frame in 21..30 {
        let share = (frame - 20) as f32 / 10.0;
        let parts = film.frame(frame).unwrap();
        let part = |network, weight, input| Part {
            network,
            cell: 0,
            weight,
            input,
            alpha: None,
            stacks: Vec::new(),
        };
        let from = numbered(frame, alone(&clips[0], frame as f64));
        let to = numbered(frame, alone(&clips[1], frame as f64 - 20.0));
        let expected =
            [part(0, (1.0 - f64::from(frame as u32 - 20) / 10.0) as f32, from), part(1, share, to)];
        assert_eq!(parts, expected, "{frame}");
    }
    assert_eq!((only(&film, 20).0, only(&film, 30).0), (0, 1));
}

#[test]
fn tracks_lie_over_each_other_and_over_the_timeline() {
    let text = "(model: \"builtin:a\", duration: 60, seeds: [1, 2], tracks: [
        [(source: (seeds: [3]), at: 10, duration: 30, fade: 10)],
        (clips: [(source: (seeds: [4]), at: 30, duration: 30)], opacity: [(at: 0, value: 0.25), (at: 50, value: 0.25), (at: 51, value: 1)]),
    ])";
    let (_, film) = film(text);
    let weights =
        |frame| film.frame(frame).unwrap().iter().map(|part| part.weight).collect::<Vec<_>>();
    // Highest first.
    assert_eq!(weights(5), [1.0]);
    assert_eq!(weights(15), [0.5, 0.5]);
    assert_eq!(weights(25), [1.0]);
    assert_eq!(weights(35), [0.25, 0.75]);
    assert_eq!(weights(45), [0.25, 0.75]);
    assert_eq!(weights(55), [1.0]);
}

#[test]
fn music_plays_on_while_time_is_remapped() {
    let plain = "model: \"builtin:a\", duration: 96, music: (bpm: 90), psi: \"0.1 * beat + t\"";
    let (resolved, film) = film(&format!("({plain}, seeds: [1], speed: 0.5)"));
    let time = resolved.time.clone().unwrap();
    assert_eq!(time.at(48.0), 24.0);
    let mut slow = resolved.clone();
    slow.time = None;
    // 48 frames are 2 s, 3 beats; the shot has come to 1 s.
    slow.psi = sg3render::timeline::curve::Curve::constant(0.1 * 3.0 + 1.0);
    let schedule = Schedule::new(&slow, Arc::new(Fake(0.0))).unwrap();
    assert_eq!(only(&film, 48).1, numbered(48, schedule.at(24.0).unwrap()));
    // What stands in a clip follows the film's music, a file its own.
    let inside = format!(
        "({plain}, seeds: [1], tracks: [[(source: (seeds: [1], psi: \"0.1 * beat + t\"), speed: 0.5, duration: 96)]])"
    );
    assert_eq!(only(&self::film(&inside).1, 48).1.ws, only(&film, 48).1.ws);
    let (other, film) = self::film(&format!(
        "({plain}, seeds: [1], tracks: [[(source: \"../fragments/beats.ron\", speed: 0.5, duration: 90)]])"
    ));
    let clip = &other.tracks[0].clips[0];
    let mut shot = (*clip.shot).clone();
    // 1 s of it, at 60 beats a minute.
    shot.psi = sg3render::timeline::curve::Curve::constant(0.5);
    let own = Schedule::new(&shot, Arc::new(Fake(0.0))).unwrap();
    assert_eq!(only(&film, 48).1, numbered(48, own.at(24.0).unwrap()));
}

#[test]
fn a_remapped_timeline_is_itself_at_other_times() {
    for time in [
        "time: [(at: 0, value: 10, ease: in_out_cubic), (at: 48, value: \"1s\"), (at: 90, value: 0)]",
        "time: (keys: [(at: 0, value: 0), (at: 24, value: 12)], loop: ping_pong)",
        "time: \"t * t / 8\"",
        "speed: -0.5",
        "speed: [(at: 0, value: 2, ease: hold), (at: 30, value: 0.25, ease: in_out_sine), (at: 60, value: 1)]",
        "speed: \"1 + 0.5 * sin(t)\"",
    ] {
        let text = format!(
            "(model: \"builtin:a\", duration: 96, seeds: [1, 2, 3], camera: (scale: [(at: 0, value: 1), (at: 90, value: 2)]), {time})"
        );
        let (resolved, film) = film(&text);
        let remap = resolved.time.clone().unwrap();
        let plain = Resolved { time: None, ..resolved };
        let plain = Schedule::new(&plain, Arc::new(Fake(0.0))).unwrap();
        for frame in 0..96 {
            let expected = plain.at(remap.at(frame as f64)).unwrap();
            assert_eq!(only(&film, frame).1, numbered(frame, expected), "{time} at {frame}");
        }
    }
}

#[test]
fn a_network_that_is_named_twice_is_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.pkl"), "x").unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let source = "(model: \"../net.pkl\", duration: 9, seeds: [1])";
    std::fs::write(folder.path().join("sub/a.ron"), source).unwrap();
    let text = "(model: \"net.pkl\", duration: 9, tracks: [[(source: \"sub/a.ron\"), (source: (model: \"./net.pkl\", seeds: [1]), duration: 1),
                 (source: (model: \"builtin:x\", seeds: [1]), duration: 1)]])";
    let path = folder.path().join("film.ron");
    let document = Document::parse(path.to_string_lossy(), text).unwrap();
    let syntheses = document.syntheses();
    assert_eq!(syntheses.len(), 2, "{syntheses:?}");
    assert_eq!(syntheses[1].model, Model::Builtin("x".into()));
}

#[test]
fn a_canvas_goes_with_its_network() {
    let text = "(model: \"builtin:a\", duration: 60, canvas: (512, 128), tracks: [[
        (source: (seeds: [1]), duration: 10),
        (source: (canvas: (300, 300), seeds: [1]), duration: 10),
        (source: (model: \"builtin:b\", seeds: [1]), duration: 10),
        (source: (model: \"builtin:b\", canvas: (128, 512), seeds: [1]), duration: 10),
        (source: (model: \"builtin:a\", canvas: (512, 128), seeds: [1]), duration: 10),
        (source: \"../fragments/opening.ron\", duration: 10),
    ]])";
    let (resolved, _, networks) = check(text).unwrap_or_else(|report| panic!("{report}"));
    assert_eq!((resolved.canvas.size, networks), (Some((512, 128)), 5));
    let of = |clip: &Clip| (clip.shot.network, clip.shot.canvas.extent);
    let clips = resolved.tracks[0].clips.iter().map(of).collect::<Vec<_>>();
    // The network of the fragment is another one, without a canvas.
    let expected = [
        (0, Some((512, 128))),
        (1, Some((300, 300))),
        (2, None),
        (3, Some((128, 512))),
        (0, Some((512, 128))),
        (4, None),
    ];
    assert_eq!(clips, expected.map(|(network, canvas)| (Some(network), canvas)));
}

#[test]
fn what_is_shown_decides_the_text_that_a_film_is_known_by() {
    let text = |clip: &str| {
        let (resolved, _) = resolved(&format!(
            "(model: \"builtin:a\", duration: 60, seeds: [1], tracks: [[({clip}, duration: 20)]])"
        ));
        format!("{:?}", resolved.pictures())
    };
    let clip = "source: (seeds: [1, 2])";
    assert_eq!(text(clip), text(&format!("{clip}, name: \"other\"")));
    for other in [
        "source: (seeds: [1, 3])",
        "source: (seeds: [1, 2]), speed: 2",
        "source: (model: \"builtin:b\", seeds: [1, 2])",
    ] {
        assert_ne!(text(clip), text(other));
    }
}

/// Documents that are valid: clips of all kinds one after the other on a few tracks.
fn documents() -> impl Strategy<Value = String> {
    let source = (0..4usize, 0u32..50, any::<bool>());
    let clip = (source, 0..6usize, 12u32..40, 0..4usize, 1u32..6);
    let track = (prop::collection::vec(clip, 1..6), 0..3usize);
    let remap = prop::sample::select(vec![
        "",
        "speed: 0.75,",
        "time: (keys: [(at: 0, value: 3, ease: in_out_quad), (at: 90, value: 80)], monotone: true),",
        "speed: [(at: 0, value: 0, ease: steps(3)), (at: 50, value: 2), (at: 90, value: 0.5)],",
        "time: (expression: \"t + sin(t) / 4\", monotone: true),",
    ]);
    let tracks = prop::collection::vec(track, 1..3);
    (tracks, any::<bool>(), remap).prop_map(|(tracks, own, remap)| {
        let tracks: Vec<String> = tracks
            .iter()
            .map(|(clips, opacity)| {
                let mut before = None;
                let clips: Vec<String> = clips
                    .iter()
                    .map(|((kind, seed, other), way, duration, fade, length)| {
                        let other = *other && *kind != 3;
                        let model = if other { "model: \"builtin:b\", " } else { "" };
                        let source = match kind {
                            0 => format!("({model}seeds: [{seed}, 7], psi: \"0.5 + 0.1 * beat\")"),
                            1 => format!("({model}latent: (walk: noise, seed: {seed}, loop: \"1s\"), camera: (rotate: \"t * 40\"))"),
                            2 => format!("({model}duration: 50, seeds: [{seed}, 1], camera: (scale: [(at: 0, value: 1), (at: 30, value: 2)]))"),
                            _ => "\"../fragments/opening.ron\"".into(),
                        };
                        let way = match way {
                            1 => "speed: -1.25,",
                            2 => "freeze: 7,",
                            3 => "speed: [(at: 0, value: 1), (at: 100, value: 0.25)],",
                            4 => "time: (keys: [(at: 0, value: 40, ease: out_back), (at: 99, value: 5)], loop: ping_pong),",
                            _ => "",
                        };
                        let fade = match (fade, before) {
                            (1, Some(_)) => format!("fade: {length}"),
                            (2, Some(same)) if same == other => format!("fade: (duration: {length}, by: latent, ease: in_out_back)"),
                            (3, Some(_)) => format!("fade: (duration: {length}, ease: out_elastic)"),
                            _ => String::new(),
                        };
                        before = Some(other);
                        format!("(source: {source}, {way} duration: {duration}, {fade})")
                    })
                    .collect();
                let opacity = ["1", "0.5", "[(at: 0, value: 0), (at: 90, value: 1)]"][*opacity];
                format!("(clips: [{}], opacity: {opacity})", clips.join(", "))
            })
            .collect();
        let own = if own { "seeds: [1, 2]," } else { "" };
        format!(
            "(model: \"builtin:default\", fps: 24, duration: 240, music: (bpm: 100), {own} {remap} tracks: [{}])",
            tracks.join(", ")
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// A frame is the same in a fresh film, after any others, and its shares never exceed the whole.
    #[test]
    fn frames_of_a_valid_document_are_equal_however_they_are_reached(
        text in documents(),
        order in prop::collection::vec(0u64..240, 1..30),
    ) {
        let (resolved, mappings) = resolved(&text);
        let film = Film::new(&resolved, &mappings).unwrap();
        let all: Vec<_> = (0..240).map(|i| film.frame(i).unwrap()).collect();
        let other = Film::new(&resolved, &mappings).unwrap();
        for index in order {
            let i = index as usize;
            prop_assert_eq!(&other.frame(index).unwrap(), &all[i]);
            prop_assert_eq!(&other.at(index as f64).unwrap(), &all[i]);
        }
        for parts in &all {
            let sum: f32 = parts.iter().map(|part| part.weight).sum();
            let full = resolved.network.is_some();
            prop_assert!(if full { (sum - 1.0).abs() < 1e-5 } else { sum < 1.0 + 1e-5 }, "{}", sum);
            prop_assert!(parts.iter().all(|part| part.weight > 0.0 && part.cell == 0));
        }
        let exported = otio::export(&resolved, "film", "film.ron".as_ref());
        prop_assert!(exported["tracks"]["children"].as_array().is_some());
    }

    /// What says that it never goes back does not, in any frame.
    #[test]
    fn remapping_is_monotone_where_that_is_declared(
        values in prop::collection::vec(0u32..100, 2..6),
        ease in prop::sample::select(vec!["linear", "hold", "in_out_sine", "out_back", "in_elastic", "steps(4)", "spring(2, 0.3)"]),
    ) {
        let keys: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(i, value)| format!("(at: {}, value: {value}, ease: {ease})", i * 20))
            .collect();
        let text = format!(
            "(model: \"builtin:a\", duration: 101, seeds: [1], time: (keys: [{}], monotone: true))",
            keys.join(", ")
        );
        match check(&text) {
            Ok((resolved, ..)) => {
                let time = resolved.time.unwrap();
                prop_assert!((1..101).all(|i| time.at(i as f64) >= time.at((i - 1) as f64)), "{}", text);
            }
            Err(report) => {
                prop_assert!(report.to_string().contains("goes back"), "{}", report);
            }
        }
        if values.windows(2).all(|pair| pair[0] <= pair[1]) && ["linear", "hold", "in_out_sine", "steps(4)"].contains(&ease) {
            prop_assert!(check(&text).is_ok(), "{}", text);
        }
    }
}

/// RGB as one number, and alpha, of a picture that is none.
fn pixel(input: &FrameInput, alpha: Option<&Alpha<f64>>) -> [f64; 2] {
    let value = f64::from(input.ws[0]);
    let share = match alpha {
        None => 1.0,
        Some(Alpha::Luma { low, .. }) => {
            (0.5 + 0.4 * (9.0 * value).sin() + 0.1 * low).clamp(0.0, 1.0)
        }
        Some(other) => panic!("{other:?}"),
    };
    [share * (5.0 * value).sin(), share]
}

fn over([f, share]: [f64; 2], [b, behind]: [f64; 2]) -> [f64; 2] {
    [f + (1.0 - share) * b, share + (1.0 - share) * behind]
}

fn mixed([a, x]: [f64; 2], [b, y]: [f64; 2], share: f64) -> [f64; 2] {
    [a + (b - a) * share, x + (y - x) * share]
}

/// What the parts of a frame make of such pictures.
fn seen(parts: &[Part]) -> [f64; 2] {
    let of = |part: &Part| pixel(&part.input, part.alpha.as_ref());
    let mut sum = [0.0; 2];
    let mut add = |[value, share]: [f64; 2], weight: f32| {
        sum[0] += f64::from(weight) * value;
        sum[1] += f64::from(weight) * share;
    };
    for part in parts {
        add(of(part), part.weight);
        for stack in &part.stacks {
            let behind = stack.below.iter().rev().map(|&i| of(&parts[i]));
            add(
                over(of(part), behind.reduce(|back, front| over(front, back)).unwrap()),
                stack.weight,
            );
        }
    }
    sum
}

#[test]
fn what_is_transparent_shows_what_is_behind_it() {
    const KEY: &str = "alpha: (key: luma, low: [(at: 0, value: 0), (at: 25, value: 1)])";
    for (under, blur, moments) in [
        ("seeds: [1, 2],", "", vec![0.0]),
        (
            "seeds: [1, 2], motion_blur: (shutter: 360, phase: 0, samples: 4),",
            "",
            vec![0.125, 0.375, 0.625, 0.875],
        ),
        ("", "", vec![0.0]),
        ("seeds: [1, 2], alpha: (key: luma),", "alpha: opaque,", vec![0.0]),
    ] {
        let text = format!(
            "(model: \"builtin:a\", duration: 60, output: (preset: \"prores-4444\"), {under} tracks: [
                [(source: (seeds: [3, 4]), duration: 30),
                 (source: (seeds: [5, 6], {KEY}), at: 20, duration: 30, fade: 10)],
                (clips: [(source: (seeds: [7, 8], {blur} {KEY_OF_TOP}), at: 10, duration: 45, fade: 5)], opacity: 0.75),
            ])",
            KEY_OF_TOP = if blur.is_empty() { "alpha: (key: luma, low: 0.5)" } else { "" },
        );
        let (resolved, film) = film(&text);
        let own = resolved.network.map(|_| Schedule::new(&resolved, Arc::new(Fake(0.0))).unwrap());
        let [low, top] = [0, 1].map(|i| &resolved.tracks[i].clips);
        for frame in 0..60u64 {
            let now = frame as f64;
            let clip = |clip: &Clip, at: f64| {
                let alpha = clip.shot.alpha.as_ref().map(|alpha| alpha.at(at.into()));
                pixel(&alone(clip, at), alpha.as_ref())
            };
            let moment = |after: f64| {
                let own = own.as_ref().map_or([0.0; 2], |own| {
                    let alpha = resolved.alpha.as_ref().map(|alpha| alpha.at((now + after).into()));
                    pixel(&own.at(now + after).unwrap(), alpha.as_ref())
                });
                let nothing = [0.0; 2];
                let from = if now < 30.0 { clip(&low[0], now + after) } else { nothing };
                let to = if (20.0..50.0).contains(&now) {
                    clip(&low[1], now + after - 20.0)
                } else {
                    nothing
                };
                let lower = mixed(from, to, ((now - 20.0) / 10.0).clamp(0.0, 1.0));
                let upper = if (10.0..55.0).contains(&now) {
                    clip(&top[0], now + after - 10.0)
                } else {
                    nothing
                };
                let upper = mixed(nothing, upper, ((now - 10.0) / 5.0).clamp(0.0, 1.0) * 0.75);
                over(upper, over(lower, own))
            };
            let all = moments.iter().map(|&after| moment(after));
            let wanted = all.fold([0.0; 2], |sum, one| [sum[0] + one[0], sum[1] + one[1]]);
            let parts = film.frame(frame).unwrap();
            let found = seen(&parts);
            for (found, wanted) in found.iter().zip(wanted) {
                let wanted = wanted / moments.len() as f64;
                assert!((found - wanted).abs() < 1e-5, "{frame}: {found} {wanted} {parts:?}");
            }
            // Nothing is synthesised twice, and nothing that is not seen.
            for (i, part) in parts.iter().enumerate() {
                let same = parts[..i]
                    .iter()
                    .any(|other| other.input == part.input && other.alpha == part.alpha);
                let below =
                    |other: &Part| other.stacks.iter().any(|stack| stack.below.contains(&i));
                let is_seen =
                    part.weight > 0.0 || !part.stacks.is_empty() || parts.iter().any(below);
                assert!(!same && is_seen, "{frame}: {i} of {parts:?}");
            }
        }
    }
}
