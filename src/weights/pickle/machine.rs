//! The stack machine.

use std::collections::HashMap;

use super::opcode::*;
use super::value::{Id, Pickle, Value};
use crate::weights::cursor::Cursor;
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
pub(super) const MAX_TEXT: u64 = 1024;
/// Most values on the stack, and most marks.
pub(super) const MAX_STACK: usize = 1 << 19;

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
    pub(super) cursor: &'c mut Cursor<'a>,
    pub(super) dialect: Dialect,
    pub(super) pickle: Pickle,
    /// The place of the opcode at work.
    pub(super) at: u64,
    pub(super) stack: Vec<Id>,
    /// Heights of the stack at the marks.
    pub(super) marks: Vec<usize>,
    pub(super) memo: HashMap<u32, Id>,
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
                let len = if op == LONG1 { self.short_length() } else { self.length() }?;
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
            other => {
                Err(self.invalid(format_args!("a pickle of protocol {other}; expected 2 to 5")))
            }
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
}
