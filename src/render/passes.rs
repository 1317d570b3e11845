//! What frames are made of, in the order in which it is synthesised.

use crate::schedule::{FrameInput, Part, Stack};
use crate::timeline::alpha::Alpha;

/// Syntheses that one network does at once.
#[derive(Debug, PartialEq)]
pub enum Work {
    /// One for each frame, and nothing more to be done with it.
    Plain {
        /// Which of the film's networks.
        network: usize,
        /// One for each frame.
        inputs: Vec<FrameInput>,
        /// What of each image is seen.
        alphas: Vec<Option<Alpha<f64>>>,
    },
    /// Parts of frames.
    Parts {
        /// Frames, in their order, that nothing was synthesised of before.
        begins: Vec<Begun>,
        /// Which of the film's networks.
        network: usize,
        /// What becomes of each image.
        shares: Vec<Share>,
        /// One for each of these.
        inputs: Vec<FrameInput>,
    },
}

/// A frame of which nothing was made yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Begun {
    /// Its number.
    pub index: u64,
    /// Images that will come.
    pub missing: usize,
    /// Those that lie over each other.
    pub stacks: Vec<Pile>,
}

/// Images over each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Pile {
    /// The cell of the grid.
    pub cell: usize,
    /// The stack's weight there.
    pub weight: f32,
    /// Numbers of parts of the frame, front first; at least two.
    pub parts: Vec<usize>,
}

/// What an image is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The frame.
    pub index: u64,
    /// Which of the frame's parts it is.
    pub part: usize,
    /// The cell of the grid.
    pub cell: usize,
    /// Its weight there, where it lies over no other one.
    pub weight: f32,
    /// What of it is seen.
    pub alpha: Option<Alpha<f64>>,
}

/// What some frames take, network by network, at most `batch` at once. The parts of a frame come in
/// an order that does not depend on the other frames. With `grid`, nothing is plain.
pub fn passes(frames: Vec<(u64, Vec<Part>)>, batch: usize, grid: bool) -> Vec<Work> {
    let first = frames.iter().find_map(|(_, parts)| parts.first()).map_or(0, |part| part.network);
    let plain =
        |parts: &[Part]| matches!(parts, [Part { network, weight: 1.0, .. }] if *network == first);
    if !grid && frames.iter().all(|(_, parts)| plain(parts)) {
        let parts = frames.into_iter().flat_map(|(_, parts)| parts);
        let (inputs, alphas) = parts.map(|part| (part.input, part.alpha)).unzip();
        return vec![Work::Plain { network: first, inputs, alphas }];
    }
    let mut begins = Vec::new();
    let mut all = Vec::new();
    for (index, parts) in frames {
        let stacks = piles(&parts);
        let is_shown = |number: usize, part: &Part| {
            part.weight != 0.0 || stacks.iter().any(|pile| pile.parts.contains(&number))
        };
        let parts = parts.into_iter().enumerate().filter(|(i, part)| is_shown(*i, part));
        let before = all.len();
        all.extend(parts.map(|(number, part)| (index, number, part)));
        begins.push(Begun { index, missing: all.len() - before, stacks });
    }
    if all.is_empty() {
        // Frames of nothing are the film's ground, and need no network.
        return vec![Work::Parts { begins, network: 0, shares: Vec::new(), inputs: Vec::new() }];
    }
    all.sort_by_key(|(_, _, part)| part.network);
    let mut work = Vec::new();
    let same_network = |a: &Placed, b: &Placed| a.2.network == b.2.network;
    for pass in all.chunk_by(same_network).flat_map(|run| run.chunks(batch.max(1))) {
        let share = |(index, number, part): &Placed| Share {
            index: *index,
            part: *number,
            cell: part.cell,
            weight: part.weight,
            alpha: part.alpha.clone(),
        };
        work.push(Work::Parts {
            begins: std::mem::take(&mut begins),
            network: pass[0].2.network,
            shares: pass.iter().map(share).collect(),
            inputs: pass.iter().map(|(_, _, part)| part.input.clone()).collect(),
        });
    }
    work
}

/// The number of a frame, and one of its parts with its number.
type Placed = (u64, usize, Part);

