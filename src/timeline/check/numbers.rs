//! Numbers that may be expressions: what they reach is looked at before anything is rendered.

use super::super::curve::Curve;
use super::super::document::{Scalar, Track};
use super::super::number::Number;
use super::Check;
use crate::report::Span;

/// The most moments at which an expression is looked at, evenly spread.
const MOST_SAMPLES: f64 = 1000.0;

impl Check<'_> {
    /// A number, and the values that it reaches: its own, or the least and the largest of an expression.
    /// One without a finite value somewhere is told of.
    pub fn number(&mut self, scalar: &Scalar, span: &Span) -> (Number, Vec<f64>) {
        let program = match scalar {
            Scalar::Constant(value) => return (Number::Constant(*value), vec![*value]),
            Scalar::Expression(program) => program,
        };
        let scene = self.scene.clone();
        let count = scene.frames.min(MOST_SAMPLES);
        let frames = (0..count as u32).map(|i| (f64::from(i) * scene.frames / count).floor());
        let mut reached = [f64::INFINITY, f64::NEG_INFINITY];
        for frame in frames {
            let value = program.raw(&scene, frame);
            if !value.is_finite() {
                let message =
                    format!("this expression has no finite value at {}", self.moment_text(frame));
                self.report
                    .error(span.clone(), message)
                    .help("keep what is divided by away from 0, or `clamp` it");
                reached = [0.0; 2];
                break;
            }
            reached = [reached[0].min(value), reached[1].max(value)];
        }
        (Number::Expression(program.clone(), scene), reached.to_vec())
    }

    /// A track of shares, 1 where none is written.
    pub fn amount(&mut self, track: Option<&Track<Scalar>>) -> Curve<Number> {
        self.curve(track, 1.0.into(), |check, amount, span| {
            let (number, reached) = check.number(amount, &span);
            if let Some(amount) = reached.into_iter().find(|amount| !(0.0..=1.0).contains(amount)) {
                let message = format!(
                    "an amount of {amount} lies outside 0 to 1: it goes beyond what it leads to"
                );
                check.report.warning(span, message);
            }
            Some(number)
        })
    }

    /// A moment as people read it.
    pub fn moment_text(&self, frame: f64) -> String {
        let seconds = self.clock.second(frame / self.stretch);
        format!("frame {frame:.0} ({seconds:.2} s)")
    }
}
