//! Even speed along a path: the arc length of its whole way, and back from it.

/// Steps of a segment, and of a whole path at most: a table that costs no more than drawing the keys.
const STEPS: usize = 256;
const MOST_STEPS: usize = 1 << 16;

/// How long a path is from its beginning to each of many places on it.
#[derive(Debug, Clone)]
pub struct Lengths {
    segments: usize,
    /// To each step's end; the first is 0.
    lengths: Vec<f64>,
}

impl Lengths {
    /// Measures a path of so many segments, whose point at a segment and progress is `point`, by chords.
    pub fn new(segments: usize, point: impl Fn(usize, f64) -> Vec<f64>) -> Self {
        let each = (MOST_STEPS / segments.max(1)).clamp(1, STEPS);
        let mut lengths = Vec::with_capacity(segments * each + 1);
        lengths.push(0.0);
        let (mut length, mut before) = (0.0, point(0, 0.0));
        for segment in 0..segments {
            for step in 1..=each {
                let next = point(segment, step as f64 / each as f64);
                length +=
                    before.iter().zip(&next).map(|(a, b)| (b - a).powi(2)).sum::<f64>().sqrt();
                lengths.push(length);
                before = next;
            }
        }
        Self { segments, lengths }
    }

    /// Of a path of so many segments whose lengths, at evenly spread places from 0 on, are known: at least
    /// two of them that never fall.
    pub fn of_table(segments: usize, lengths: Vec<f64>) -> Self {
        Self { segments, lengths }
    }

    /// The segment, and the progress on it, at which a share (0 to 1) of the whole way is done.
    pub fn place(&self, share: f64) -> (usize, f64) {
        let steps = self.lengths.len() - 1;
        let wanted = share * self.lengths[steps];
        let next = self.lengths.partition_point(|length| *length <= wanted).clamp(1, steps);
        let (from, to) = (self.lengths[next - 1], self.lengths[next]);
        let part = if to > from { ((wanted - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
        let place = (next as f64 - 1.0 + part) * self.segments as f64 / steps as f64;
        let segment = (place as usize).min(self.segments - 1);
        (segment, place - segment as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn equal_shares_are_equal_ways() {
        // Half a circle, gone through in three segments that hurry and tarry.
        let angle = |segment: usize, u: f64| PI * (segment as f64 + u.powi(3)) / 3.0;
        let lengths = Lengths::new(3, |segment, u| {
            let (sin, cos) = angle(segment, u).sin_cos();
            vec![cos, sin]
        });
        for i in 0..=90 {
            let share = f64::from(i) / 90.0;
            let (segment, u) = lengths.place(share);
            assert!(
                (angle(segment, u) - PI * share).abs() < 2e-2,
                "{share}: {}",
                angle(segment, u) / PI
            );
        }
        assert_eq!((lengths.place(0.0), lengths.place(1.0)), ((0, 0.0), (2, 1.0)));
    }

    #[test]
    fn a_path_that_stands_still_has_a_place_too() {
        let lengths = Lengths::new(2, |_, _| vec![1.0, 2.0]);
        for share in [0.0, 0.3, 1.0] {
            let (segment, u) = lengths.place(share);
            assert!(segment < 2 && (0.0..=1.0).contains(&u));
        }
    }
}
