//! Declarations: each says at once how a field is read and, by its [`Shape`], what an editor is told of it.

use super::super::ron_tree::{Node, Value};
use super::super::time::Time;
use super::Spanned;
use super::decode::{Decoder, Fields, inner};
use super::scalar::Scalar;
use super::shape::{Part, Shape};
use crate::report::Span;

/// What has a known form.
pub(super) trait Shaped: Sync {
    fn shape(&self) -> Shape;
}

/// A form that can be read by itself.
pub(super) trait Form: Shaped {
    type Value;
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<Self::Value>;
}

/// A struct: what messages call it, and its fields.
pub(super) struct Record {
    pub what: &'static str,
    pub fields: &'static [&'static dyn Declared],
}

impl Record {
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.fields.iter().map(|field| field.name())
    }

    pub fn shape(&self) -> Shape {
        Shape::Struct(self.fields.iter().map(|field| field.part()).collect())
    }
}

/// A field of a struct, whatever its form.
pub(super) trait Declared: Sync {
    fn name(&self) -> &'static str;
    fn part(&self) -> Part;
}

/// A field: its name, its form, and what it is for.
pub(super) struct Field<F> {
    pub name: &'static str,
    form: F,
    about: &'static str,
    default: Option<&'static str>,
    needed: bool,
}

impl<F> Field<F> {
    pub const fn new(name: &'static str, form: F, about: &'static str) -> Self {
        Self { name, form, about, default: None, needed: false }
    }

    /// What holds where it is left out, in JSON.
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// It cannot be left out.
    pub const fn needed(mut self) -> Self {
        self.needed = true;
        self
    }
}

impl<F: Shaped> Declared for Field<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn part(&self) -> Part {
        let Self { name, about, default, needed, .. } = *self;
        Part { name, about, default, needed, shape: self.form.shape() }
    }
}

impl Fields<'_> {
    /// Reads a field; one that is needed and missing is reported.
    pub fn read<F: Form>(&self, decoder: &mut Decoder, field: &Field<F>) -> Option<F::Value> {
        debug_assert!(self.may_have(field.name), "`{}` is not declared", field.name);
        let node =
            if field.needed { self.need(decoder, field.name)? } else { self.get(field.name)? };
        field.form.read(decoder, node)
    }

    /// The same, or what holds where the field is left out.
    pub fn given<F: Form>(
        &self,
        decoder: &mut Decoder,
        field: &Field<F>,
        otherwise: F::Value,
    ) -> Option<F::Value> {
        match self.get(field.name) {
            Some(_) => self.read(decoder, field),
            None => Some(otherwise),
        }
    }

    /// The same, or nothing where the field is left out.
    pub fn optional<F: Form>(
        &self,
        decoder: &mut Decoder,
        field: &Field<F>,
    ) -> Option<Option<F::Value>> {
        match self.get(field.name) {
            Some(_) => self.read(decoder, field).map(Some),
            None => Some(None),
        }
    }

    /// The same as [`Fields::read`], beside the place of the field's name.
    pub fn read_named<F: Form>(
        &self,
        decoder: &mut Decoder,
        field: &Field<F>,
    ) -> Option<(Span, Option<F::Value>)> {
        let span = self.name_span(field.name)?;
        Some((span, self.read(decoder, field)))
    }
}

/// A function that reads, and the shape of what it reads.
pub(super) struct By<T: 'static>(
    pub fn(&mut Decoder, &Node) -> Option<T>,
    /// The shape.
    pub fn() -> Shape,
);

impl<T> Shaped for By<T> {
    fn shape(&self) -> Shape {
        self.1()
    }
}

impl<T> Form for By<T> {
    type Value = T;
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<T> {
        self.0(decoder, node)
    }
}

/// The shape of what its struct reads itself, as that depends on other fields.
pub(super) struct Apart(pub fn() -> Shape);

impl Shaped for Apart {
    fn shape(&self) -> Shape {
        self.0()
    }
}

