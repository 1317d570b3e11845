//! The language against Rust's own arithmetic, its limits, and its mistakes.

use proptest::prelude::*;

use super::super::tempo::{Clock, Tempo};
use super::*;

fn scene() -> Scene {
    let clock = Clock { rate: (48, 1), tempo: Some(Tempo::new(0.5, 120.0, 4)) };
    Scene { clock, stretch: 2.0, frames: 96.0, signals: Vec::new() }
}

fn with_music() -> Variables {
    Variables { music: true, ..Variables::default() }
}

fn value(text: &str) -> f64 {
    with_music().program(text).unwrap_or_else(|m| panic!("{text}: {m:?}")).at(&scene(), 60.0)
}

fn mistake(text: &str) -> Mistake {
    with_music().program(text).expect_err(text)
}

#[test]
fn operators_bind_as_people_expect() {
    for (text, expected) in [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 3 - 2", 5.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("-2 ^ 2", -4.0),
        ("2 ^ -1", 0.5),
        ("--3", 3.0),
        ("7 % 3", 1.0),
        ("-1 % 3", 2.0),
        ("1 < 2 == 1", 1.0),
        ("1 + 1 >= 2", 1.0),
        ("3 != 3", 0.0),
        (" 1.5e2+.5 ", 150.5),
        ("2.", 2.0),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn functions_and_inputs() {
    // Frame 60 of 96 at 48 a second, written at 24: 1.25 s, one and a half beats after the first.
    for (text, expected) in [
        ("t", 1.25),
        ("frame", 30.0),
        ("progress", 0.625),
        ("duration", 2.0),
        ("beat", 1.5),
        ("bar", 0.375),
        ("bpm", 120.0),
        ("sin(pi / 2)", 1.0),
        ("cos(tau)", 1.0),
        ("lerp(10, 20, 0.25)", 12.5),
        ("clamp(5, 0, 1)", 1.0),
        ("clamp(0, 2, 1)", 1.0),
        ("min(3, 1, 2)", 1.0),
        ("max(3, 1, 5, 2)", 5.0),
        ("smoothstep(0, 2, 1)", 0.5),
        ("smoothstep(1, 1, 1)", 0.0),
        ("step(0.5, 0.5)", 1.0),
        ("if(beat > 1, 10, 20)", 10.0),
        ("fract(-0.25)", 0.75),
        ("tri(0.25) + tri(0.75) + tri(0)", 0.0),
        ("saw(0.75)", 0.5),
        ("square(0.2) + square(0.7)", 0.0),
        ("mod(-1, 4)", 3.0),
        ("pow(2, 10)", 1024.0),
        ("sign(-3) + sign(0)", -1.0),
        ("round(2.5) + floor(-0.5) + ceil(0.2)", 3.0),
    ] {
        assert!((value(text) - expected).abs() < 1e-12, "{text}: {}", value(text));
    }
}

#[test]
fn what_has_no_value_is_0() {
    for text in ["1 / 0", "0 / 0", "sqrt(-1)", "ln(0)", "10 ^ 400", "tan(1e400 - 1e400)"] {
        match with_music().program(text) {
            Ok(program) => assert_eq!(program.at(&scene(), 3.0), 0.0, "{text}"),
            Err(mistake) => assert!(mistake.message.contains("no number"), "{text}: {mistake:?}"),
        }
    }
    assert!(with_music().program("1 / (frame - 30)").unwrap().raw(&scene(), 60.0).is_infinite());
}

#[test]
fn noise_is_smooth_bounded_and_its_own() {
    let noise = |seed: u32, x: f64| noise::noise(seed.into(), x);
    let mut seen = [f64::INFINITY, f64::NEG_INFINITY];
    for seed in 0..20 {
        for i in -2000..2000 {
            let x = f64::from(i) * 0.013;
            let value = noise(seed, x);
            seen = [seen[0].min(value), seen[1].max(value)];
            assert!((noise(seed, x + 1e-6) - value).abs() < 1e-5);
        }
        assert_eq!(noise(seed, 7.0), 0.0);
    }
    assert!(seen[0] > -1.001 && seen[1] < 1.001 && seen[0] < -0.7 && seen[1] > 0.7, "{seen:?}");
    assert_ne!(noise(1, 0.5), noise(2, 0.5));
    for odd in [f64::NAN, f64::INFINITY, -1e300] {
        assert!(
            noise::noise(0.0, odd).is_finite() && (0.0..1.0).contains(&noise::random(odd, odd))
        );
    }
    let mean = (0..10_000).map(|i| noise::random(3.0, i.into())).sum::<f64>() / 1e4;
    assert!((mean - 0.5).abs() < 0.02, "{mean}");
}

#[test]
fn variables_use_those_before_them() {
    let mut variables = with_music();
    variables.add("a", "beat + 1").unwrap();
    variables.add("b", "a * a").unwrap();
    variables.add_constant("c", 3.0);
    assert!(variables.add("d", "e + 1").is_err() && !variables.knows("d"));
    assert_eq!(variables.program("b - c").unwrap().at(&scene(), 60.0), 3.25);
    // What is not used costs nothing.
    assert_eq!(variables.program("c").unwrap().0.len(), 1);
    assert_eq!(variables.program("1").unwrap().0.len(), 1);
}

#[test]
fn doubling_variables_cost_what_they_are_written_with() {
    let mut variables = with_music();
    variables.add("x0", "t").unwrap();
    for i in 1..200 {
        variables.add(&format!("x{i}"), &format!("x{0} + x{0}", i - 1)).unwrap();
    }
    assert_eq!(variables.program("x199").unwrap().0.len(), 200);
}

#[test]
fn mistakes_are_found_at_their_place() {
    for (text, from, words) in [
        ("", 0, "ends here"),
        ("1 +", 3, "ends here"),
        ("1 2", 2, "operator or the end"),
        ("sin 1", 0, "unknown name `sin`"),
        ("sin(1, 2)", 0, "takes 1 value, here it is given 2"),
        ("lerp(1)", 0, "takes 3 values"),
        ("1 + foo(2)", 4, "unknown function `foo`"),
        ("(1", 2, "`)`"),
        ("1 ! 2", 2, "operator"),
        ("bet * 2", 0, "unknown name `bet`"),
        ("min(1; 2)", 5, "`,` or `)`"),
        ("ä * 2", 0, "unknown name"),
        ("2 * €", 4, "found `€`"),
        ("1e999", 0, "no number"),
        ("..", 0, "no number"),
    ] {
        let mistake = mistake(text);
        assert_eq!(mistake.span.start, from, "{text}: {mistake:?}");
        assert!(mistake.message.contains(words), "{text}: {mistake:?}");
    }
    assert_eq!(mistake("bet").help.as_deref(), Some("did you mean `beat`?"));
    assert_eq!(mistake("sine(1)").help.as_deref(), Some("did you mean `sin`?"));
    assert!(mistake("sin").help.unwrap().contains("sin(...)"));
    let without = Variables::default().program("beat").unwrap_err();
    assert!(without.message.contains("tempo"), "{without:?}");
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(mistake(&deep).message.contains("deeper"));
    assert!(mistake(&"-".repeat(100_000)).message.contains("deeper"));
    assert!(mistake(&"2^".repeat(100_000)).message.contains("deeper"));
    assert!(mistake(&vec!["t"; 100_000].join("+")).message.contains("operations"));
    assert_eq!(value(&vec!["1"; 900].join("+")), 900.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_mistake_within_it_or_a_finite_value(text in "[-+*/%^<>=!(),. a-z0-9_äé]{0,40}", frame in any::<f64>()) {
        match with_music().program(&text) {
            Ok(program) => prop_assert!(program.at(&scene(), frame).is_finite(), "{text}"),
            Err(mistake) => {
                prop_assert!(mistake.span.start <= mistake.span.end && mistake.span.end <= text.len());
                prop_assert!(text.get(mistake.span).is_some(), "{text}");
            }
        }
    }

    #[test]
    fn sound_texts_of_all_parts_are_finite(
        parts in prop::collection::vec(prop::sample::select(vec![
            "sin(t)", "noise(3, beat)", "random(1, bar)", "1/0", "sqrt(-t)", "clamp(t, 1, 0)", "if(t, 2, frame)",
            "lerp(t, bpm, progress)", "smoothstep(1, 0, t)", "duration ^ 99", "saw(t) % 0", "(0 - 1) ^ 0.5",
        ]), 1..9),
        operators in prop::collection::vec(prop::sample::select(vec!["+", "-", "*", "/", "%", "^", "<", "=="]), 8),
        frame in -1e9..1e9f64,
    ) {
        let mut text = parts[0].to_owned();
        for (part, operator) in parts[1..].iter().zip(operators) {
            text = format!("{text} {operator} {part}");
        }
        let program = with_music().program(&text);
        prop_assert!(program.is_ok(), "{text}: {program:?}");
        prop_assert!(program.unwrap().at(&scene(), frame).is_finite());
    }
}
