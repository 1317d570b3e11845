//! Pickles of protocols 2 to 5 as data: nothing in them is called, imported or constructed.
//!
//! The format is a program for a stack machine ([`machine`]). The few globals that network files
//! name have a meaning of their own here ([`global`], [`calls`]); every other name is refused, and so is every
//! opcode that would call something else. Values live in an arena and refer to each other by
//! number ([`value`]), so that shared, cyclic and deeply nested ones cost no more than they must.

mod calls;
mod global;
mod machine;
mod numpy;
mod opcode;
mod payload;
mod stack;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use global::Global;
pub(crate) use machine::{Dialect, load};
pub(crate) use value::{Id, Pickle, Value};
