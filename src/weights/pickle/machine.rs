//! The stack machine.

use std::collections::HashMap;

use super::global::Global;
use super::opcode::*;
use super::value::{Id, Pickle, Value};
use crate::weights::source::{Blob, Cursor};
use crate::{Error, Result};

/// Which globals may be named and whether anything may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// A network file.
    Network,
    /// The pickles inside a legacy torch file: data, persistent ids and storage types only.
    Storage,
}

impl Dialect {
    /// Memory for values, bytes. A large network (both generators and a discriminator) needs 3 MB,
    /// a storage 5 kB.
    fn budget(self) -> usize {
        match self {
            Self::Network => 40 << 20,
            Self::Storage => 1 << 20,
        }
    }
}

/// The longest text that is kept in memory, bytes; names are shorter.
const MAX_TEXT: u64 = 1024;
/// Most values on the stack, and most marks.
const MAX_STACK: usize = 1 << 19;

/// Reads one pickle from where the cursor stands to its STOP.
///
/// # Errors
/// [`Error::Invalid`] with the byte offset for anything that is not plain data; [`Error::Io`].
pub(crate) fn load(cursor: &mut Cursor, dialect: Dialect) -> Result<Pickle> {
    let pickle = Pickle::new(dialect.budget());
    let mut machine = Machine {
        cursor,
        dialect,
        pickle,
        at: 0,
        stack: vec![],
        marks: vec![],
        memo: HashMap::new(),
    };
    machine.at = machine.cursor.at();
    let first = machine.cursor.byte()?;
    if first != PROTO {
        return Err(machine.invalid(format_args!(
            "byte {first:#04x} where a pickle of protocol 2 to 5 was expected"
        )));
    }
    machine.protocol()?;
    while !machine.step()? {}
    Ok(machine.pickle)
}

