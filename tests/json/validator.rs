//! The part of JSON Schema (2020-12) that the timeline's schema uses; another keyword is a mistake. What it
//! says is held against PyPI's `jsonschema` where that is there.

use serde_json::Value;

/// Whether `value` is as `schema` says, a part of `root`.
pub fn valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let keywords = schema.as_object().unwrap();
    keywords.iter().all(|(keyword, wanted)| holds(root, schema, keyword, wanted, value))
}

fn holds(root: &Value, schema: &Value, keyword: &str, wanted: &Value, value: &Value) -> bool {
    let valid = |schema: &Value, value: &Value| valid(root, schema, value);
    let bound = || wanted.as_f64().unwrap();
    let (list, fields, number) = (value.as_array(), value.as_object(), value.as_f64());
    match keyword {
        "$schema" | "$defs" | "title" | "description" | "default" => true,
        "$ref" => {
            valid(root.pointer(wanted.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), value)
        }
        "const" => value == wanted,
        "enum" => wanted.as_array().unwrap().contains(value),
        "type" => match wanted {
            Value::Array(kinds) => kinds.iter().any(|kind| is(kind, value)),
            kind => is(kind, value),
        },
        "anyOf" => wanted.as_array().unwrap().iter().any(|way| valid(way, value)),
        "minimum" => number.is_none_or(|x| x >= bound()),
        "exclusiveMinimum" => number.is_none_or(|x| x > bound()),
        "maximum" => number.is_none_or(|x| x <= bound()),
        "pattern" => value.as_str().is_none_or(|text| matches(wanted.as_str().unwrap(), text)),
        "minItems" => list.is_none_or(|items| items.len() as f64 >= bound()),
        "maxItems" => list.is_none_or(|items| items.len() as f64 <= bound()),
        "items" => list.is_none_or(|items| items.iter().all(|item| valid(wanted, item))),
        "prefixItems" => list.is_none_or(|items| {
            items.iter().zip(wanted.as_array().unwrap()).all(|(item, way)| valid(way, item))
        }),
        "required" => fields.is_none_or(|fields| {
            wanted
                .as_array()
                .unwrap()
                .iter()
                .all(|name| fields.contains_key(name.as_str().unwrap()))
        }),
        "minProperties" => fields.is_none_or(|fields| fields.len() as f64 >= bound()),
        "properties" => fields.is_none_or(|fields| {
            let ways = wanted.as_object().unwrap();
            fields.iter().all(|(name, value)| ways.get(name).is_none_or(|way| valid(way, value)))
        }),
        "patternProperties" => fields.is_none_or(|fields| {
            let ways = wanted.as_object().unwrap();
            let of = |name: &str, value: &Value| {
                ways.iter().all(|(pattern, way)| !matches(pattern, name) || valid(way, value))
            };
            fields.iter().all(|(name, value)| of(name, value))
        }),
        "additionalProperties" => fields.is_none_or(|fields| {
            let known = |name: &str| {
                let named =
                    schema["properties"].as_object().is_some_and(|ways| ways.contains_key(name));
                let patterns = schema["patternProperties"].as_object();
                named
                    || patterns
                        .is_some_and(|ways| ways.keys().any(|pattern| matches(pattern, name)))
            };
            let others = fields.iter().filter(|(name, _)| !known(name));
            others.into_iter().all(|(_, value)| match wanted {
                Value::Bool(allowed) => *allowed,
                way => valid(way, value),
            })
        }),
        other => panic!("the schema uses `{other}`, of which this validator knows nothing"),
    }
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|x| x.fract() == 0.0),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("no type is called `{other}`"),
    }
}

/// The regular expressions that the schema has.
fn matches(pattern: &str, text: &str) -> bool {
    let of = |text: &str, more: &str| {
        let inner = |c: char| c.is_ascii_digit() || c.is_whitespace() || more.contains(c);
        !text.is_empty() && text.chars().all(inner)
    };
    match pattern {
        "^[0-9]+$" => !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()),
        r"^[\s0-9.eE+]+-[\s0-9.eE+-]+$" => {
            text.split_once('-').is_some_and(|(low, high)| of(low, ".eE+") && of(high, ".eE+-"))
        }
        _ => {
            let name = pattern.strip_prefix('^').and_then(|p| p.strip_suffix(r"\(.*\)$")).unwrap();
            text.strip_prefix(name).is_some_and(|rest| rest.starts_with('(') && rest.ends_with(')'))
        }
    }
}
