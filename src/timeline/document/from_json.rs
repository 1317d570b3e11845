//! The JSON form of a timeline: the same fields, words and calls such as `bezier(...)` as texts, tuples as
//! arrays. What is meant follows from the [`Shape`] of each field.

use super::super::json::Json;
use super::super::ron_tree::{self, Name, Node, SyntaxError, Value, parse_json};
use super::fields::TIMELINE;
use super::shape::Shape;

/// Where a timeline in JSON names the schema that editors hold it against.
const SCHEMA: &str = "$schema";
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Whether a timeline of this name is in JSON.
pub fn is_json(name: &str) -> bool {
    name.ends_with(".json")
}

/// Reads a file of a timeline, RON or by its name JSON, as RON's tree.
pub(super) fn read(name: &str, text: &str) -> Result<Node, SyntaxError> {
    if !is_json(name) {
        return ron_tree::parse(text);
    }
    let mut tree = parse_json(text)?;
    if let Value::Struct(_, fields) = &mut tree.value {
        fields.retain(|(name, _)| name.text != SCHEMA);
    }
    settle(&mut tree, &[&TIMELINE.shape()], text);
    Ok(tree)
}

/// Turns values of JSON into what RON has for them, in one of several shapes. What fits none stays as it
/// is, for the decoder to tell of.
fn settle(node: &mut Node, shapes: &[&Shape], text: &str) {
    let ways: Vec<&Shape> = shapes.iter().flat_map(|shape| shape.ways()).collect();
    match &mut node.value {
        Value::Float(x) if x.fract() == 0.0 && x.abs() < 1e15 => {
            let whole = ways.iter().any(|way| matches!(way, Shape::Whole(..)));
            if whole && !ways.iter().any(|way| matches!(way, Shape::Number(_))) {
                node.value = Value::Integer(*x as i128);
            }
        }
        Value::String(_) => settle_text(node, &ways, text),
        Value::List(items) => {
            let tuple = ways.iter().find_map(|way| match way {
                Shape::Tuple(parts) => Some(parts),
                _ => None,
            });
            let of_lists: Vec<&Shape> = ways
                .iter()
                .filter_map(|way| match way {
                    Shape::List { item, .. } => Some(&**item),
                    _ => None,
                })
                .collect();
            // Keys are objects, which no part of a tuple is.
            let keys = !of_lists.is_empty()
                && items.iter().any(|item| matches!(item.value, Value::Struct(..)));
            match tuple {
                Some(parts) if !items.is_empty() && !keys => {
                    let mut items = std::mem::take(items);
                    for (item, part) in items.iter_mut().zip(parts) {
                        settle(item, &[part], text);
                    }
                    node.value = Value::Tuple(None, items);
                }
                _ => items.iter_mut().for_each(|item| settle(item, &of_lists, text)),
            }
        }
        Value::Struct(None, fields) => {
            let shapes_of = |name: &str| -> Vec<&Shape> {
                ways.iter()
                    .flat_map(|way| match way {
                        Shape::Struct(parts) => parts
                            .iter()
                            .filter(|part| part.name == name)
                            .map(|part| &part.shape)
                            .collect(),
                        Shape::Names(item) => vec![&**item],
                        _ => Vec::new(),
                    })
                    .collect()
            };
            let known = fields.iter().any(|(name, _)| !shapes_of(&name.text).is_empty());
            if !known && ways.iter().any(|way| matches!(way, Shape::Weights)) {
                node.value = Value::Map(std::mem::take(fields).into_iter().map(entry).collect());
                return;
            }
            for (name, value) in fields {
                settle(value, &shapes_of(&name.text), text);
            }
        }
        _ => {}
    }
}