/// The stacks of a frame's parts.
fn piles(parts: &[Part]) -> Vec<Pile> {
    let of_part = |(top, part): (usize, &Part)| {
        let cell = part.cell;
        let pile = move |stack: &Stack| {
            let parts = std::iter::once(top).chain(stack.below.iter().copied()).collect();
            Pile { cell, weight: stack.weight, parts }
        };
        part.stacks.iter().map(pile).collect::<Vec<_>>()
    };
    parts.iter().enumerate().flat_map(of_part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(network: usize, cell: usize, weight: f32, value: f32) -> Part {
        let input = FrameInput { index: 0, ws: vec![value], transform: [[0.0; 3]; 3] };
        Part { network, cell, weight, input, alpha: None, stacks: Vec::new() }
    }

    #[test]
    fn frames_of_one_synthesis_are_plain() {
        let frames = || (0..5).map(|i| (i, vec![part(1, 0, 1.0, i as f32)])).collect::<Vec<_>>();
        let work = passes(frames(), 8, false);
        let [Work::Plain { network: 1, inputs, .. }] = work.as_slice() else { panic!("{work:?}") };
        assert_eq!(
            inputs.iter().map(|input| input.ws[0]).collect::<Vec<_>>(),
            [0.0, 1.0, 2.0, 3.0, 4.0]
        );
        assert!(matches!(passes(frames(), 8, true)[0], Work::Parts { .. }));
        // A cut between two networks.
        let mut cut = frames();
        cut[3].1[0].network = 0;
        assert_eq!(passes(cut, 8, false).len(), 2);
    }

    #[test]
    fn every_part_is_synthesised_once_and_by_its_network() {
        for (frames, batch) in [(1u64, 1), (3, 4), (7, 8), (4, 3)] {
            let parts = |index: u64| {
                let count = index % 3 + 1;
                let part = |i: u64| {
                    part((i % 2) as usize, i as usize, 1.0 / count as f32, (10 * index + i) as f32)
                };
                (index, (0..count).map(part).chain([part_of_nothing()]).collect())
            };
            let work = passes((0..frames).map(parts).collect(), batch, false);
            let mut begun = Vec::new();
            let mut values = Vec::new();
            for pass in &work {
                let Work::Parts { begins, network, shares, inputs } = pass else { panic!() };
                assert!(inputs.len() <= batch && inputs.len() == shares.len());
                begun.extend(begins.iter().map(|frame| (frame.index, frame.missing)));
                for (share, input) in shares.iter().zip(inputs) {
                    assert_eq!(share.cell % 2, *network);
                    assert!(begun.iter().any(|(index, _)| *index == share.index));
                    assert_eq!(input.ws[0], (10 * share.index) as f32 + share.cell as f32);
                    values.push(input.ws[0]);
                }
            }
            let wanted: Vec<_> = (0..frames).map(|i| (i, (i % 3 + 1) as usize)).collect();
            assert_eq!(begun, wanted);
            values.sort_by(f32::total_cmp);
            let all =
                wanted.iter().flat_map(|(i, n)| (0..*n).map(move |j| (10 * i) as f32 + j as f32));
            assert!(all.eq(values));
        }
    }

    #[test]
    fn frames_of_nothing_are_begun_all_the_same() {
        let work = passes(vec![(3, Vec::new()), (4, vec![part_of_nothing()])], 8, false);
        let [Work::Parts { begins, inputs, .. }] = work.as_slice() else { panic!("{work:?}") };
        let nothing = [3, 4].map(|index| Begun { index, missing: 0, stacks: Vec::new() });
        assert_eq!((begins.as_slice(), inputs.len()), (nothing.as_slice(), 0));
    }

    #[test]
    fn what_lies_below_is_synthesised_once_and_what_is_nowhere_is_not() {
        let below = |weight, below: &[usize]| Stack { weight, below: below.to_vec() };
        let mut parts: Vec<_> = (0..4).map(|i| part(1 - i % 2, 0, 0.0, i as f32)).collect();
        parts[0].stacks = vec![below(0.25, &[3]), below(0.5, &[2, 3])];
        parts[2].weight = 0.25;
        let work = passes(vec![(9, parts)], 8, false);
        let [Work::Parts { begins, shares: first, .. }, Work::Parts { shares: second, .. }] =
            &work[..]
        else {
            panic!("{work:?}")
        };
        let pile = |weight, parts: &[usize]| Pile { cell: 0, weight, parts: parts.to_vec() };
        let stacks = vec![pile(0.25, &[0, 3]), pile(0.5, &[0, 2, 3])];
        assert_eq!(*begins, [Begun { index: 9, missing: 3, stacks }]);
        let made = first.iter().chain(second).map(|share| (share.part, share.weight));
        assert!(made.eq([(3, 0.0), (0, 0.0), (2, 0.25)]));
    }

    /// A part of weight 0 costs nothing.
    fn part_of_nothing() -> Part {
        part(0, 0, 0.0, -1.0)
    }
}
