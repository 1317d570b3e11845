//! Time remapping: from the time of a film to that of what it shows.

use std::fmt;
use std::sync::Arc;

use super::curve::{Curve, Cycle};
use super::expression::{Program, Scene};
use super::number::Number;

/// How finely a moving speed is looked at, times a second: the same whatever the frame rate.
const LOOKS: f64 = 120.0;
/// The most looks at one speed; beyond, they are spread.
const MOST_LOOKS: f64 = 1e6;
/// How far before its key a speed is looked at that ends there, as a share of the way to it.
const JUST_BEFORE: f64 = 1e-9;

/// From frames of a film to frames of the shot that is seen then. Both are frames of the output's rate
/// and need not be whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Remap {
    /// At one speed, negative backwards, 0 for a frozen moment.
    Steady {
        /// Frame of the film.
        start: f64,
        /// Frame of the shot that is seen then.
        from: f64,
        /// Frames of the shot for each of the film.
        speed: f64,
    },
    /// From key to key.
    Keyed(Curve<f64>),
    /// Seconds of the shot, from an expression.
    Expression(Arc<Program>, Arc<Scene>),
    /// At a speed that moves.
    Ramp(Ramp),
}

impl Remap {
    /// The frame of the shot at a frame of the film.
    pub fn at(&self, frame: f64) -> f64 {
        match self {
            Self::Steady { start, from, speed } => from + (frame - start) * speed,
            Self::Keyed(curve) => curve.at(frame),
            Self::Expression(program, scene) => scene.clock.frame(program.at(scene, frame)),
            Self::Ramp(ramp) => ramp.at(frame),
        }
    }

    /// The first frame of the film, of those from `start` up to `end`, at which the shot goes back.
    pub fn first_return(&self, start: f64, end: f64) -> Option<f64> {
        let frames = (start.ceil() as u64..end.ceil() as u64).map(|frame| frame as f64);
        let mut last = f64::NEG_INFINITY;
        for frame in frames {
            let shot = self.at(frame);
            if shot < last {
                return Some(frame);
            }
            last = shot;
        }
        None
    }
}

/// A moving speed, summed up: between two looks it moves evenly, so that the time that has passed is
/// exact for it, and never goes back where the speed is nowhere below 0.
#[derive(Clone, PartialEq)]
pub struct Ramp {
    speed: Curve<Number>,
    start: f64,
    from: f64,
    looks: Arc<[Look]>,
}

#[derive(Clone, Copy, PartialEq)]
struct Look {
    /// Frames of the film.
    at: f64,
    /// Frames of the shot that have passed.
    passed: f64,
    /// From here on, and just before the next look.
    speed: [f64; 2],
}

impl Ramp {
    /// A speed between two frames of the film, `per_second` of which are a second; at the first of them
    /// the shot is at `from`.
    pub fn new(speed: Curve<Number>, start: f64, end: f64, from: f64, per_second: f64) -> Self {
        let count = ((end - start) / per_second * LOOKS).clamp(1.0, MOST_LOOKS).ceil();
        let step = (end - start) / count;
        let mut times: Vec<f64> = (0..=count as u64).map(|i| start + i as f64 * step).collect();
        times.extend(jumps(&speed, start, end));
        times.sort_by(f64::total_cmp);
        times.dedup();
        let mut passed = from;
        let mut looks = Vec::with_capacity(times.len());
        for pair in times.windows(2) {
            let (at, length) = (pair[0], pair[1] - pair[0]);
            let speeds = [speed.at(at), speed.at(pair[1] - length * JUST_BEFORE)];
            looks.push(Look { at, passed, speed: speeds });
            passed += length * (speeds[0] + speeds[1]) / 2.0;
        }
        let last = speed.at(end);
        looks.push(Look { at: end, passed, speed: [last; 2] });
        Self { speed, start, from, looks: looks.into() }
    }

    fn at(&self, frame: f64) -> f64 {
        let next = self.looks.partition_point(|look| look.at <= frame);
        let Some(look) = self.looks.get(next.saturating_sub(1)) else { return self.from };
        let x = frame - look.at;
        // Before the first look, and after the last, it goes on at the speed there.
        let gain = match self.looks.get(next) {
            Some(to) if next > 0 => (look.speed[1] - look.speed[0]) / (to.at - look.at),
            _ => 0.0,
        };
        look.passed + x * (look.speed[0] + gain * x / 2.0)
    }

    /// The speed at a frame of the film.
    pub fn speed(&self, frame: f64) -> f64 {
        self.speed.at(frame)
    }
}

/// What it is made of: the looks follow from it.
impl fmt::Debug for Ramp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ramp({:?}, {:?}, {:?})", self.speed, self.start, self.from)
    }
}

