//! Keyed values over time.

use super::easing::Easing;
use super::moment::Moment;

/// One key of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Key<V> {
    /// Time in frames from the start of the timeline (frame i is shown at time i); may be fractional.
    pub at: f64,
    /// The value at that time.
    pub value: V,
    /// The way to the next key.
    pub easing: Easing,
}

/// Keys in strictly increasing time, at least one. Before the first key its value holds, after the
/// last one the last value, unless they are repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve<V> {
    /// The keys.
    pub keys: Vec<Key<V>>,
    /// How they go on before the first and after the last of them; with one there are two at least.
    pub cycle: Option<Cycle>,
}

/// How keys go on before the first and after the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cycle {
    /// From the first to the last one, again and again: the last one's value is the end of each turn.
    Repeat,
    /// To the last one and back.
    PingPong,
}

impl Cycle {
    /// The time between the first and the last key that is shown at a time.
    pub fn fold(self, frame: f64, first: f64, last: f64) -> f64 {
        let length = last - first;
        match self {
            Self::Repeat => first + (frame - first).rem_euclid(length),
            Self::PingPong => {
                let passed = (frame - first).rem_euclid(2.0 * length);
                first + passed.min(2.0 * length - passed)
            }
        }
    }
}

impl<V> Curve<V> {
    /// A curve that always has this value.
    pub fn constant(value: impl Into<V>) -> Self {
        Self::of(vec![Key { at: 0.0, value: value.into(), easing: Easing::Linear }])
    }

    /// Keys that are not repeated.
    pub fn of(keys: Vec<Key<V>>) -> Self {
        Self { keys, cycle: None }
    }

    /// The time at which the keys are looked up for a time in frames.
    fn folded(&self, frame: f64) -> f64 {
        match (self.cycle, self.keys.as_slice()) {
            (Some(cycle), [first, .., last]) => cycle.fold(frame, first.at, last.at),
            _ => frame,
        }
    }
}

impl<V: Value> Curve<V> {
    /// The value at a time in frames, which need not be whole. (A curve without keys, which no
    /// checked timeline has, is at its type's default.)
    pub fn at(&self, moment: impl Into<Moment>) -> V::Out {
        let moment = moment.into();
        let place = self.folded(moment.shot);
        let next = self.keys.partition_point(|key| key.at <= place);
        match (next.checked_sub(1).and_then(|i| self.keys.get(i)), self.keys.get(next)) {
            (Some(from), Some(to)) => {
                let progress = from.easing.eval((place - from.at) / (to.at - from.at));
                from.value.at(moment).blend(&to.value.at(moment), progress)
            }
            (Some(key), None) | (None, Some(key)) => key.value.at(moment),
            (None, None) => V::Out::default(),
        }
    }

    /// The value of the latest key, for what cannot be blended; before the first key, its value.
    pub fn held(&self, moment: impl Into<Moment>) -> V::Out {
        let moment = moment.into();
        let place = self.folded(moment.shot);
        let next = self.keys.partition_point(|key| key.at <= place);
        self.keys
            .get(next.saturating_sub(1))
            .map_or_else(V::Out::default, |key| key.value.at(moment))
    }
}

/// What a key holds: something that may itself move with time.
pub trait Value {
    /// What it is at one moment.
    type Out: Blend;
    /// What it is at a moment.
    fn at(&self, moment: Moment) -> Self::Out;
}

impl Value for f64 {
    type Out = Self;
    fn at(&self, _: Moment) -> Self {
        *self
    }
}

impl Value for Vec<f64> {
    type Out = Self;
    fn at(&self, _: Moment) -> Self {
        self.clone()
    }
}

/// What can lie on the way between two keys.
pub trait Blend: Clone + Default {
    /// `self` at `progress` 0, `to` at 1, the straight line through both elsewhere: eased progress
    /// may leave 0..1.
    fn blend(&self, to: &Self, progress: f64) -> Self;
}

impl Blend for f64 {
    fn blend(&self, to: &Self, progress: f64) -> Self {
        self + (to - self) * progress
    }
}

impl<const N: usize> Blend for [f64; N]
where
    Self: Default,
{
    fn blend(&self, to: &Self, progress: f64) -> Self {
        std::array::from_fn(|i| self[i].blend(&to[i], progress))
    }
}

