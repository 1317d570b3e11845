//! What opcodes carry: numbers, texts, names, items.

use super::global::Global;
use super::machine::{MAX_TEXT, Machine};
use super::value::{Id, Value};
use crate::{Error, Result};

impl Machine<'_, '_> {
    pub(super) fn short_length(&mut self) -> Result<u64> {
        Ok(self.cursor.byte()?.into())
    }

    pub(super) fn length(&mut self) -> Result<u64> {
        Ok(u32::from_le_bytes(self.cursor.array()?).into())
    }

    pub(super) fn long_length(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.cursor.array()?))
    }

    /// An integer of `len` little-endian bytes in two's complement.
    pub(super) fn long(&mut self, len: u64) -> Result<()> {
        if len > 8 {
            let blob = self.cursor.pass(len)?;
            return self.make(Value::Long(blob));
        }
        let bytes = self.cursor.bytes(len as usize)?;
        let negative = bytes.last().is_some_and(|&top| top >= 0x80);
        let mut wide = if negative { [0xFF; 8] } else { [0; 8] };
        wide[..bytes.len()].copy_from_slice(&bytes);
        self.make(Value::Int(i64::from_le_bytes(wide)))
    }

    pub(super) fn text(&mut self, len: u64) -> Result<()> {
        let start = self.cursor.at();
        if len > MAX_TEXT {
            let blob = self.cursor.pass(len)?;
            return self.make(Value::LongStr(blob));
        }
        let text = String::from_utf8(self.cursor.bytes(len as usize)?);
        let text = text.map_err(|_| self.invalid("text that is not UTF-8"))?.into_boxed_str();
        self.charge(text.len())?;
        self.make(Value::Str { start, text })
    }

    /// A name that ends with its line, as GLOBAL has two.
    pub(super) fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        loop {
            match self.cursor.byte()? {
                b'\n' => break,
                _ if line.len() as u64 == MAX_TEXT => {
                    return Err(self.invalid("a name that does not end"));
                }
                byte => line.push(byte),
            }
        }
        String::from_utf8(line).map_err(|_| self.invalid("a name that is not UTF-8"))
    }

    pub(super) fn global(&mut self, module: &str, name: &str) -> Result<()> {
        match Global::find(self.dialect, module, name) {
            Some(global) => self.make(Value::Global(global)),
            None if module.starts_with("dnnlib.tflib") => Err(self.invalid(format_args!(
                "`{module}.{name}`: this is a network of the TensorFlow releases; convert it to a PyTorch pickle first"
            ))),
            None => Err(self.invalid(format_args!(
                "`{module}.{name}` is not among the names that a network file may use; only data is read, nothing is run"
            ))),
        }
    }

    pub(super) fn tuple(&mut self, items: Vec<Id>) -> Result<()> {
        self.charge(items.len() * size_of::<Id>())?;
        self.make(Value::Tuple(items.into()))
    }

    pub(super) fn append(&mut self, items: Vec<Id>) -> Result<()> {
        self.charge(32 + 3 * items.len() * size_of::<Id>())?;
        let list = self.top()?;
        match self.pickle.get_mut(list) {
            Value::List(list) => list.extend(items),
            _ => return Err(self.misplaced(list, "items are appended to", "a list")),
        }
        Ok(())
    }

    pub(super) fn add_items(&mut self, items: Vec<Id>) -> Result<()> {
        self.charge(32 + 3 * items.len() * size_of::<Id>())?;
        let set = self.top()?;
        match self.pickle.get_mut(set) {
            Value::Set(set) => set.extend(items),
            _ => return Err(self.misplaced(set, "items are added to", "a set")),
        }
        Ok(())
    }

    pub(super) fn set_items(&mut self, items: Vec<Id>) -> Result<()> {
        self.charge(64 + 3 * items.len() * size_of::<Id>())?;
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.invalid("a key without a value"));
        }
        let dict = self.top()?;
        match self.pickle.get_mut(dict) {
            Value::Dict(dict) => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            _ => return Err(self.misplaced(dict, "items are set in", "a dict")),
        }
        Ok(())
    }

    pub(super) fn misplaced(&self, id: Id, done: &str, expected: &str) -> Error {
        let found = self.pickle.describe(id);
        self.invalid(format_args!("{done} {found}; expected {expected}"))
    }

    pub(super) fn remember(&mut self, place: u32) -> Result<()> {
        let top = self.top()?;
        if self.memo.insert(place, top).is_none() {
            self.charge(40)?;
        }
        Ok(())
    }

    pub(super) fn recall(&mut self, place: u32) -> Result<()> {
        match self.memo.get(&place) {
            Some(&id) => self.push(id),
            None => Err(self.invalid(format_args!("nothing was remembered under {place}"))),
        }
    }
}
