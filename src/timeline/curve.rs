//! Keyed values over time.

use super::easing::Easing;

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
/// last one the last value.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve<V>(pub Vec<Key<V>>);

impl<V> Curve<V> {
    /// A curve that always has this value.
    pub fn constant(value: impl Into<V>) -> Self {
        Self(vec![Key { at: 0.0, value: value.into(), easing: Easing::Linear }])
    }
}

impl<V: Value> Curve<V> {
    /// The value at a time in frames, which need not be whole. (A curve without keys, which no
    /// checked timeline has, is at its type's default.)
    pub fn at(&self, frame: f64) -> V::Out {
        let next = self.0.partition_point(|key| key.at <= frame);
        match (next.checked_sub(1).and_then(|i| self.0.get(i)), self.0.get(next)) {
            (Some(from), Some(to)) => {
                let progress = from.easing.eval((frame - from.at) / (to.at - from.at));
                from.value.at(frame).blend(&to.value.at(frame), progress)
            }
            (Some(key), None) | (None, Some(key)) => key.value.at(frame),
            (None, None) => V::Out::default(),
        }
    }

    /// The value of the latest key, for what cannot be blended; before the first key, its value.
    pub fn held(&self, frame: f64) -> V::Out {
        let next = self.0.partition_point(|key| key.at <= frame);
        self.0.get(next.saturating_sub(1)).map_or_else(V::Out::default, |key| key.value.at(frame))
    }
}

/// What a key holds: something that may itself move with time.
pub trait Value {
    /// What it is at one moment.
    type Out: Blend;
    /// What it is at a time in frames.
    fn at(&self, frame: f64) -> Self::Out;
}

impl Value for f64 {
    type Out = Self;
    fn at(&self, _: f64) -> Self {
        *self
    }
}

impl Value for Vec<f64> {
    type Out = Self;
    fn at(&self, _: f64) -> Self {
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
        let curve = Curve(vec![
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
            let curve = Curve(keys.collect());
            for step in 0..600 {
                let frame = f64::from(step) * 0.5 - 8.0;
                let mut expected = curve.0[0].value;
                for pair in curve.0.windows(2) {
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
    fn vectors_blend_entry_by_entry() {
        let pair = |at, xy: [f64; 2]| key(at, Pair::from(xy), Easing::Linear);
        let plane = Curve(vec![pair(0.0, [0.0, 8.0]), pair(4.0, [4.0, 0.0])]);
        assert_eq!(plane.at(1.0), [1.0, 6.0]);
        let weights = Curve(vec![
            key(0.0, vec![1.0, 0.0, 0.0], Easing::Linear),
            key(4.0, vec![0.0, 0.0, 1.0], Easing::Linear),
        ]);
        assert_eq!(weights.at(3.0), [0.25, 0.0, 0.75]);
    }

    #[test]
    fn hostile_curves_do_no_harm() {
        assert_eq!(Curve::<f64>(Vec::new()).at(1.0), 0.0);
        assert_eq!(Curve::<f64>(Vec::new()).held(1.0), 0.0);
        let times = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3.0, 3.0, 1.0];
        let keys = times.map(|t| key(t, vec![t; 2], Easing::Linear));
        let curve = Curve(keys.into());
        for frame in times {
            let _ = (curve.at(frame), curve.held(frame));
        }
    }
}