fn settle_text(node: &mut Node, ways: &[&Shape], text: &str) {
    let Value::String(written) = &node.value else { return };
    let words = || {
        ways.iter().filter_map(|way| match way {
            Shape::Words(words) => Some(words),
            _ => None,
        })
    };
    if words().any(|words| words.contains(written)) {
        node.value = Value::Word(written.clone());
    } else if ways.iter().any(|way| way.is_call(written)) {
        let start = node.span.start + 1;
        // Not where escapes move its characters.
        let as_it_is = text.get(start..).is_some_and(|text| text.starts_with(written.as_str()));
        if let Some(Ok(mut call)) = as_it_is.then(|| ron_tree::parse(written)) {
            call.shift(start);
            node.value = call.value;
        }
    } else if words().next().is_some() && !ways.iter().any(|way| matches!(way, Shape::Text)) {
        // For the decoder to name the nearest one.
        node.value = Value::Word(written.clone());
    }
}

/// A field whose name is a number.
fn entry((name, value): (Name, Node)) -> (Node, Node) {
    let digits = name.text.bytes().all(|b| b.is_ascii_digit());
    let key = match name.text.parse() {
        Ok(key) if digits => Value::Integer(key),
        _ => Value::String(name.text),
    };
    (Node { value: key, span: name.span }, value)
}

/// The JSON form of RON's tree.
pub(in crate::timeline) fn written(node: &Node) -> Json {
    let object = |fields: &[(Name, Node)]| {
        Json::Object(fields.iter().map(|(name, node)| (name.text.clone(), written(node))).collect())
    };
    match &node.value {
        Value::Bool(b) => (*b).into(),
        Value::Integer(i) => match (i64::try_from(*i), u64::try_from(*i)) {
            (Ok(i), _) => i.into(),
            (_, Ok(i)) => i.into(),
            _ => (*i as f64).into(),
        },
        Value::Float(x) => (*x).into(),
        Value::Char(c) => c.to_string().into(),
        Value::String(text) | Value::Word(text) => text.as_str().into(),
        Value::Option(None) => Json::Plain(serde_json::Value::Null),
        Value::Option(Some(inner)) => written(inner),
        Value::Struct(_, fields) => object(fields),
        // No tuple is empty: this is a struct without fields.
        Value::Tuple(None, items) if items.is_empty() => object(&[]),
        Value::Tuple(None, items) | Value::List(items) => {
            Json::Array(items.iter().map(written).collect())
        }
        Value::Tuple(Some(name), items) => {
            let items: Vec<String> = items.iter().map(|item| written(item).short()).collect();
            format!("{}({})", name.text, items.join(", ")).into()
        }
        Value::Map(entries) => {
            let key = |key: &Node| match written(key) {
                Json::Plain(serde_json::Value::String(text)) => text,
                other => other.short(),
            };
            Json::Object(entries.iter().map(|(k, value)| (key(k), written(value))).collect())
        }
    }
}

/// The JSON Schema (2020-12) of a timeline.
pub(in crate::timeline) fn schema() -> Json {
    let text = |text: &str| Json::from(text);
    let mut defs = Vec::new();
    let mut keywords = vec![
        (SCHEMA.to_owned(), text(DRAFT)),
        ("title".to_owned(), text("Timeline of sg3render")),
        ("description".to_owned(), text("A film out of a network's latents")),
    ];
    keywords.extend(TIMELINE.shape().keywords(&mut defs));
    for (keyword, value) in &mut keywords {
        match (keyword.as_str(), value) {
            ("properties", Json::Object(fields)) => {
                let about = ("description".to_owned(), text("this schema, for editors"));
                let field = vec![about, ("type".to_owned(), text("string"))];
                fields.insert(0, (SCHEMA.to_owned(), Json::Object(field)));
            }
            // What is needed may stand in the files that are included.
            ("required", value) => {
                let ways = [value.clone(), Json::Array(vec![text(super::include::INCLUDE.name)])];
                let way = |needed| Json::Object(vec![("required".to_owned(), needed)]);
                *value = Json::Array(ways.into_iter().map(way).collect());
                *keyword = "anyOf".to_owned();
            }
            _ => {}
        }
    }
    keywords.push(("$defs".to_owned(), Json::Object(defs)));
    Json::Object(keywords)
}
