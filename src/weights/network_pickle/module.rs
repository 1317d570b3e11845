//! A module as a pickle keeps it: a class name, which is only data, and the attributes.

use std::fmt::Display;

use crate::weights::pickle::{Id, Pickle, Value};
use crate::weights::source::Source;
use crate::{Error, Result};

/// The newest layout of the dict that a module is made of.
const NEWEST: i64 = 6;

/// A pickle and the file that it came from.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub source: &'a Source,
    pub pickle: &'a Pickle,
}

/// A module within a network.
pub(super) struct Module<'a> {
    pub file: File<'a>,
    /// Its path within the network, such as `synthesis.input`; empty for the network itself.
    pub name: String,
    /// The place in the file.
    at: u64,
    /// Its `__dict__`.
    pub state: Id,
}

impl<'a> Module<'a> {
    pub fn open(file: File<'a>, id: Id, name: String) -> Result<Self> {
        let pickle = file.pickle;
        let &Value::Module { at, meta } = pickle.get(id) else {
            let found = pickle.describe(id);
            return Err(file
                .source
                .unfit(format_args!("has {found} as `{name}`; expected a module")));
        };
        let fail =
            |what: String| file.source.invalid(at, format_args!("the module `{name}` {what}"));
        let value = |key| pickle.lookup(meta, key);
        if value("type").and_then(|id| pickle.text(id)) != Some("class") {
            return Err(fail("is not marked as a class".into()));
        }
        match value("version").and_then(|id| pickle.integer(id)) {
            Some(1..=NEWEST) => {}
            Some(other) => {
                return Err(fail(format!("has layout version {other}; expected 1 to {NEWEST}")));
            }
            None => return Err(fail("has no layout version".into())),
        }
        let state = value("state").filter(|&id| pickle.entries(id).is_some());
        let state = state.ok_or_else(|| fail("has no attributes".into()))?;
        Ok(Self { file, name, at, state })
    }

    pub fn attribute(&self, name: &str) -> Option<Id> {
        self.file.pickle.lookup(self.state, name)
    }

    /// The dict in an attribute.
    pub fn dict(&self, name: &str) -> Result<&'a [(Id, Id)]> {
        let entries = self.attribute(name).and_then(|id| self.file.pickle.entries(id));
        entries.ok_or_else(|| self.invalid(format_args!("has no dict `{name}`")))
    }

    /// A submodule.
    pub fn child(&self, name: &str) -> Result<Self> {
        let child = self.attribute("_modules").and_then(|id| self.file.pickle.lookup(id, name));
        let child = child.ok_or_else(|| self.invalid(format_args!("has no submodule `{name}`")))?;
        Self::open(self.file, child, self.path(name))
    }

    /// The name of something in this module within the network.
    pub fn path(&self, name: &str) -> String {
        if self.name.is_empty() { name.to_owned() } else { format!("{}.{name}", self.name) }
    }

    /// An error about this module; `message` goes on from its name.
    pub fn invalid(&self, message: impl Display) -> Error {
        let name = if self.name.is_empty() { "the network" } else { &self.name };
        self.file.source.invalid(self.at, format_args!("{name} {message}"))
    }
}
