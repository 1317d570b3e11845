//! How a value may be written, as data: what an editor is told, and by what texts of JSON become the
//! words, tuples and calls that RON has.

use super::super::json::Json;

/// A way of writing a value.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Bool,
    /// Nothing but `true`.
    True,
    /// A number within JSON Schema's bounds, such as `minimum`.
    Number(Vec<(&'static str, f64)>),
    /// A whole number from, to.
    Whole(u32, u32),
    Text,
    /// A text of which a regular expression must be true.
    Pattern(&'static str),
    Words(Vec<String>),
    /// A word and numbers in parentheses, such as `bezier(x1, y1, x2, y2)`: its name, and how it is written.
    Call(&'static str, &'static str),
    /// So many values of their own kinds.
    Tuple(Vec<Shape>),
    List {
        item: Box<Shape>,
        least: usize,
        most: Option<usize>,
    },
    Struct(Vec<Part>),
    /// Values by names that the author chooses.
    Names(Box<Shape>),
    /// Numbers from 0 by whole numbers.
    Weights,
    /// One that stands in several places: by its name in the schema's `$defs`.
    Named(String, Box<Shape>),
    /// One of several.
    Any(Vec<Shape>),
}

/// A field of a struct.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub name: &'static str,
    pub about: &'static str,
    /// In JSON.
    pub default: Option<&'static str>,
    pub needed: bool,
    pub shape: Shape,
}

impl Shape {
    /// Any number.
    pub fn number() -> Self {
        Self::Number(Vec::new())
    }

    pub fn within(from: f64, to: f64) -> Self {
        Self::Number(vec![("minimum", from), ("maximum", to)])
    }

    /// A list of at least one.
    pub fn list(item: Self) -> Self {
        Self::List { item: Box::new(item), least: 1, most: None }
    }

    pub fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        Self::Words(words.into_iter().map(String::from).collect())
    }

    pub fn names(item: Self) -> Self {
        Self::Names(Box::new(item))
    }

    pub fn named(name: impl Into<String>, shape: Self) -> Self {
        Self::Named(name.into(), Box::new(shape))
    }

    /// A struct of which one field has another shape.
    pub fn with(mut self, name: &str, shape: Self) -> Self {
        if let Self::Struct(parts) = &mut self
            && let Some(part) = parts.iter_mut().find(|part| part.name == name)
        {
            part.shape = shape;
        }
        self
    }

    /// The ways that are no choice of ways themselves.
    pub fn ways(&self) -> Vec<&Self> {
        match self {
            Self::Any(ways) => ways.iter().flat_map(Self::ways).collect(),
            Self::Named(_, shape) => shape.ways(),
            way => vec![way],
        }
    }

    /// Whether a text is such a call, as the pattern in its keywords says.
    pub fn is_call(&self, text: &str) -> bool {
        let Self::Call(name, _) = self else { return false };
        text.strip_prefix(name).is_some_and(|rest| rest.starts_with('(') && rest.ends_with(')'))
    }

    /// The keywords of JSON Schema; what is named goes to `defs`, once.
    pub fn keywords(&self, defs: &mut Vec<(String, Json)>) -> Vec<(String, Json)> {
        let typed = |kind: &str| vec![("type".to_owned(), Json::from(kind))];
        let with = |kind: &str, more: Vec<(&str, Json)>| {
            let more = more.into_iter().map(|(name, value)| (name.to_owned(), value));
            typed(kind).into_iter().chain(more).collect()
        };
        match self {
            Self::Bool => typed("boolean"),
            Self::True => vec![("const".to_owned(), true.into())],
            Self::Number(bounds) => {
                with("number", bounds.iter().map(|&(name, bound)| (name, bound.into())).collect())
            }
            Self::Whole(from, to) => {
                with("integer", vec![("minimum", (*from).into()), ("maximum", (*to).into())])
            }
            Self::Text => typed("string"),
            Self::Pattern(pattern) => with("string", vec![("pattern", (*pattern).into())]),
            Self::Words(words) => {
                let words = words.iter().map(|word| Json::from(word.as_str()));
                vec![("enum".to_owned(), Json::Array(words.collect()))]
            }
            Self::Call(name, written) => {
                let pattern = format!(r"^{name}\(.*\)$");
                with(
                    "string",
                    vec![("description", (*written).into()), ("pattern", pattern.into())],
                )
            }
            Self::Tuple(parts) => {
                let count = Json::from(parts.len());
                let parts = parts.iter().map(|part| Json::Object(part.keywords(defs)));
                let parts = Json::Array(parts.collect());
                with(
                    "array",
                    vec![("prefixItems", parts), ("minItems", count.clone()), ("maxItems", count)],
                )
            }
            Self::List { item, least, most } => {
                let items = Json::Object(item.keywords(defs));
                let mut more = vec![("items", items), ("minItems", (*least).into())];
                more.extend(most.map(|most| ("maxItems", most.into())));
                with("array", more)
            }
            Self::Struct(parts) => with("object", structure(parts, defs)),
            Self::Names(item) => {
                with("object", vec![("additionalProperties", Json::Object(item.keywords(defs)))])
            }
            Self::Weights => {
                let weight = Self::Number(vec![("minimum", 0.0)]).keywords(defs);
                let weights = vec![("^[0-9]+$".to_owned(), Json::Object(weight))];
                let more = vec![
                    ("patternProperties", Json::Object(weights)),
                    ("additionalProperties", false.into()),
                    ("minProperties", 1.into()),
                ];
                with("object", more)
            }
            Self::Named(name, shape) => {
                if !defs.iter().any(|(known, _)| known == name) {
                    let keywords = shape.keywords(defs);
                    defs.push((name.clone(), Json::Object(keywords)));
                }
                vec![("$ref".to_owned(), format!("#/$defs/{name}").into())]
            }
            Self::Any(ways) => {
                let ways = ways.iter().map(|way| Json::Object(way.keywords(defs)));
                vec![("anyOf".to_owned(), Json::Array(ways.collect()))]
            }
        }
    }
}

