//! What frames are made of, in the order in which it is synthesised.

use crate::schedule::{FrameInput, Part};

/// Syntheses that one network does at once.
#[derive(Debug, PartialEq)]
pub enum Work {
    /// One for each frame, and nothing more to be done with it.
    Plain {
        /// Which of the film's networks.
        network: usize,
        /// One for each frame.
        inputs: Vec<FrameInput>,
    },
    /// Parts of frames.
    Parts {
        /// Frames, in their order, that nothing was synthesised of before, and how many parts each has.
        begins: Vec<(u64, usize)>,
        /// Which of the film's networks.
        network: usize,
        /// What becomes of each image.
        shares: Vec<Share>,
        /// One for each of these.
        inputs: Vec<FrameInput>,
    },
}

/// What an image is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The frame.
    pub index: u64,
    /// The cell of the grid.
    pub cell: usize,
    /// Its weight there.
    pub weight: f32,
}

/// What some frames take, network by network, at most `batch` at once. The parts of a frame come in
/// an order that does not depend on the other frames. With `grid`, nothing is plain.
pub fn passes(frames: Vec<(u64, Vec<Part>)>, batch: usize, grid: bool) -> Vec<Work> {
    let first = frames.iter().find_map(|(_, parts)| parts.first()).map_or(0, |part| part.network);
    let plain =
        |parts: &[Part]| matches!(parts, [Part { network, weight: 1.0, .. }] if *network == first);
    if !grid && frames.iter().all(|(_, parts)| plain(parts)) {
        let inputs = frames.into_iter().flat_map(|(_, parts)| parts).map(|part| part.input);
        return vec![Work::Plain { network: first, inputs: inputs.collect() }];
    }
    let shown = |part: &Part| part.weight != 0.0;
    let mut begins = Vec::new();
    let mut all = Vec::new();
    for (index, parts) in frames {
        let parts = parts.into_iter().filter(shown);
        let before = all.len();
        all.extend(parts.map(|part| (index, part)));
        begins.push((index, all.len() - before));
    }
    if all.is_empty() {
        // Frames of nothing are black, and need no network.
        return vec![Work::Parts { begins, network: 0, shares: Vec::new(), inputs: Vec::new() }];
    }
    all.sort_by_key(|(_, part)| part.network);
    let mut work = Vec::new();
    let same_network = |a: &(u64, Part), b: &(u64, Part)| a.1.network == b.1.network;
    for pass in all.chunk_by(same_network).flat_map(|run| run.chunks(batch.max(1))) {
        let share = |(index, part): &(u64, Part)| Share {
            index: *index,
            cell: part.cell,
            weight: part.weight,
        };
        work.push(Work::Parts {
            begins: std::mem::take(&mut begins),
            network: pass[0].1.network,
            shares: pass.iter().map(share).collect(),
            inputs: pass.iter().map(|(_, part)| part.input.clone()).collect(),
        });
    }
    work
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(network: usize, cell: usize, weight: f32, value: f32) -> Part {
        let input = FrameInput { index: 0, ws: vec![value], transform: [[0.0; 3]; 3] };
        Part { network, cell, weight, input }
    }

    #[test]
    fn frames_of_one_synthesis_are_plain() {
        let frames = || (0..5).map(|i| (i, vec![part(1, 0, 1.0, i as f32)])).collect::<Vec<_>>();
        let work = passes(frames(), 8, false);
        let [Work::Plain { network: 1, inputs }] = work.as_slice() else { panic!("{work:?}") };
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
                begun.extend(begins.clone());
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
        assert_eq!((begins.as_slice(), inputs.len()), ([(3, 0), (4, 0)].as_slice(), 0));
    }

    /// A part of weight 0 costs nothing.
    fn part_of_nothing() -> Part {
        part(0, 0, 0.0, -1.0)
    }
}
