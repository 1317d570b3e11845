//! Pictures over pictures, where alpha is a matter of each pixel.
//!
//! What is seen is an average of stacks: with some share one picture lies over a second one, which lies over
//! a third. Fades and opacities are shares; "over" joins the stacks of what is in front with those behind.

use super::{FrameInput, Part};
use crate::timeline::alpha::Alpha;

/// A stack that a part is the top of.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// Its share of the cell's picture.
    pub weight: f32,
    /// Numbers among the frame's parts of those below, from the upper one down; at least one.
    pub below: Vec<usize>,
}

/// The pictures of a frame, each once.
#[derive(Default)]
pub struct Pool(Vec<Part>);

/// Shares that sum to 1, and the numbers of pictures, front first; none where nothing is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Stacks(Vec<(f64, Vec<usize>)>);

impl Pool {
    /// A picture's number.
    pub fn add(&mut self, network: usize, input: FrameInput, alpha: Option<Alpha<f64>>) -> usize {
        let same =
            |part: &Part| part.network == network && part.input == input && part.alpha == alpha;
        // Those of the moment before are the last ones.
        self.0.iter().rposition(same).unwrap_or_else(|| {
            self.0.push(Part { network, cell: 0, weight: 0.0, input, alpha, stacks: Vec::new() });
            self.0.len() - 1
        })
    }

    /// The parts of a frame that is the average of these.
    pub fn parts(mut self, moments: Vec<Stacks>) -> Vec<Part> {
        let mut seen: Vec<(f64, Vec<usize>)> = Vec::new();
        let count = moments.len() as f64;
        for (share, stack) in moments.into_iter().flat_map(|stacks| stacks.0) {
            match seen.iter_mut().rev().find(|(_, known)| *known == stack) {
                Some((sum, _)) => *sum += share / count,
                None => seen.push((share / count, stack)),
            }
        }
        for (share, stack) in seen {
            let Some((&top, below)) = stack.split_first() else { continue };
            let (part, weight) = (&mut self.0[top], share as f32);
            match below {
                [] => part.weight = weight,
                below => part.stacks.push(Stack { weight, below: below.to_vec() }),
            }
        }
        self.0
    }

    /// Whether nothing is seen below a picture.
    fn covers(&self, picture: usize) -> bool {
        self.0[picture].alpha.is_none()
    }
}

impl Stacks {
    /// Nothing.
    pub fn none() -> Self {
        Self(vec![(1.0, Vec::new())])
    }

    /// One picture.
    pub fn one(picture: usize) -> Self {
        Self(vec![(1.0, vec![picture])])
    }

    /// Both, `to` with this share.
    pub fn faded(self, to: Self, share: f64) -> Self {
        let part = |stacks: Self, share: f64| {
            let parts = stacks.0.into_iter().map(move |(own, stack)| (own * share, stack));
            parts.filter(|(share, _)| *share > 0.0)
        };
        Self(part(self, 1.0 - share).chain(part(to, share)).collect())
    }

    /// Whether something behind it is seen.
    pub fn is_open(&self, pool: &Pool) -> bool {
        self.0.iter().any(|(_, stack)| !covered(stack, pool))
    }

    /// With what is behind it.
    pub fn over(self, back: &Self, pool: &Pool) -> Self {
        let mut joined = Vec::new();
        for (share, front) in self.0 {
            if covered(&front, pool) {
                joined.push((share, front));
                continue;
            }
            for (own, behind) in &back.0 {
                joined.push((share * own, [&front[..], behind].concat()));
            }
        }
        Self(joined)
    }
}

fn covered(stack: &[usize], pool: &Pool) -> bool {
    stack.last().is_some_and(|&picture| pool.covers(picture))
}