/// The keys of a speed, at which it may jump, between two frames; those of each turn where it repeats.
fn jumps(speed: &Curve<Number>, start: f64, end: f64) -> Vec<f64> {
    let ([first, .., last], Some(cycle)) = (speed.keys.as_slice(), speed.cycle) else {
        return speed.keys.iter().map(|k| k.at).filter(|at| (start..end).contains(at)).collect();
    };
    let length = last.at - first.at;
    let turn = if cycle == Cycle::PingPong { 2.0 * length } else { length };
    let turns = ((start - first.at) / turn).floor()..=((end - first.at) / turn).ceil();
    let most = MOST_LOOKS / speed.keys.len() as f64;
    let count = (turns.end() - turns.start()).min(most) as u64;
    let places = speed.keys.iter().flat_map(|key| {
        let back = (cycle == Cycle::PingPong).then_some(first.at + turn - (key.at - first.at));
        [Some(key.at), back].into_iter().flatten()
    });
    let places: Vec<f64> = places.collect();
    let all = (0..=count).flat_map(|n| {
        let by = (turns.start() + n as f64) * turn;
        places.iter().map(move |at| at + by)
    });
    all.filter(|at| (start..end).contains(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::curve::Key;
    use crate::timeline::easing::{Direction, Easing, Family};

    fn ramp(keys: &[(f64, f64, Easing)], cycle: Option<Cycle>, from: f64) -> Remap {
        let key = |&(at, speed, easing): &(f64, f64, Easing)| Key {
            at,
            value: Number::from(speed),
            easing,
        };
        let speed = Curve { keys: keys.iter().map(key).collect(), cycle };
        Remap::Ramp(Ramp::new(speed, 0.0, 480.0, from, 24.0))
    }

    #[test]
    fn a_steady_speed_starts_where_it_is_told() {
        let back = Remap::Steady { start: 10.0, from: 48.0, speed: -2.0 };
        assert_eq!((back.at(10.0), back.at(12.5)), (48.0, 43.0));
    }

    #[test]
    fn straight_ramps_and_jumps_are_summed_exactly() {
        let linear = ramp(&[(24.0, 1.0, Easing::Linear), (72.0, 0.0, Easing::Linear)], None, 5.0);
        for (frame, shot) in [(0.0, 5.0), (24.0, 29.0), (48.0, 47.0), (72.0, 53.0), (400.0, 53.0)] {
            assert!((linear.at(frame) - shot).abs() < 1e-9, "{frame}: {}", linear.at(frame));
        }
        // A key between two looks: all of what is before it is at the first speed.
        let jump = ramp(&[(0.0, 2.0, Easing::Hold), (7.03, 0.5, Easing::Linear)], None, 0.0);
        assert!((jump.at(7.03) - 14.06).abs() < 1e-6);
        assert!((jump.at(17.03) - 19.06).abs() < 1e-6);
        let saw = [(0.0, 0.0, Easing::Linear), (10.0, 2.0, Easing::Linear)];
        for (cycle, turn) in [(Cycle::Repeat, 10.0), (Cycle::PingPong, 10.0)] {
            let saw = ramp(&saw, Some(cycle), 0.0);
            for n in 0..40 {
                let (at, shot) = (f64::from(n) * turn, f64::from(n) * 10.0);
                assert!((saw.at(at) - shot).abs() < 1e-6, "{cycle:?} {n}: {}", saw.at(at));
            }
        }
    }

    /// Against the obvious sum of small steps.
    #[test]
    fn eased_ramps_are_near_their_integral() {
        let easing = Easing::Family(Family::Cubic, Direction::InOut);
        let eased = ramp(&[(12.0, 1.0, easing), (60.0, 0.2, Easing::Linear)], None, 0.0);
        let Remap::Ramp(own) = &eased else { panic!() };
        let (mut sum, step) = (0.0, 1e-3);
        for i in 0..100_000u32 {
            let frame = f64::from(i) * step;
            if i % 977 == 0 {
                assert!((eased.at(frame) - sum).abs() < 1e-3, "{frame}");
            }
            sum += own.speed(frame + step / 2.0) * step;
        }
    }

    #[test]
    fn speeds_that_are_nowhere_negative_never_go_back() {
        for easing in [Easing::Hold, Easing::Steps(3), Easing::Family(Family::Expo, Direction::In)]
        {
            let keys = [(0.0, 3.0, easing), (17.3, 0.0, easing), (31.0, 1.0, easing)];
            for cycle in [None, Some(Cycle::Repeat), Some(Cycle::PingPong)] {
                let ramp = ramp(&keys, cycle, 0.0);
                assert_eq!(ramp.first_return(0.0, 480.0), None);
                let fine = (0..48_000).map(|i| ramp.at(f64::from(i) * 0.01));
                let values: Vec<f64> = fine.collect();
                assert!(values.windows(2).all(|pair| pair[0] <= pair[1]));
            }
        }
    }

    #[test]
    fn the_first_frame_that_goes_back_is_found() {
        let keys = [(0.0, 1.0, Easing::Linear), (10.0, -1.0, Easing::Linear)];
        assert_eq!(ramp(&keys, None, 0.0).first_return(0.0, 48.0), Some(6.0));
        assert_eq!(ramp(&keys, None, 0.0).first_return(0.0, 5.0), None);
    }
}
