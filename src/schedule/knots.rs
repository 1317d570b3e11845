//! Where, between which keys, a time lies.

use crate::timeline::curve::{Cycle, Key};
use crate::timeline::easing::Easing;
use crate::{Error, Result};

/// The times of a path's keys and the ways between them: `n` segments between `n + 1` knots. A
/// loop ends with its first key once more, and so does a single key, which is a loop that stays.
#[derive(Debug, Clone)]
pub struct Knots {
    times: Vec<f64>,
    easings: Vec<Easing>,
    /// Length in frames of a loop.
    period: Option<f64>,
    /// Whether a path that is no loop goes back from its end.
    back: bool,
}

impl Knots {
    /// Takes the keys' times, which must strictly increase, and the period of a loop, which must
    /// reach beyond the last key.
    pub fn new<V>(keys: &[Key<V>], period: Option<f64>) -> Result<Self> {
        let mut times: Vec<f64> = keys.iter().map(|key| key.at).collect();
        let Some(&first) = times.first() else {
            return Err(Error::Invalid("a latent path needs at least one key".into()));
        };
        let period = period.or((times.len() == 1).then_some(1.0));
        times.extend(period.map(|period| first + period));
        let rises = |pair: &[f64]| pair[0] < pair[1] && (pair[1] - pair[0]).is_finite();
        if let Some(i) = times.windows(2).position(|pair| !rises(pair)) {
            return Err(Error::Invalid(format!(
                "a latent path goes from frame {} to frame {}: keys must strictly increase, and a \
                 loop's period must reach beyond the last key",
                times[i],
                times[i + 1]
            )));
        }
        Ok(Self {
            times,
            easings: keys.iter().map(|key| key.easing).collect(),
            period,
            back: false,
        })
    }

    /// The same way there and back; a loop stays one.
    #[must_use]
    pub fn there_and_back(self) -> Self {
        Self { back: self.period.is_none(), ..self }
    }

    /// Whether the last knot is the first key once more.
    pub fn looped(&self) -> bool {
        self.period.is_some()
    }

    /// Length in frames of each segment.
    pub fn intervals(&self) -> Vec<f64> {
        self.times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// Length in frames of one segment.
    pub fn interval(&self, segment: usize) -> f64 {
        self.times[segment + 1] - self.times[segment]
    }

    /// The segment in which a time in frames lies, and the eased progress on it: 0 at its first
    /// knot, 1 at its second; some easings leave that range on the way. Before the first key of a
    /// path that is no loop, and after its last, the path stays.
    pub fn locate(&self, frame: f64) -> (usize, f64) {
        let time = self.folded(frame);
        let next = self.times.partition_point(|&knot| knot <= time);
        match (next.checked_sub(1), self.times.get(next)) {
            (None, _) => (0, 0.0),
            (Some(last), None) => (last - 1, 1.0),
            (Some(k), Some(end)) => {
                let start = self.times[k];
                (k, self.easings[k].eval((time - start) / (end - start)))
            }
        }
    }
}

impl Knots {
    /// The time between the first and the last knot that is shown at a time; outside them for an open
    /// path.
    fn folded(&self, frame: f64) -> f64 {
        let (first, last) = (self.times[0], self.times[self.times.len() - 1]);
        match self.period {
            Some(period) => first + (frame - first).rem_euclid(period),
            None if self.back => Cycle::PingPong.fold(frame, first, last),
            None => frame,
        }
    }

    /// How far the whole way has come at a time in frames, 0 to 1, if it is gone at an even pace.
    pub fn share(&self, frame: f64) -> f64 {
        let (first, last) = (self.times[0], self.times[self.times.len() - 1]);
        let share = (self.folded(frame) - first) / (last - first);
        // What is no number is the beginning.
        if share > 0.0 { share.min(1.0) } else { 0.0 }
    }
}

/// One row for each knot from one row of `dim` values for each key: a loop's first once more.
pub fn close(mut rows: Vec<f64>, dim: usize, knots: &Knots) -> Vec<f64> {
    if knots.looped() {
        rows.extend_from_within(..dim);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(times: &[f64]) -> Vec<Key<()>> {
        times.iter().map(|&at| Key { at, value: (), easing: Easing::Linear }).collect()
    }

    #[test]
    fn open_paths_hold_at_their_ends() {
        let mut keys = keys(&[1.0, 2.0, 6.0]);
        keys[1].easing = Easing::Hold;
        let knots = Knots::new(&keys, None).unwrap();
        let expected = [(-5.0, (0, 0.0)), (1.25, (0, 0.25)), (2.0, (1, 0.0)), (5.9, (1, 0.0))];
        for (frame, place) in expected.into_iter().chain([(6.0, (1, 1.0)), (1e9, (1, 1.0))]) {
            assert_eq!(knots.locate(frame), place, "at {frame}");
        }
    }

    #[test]
    fn loops_repeat_before_and_after() {
        let knots = Knots::new(&keys(&[1.0, 2.0]), Some(4.0)).unwrap();
        assert_eq!(knots.intervals(), [1.0, 3.0]);
        for turn in [-3.0, -1.0, 0.0, 1.0, 1000.0] {
            assert_eq!(knots.locate(1.25 + 4.0 * turn), (0, 0.25));
            assert_eq!(knots.locate(3.5 + 4.0 * turn), (1, 0.5));
        }
    }

    #[test]
    fn bad_knots_are_refused_and_odd_times_do_no_harm() {
        for (times, period) in [
            (vec![], None),
            (vec![1.0, 1.0], None),
            (vec![2.0, 1.0], None),
            (vec![0.0, f64::NAN], None),
            (vec![f64::NEG_INFINITY, 0.0], None),
            (vec![f64::NAN], None),
            (vec![0.0, 2.0], Some(2.0)),
            (vec![0.0], Some(f64::INFINITY)),
            (vec![0.0], Some(0.0)),
            (vec![1e300], None),
        ] {
            assert!(Knots::new(&keys(&times), period).is_err(), "{times:?} {period:?}");
        }
        for period in [None, Some(9.0)] {
            let knots = Knots::new(&keys(&[0.0, 3.0]), period).unwrap();
            for frame in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e-300] {
                let (segment, progress) = knots.locate(frame);
                assert!(segment < knots.intervals().len() && (0.0..=1.0).contains(&progress));
            }
        }
    }
}
