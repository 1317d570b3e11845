//! The constructor's keyword arguments, as JSON scalars.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::module::{File, Module};
use crate::Result;
use crate::weights::pickle::{Id, Value};

/// Arguments by name.
pub(super) type Arguments = BTreeMap<String, Json>;

/// What is known of arguments that are no part of the configuration.
pub(super) struct Rules<'a> {
    /// Those that must have one of the values given, there being nothing else here.
    pub fixed: &'a [(&'a str, &'a [Json])],
    /// Those that do not change the picture.
    pub harmless: &'a [&'a str],
}

/// Adds the entries of a dict of arguments. Said twice, they must agree.
pub(super) fn collect(into: &mut Arguments, module: &Module, entries: &[(Id, Id)]) -> Result<()> {
    let file = module.file;
    for &(key, value) in entries {
        let Some(name) = file.pickle.text(key) else {
            let found = file.pickle.describe(key);
            return Err(module.invalid(format_args!("has a constructor argument named {found}")));
        };
        let value = json(file, value);
        match into.get(name) {
            Some(other) if *other != value => {
                return Err(module.invalid(format_args!(
                    "was constructed with `{name}` both {other} and {value}"
                )));
            }
            _ => drop(into.insert(name.to_owned(), value)),
        }
    }
    Ok(())
}

/// Takes out what is not among the names of the configuration's fields; returns what was harmless.
pub(super) fn sort_out(
    arguments: &mut Arguments,
    module: &Module,
    fields: impl Fn(&str) -> bool,
    rules: &Rules,
) -> Result<Vec<String>> {
    let mut ignored = Vec::new();
    for (name, value) in std::mem::take(arguments) {
        if fields(&name) {
            arguments.insert(name, value);
        } else if rules.harmless.contains(&name.as_str()) {
            ignored.push(module.path(&name));
        } else if let Some((_, allowed)) = rules.fixed.iter().find(|(fixed, _)| *fixed == name) {
            if !allowed.contains(&value) {
                let allowed: Vec<_> = allowed.iter().map(Json::to_string).collect();
                let allowed = allowed.join(" or ");
                return Err(module.invalid(format_args!(
                    "was constructed with `{name}` {value}; only {allowed} is supported"
                )));
            }
        } else {
            return Err(module.invalid(format_args!(
                "was constructed with `{name}` {value}, an option that is not known here"
            )));
        }
    }
    Ok(ignored)
}

/// A number, truth value, text or short list of numbers as JSON; whole floats become integers.
/// What is none of these becomes a description of it.
pub(super) fn json(file: File, id: Id) -> Json {
    let number = |value: f64| match value as i64 {
        whole if whole as f64 == value => Json::from(whole),
        _ => Json::from(value),
    };
    match file.pickle.get(id) {
        Value::None => Json::Null,
        Value::Bool(value) => Json::from(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) if value.is_finite() => number(*value),
        Value::Str { text, .. } => Json::from(&**text),
        Value::List(_) | Value::Tuple(_) | Value::Array { .. } => {
            match file.pickle.numbers(file.source, id) {
                Some(numbers) => numbers.into_iter().map(number).collect(),
                None => Json::from(file.pickle.describe(id)),
            }
        }
        _ => Json::from(file.pickle.describe(id)),
    }
}
