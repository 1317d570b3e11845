//! The reader against the `ron` crate.

use proptest::prelude::*;
use ron::value::Number;

use super::{Name, Node, Value, parse};

fn same(ours: &Node, theirs: &ron::Value) -> bool {
    match (&ours.value, theirs) {
        (Value::Bool(a), ron::Value::Bool(b)) => a == b,
        (Value::Integer(a), ron::Value::Number(b)) => match *b {
            Number::F32(_) | Number::F64(_) => false,
            Number::U64(b) => *a == i128::from(b),
            Number::U32(b) => *a == i128::from(b),
            Number::U16(b) => *a == i128::from(b),
            Number::U8(b) => *a == i128::from(b),
            Number::I64(b) => *a == i128::from(b),
            Number::I32(b) => *a == i128::from(b),
            Number::I16(b) => *a == i128::from(b),
            Number::I8(b) => *a == i128::from(b),
            _ => false,
        },
        (Value::Float(a), ron::Value::Number(Number::F64(b))) => equal(*a, b.0),
        // `ron` keeps a float in single precision where that says the same.
        (Value::Float(a), ron::Value::Number(Number::F32(b))) => equal(*a, f64::from(b.0)),
        (Value::Char(a), ron::Value::Char(b)) => a == b,
        (Value::String(a), ron::Value::String(b)) => a == b,
        (Value::Option(None), ron::Value::Option(None)) | (Value::Word(_), ron::Value::Unit) => {
            true
        }
        (Value::Option(Some(a)), ron::Value::Option(Some(b))) => same(a, b),
        (Value::Tuple(None, a), ron::Value::Unit) => a.is_empty(),
        (Value::Tuple(_, a) | Value::List(a), ron::Value::Seq(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        // A map of `ron` keeps the last of equal keys.
        (Value::Struct(_, a), ron::Value::Map(b)) => {
            let is = |name: &Name, key: &ron::Value| ron::Value::String(name.text.clone()) == *key;
            last_of_each(a, b, is)
        }
        (Value::Map(a), ron::Value::Map(b)) => last_of_each(a, b, same),
        _ => false,
    }
}

fn equal(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq() || a.is_nan() && b.is_nan()
}

fn last_of_each<K>(ours: &[(K, Node)], theirs: &ron::Map, is: fn(&K, &ron::Value) -> bool) -> bool {
    let all_known = ours.iter().all(|(ours, _)| theirs.keys().any(|key| is(ours, key)));
    let same_values = theirs.iter().all(|(key, value)| {
        let last = ours.iter().rev().find(|(ours, _)| is(ours, key));
        last.is_some_and(|(_, node)| same(node, value))
    });
    all_known && same_values
}

/// Holds the two readers against each other.
fn compare(text: &str) {
    match (parse(text), text.parse::<ron::Value>()) {
        (Ok(ours), Ok(theirs)) => assert!(same(&ours, &theirs), "{text:?}:\n{ours:?}\n{theirs:?}"),
        (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{text:?}:\nours {ours:?}\ntheirs {theirs:?}"),
    }
}

#[test]
fn hand_written_texts_are_read_as_ron_reads_them() {
    let accepted = [
        "()",
        "( )",
        "( /* a */ )",
        "1",
        "-1",
        "+1",
        "1.5",
        ".5",
        "5.",
        "-0.0",
        "1e3",
        "1E-3",
        "1_000",
        "1_0.5_0",
        "1__0",
        "1_.5",
        "1e_5",
        "0xFF",
        "0xff_ff",
        "0o17",
        "0b1010",
        "-0x10",
        "255u8",
        "-128i8",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "1f32",
        "1.5f64",
        "inf",
        "-inf",
        "+inf",
        "NaN",
        "inff32",
        "-inff64",
        "true",
        "false",
        "truer",
        "None",
        "Some(1)",
        "Some ( [1] , )",
        "\"a\"",
        r#""\n\t\\\"\'\0""#,
        r#""\x41\u{e9}\u{1F600}""#,
        r#""\xc3\xa9""#,
        "\"a\\\n   b\"",
        "\"ä\u{0}\"",
        "r\"a\\b\"",
        "r#\"a\"b\"#",
        "r##\"\"#\"##",
        "'a'",
        "'\\''",
        "'\\n'",
        "'ä'",
        "'''",
        "[]",
        "[1, 2, 3,]",
        "[[], [()], {}]",
        "{1: 2, \"a\": [3]}",
        "{(1, 2): 3,}",
        "(1, 2)",
        "(1,)",
        "(a: 1)",
        "(a: 1, b: (c: 2,),)",
        "Foo",
        "Foo()",
        "Foo ( 1, Bar )",
        "Foo(a: 1)",
        "Foo /* c */ (a : 1)",
        "(a: 1, a: 2)",
        "(r#a-b: 1)",
        "r#foo",
        "_a1",
        "// c\n1 // d",
        "/* a /* b */ c */ 1 /**/",
        "1 //",
        "\u{a0}1",
        "#![enable(implicit_some)]\n(a: 1)",
        "#![enable(implicit_some, unwrap_newtypes,)] 1",
        "#![type = \"x\"] 2",
        "(bezier(0.1, 0.2, 0.3, 0.4), steps(3))",
        "(x, y)",
        "(x, )",
        "(inf)",
        "Some(None)",
        "größe",
        "b",
        "br",
        "r",
    ];
    accepted.into_iter().for_each(compare);
    let refused = [
        "",
        " ",
        "// only",
        "/* open",
        "/",
        "1 2",
        "[1 2]",
        "[,]",
        "(,)",
        "[1,,]",
        "(1, b: 2)",
        "(a: 1, 2)",
        "(a 1)",
        "(a: )",
        "[",
        "(",
        "{",
        "{1}",
        "{1 2}",
        "]",
        "\"",
        "\"a",
        "\"\\q\"",
        "\"\\xff\"",
        "\"\\u{110000}\"",
        "\"\\u{}\"",
        "\"\\u{1234567}\"",
        "r#\"a\"",
        "'",
        "''",
        "'ab'",
        "'a",
        "'\\xff'",
        "_1 2",
        "1._5",
        "1.2.3",
        "1e",
        ".",
        "-",
        "+",
        "--1",
        "1-2",
        "0x",
        "0xG",
        "0b2",
        "0x_1",
        "256u8",
        "-1u8",
        "128i8",
        "1u7",
        "1.5i32",
        "300i8",
        "Some",
        "Some()",
        "Some(1, 2)",
        "None()",
        "true()",
        "foo-bar",
        "#",
        "#![enable]1",
        "#![enable(nonsense)] 1",
        "#![enable()] 1",
        "#![other = 1] 2",
        "(a: 1",
        "[1)",
        "@",
        "1 /* ",
        "a b",
        "1abc",
        "0x1.5",
    ];
    refused.into_iter().for_each(compare);
}

fn document() -> impl Strategy<Value = String> {
    let space = || prop_oneof![4 => Just(String::new()), 3 => Just(" ".into()), 1 => "\n|\t|\r\n", 1 => Just("// c(\"\n".into()), 1 => Just("/* [/* ' */ */".into())];
    let scalar = prop_oneof![
        any::<i64>().prop_map(|i| i.to_string()),
        any::<f64>()
            .prop_filter("spelled otherwise", |x| x.is_finite())
            .prop_map(|x| format!("{x:?}")),
        "[+-]?[0-9_]{1,4}(\\.[0-9_]{0,3})?([eE][+-]?[0-9]{1,2})?(f32|f64|u8|i16)?",
        "0[xob][0-9a-f_]{1,4}(u8|i32)?",
        any::<String>().prop_map(|s| format!("{s:?}").replace("\\u{0}", "\\0")),
        "\"[a-z ]{0,6}(\\\\[nrt0\"'\\\\x]|\\\\u\\{[0-9a-f]{1,5}\\})?\"",
        "r#{0,2}\"[a-z\"]{0,3}\"#{0,2}",
        any::<char>().prop_map(|c| format!("{c:?}")),
        "[a-z_][a-z0-9_]{0,5}",
        prop::sample::select(vec!["true", "false", "None", "inf", "-inf", "NaN", "()"])
            .prop_map(String::from),
    ];
    scalar.prop_recursive(4, 32, 4, move |inner| {
        let item = (space(), inner.clone(), space()).prop_map(|(a, b, c)| a + &b + &c);
        let items =
            (prop::collection::vec(item.clone(), 0..4), any::<bool>()).prop_map(|(items, last)| {
                items.join(",") + if last && !items.is_empty() { "," } else { "" }
            });
        let field = ("[a-z_]{1,4}", space(), item.clone()).prop_map(|(a, b, c)| a + &b + ":" + &c);
        let fields = prop::collection::vec(field, 1..4).prop_map(|fields| fields.join(","));
        // Keys of which no two kinds look alike to `same`.
        let key = "[0-9]{1,2}|[0-9]\\.[0-9]|\"[a-z]{0,2}\"|'[a-z]'|\\[[0-9]?\\]|true|None";
        let entry =
            (space(), key, space(), item.clone()).prop_map(|(a, b, c, d)| a + &b + &c + ":" + &d);
        let entries = prop::collection::vec(entry, 0..3).prop_map(|entries| entries.join(","));
        prop_oneof![
            items.clone().prop_map(|s| format!("[{s}]")),
            items.clone().prop_map(|s| format!("({s})")),
            items.prop_map(|s| format!("Name({s})")),
            (space(), fields.clone()).prop_map(|(a, s)| format!("({a}{s})")),
            fields.prop_map(|s| format!("Name ({s})")),
            entries.prop_map(|s| format!("{{{s}}}")),
            inner.prop_map(|s| format!("Some({s})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn generated_texts_are_read_as_ron_reads_them(text in document()) {
        compare(&text);
    }

    /// One character dropped, doubled or replaced.
    #[test]
    fn damaged_texts_are_refused_as_ron_refuses_them(text in document(), at in any::<prop::sample::Index>(), with in "[\\[\\](){}:,\"'a1. /*]?") {
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let damaged: String = chars[..at].iter().copied().chain(with.chars()).chain(chars[at + 1..].iter().copied()).collect();
        // Ranges and bytes are left out on purpose.
        if !damaged.contains("..") && !damaged.contains("b'") && !damaged.contains("b\"") && !damaged.contains("br") {
            compare(&damaged);
        }
    }

    #[test]
    fn every_span_holds_its_value(text in document()) {
        if let Ok(node) = parse(&text) {
            check_spans(&node, &text);
        }
    }

    #[test]
    fn nothing_panics(text in any::<String>()) {
        if let Err(error) = parse(&text) {
            prop_assert!(error.span.start <= error.span.end && text.get(error.span).is_some());
        }
    }
}

/// Reading a node's bytes alone gives the node again.
fn check_spans(node: &Node, text: &str) {
    let alone = parse(&text[node.span.clone()]).unwrap();
    assert_eq!(alone.value.describe(), node.value.describe());
    assert_eq!(alone.span, 0..node.span.len());
    let children: Vec<&Node> = match &node.value {
        Value::Struct(_, fields) => fields.iter().map(|(_, n)| n).collect(),
        Value::Tuple(_, items) | Value::List(items) => items.iter().collect(),
        Value::Map(entries) => entries.iter().flat_map(|(k, v)| [k, v]).collect(),
        Value::Option(Some(inner)) => vec![inner],
        _ => vec![],
    };
    children.into_iter().for_each(|child| check_spans(child, text));
}

#[test]
fn depth_is_limited() {
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert!(parse(&nested(128)).is_ok());
    let error = parse(&nested(129)).unwrap_err();
    assert_eq!((error.message.as_str(), error.span), ("nested deeper than 128 levels", 128..129));
    assert!(parse(&"(a:".repeat(1_000_000)).is_err());
}

#[test]
fn a_mistake_is_named_at_its_place() {
    let cases = [
        ("(a: 1 b: 2)", 6..7, "expected `,` or `)`, found `b`"),
        ("(a: [1, 2)", 9..10, "expected `,` or `]`, found `)`"),
        ("(a: [1, 2", 4..5, "this `[` is never closed: expected `]`"),
        ("(a: \"x)", 4..5, "this text is never closed: expected `\"`"),
        ("(a: /* )", 4..6, "this comment is never closed: expected `*/`"),
        ("(a: ,)", 4..5, "expected a value, found `,`"),
        ("(a: 1, 2)", 7..8, "expected a field's name, found `2`"),
        ("(a: 1) x", 7..8, "expected the end of the file, found `x`"),
        ("", 0..0, "expected a value, but the text ends here"),
        ("[0..4]", 1..5, "a timeline has no ranges: write the numbers one by one, or as text"),
    ];
    for (text, span, message) in cases {
        let error = parse(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.span), (message, span), "{text}");
    }
}