pub(super) struct Machine<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    dialect: Dialect,
    pub(super) pickle: Pickle,
    /// The place of the opcode at work.
    pub(super) at: u64,
    stack: Vec<Id>,
    /// Heights of the stack at the marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl Machine<'_, '_> {
    /// Does one opcode; whether it was the last.
    fn step(&mut self) -> Result<bool> {
        self.at = self.cursor.at();
        let op = self.cursor.byte()?;
        match op {
            PROTO => self.protocol()?,
            FRAME => {
                let len = self.long_length()?;
                self.cursor.check(len)?;
            }
            STOP => {
                self.pickle.root = self.pop()?;
                return Ok(true);
            }
            MARK if self.marks.len() < MAX_STACK => self.marks.push(self.stack.len()),
            MARK => return Err(self.too_much()),
            POP if self.marks.last() == Some(&self.stack.len()) => drop(self.marks.pop()),
            POP => drop(self.pop()?),
            POP_MARK => drop(self.pop_mark()?),
            DUP => {
                let top = self.top()?;
                self.push(top)?;
            }
            NONE => self.make(Value::None)?,
            NEWTRUE => self.make(Value::Bool(true))?,
            NEWFALSE => self.make(Value::Bool(false))?,
            BININT => {
                let value = i32::from_le_bytes(self.cursor.array()?);
                self.make(Value::Int(value.into()))?;
            }
            BININT1 => {
                let value = self.cursor.byte()?;
                self.make(Value::Int(value.into()))?;
            }
            BININT2 => {
                let value = u16::from_le_bytes(self.cursor.array()?);
                self.make(Value::Int(value.into()))?;
            }
            LONG1 | LONG4 => {
                let len = if op == LONG1 {
                    self.short_length()
                } else {
                    self.length()
                }?;
                self.long(len)?;
            }
            BINFLOAT => {
                let value = f64::from_be_bytes(self.cursor.array()?);
                self.make(Value::Float(value))?;
            }
            SHORT_BINUNICODE | BINUNICODE | BINUNICODE8 => {
                let len = match op {
                    SHORT_BINUNICODE => self.short_length(),
                    BINUNICODE => self.length(),
                    _ => self.long_length(),
                }?;
                self.text(len)?;
            }
            SHORT_BINBYTES | BINBYTES | BINBYTES8 | BYTEARRAY8 => {
                let len = match op {
                    SHORT_BINBYTES => self.short_length(),
                    BINBYTES => self.length(),
                    _ => self.long_length(),
                }?;
                let blob = self.cursor.pass(len)?;
                self.make(Value::Bytes(blob))?;
            }
            EMPTY_TUPLE => self.make(Value::Tuple(Box::default()))?,
            EMPTY_LIST => self.make(Value::List(Vec::new()))?,
            EMPTY_DICT => self.make(Value::Dict(Vec::new()))?,
            EMPTY_SET => self.make(Value::Set(Vec::new()))?,
            TUPLE1 | TUPLE2 | TUPLE3 => {
                let items = self.pop_some(usize::from(op - TUPLE1) + 1)?;
                self.tuple(items)?;
            }
            TUPLE => {
                let items = self.pop_mark()?;
                self.tuple(items)?;
            }
            LIST => {
                let items = self.pop_mark()?;
                self.make(Value::List(Vec::new()))?;
                self.append(items)?;
            }
            DICT => {
                let items = self.pop_mark()?;
                self.make(Value::Dict(Vec::new()))?;
                self.set_items(items)?;
            }
            FROZENSET => {
                let items = self.pop_mark()?;
                self.make(Value::Set(Vec::new()))?;
                self.add_items(items)?;
            }
            APPEND => {
                let items = self.pop_some(1)?;
                self.append(items)?;
            }
            APPENDS => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            SETITEM => {
                let items = self.pop_some(2)?;
                self.set_items(items)?;
            }
            SETITEMS => {
                let items = self.pop_mark()?;
                self.set_items(items)?;
            }
            ADDITEMS => {
                let items = self.pop_mark()?;
                self.add_items(items)?;
            }
            BINPUT => {
                let place = self.cursor.byte()?.into();
                self.remember(place)?;
            }
            LONG_BINPUT => {
                let place = u32::from_le_bytes(self.cursor.array()?);
                self.remember(place)?;
            }
            MEMOIZE => {
                let place = self.memo.len() as u32;
                self.remember(place)?;
            }
            BINGET => {
                let place = self.cursor.byte()?.into();
                self.recall(place)?;
            }
            LONG_BINGET => {
                let place = u32::from_le_bytes(self.cursor.array()?);
                self.recall(place)?;
            }
            GLOBAL => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(&module, &name)?;
            }
            STACK_GLOBAL => {
                let names = self.pop_some(2)?;
                let name = |id| self.pickle.text(id).map(str::to_owned);
                match (name(names[0]), name(names[1])) {
                    (Some(module), Some(name)) => self.global(&module, &name)?,
                    _ => return Err(self.invalid("STACK_GLOBAL without two names before it")),
                }
            }
            BINPERSID if self.dialect == Dialect::Storage => {
                let name = self.pop()?;
                self.make(Value::Persistent(name))?;
            }
            REDUCE | NEWOBJ | BUILD if self.dialect == Dialect::Network => {
                let pair = self.pop_some(2)?;
                let result = match op {
                    REDUCE => self.reduce(pair[0], pair[1])?,
                    NEWOBJ => self.new_object(pair[0], pair[1])?,
                    _ => self.build(pair[0], pair[1])?,
                };
                self.push(result)?;
            }
            BINPERSID | REDUCE | NEWOBJ | BUILD => return Err(self.refuse(op)),
            _ => return Err(self.refuse(op)),
        }
        Ok(false)
    }

    fn protocol(&mut self) -> Result<()> {
        match self.cursor.byte()? {
            2..=5 => Ok(()),
            other => Err(self.invalid(format_args!(
                "a pickle of protocol {other}; expected 2 to 5"
            ))),
        }
    }

    fn refuse(&self, op: u8) -> Error {
        let name = match op {
            BINPERSID => Some("BINPERSID"),
            REDUCE => Some("REDUCE"),
            NEWOBJ => Some("NEWOBJ"),
            BUILD => Some("BUILD"),
            _ => refused(op),
        };
        match name {
            Some(name) => self.invalid(format_args!(
                "the opcode {name} has no place in a network file, which is read as data only"
            )),
            None => self.invalid(format_args!(
                "{op:#04x} is no opcode of a pickle; the file is damaged or of another kind"
            )),
        }
    }

    fn short_length(&mut self) -> Result<u64> {
        Ok(self.cursor.byte()?.into())
    }

    fn length(&mut self) -> Result<u64> {
        Ok(u32::from_le_bytes(self.cursor.array()?).into())
    }

    fn long_length(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.cursor.array()?))
    }

    /// An integer of `len` little-endian bytes in two's complement.
    fn long(&mut self, len: u64) -> Result<()> {
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

    fn text(&mut self, len: u64) -> Result<()> {
        let start = self.cursor.at();
        if len > MAX_TEXT {
            let blob = self.cursor.pass(len)?;
            return self.make(Value::LongStr(blob));
        }
        let text = String::from_utf8(self.cursor.bytes(len as usize)?);
        let text = text
            .map_err(|_| self.invalid("text that is not UTF-8"))?
            .into_boxed_str();
        self.charge(text.len())?;
        self.make(Value::Str { start, text })
    }

    /// A name that ends with its line, as GLOBAL has two.
    fn line(&mut self) -> Result<String> {
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

    fn global(&mut self, module: &str, name: &str) -> Result<()> {
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

    fn tuple(&mut self, items: Vec<Id>) -> Result<()> {
        self.charge(items.len() * size_of::<Id>())?;
        self.make(Value::Tuple(items.into()))
    }

    fn append(&mut self, items: Vec<Id>) -> Result<()> {
        self.charge(32 + 3 * items.len() * size_of::<Id>())?;
        let list = self.top()?;
        match self.pickle.get_mut(list) {
            Value::List(list) => list.extend(items),
            _ => return Err(self.misplaced(list, "items are appended to", "a list")),
        }
        Ok(())
    }

    fn add_items(&mut self, items: Vec<Id>) -> Result<()> {
        self.charge(32 + 3 * items.len() * size_of::<Id>())?;
        let set = self.top()?;
        match self.pickle.get_mut(set) {
            Value::Set(set) => set.extend(items),
            _ => return Err(self.misplaced(set, "items are added to", "a set")),
        }
        Ok(())
    }

    fn set_items(&mut self, items: Vec<Id>) -> Result<()> {
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

    fn misplaced(&self, id: Id, done: &str, expected: &str) -> Error {
        let found = self.pickle.describe(id);
        self.invalid(format_args!("{done} {found}; expected {expected}"))
    }

    fn remember(&mut self, place: u32) -> Result<()> {
        let top = self.top()?;
        if self.memo.insert(place, top).is_none() {
            self.charge(40)?;
        }
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<()> {
        match self.memo.get(&place) {
            Some(&id) => self.push(id),
            None => Err(self.invalid(format_args!("nothing was remembered under {place}"))),
        }
    }

    /// Makes a value and pushes it.
    pub(super) fn make(&mut self, value: Value) -> Result<()> {
        let id = self.add(value)?;
        self.push(id)
    }

    /// Makes a value.
    pub(super) fn add(&mut self, value: Value) -> Result<Id> {
        self.pickle.add(value).ok_or_else(|| self.too_much())
    }

    pub(super) fn charge(&mut self, bytes: usize) -> Result<()> {
        self.pickle.charge(bytes).ok_or_else(|| self.too_much())
    }

    fn push(&mut self, id: Id) -> Result<()> {
        if self.stack.len() == MAX_STACK {
            return Err(self.too_much());
        }
        self.stack.push(id);
        Ok(())
    }

    /// The values above the last mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id> {
        match self.stack.last() {
            Some(&top) if self.stack.len() > self.floor() => Ok(top),
            _ => Err(self.underflow()),
        }
    }

    fn pop(&mut self) -> Result<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The `count` topmost values, the deepest first.
    fn pop_some(&mut self, count: usize) -> Result<Vec<Id>> {
        match self.stack.len().checked_sub(count) {
            Some(from) if from >= self.floor() => Ok(self.stack.split_off(from)),
            _ => Err(self.underflow()),
        }
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>> {
        match self.marks.pop() {
            Some(from) => Ok(self.stack.split_off(from)),
            None => Err(self.underflow()),
        }
    }

    fn underflow(&self) -> Error {
        self.invalid("an opcode that needs more values than there are; the file is damaged")
    }

    fn too_much(&self) -> Error {
        self.invalid("more values than any network has; the file is damaged or hostile")
    }

    pub(super) fn invalid(&self, message: impl std::fmt::Display) -> Error {
        self.cursor.source().invalid(self.at, message)
    }

    /// The first bytes of a run, at most `most`.
    pub(super) fn head(&self, blob: &Blob, most: usize) -> Result<Vec<u8>> {
        blob.head(self.cursor.source(), most)
    }
}
