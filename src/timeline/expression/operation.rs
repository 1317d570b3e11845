//! The operations, and their names.

use std::f64::consts::{PI, TAU};

use super::noise::{noise, random};

/// What an expression is told of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Seconds from the start.
    Second,
    /// Frames of the document.
    Frame,
    /// 0 at the start, 1 at the end.
    Progress,
    /// The timeline's length in seconds.
    Duration,
    /// Beats from the first one.
    Beat,
    /// Bars from the first one.
    Bar,
    /// Beats a minute.
    Bpm,
    /// The signal of this number.
    Signal(usize),
}

/// A name's meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known {
    /// A value of the frame.
    Input(Input),
    /// A number.
    Constant(f64),
}

/// The names that need no definition.
pub const NAMES: [(&str, Known); 9] = [
    ("t", Known::Input(Input::Second)),
    ("frame", Known::Input(Input::Frame)),
    ("progress", Known::Input(Input::Progress)),
    ("duration", Known::Input(Input::Duration)),
    ("beat", Known::Input(Input::Beat)),
    ("bar", Known::Input(Input::Bar)),
    ("bpm", Known::Input(Input::Bpm)),
    ("pi", Known::Constant(PI)),
    ("tau", Known::Constant(TAU)),
];

/// One step; numbers are those of earlier steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Op {
    Constant(f64),
    Input(Input),
    One(One, usize),
    Two(Two, usize, usize),
    Three(Three, usize, usize, usize),
}

macro_rules! functions {
    ($(#[$doc:meta])* $kind:ident, $table:ident, ($($x:ident),+), $($name:ident, $word:literal, $value:expr;)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind { $($name),+ }

        /// By their names as written.
        pub const $table: &[(&str, $kind)] = &[$(($word, $kind::$name)),+];

        impl $kind {
            fn value(self, $($x: f64),+) -> f64 {
                match self { $(Self::$name => $value),+ }
            }
        }
    };
}

functions! {
    /// Functions of one value.
    One, ONE, (x),
    Negative, "-", -x;
    Sin, "sin", x.sin();
    Cos, "cos", x.cos();
    Tan, "tan", x.tan();
    Abs, "abs", x.abs();
    Sign, "sign", if x == 0.0 { 0.0 } else { x.signum() };
    Floor, "floor", x.floor();
    Ceil, "ceil", x.ceil();
    Round, "round", x.round();
    Fract, "fract", x - x.floor();
    Sqrt, "sqrt", x.sqrt();
    Exp, "exp", x.exp();
    Ln, "ln", x.ln();
    Saw, "saw", 2.0 * (x - x.floor()) - 1.0;
    Triangle, "tri", 1.0 - 4.0 * ((x + 0.25) - (x + 0.25).floor() - 0.5).abs();
    Square, "square", if x - x.floor() < 0.5 { 1.0 } else { -1.0 };
}

functions! {
    /// Functions of two values.
    Two, TWO, (x, y),
    Add, "+", x + y;
    Subtract, "-", x - y;
    Multiply, "*", x * y;
    Divide, "/", x / y;
    Remainder, "%", x - y * (x / y).floor();
    Power, "^", x.powf(y);
    Less, "<", f64::from(u8::from(x < y));
    AtMost, "<=", f64::from(u8::from(x <= y));
    More, ">", f64::from(u8::from(x > y));
    AtLeast, ">=", f64::from(u8::from(x >= y));
    Equal, "==", f64::from(u8::from(x == y));
    Unequal, "!=", f64::from(u8::from(x != y));
    Min, "min", x.min(y);
    Max, "max", x.max(y);
    Pow, "pow", x.powf(y);
    Mod, "mod", x - y * (x / y).floor();
    Step, "step", f64::from(u8::from(y >= x));
    Noise, "noise", noise(x, y);
    Random, "random", random(x, y);
}

functions! {
    /// Functions of three values.
    Three, THREE, (x, y, z),
    Clamp, "clamp", x.max(y).min(z);
    Lerp, "lerp", x + (y - x) * z;
    SmoothStep, "smoothstep", {
        let u = ((z - x) / (y - x)).clamp(0.0, 1.0);
        u * u * (3.0 - 2.0 * u)
    };
    If, "if", if x != 0.0 { y } else { z };
}

impl Op {
    /// The value, from those of earlier steps.
    pub fn value(&self, values: &[f64], input: impl Fn(Input) -> f64) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Input(which) => input(which),
            Self::One(f, x) => f.value(values[x]),
            Self::Two(f, x, y) => f.value(values[x], values[y]),
            Self::Three(f, x, y, z) => f.value(values[x], values[y], values[z]),
        }
    }

    fn uses(&mut self) -> Vec<&mut usize> {
        match self {
            Self::Constant(_) | Self::Input(_) => Vec::new(),
            Self::One(_, x) => vec![x],
            Self::Two(_, x, y) => vec![x, y],
            Self::Three(_, x, y, z) => vec![x, y, z],
        }
    }
}

/// Those steps that a value needs, in their order; it is the last one.
pub fn needed(ops: &[Op], value: usize) -> Vec<Op> {
    let mut ops = ops[..=value].to_vec();
    let mut wanted = vec![false; ops.len()];
    wanted[value] = true;
    for i in (0..ops.len()).rev() {
        if wanted[i] {
            ops[i].uses().into_iter().for_each(|used| wanted[*used] = true);
        }
    }
    let mut place = Vec::with_capacity(ops.len());
    let mut count = 0;
    for wanted in &wanted {
        place.push(count);
        count += usize::from(*wanted);
    }
    let kept = ops.into_iter().zip(wanted).filter(|(_, wanted)| *wanted);
    kept.map(|(mut op, _)| {
        op.uses().into_iter().for_each(|used| *used = place[*used]);
        op
    })
    .collect()
}