/// Entry by entry, as far as both reach.
impl Blend for Vec<f64> {
    fn blend(&self, to: &Self, progress: f64) -> Self {
        self.iter().zip(to).map(|(a, b)| a.blend(b, progress)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::easing::{Direction, Family};
    use crate::timeline::number::Pair;

    fn key<V>(at: f64, value: V, easing: Easing) -> Key<V> {
        Key { at, value, easing }
    }

    #[test]
    fn values_hold_outside_and_ease_inside() {
        let back = Easing::Family(Family::Back, Direction::In);
        let curve = Curve::of(vec![
            key(2.0, 1.0, Easing::Linear),
            key(4.0, 3.0, Easing::Hold),
            key(5.5, -1.0, back),
            key(6.5, 9.0, Easing::Linear),
        ]);
        let expected = [(-9.0, 1.0), (2.0, 1.0), (2.5, 1.5), (4.0, 3.0), (5.49, 3.0), (5.5, -1.0)];
        for (frame, value) in expected.into_iter().chain([(6.5, 9.0), (1e300, 9.0)]) {
            assert_eq!(curve.at(frame), value, "at {frame}");
        }
        assert_eq!(curve.at(6.0), -1.0 + 10.0 * back.eval(0.5));
        assert_eq!([1.9, 3.9, 5.5, 99.0].map(|t| curve.held(t)), [1.0, 1.0, -1.0, 9.0]);
    }

    /// Every key, a scan from the front: the obvious way to find the segment.
    #[test]
    fn the_search_agrees_with_a_scan() {
        for n in 1..20u32 {
            let at = |i: u32| f64::from(i * i) * 0.7 - 3.0;
            let keys = (0..n).map(|i| key(at(i), f64::from(i * 7 % 5), Easing::Linear));
            let curve = Curve::of(keys.collect());
            for step in 0..600 {
                let frame = f64::from(step) * 0.5 - 8.0;
                let mut expected = curve.keys[0].value;
                for pair in curve.keys.windows(2) {
                    let u = (frame - pair[0].at) / (pair[1].at - pair[0].at);
                    if u >= 0.0 {
                        expected = pair[0].value + (pair[1].value - pair[0].value) * u.min(1.0);
                    }
                }
                assert!((curve.at(frame) - expected).abs() < 1e-12, "{n} keys at {frame}");
            }
        }
    }

    #[test]
    fn cycles_go_on_both_ways() {
        let keys = vec![
            key(2.0, 0.0, Easing::Linear),
            key(4.0, 8.0, Easing::Hold),
            key(6.0, 4.0, Easing::Linear),
        ];
        let curve = |cycle| Curve { keys: keys.clone(), cycle: Some(cycle) };
        let (repeat, back) = (curve(Cycle::Repeat), curve(Cycle::PingPong));
        for turn in [-3.0, -1.0, 0.0, 1.0, 250.0] {
            for (at, value) in [(2.0, 0.0), (3.0, 4.0), (4.0, 8.0), (5.5, 8.0)] {
                assert_eq!(repeat.at(at + 4.0 * turn), value, "{at} {turn}");
                assert_eq!(back.at(at + 8.0 * turn), value, "{at} {turn}");
                assert_eq!(back.at(12.0 - at + 8.0 * turn), value, "{at} {turn} back");
            }
            assert_eq!(back.at(6.0 + 8.0 * turn), 4.0);
        }
        assert_eq!((repeat.held(7.9), back.held(9.0)), (0.0, 0.0));
        assert!(repeat.at(f64::NAN).is_finite() && back.at(f64::INFINITY).is_finite());
    }

    #[test]
    fn vectors_blend_entry_by_entry() {
        let pair = |at, xy: [f64; 2]| key(at, Pair::from(xy), Easing::Linear);
        let plane = Curve::of(vec![pair(0.0, [0.0, 8.0]), pair(4.0, [4.0, 0.0])]);
        assert_eq!(plane.at(1.0), [1.0, 6.0]);
        let weights = Curve::of(vec![
            key(0.0, vec![1.0, 0.0, 0.0], Easing::Linear),
            key(4.0, vec![0.0, 0.0, 1.0], Easing::Linear),
        ]);
        assert_eq!(weights.at(3.0), [0.25, 0.0, 0.75]);
    }

    #[test]
    fn hostile_curves_do_no_harm() {
        assert_eq!(Curve::<f64>::of(Vec::new()).at(1.0), 0.0);
        assert_eq!(Curve::<f64>::of(Vec::new()).held(1.0), 0.0);
        let times = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3.0, 3.0, 1.0];
        let keys = times.map(|t| key(t, vec![t; 2], Easing::Linear));
        let curve = Curve::of(keys.into());
        for frame in times {
            let _ = (curve.at(frame), curve.held(frame));
        }
    }
}
