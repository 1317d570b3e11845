//! The grid on which films are cut into segments: stretches of frames that are encoded by themselves.
//!
//! Segment k holds the frames kS to (k + 1)S − 1 of the film, as far as they are rendered, whichever
//! range that is. So whole segments that were encoded at different times and places make the film
//! that encoding it in one go would have made.

use std::num::NonZeroU64;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Frames of a segment where a preset names no other number: a second of film, in which players also
/// find their way to any moment. Each segment costs a key frame and an encoder's start; see
/// `benches/results/farm.md`.
pub const SEGMENT: NonZeroU64 = NonZeroU64::new(24).unwrap();

/// In what form frames of a film are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// As they were rendered, to the bit.
    Pictures,
    /// Encoded, each for itself.
    Intra,
    /// Encoded in whole segments.
    Segments,
}

/// Of a range of a film's frames those that make whole segments, perhaps none. The film's last segment
/// ends with the film.
pub(super) fn whole(frames: &Range<u64>, film: u64, segment: NonZeroU64) -> Range<u64> {
    let size = segment.get();
    let start = frames.start.div_ceil(size).saturating_mul(size);
    let end = if frames.end == film { film } else { frames.end / size * size };
    start..end.max(start)
}

/// The frames of a range in pieces, in order, each of one form.
pub(super) fn pieces(
    frames: &Range<u64>,
    film: u64,
    segment: NonZeroU64,
) -> Vec<(Range<u64>, Form)> {
    let whole = whole(frames, film, segment);
    if whole.is_empty() {
        return vec![(frames.clone(), Form::Pictures)];
    }
    let pieces = [
        (frames.start..whole.start, Form::Pictures),
        (whole.clone(), Form::Segments),
        (whole.end..frames.end, Form::Pictures),
    ];
    pieces.into_iter().filter(|(frames, _)| !frames.is_empty()).collect()
}

#[cfg(any(test, feature = "video"))]
/// The frame after the last one that may be in a frame's segment.
pub(super) fn end_of_segment(frame: u64, segment: NonZeroU64) -> u64 {
    (frame / segment).saturating_add(1).saturating_mul(segment.get())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_frame_is_encoded_just_where_its_whole_segment_is(
            film in 1_u64..200, size in 1_u64..40, cuts in prop::collection::vec(0_u64..200, 0..8),
        ) {
            let segment = NonZeroU64::new(size).unwrap();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut % film).chain([0, film]).collect();
            cuts.sort_unstable();
            cuts.dedup();
            for chunk in cuts.windows(2).map(|pair| pair[0]..pair[1]) {
                let mut next = chunk.start;
                for (piece, form) in pieces(&chunk, film, segment) {
                    prop_assert_eq!(piece.start, next);
                    prop_assert!(!piece.is_empty());
                    next = piece.end;
                    for frame in piece {
                        let together = || (0..film).filter(|other| other / size == frame / size);
                        let is_whole = together().all(|other| chunk.contains(&other));
                        prop_assert_eq!(form == Form::Segments, is_whole, "{}", frame);
                        let end = end_of_segment(frame, segment).min(film);
                        prop_assert_eq!(Some(end - 1), together().next_back());
                    }
                }
                prop_assert_eq!(next, chunk.end);
            }
        }
    }

    #[test]
    fn the_edges_of_a_chunk_stay_pictures() {
        let of = |frames, film| pieces(&frames, film, SEGMENT);
        use Form::{Pictures, Segments};
        assert_eq!(of(0..48, 96), [(0..48, Segments)]);
        assert_eq!(of(10..58, 96), [(10..24, Pictures), (24..48, Segments), (48..58, Pictures)]);
        assert_eq!(of(25..47, 96), [(25..47, Pictures)]);
        assert_eq!(of(10..30, 96), [(10..30, Pictures)], "two segments, of neither all");
        assert_eq!(of(90..100, 100), [(90..96, Pictures), (96..100, Segments)]);
        assert_eq!(of(97..100, 100), [(97..100, Pictures)]);
        assert_eq!(of(0..5, 5), [(0..5, Segments)]);
        assert_eq!(end_of_segment(23, SEGMENT), 24);
        assert_eq!(end_of_segment(24, SEGMENT), 48);
        assert_eq!(end_of_segment(u64::MAX, SEGMENT), u64::MAX);
    }
}
