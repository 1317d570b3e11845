//! What a call of each global means as data. Nothing is called.

use super::global::Global;
use super::machine::Machine;
use super::numpy::{number, number_size};
use super::value::{Id, Value};
use crate::weights::blob::Blob;
use crate::{Error, Result};

impl Machine<'_, '_> {
    /// What a call stands for. Nothing is called.
    pub(super) fn reduce(&mut self, function: Id, args: Id) -> Result<Id> {
        let (Value::Global(global), Value::Tuple(items)) =
            (self.pickle.get(function), self.pickle.get(args))
        else {
            let (function, args) = (self.pickle.describe(function), self.pickle.describe(args));
            return Err(self.invalid(format_args!(
                "a call of {function} on {args}; expected a known name and a tuple"
            )));
        };
        let (global, first, second) = (*global, items.first().copied(), items.get(1).copied());
        let count = items.len();
        let kind = |id: Option<Id>| id.map(|id| self.pickle.get(id));
        match (global, count, kind(first), kind(second)) {
            (Global::Module, 1, Some(Value::Dict(_)), _) => {
                let (at, meta) = (self.at, first.unwrap_or(args));
                self.add(Value::Module { at, meta })
            }
            (Global::Tensor, 6 | 7, Some(Value::Storage(_)), _) => {
                let at = self.at;
                self.add(Value::Tensor { at, args })
            }
            // A parameter is its tensor.
            (Global::Parameter, 3, Some(Value::Tensor { .. }), _) => Ok(first.unwrap_or(args)),
            (Global::LoadStorage, 1, Some(&Value::Bytes(blob)), _) => {
                self.add(Value::Storage(blob))
            }
            (Global::OrderedDict | Global::EasyDict, 0, ..) => self.add(Value::Dict(Vec::new())),
            (Global::Set, 1, Some(Value::List(_)), _) => {
                let list = first.unwrap_or(args);
                let count = self.pickle.items(list).map_or(0, <[Id]>::len);
                self.charge(32 + 3 * count * size_of::<Id>())?;
                let items = self.pickle.items(list).unwrap_or_default().to_vec();
                self.add(Value::Set(items))
            }
            (
                Global::Encode,
                2,
                Some(Value::Str { start, text }),
                Some(Value::Str { text: codec, .. }),
            ) if &**codec == "latin1" => {
                let blob = Blob { start: *start, len: text.len() as u64, latin1: true };
                self.add(Value::Bytes(blob))
            }
            (
                Global::Encode,
                2,
                Some(&Value::LongStr(blob)),
                Some(Value::Str { text: codec, .. }),
            ) if &**codec == "latin1" => self.add(Value::Bytes(Blob { latin1: true, ..blob })),
            (Global::NumpyDtype, 3, Some(Value::Str { text, .. }), _) => {
                let kind = <[u8; 2]>::try_from(text.as_bytes())
                    .ok()
                    .filter(|&kind| number_size(kind).is_some());
                let Some(kind) = kind else {
                    let text = text.clone();
                    return Err(self.invalid(format_args!(
                        "NumPy numbers of type `{text}`; expected f, i, u or b1"
                    )));
                };
                self.add(Value::Dtype { kind, order: b'<' })
            }
            (
                Global::NumpyScalar,
                2,
                Some(&Value::Dtype { kind, order }),
                Some(&Value::Bytes(blob)),
            ) => {
                let bytes = self.little_endian(order).and_then(|()| self.head(&blob, 9))?;
                match number(kind, &bytes) {
                    Some(value) => self.add(value),
                    None => Err(self.invalid("a NumPy number whose bytes do not fit its type")),
                }
            }
            (Global::NumpyReconstruct, 3, Some(Value::Global(Global::NumpyArray)), _) => {
                self.add(Value::Array { kind: *b"f8", data: None })
            }
            _ => Err(self.unexpected(global, args)),
        }
    }

    /// What a construction without `__init__` stands for.
    pub(super) fn new_object(&mut self, class: Id, args: Id) -> Result<Id> {
        let empty = self.pickle.items(args).is_some_and(<[Id]>::is_empty);
        match self.pickle.get(class) {
            Value::Global(Global::EasyDict | Global::OrderedDict) if empty => {
                self.add(Value::Dict(Vec::new()))
            }
            Value::Global(global) => Err(self.unexpected(*global, args)),
            _ => {
                let class = self.pickle.describe(class);
                Err(self
                    .invalid(format_args!("an object made of {class}; expected an empty EasyDict")))
            }
        }
    }

    /// Gives a NumPy type or array its state.
    pub(super) fn build(&mut self, object: Id, state: Id) -> Result<Id> {
        let items: Vec<Id> =
            self.pickle.items(state).unwrap_or_default().iter().copied().take(9).collect();
        match (self.pickle.get(object), items.as_slice()) {
            (&Value::Dtype { kind, .. }, [version, order, subtype, names, fields, ..])
                if matches!(self.pickle.integer(*version), Some(3 | 4))
                    && [subtype, names, fields]
                        .iter()
                        .all(|id| matches!(self.pickle.get(**id), Value::None)) =>
            {
                match self.pickle.text(*order).map(str::as_bytes) {
                    Some(&[order]) => *self.pickle.get_mut(object) = Value::Dtype { kind, order },
                    _ => return Err(self.invalid("a NumPy type without a byte order")),
                }
            }
            (Value::Array { .. }, &[version, shape, dtype, _, data])
                if self.pickle.integer(version) == Some(1) =>
            {
                let (&Value::Dtype { kind, order }, &Value::Bytes(blob)) =
                    (self.pickle.get(dtype), self.pickle.get(data))
                else {
                    return Err(self.invalid("a NumPy array without a number type and bytes"));
                };
                self.little_endian(order)?;
                let size =
                    |id: &Id| self.pickle.integer(*id).and_then(|size| u64::try_from(size).ok());
                let number = number_size(kind).unwrap_or(1) as u64;
                let shape = self.pickle.items(shape).unwrap_or_default();
                let len = shape.iter().try_fold(number, |len, id| len.checked_mul(size(id)?));
                // A byte of Latin-1 text takes one or two in the file.
                let least = if blob.latin1 { blob.len.div_ceil(2) } else { blob.len };
                if !len.is_some_and(|len| (least..=blob.len).contains(&len)) {
                    return Err(self.invalid("a NumPy array whose bytes do not fit its shape"));
                }
                *self.pickle.get_mut(object) = Value::Array { kind, data: Some(blob) };
            }
            _ => {
                let (object, state) = (self.pickle.describe(object), self.pickle.describe(state));
                return Err(self.invalid(format_args!(
                    "a state ({state}) for {object}; only NumPy types and arrays take one"
                )));
            }
        }
        Ok(object)
    }

    fn little_endian(&self, order: u8) -> Result<()> {
        match order {
            b'<' | b'|' | b'=' => Ok(()),
            _ => Err(self.invalid("NumPy numbers that are not little-endian")),
        }
    }

    fn unexpected(&self, global: Global, args: Id) -> Error {
        let name = global.name();
        let args: Vec<_> = self
            .pickle
            .items(args)
            .unwrap_or_default()
            .iter()
            .take(8)
            .map(|&id| self.pickle.describe(id))
            .collect();
        self.invalid(format_args!(
            "`{name}` called on ({}), which network files do not",
            args.join(", ")
        ))
    }
}
