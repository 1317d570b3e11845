//! Numbers that stand or move by themselves.

use std::fmt;
use std::sync::Arc;

use super::curve::Value;
use super::expression::{Program, Scene};
use super::moment::Moment;

/// A number as a key holds it.
#[derive(Clone, PartialEq)]
pub enum Number {
    /// One that stands.
    Constant(f64),
    /// One that an expression gives anew at every frame.
    Expression(Arc<Program>, Arc<Scene>),
}

/// Two of them: x and y.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pair(pub [Number; 2]);

impl Default for Number {
    fn default() -> Self {
        Self::Constant(0.0)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

impl From<[f64; 2]> for Pair {
    fn from(values: [f64; 2]) -> Self {
        Self(values.map(Number::from))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => value.fmt(f),
            Self::Expression(program, scene) => write!(f, "{program:?} in {scene:?}"),
        }
    }
}

impl Value for Number {
    type Out = f64;
    fn at(&self, moment: Moment) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Expression(program, scene) => program.at(scene, moment),
        }
    }
}

impl Value for Pair {
    type Out = [f64; 2];
    fn at(&self, moment: Moment) -> [f64; 2] {
        [self.0[0].at(moment), self.0[1].at(moment)]
    }
}
