//! Ranges of frames: as typed, and cut into pieces.

use std::num::NonZeroU64;
use std::ops::Range;

use crate::{Error, Result};

/// The frames that a text names, of a timeline of so many: `A-B` with both ends, `A-` to the last,
/// `A` alone; counted from 0.
///
/// ```
/// use sg3render::schedule::ranges::parse;
/// assert_eq!(parse("24-47", 240)?, 24..48);
/// assert_eq!(parse("57", 240)?, 57..58);
/// assert_eq!(parse("200-", 240)?, 200..240);
/// # Ok::<(), sg3render::Error>(())
/// ```
pub fn parse(text: &str, frames: u64) -> Result<Range<u64>> {
    let beyond = |number: &str| {
        Error::Usage(format!(
            "frame {number} of the range `{text}` is beyond the timeline's {frames} frames, which \
             are counted from 0"
        ))
    };
    let number = |part: &str| -> Result<u64> {
        let part = part.trim();
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::Usage(format!(
                "`{text}` is not a range of frames: write `A-B` with both ends, `A-` to the last \
                 frame or `A` alone, counted from 0"
            )));
        }
        // Digits alone fail to parse only when there are too many.
        part.parse().ok().filter(|&frame| frame < frames).ok_or_else(|| beyond(part))
    };
    let (first, last) = match text.split_once('-') {
        None => (number(text)?, number(text)?),
        Some((first, last)) if last.trim().is_empty() => (number(first)?, frames.saturating_sub(1)),
        Some((first, last)) => (number(first)?, number(last)?),
    };
    if last < first {
        return Err(Error::Usage(format!(
            "the range `{text}` ends before it begins: write `{last}-{first}`"
        )));
    }
    Ok(first..last + 1)
}

/// The frames in pieces of `size`, in order, each frame in one piece; the last may be shorter.
pub fn split(frames: Range<u64>, size: NonZeroU64) -> impl Iterator<Item = Range<u64>> {
    let mut start = frames.start;
    std::iter::from_fn(move || {
        let piece = start..start.saturating_add(size.get()).min(frames.end);
        start = piece.end;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_as_typed() {
        let cases = [("0-99", 0..100), ("57", 57..58), ("10-", 10..100), (" 3 - 4 ", 3..5)];
        for (text, range) in cases.into_iter().chain([("99-99", 99..100), ("007", 7..8)]) {
            assert_eq!(parse(text, 100).unwrap(), range, "{text}");
        }
        assert_eq!(parse("18446744073709551614", u64::MAX).unwrap().end, u64::MAX);
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("", "is not a range"),
            ("-", "is not a range"),
            ("-5", "is not a range"),
            ("+5", "is not a range"),
            ("a-b", "is not a range"),
            ("1-2-3", "is not a range"),
            ("1..2", "is not a range"),
            ("٣", "is not a range"),
            ("100", "frame 100 of the range `100` is beyond the timeline's 100 frames"),
            ("5-100", "frame 100 of"),
            ("99999999999999999999999", "beyond"),
            ("9-3", "write `3-9`"),
        ];
        for (text, message) in cases {
            let error = parse(text, 100).unwrap_err();
            assert!(error.to_string().contains(message), "{text}: {error}");
            assert_eq!(error.exit_code(), 64);
        }
        assert!(parse("0-", 0).is_err());
    }

    proptest! {
        #[test]
        fn pieces_cover_every_frame_once(start in 0u64..50, len in 0u64..200, size in 1u64..70) {
            let frames = start..start + len;
            let size = NonZeroU64::new(size).unwrap();
            let pieces: Vec<_> = split(frames.clone(), size).collect();
            let (last, full) = pieces.split_last().map_or((None, &[][..]), |(l, f)| (Some(l), f));
            prop_assert!(full.iter().all(|piece| piece.end - piece.start == size.get()));
            prop_assert!(last.is_none_or(|piece| (1..=size.get()).contains(&(piece.end - piece.start))));
            prop_assert!(pieces.into_iter().flatten().eq(frames));
        }
    }

    #[test]
    fn pieces_at_the_end_of_counting() {
        let near = u64::MAX - 3..u64::MAX;
        let pieces: Vec<_> = split(near.clone(), NonZeroU64::MAX).collect();
        assert_eq!(pieces, [near]);
    }
}