pub(super) const TEXT: By<Spanned<String>> = By(Decoder::text, || Shape::Text);
pub(super) const BOOL: By<bool> = By(Decoder::bool, || Shape::Bool);
/// A number that stands.
pub(super) const PLAIN: By<f64> = By(Decoder::plain_number, Shape::number);
/// A number, or an expression for one.
pub(super) const NUMBER: By<Scalar> =
    By(Decoder::number, || Shape::named("number", Shape::Any(vec![Shape::number(), Shape::Text])));
pub(super) const TIME: By<Spanned<Time>> =
    By(Decoder::time, || Shape::named("time", Shape::Any(vec![Shape::number(), Shape::Text])));

/// A whole number: what it is, and its range.
pub(super) struct Whole(pub &'static str, pub u32, pub u32);

impl Shaped for Whole {
    fn shape(&self) -> Shape {
        Shape::Whole(self.1, self.2)
    }
}

impl Form for Whole {
    type Value = u32;
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<u32> {
        let &Self(what, from, to) = self;
        if let Value::Integer(i) = inner(node).value
            && let Ok(value) = u32::try_from(i)
            && (from..=to).contains(&value)
        {
            return Some(value);
        }
        decoder.expected(&format!("{what} (a whole number from {from} to {to})"), node)
    }
}

/// A number: what it is, and its range.
pub(super) struct Within(pub &'static str, pub f64, pub f64);

impl Shaped for Within {
    fn shape(&self) -> Shape {
        Shape::within(self.1, self.2)
    }
}

impl Form for Within {
    type Value = f64;
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<f64> {
        let &Self(what, from, to) = self;
        let value = decoder.plain_number(node)?;
        if (from..=to).contains(&value) {
            return Some(value);
        }
        decoder.expected(&format!("{what} (a number from {from} to {to})"), node)
    }
}

/// One of several words, each with what it stands for.
pub(super) struct Words<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Sync> Shaped for Words<T> {
    fn shape(&self) -> Shape {
        Shape::words(self.0.iter().map(|(word, _)| *word))
    }
}

impl<T: Copy + Sync> Form for Words<T> {
    type Value = T;
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<T> {
        decoder.choice(node, self.0)
    }
}

/// A value with its place.
pub(super) struct Placed<F>(pub F);

impl<F: Shaped> Shaped for Placed<F> {
    fn shape(&self) -> Shape {
        self.0.shape()
    }
}

impl<F: Form> Form for Placed<F> {
    type Value = Spanned<F::Value>;
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<Self::Value> {
        Some(Spanned::new(self.0.read(decoder, node)?, node))
    }
}

/// A tuple of two: what it is, and the form of each.
pub(super) struct Pair<F>(pub &'static str, pub F);

impl<F: Shaped> Shaped for Pair<F> {
    fn shape(&self) -> Shape {
        Shape::Tuple(vec![self.1.shape(), self.1.shape()])
    }
}

impl<F: Form> Form for Pair<F> {
    type Value = (F::Value, F::Value);
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<Self::Value> {
        match &inner(node).value {
            Value::Tuple(None, items) if items.len() == 2 => {
                let (a, b) = (self.1.read(decoder, &items[0]), self.1.read(decoder, &items[1]));
                Some((a?, b?))
            }
            _ => decoder.expected(self.0, node),
        }
    }
}

/// A list of at least one: what it is, and the form of each.
pub(super) struct Listed<F>(pub &'static str, pub F);

impl<F: Shaped> Shaped for Listed<F> {
    fn shape(&self) -> Shape {
        Shape::list(self.1.shape())
    }
}

/// What could be read of it.
impl<F: Form> Form for Listed<F> {
    type Value = Vec<F::Value>;
    fn read(&self, decoder: &mut Decoder, node: &Node) -> Option<Self::Value> {
        let items = decoder.list(node, self.0)?;
        Some(items.iter().filter_map(|item| self.1.read(decoder, item)).collect())
    }
}