/// The keywords of a struct beside its type. What may be left out may be `null`.
fn structure(parts: &[Part], defs: &mut Vec<(String, Json)>) -> Vec<(&'static str, Json)> {
    let mut properties = Vec::new();
    for part in parts {
        let mut keywords = vec![("description".to_owned(), part.about.into())];
        let own = part.shape.keywords(defs);
        keywords.extend(if part.needed { own } else { or_null(own) });
        let default = part.default.and_then(|text| serde_json::from_str(text).ok());
        keywords.extend(default.map(|value| ("default".to_owned(), Json::Plain(value))));
        properties.push((part.name.to_owned(), Json::Object(keywords)));
    }
    let needed: Vec<Json> =
        parts.iter().filter(|part| part.needed).map(|part| part.name.into()).collect();
    let mut keywords = vec![("properties", Json::Object(properties))];
    if !needed.is_empty() {
        keywords.push(("required", Json::Array(needed)));
    }
    keywords.push(("additionalProperties", false.into()));
    keywords
}

fn or_null(mut keywords: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let null = || Json::Plain(serde_json::Value::Null);
    match &mut keywords[..] {
        [(name, Json::Array(words)), ..] if name == "enum" => words.push(null()),
        [(name, Json::Array(ways)), ..] if name == "anyOf" => {
            ways.push(Json::Object(vec![("type".to_owned(), "null".into())]));
        }
        [(name, kind @ Json::Plain(_)), ..] if name == "type" => {
            *kind = Json::Array(vec![kind.clone(), "null".into()]);
        }
        _ => {
            let null = Json::Object(vec![("type".to_owned(), "null".into())]);
            return vec![("anyOf".to_owned(), Json::Array(vec![Json::Object(keywords), null]))];
        }
    }
    keywords
}
