//! The stack with its marks, the arena and the budget.

use super::machine::{MAX_STACK, Machine};
use super::value::{Id, Value};
use crate::weights::blob::Blob;
use crate::{Error, Result};

impl Machine<'_, '_> {
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

    pub(super) fn push(&mut self, id: Id) -> Result<()> {
        if self.stack.len() == MAX_STACK {
            return Err(self.too_much());
        }
        self.stack.push(id);
        Ok(())
    }

    /// The values above the last mark.
    pub(super) fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn top(&self) -> Result<Id> {
        match self.stack.last() {
            Some(&top) if self.stack.len() > self.floor() => Ok(top),
            _ => Err(self.underflow()),
        }
    }

    pub(super) fn pop(&mut self) -> Result<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The `count` topmost values, the deepest first.
    pub(super) fn pop_some(&mut self, count: usize) -> Result<Vec<Id>> {
        match self.stack.len().checked_sub(count) {
            Some(from) if from >= self.floor() => Ok(self.stack.split_off(from)),
            _ => Err(self.underflow()),
        }
    }

    pub(super) fn pop_mark(&mut self) -> Result<Vec<Id>> {
        match self.marks.pop() {
            Some(from) => Ok(self.stack.split_off(from)),
            None => Err(self.underflow()),
        }
    }

    pub(super) fn underflow(&self) -> Error {
        self.invalid("an opcode that needs more values than there are; the file is damaged")
    }

    pub(super) fn too_much(&self) -> Error {
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
