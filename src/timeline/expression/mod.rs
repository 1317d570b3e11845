//! Expressions for numbers: a small, total language. There are no loops and no recursion, so that an
//! expression costs at most as many operations as it is written with, and every one has a value.

mod noise;
mod operation;
mod parse;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::moment::Moment;
use super::signal::Signal;
use super::tempo::Clock;
use operation::Op;
pub use operation::{Input, NAMES};
pub use parse::Mistake;

/// The most operations of one expression, with those of the variables that it uses.
const MOST_OPS: usize = 2000;

/// An expression made ready: operations in order, each upon earlier ones; the last one is the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Program(Vec<Op>);

/// What expressions are evaluated in: where a frame lies in the timeline and its music.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Of the output.
    pub clock: Clock,
    /// Output frames per frame of the document.
    pub stretch: f64,
    /// Length in output frames.
    pub frames: f64,
    /// By their numbers.
    pub signals: Vec<Signal>,
}

impl Scene {
    fn input(&self, input: Input, moment: Moment) -> f64 {
        let (frame, second) = (moment.shot, self.clock.second(moment.film));
        let tempo = self.clock.tempo.as_ref();
        let music = |value: &dyn Fn(&super::tempo::Tempo) -> f64| tempo.map_or(0.0, value);
        match input {
            Input::Second => self.clock.second(frame),
            Input::Frame => frame / self.stretch,
            Input::Progress => frame / self.frames,
            Input::Duration => self.clock.second(self.frames),
            Input::Beat => music(&|tempo| tempo.beat(second)),
            Input::Bar => music(&|tempo| tempo.bar(tempo.beat(second))),
            Input::Bpm => music(&|tempo| tempo.bpm(second)),
            Input::Signal(number) => self.signals.get(number).map_or(0.0, |s| s.at(second)),
        }
    }
}

impl Program {
    /// The value at a time in output frames; not a number, or infinite, where it has none.
    pub fn raw(&self, scene: &Scene, moment: impl Into<Moment>) -> f64 {
        let moment = moment.into();
        let mut values: Vec<f64> = Vec::with_capacity(self.0.len());
        for op in &self.0 {
            let value = op.value(&values, |input| scene.input(input, moment));
            values.push(value);
        }
        values.last().copied().unwrap_or(0.0)
    }

    /// The value at a time in output frames; 0 where it has none, such as 1/0.
    pub fn at(&self, scene: &Scene, moment: impl Into<Moment>) -> f64 {
        let value = self.raw(scene, moment);
        if value.is_finite() { value } else { 0.0 }
    }
}

/// The variables of a document: each may use those before it.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    ops: Vec<Op>,
    names: Vec<(String, usize)>,
    /// How many of the names are signals.
    signals: usize,
    /// Whether there are beats.
    pub music: bool,
}

impl Variables {
    /// Adds one.
    ///
    /// # Errors
    /// The first mistake, with its place in the text.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), Mistake> {
        let value = parse::Parser::new(text, self).whole()?;
        self.names.push((name.into(), value));
        Ok(())
    }

    /// Adds one whose value does not change; one that could not be read does no further harm as that.
    pub fn add_constant(&mut self, name: &str, value: f64) {
        self.ops.push(Op::Constant(value));
        self.names.push((name.into(), self.ops.len() - 1));
    }

    /// Adds the next signal.
    pub fn add_signal(&mut self, name: &str) {
        self.ops.push(Op::Input(Input::Signal(self.signals)));
        self.names.push((name.into(), self.ops.len() - 1));
        self.signals += 1;
    }

    /// The names in use: signals, variables, inputs, constants.
    pub fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|(known, _)| known == name)
            || NAMES.iter().any(|(known, _)| *known == name)
    }

    /// Reads an expression.
    ///
    /// # Errors
    /// The first mistake, with its place in the text.
    pub fn program(&self, text: &str) -> Result<Arc<Program>, Mistake> {
        let mut own = self.clone();
        let value = parse::Parser::new(text, &mut own).whole()?;
        Ok(Arc::new(Program(operation::needed(&own.ops, value))))
    }
}
