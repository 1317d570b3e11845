//! The reader of JSON against `serde_json`.

use proptest::prelude::*;
use serde_json::Value as Theirs;

use super::{Node, Value, parse_json};

fn same(ours: &Node, theirs: &Theirs) -> bool {
    match (&ours.value, theirs) {
        (Value::Option(None), Theirs::Null) => true,
        (Value::Bool(a), Theirs::Bool(b)) => a == b,
        (Value::Integer(a), Theirs::Number(b)) => {
            // It keeps the sign of -0 by reading it as a float.
            let zero = *a == 0 && b.as_f64() == Some(0.0);
            zero || b.as_i64().map(i128::from).or(b.as_u64().map(i128::from)) == Some(*a)
        }
        (Value::Float(a), Theirs::Number(b)) => b.is_f64() && b.as_f64() == Some(*a),
        (Value::String(a), Theirs::String(b)) => a == b,
        (Value::List(a), Theirs::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        // A map keeps the last of equal keys.
        (Value::Struct(None, a), Theirs::Object(b)) => {
            a.iter().all(|(name, _)| b.contains_key(&name.text))
                && b.iter().all(|(key, value)| {
                    let last = a.iter().rev().find(|(name, _)| name.text == *key);
                    last.is_some_and(|(_, node)| same(node, value))
                })
        }
        _ => false,
    }
}

/// Holds the two readers against each other.
fn compare(text: &str) {
    match (parse_json(text), serde_json::from_str(text)) {
        (Ok(ours), Ok(theirs)) => assert!(same(&ours, &theirs), "{text:?}:\n{ours:?}\n{theirs:?}"),
        (Err(error), Err(_)) => assert!(text.get(error.span).is_some(), "{text:?}"),
        (ours, theirs) => panic!("{text:?}:\nours {ours:?}\ntheirs {theirs:?}"),
    }
}

#[test]
fn hand_written_texts_are_read_as_serde_json_reads_them() {
    let accepted = [
        "null",
        " true ",
        "false",
        "0",
        "-0",
        "-1",
        "1.5",
        "1e3",
        "1E-3",
        "-1.5e+3",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "0.0",
        "-0.0",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1, [2], {\"a\": 3}]",
        "{\"a\":1,\"a\":2}",
        "{\"\": null}",
        "\"\"",
        "\"a/b\"",
        "\t\n\r 1",
        r#""\" \\ \/ \b \f \n \r \t""#,
        r#""\u00e9\u0000\ud83d\ude00""#,
        "\"\u{e9}\u{1f600}\u{7f}\"",
    ];
    let refused = [
        "",
        " ",
        "nul",
        "truer",
        "True",
        "None",
        "01",
        "-01",
        "+1",
        ".5",
        "5.",
        "1.e3",
        "1e",
        "1e+",
        "--1",
        "1-2",
        "0x10",
        "1_000",
        "NaN",
        "inf",
        "Infinity",
        "[",
        "{",
        "]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{1:2}",
        "{,}",
        "(1)",
        "'a'",
        "\"",
        "\"a",
        "\"\n\"",
        "\"\t\"",
        r#""\q""#,
        r#""\u12""#,
        r#""\u{e9}""#,
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83d\u0041""#,
        r#""\u+123""#,
        "1 2",
        "// c\n1",
        "1 /* c */",
        "\u{a0}1",
        "[1}",
    ];
    accepted.into_iter().chain(refused).for_each(compare);
    assert!(accepted.iter().all(|text| parse_json(text).is_ok()));
    assert!(refused.iter().all(|text| parse_json(text).is_err()));
    // A byte order mark counts as nothing.
    assert!(parse_json("\u{feff}[1]").is_ok());
}

#[test]
fn depth_is_limited() {
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert!(parse_json(&nested(128)).is_ok());
    let error = parse_json(&nested(129)).unwrap_err();
    assert_eq!((error.message.as_str(), error.span), ("nested deeper than 128 levels", 128..129));
    assert!(parse_json(&"{\"a\":".repeat(1_000_000)).is_err());
}

fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|i| i.to_string()),
        any::<f64>()
            .prop_filter("none of JSON's", |x| x.is_finite())
            .prop_map(|x| format!("{x:e}")),
        "-?[0-9]{1,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?",
        any::<String>().prop_map(|text| Theirs::from(text).to_string()),
        "\"(\\\\[\"\\\\/bfnrtu]|[0-9a-f]){0,8}\"",
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let space = || "[ \n]?";
        let item = (space(), inner, space()).prop_map(|(a, b, c)| a + &b + &c);
        let field =
            ("[a-z]{0,2}", item.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            prop::collection::vec(item, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(field, 0..5)
                .prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_texts_are_read_as_serde_json_reads_them(text in document()) {
        compare(&text);
    }

    /// One character dropped or replaced.
    #[test]
    fn damaged_texts_are_refused_as_serde_json_refuses_them(text in document(), at in any::<prop::sample::Index>(), with in "[\\[\\]{}:,\"'a1. /*-]?") {
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let damaged: String =
            chars[..at].iter().copied().chain(with.chars()).chain(chars[at + 1..].iter().copied()).collect();
        // What is beyond all floats is told by the decoder.
        let beyond = |error: serde_json::Error| error.to_string().contains("out of range");
        if !serde_json::from_str::<Theirs>(&damaged).is_err_and(beyond) {
            compare(&damaged);
        }
    }
}
