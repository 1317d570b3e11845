//! What a pickle holds: values in an arena that refer to each other by number.

use super::global::Global;
use super::numpy::{number, number_size};
use crate::weights::blob::Blob;
use crate::weights::source::Source;

/// The number of a value in its [`Pickle`].
pub(crate) type Id = u32;

/// A value. Compound ones hold numbers of others, so that cycles do no harm and dropping a pickle
/// never recurses.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits, as its little-endian bytes in the file.
    Long(Blob),
    Float(f64),
    /// Text, and where it stands in the file.
    Str {
        start: u64,
        text: Box<str>,
    },
    /// Text too long to be a name; it stays in the file.
    LongStr(Blob),
    Bytes(Blob),
    Tuple(Box<[Id]>),
    List(Vec<Id>),
    Set(Vec<Id>),
    /// A dict of any class; of equal keys the last counts.
    Dict(Vec<(Id, Id)>),
    Global(Global),
    /// A module: the dict given to `_reconstruct_persistent_obj`, and the call's place.
    Module {
        at: u64,
        meta: Id,
    },
    /// A nested legacy torch file.
    Storage(Blob),
    /// What a nested torch file calls a storage: the tuple of its persistent id.
    Persistent(Id),
    /// The arguments of `_rebuild_tensor_v2`, and the call's place.
    Tensor {
        at: u64,
        args: Id,
    },
    /// A NumPy number type: `f8` and the like, and its byte order once told.
    Dtype {
        kind: [u8; 2],
        order: u8,
    },
    /// A NumPy array; empty until it is built.
    Array {
        kind: [u8; 2],
        data: Option<Blob>,
    },
}

impl Value {
    /// A number or truth value.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }
}

/// All values of one pickle.
#[derive(Debug)]
pub(crate) struct Pickle {
    values: Vec<Value>,
    /// The value that the pickle stands for.
    pub root: Id,
    /// Bytes of memory that may still be spent.
    budget: usize,
}

impl Pickle {
    pub(super) fn new(budget: usize) -> Self {
        Self { values: Vec::new(), root: 0, budget }
    }

    /// Takes memory from the budget; `None` when it is spent. Vectors double when they grow, the
    /// old one still there: what is charged for each element is three times its size.
    pub(super) fn charge(&mut self, bytes: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(bytes)?;
        Some(())
    }

    pub(super) fn add(&mut self, value: Value) -> Option<Id> {
        self.charge(3 * size_of::<Value>())?;
        let id = Id::try_from(self.values.len()).ok()?;
        self.values.push(value);
        Some(id)
    }

    pub(crate) fn get(&self, id: Id) -> &Value {
        // The machine makes no number without a value.
        &self.values[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Value {
        &mut self.values[id as usize]
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// The text of a string that is short enough to be a name.
    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Str { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The entries of a dict, in order.
    pub(crate) fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Value::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// What a dict holds under a name.
    pub(crate) fn lookup(&self, dict: Id, name: &str) -> Option<Id> {
        let entries = self.entries(dict)?.iter().rev();
        entries.clone().find(|(key, _)| self.text(*key) == Some(name)).map(|(_, value)| *value)
    }

    /// The items of a tuple or list.
    pub(crate) fn items(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(items) => Some(items),
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// A number or truth value.
    pub(crate) fn number(&self, id: Id) -> Option<f64> {
        self.get(id).number()
    }

    /// The few numbers of a list, a tuple or a NumPy array.
    pub(crate) fn numbers(&self, source: &Source, id: Id) -> Option<Vec<f64>> {
        const MOST: usize = 16;
        if let Value::Array { kind, data: Some(data) } = self.get(id) {
            let bytes = data.head(source, 8 * MOST).ok()?;
            let size = number_size(*kind)?;
            let one = |bytes| number(*kind, bytes)?.number();
            return bytes.chunks_exact(size).take(MOST).map(one).collect();
        }
        self.items(id)?.iter().take(MOST).map(|&item| self.number(item)).collect()
    }

    /// What a value is, for messages.
    pub(crate) fn describe(&self, id: Id) -> String {
        match self.get(id) {
            Value::None => "None".into(),
            Value::Bool(value) => if *value { "True" } else { "False" }.into(),
            Value::Int(value) => value.to_string(),
            Value::Long(_) => "a long integer".into(),
            Value::Float(value) => value.to_string(),
            Value::Str { text, .. } => format!("`{text}`"),
            Value::LongStr(_) => "a long text".into(),
            Value::Bytes(_) => "bytes".into(),
            Value::Tuple(_) => "a tuple".into(),
            Value::List(_) => "a list".into(),
            Value::Set(_) => "a set".into(),
            Value::Dict(_) => "a dict".into(),
            Value::Global(global) => format!("the name `{}`", global.name()),
            Value::Module { .. } => "a module".into(),
            Value::Storage(_) | Value::Persistent(_) => "a storage".into(),
            Value::Tensor { .. } => "a tensor".into(),
            Value::Dtype { .. } => "a number type".into(),
            Value::Array { .. } => "an array".into(),
        }
    }
}
