//! Every kind of path against an obviously correct slow version, over sizes and uneven times.

use super::slow::{Ends, dense_spline, pyramid};
use super::*;
use crate::schedule::fake::spread;
use crate::signal::golden::golden;
use crate::timeline::curve::Key;
use crate::timeline::easing::{Direction, Easing, Family};

/// Keys at uneven times, the first at `spread` of the seed.
fn keys(n: usize, seed: u32) -> Vec<Key<()>> {
    let mut at = -2.0;
    let key = |gap: f64| {
        at += 0.2 + 3.0 * gap;
        Key { at, value: (), easing: Easing::Linear }
    };
    spread(seed, n).into_iter().map(key).collect()
}

/// The period of a loop of such keys: a last gap of 1.3 frames.
fn period(keys: &[Key<()>]) -> f64 {
    keys[keys.len() - 1].at - keys[0].at + 1.3
}

/// Compares a path of `dim` coordinates over `keys` with the slow version of each coordinate,
/// which is given the values at the keys.
fn compare(
    keys: &[Key<()>],
    period: Option<f64>,
    slopes: impl Fn(&Knots) -> Slopes,
    slow: impl Fn(&[f64]) -> Box<dyn Fn(f64) -> f64>,
) {
    const DIM: usize = 3;
    let knots = Knots::new(keys, period).unwrap();
    let points = spread(77, keys.len() * DIM);
    let spline = Spline::new(knots.clone(), DIM, points.clone(), &slopes(&knots));
    let slow: Vec<_> = (0..DIM)
        .map(|d| slow(&points.iter().skip(d).step_by(DIM).copied().collect::<Vec<_>>()))
        .collect();
    let (start, end) = (keys[0].at, period.map_or(keys[keys.len() - 1].at, |p| keys[0].at + p));
    for i in 0..=200 {
        let time = start + (end - start) * f64::from(i) / 200.0;
        for (d, got) in spline.at(time).into_iter().enumerate() {
            let expected = slow[d](time);
            let near = (got - expected).abs() < 1e-10;
            assert!(near, "{} keys, {period:?}, at {time}: {got}, not {expected}", keys.len());
        }
    }
}

fn times(keys: &[Key<()>]) -> Vec<f64> {
    keys.iter().map(|key| key.at).collect()
}

#[test]
fn natural_cubics_agree_with_a_dense_solution() {
    for n in 2..14 {
        let keys = keys(n, n as u32);
        let t = times(&keys);
        compare(&keys, None, Slopes::natural, |y| dense_spline(&t, y, Ends::Natural));
    }
}

#[test]
fn periodic_cubics_agree_with_a_dense_solution() {
    for n in 1..14 {
        let keys = keys(n, n as u32);
        let mut t = times(&keys);
        t.push(t[0] + period(&keys));
        // One segment whose ends meet smoothly: its conditions are not independent, the line is flat.
        let slow = |y: &[f64]| -> Box<dyn Fn(f64) -> f64> {
            let first = y[0];
            if n == 1 {
                return Box::new(move |_| first);
            }
            dense_spline(&t, &[y, &[first]].concat(), Ends::Periodic)
        };
        compare(&keys, Some(period(&keys)), Slopes::natural, slow);
    }
}

#[test]
fn looping_cubics_agree_with_a_dense_solution_of_five_copies() {
    for n in 1..8 {
        let keys = keys(n, n as u32);
        let period = period(&keys);
        let tiled = |copy: usize| (copy as f64 - 2.0) * period;
        let t: Vec<f64> = (0..5)
            .flat_map(|copy| times(&keys).into_iter().map(move |t| t + tiled(copy)))
            .collect();
        compare(
            &keys,
            Some(period),
            |knots| Slopes::loop_cubic(knots).unwrap(),
            |y| dense_spline(&t, &y.repeat(5), Ends::NotAKnot),
        );
    }
}

#[test]
fn catmull_rom_agrees_with_the_pyramid() {
    for (n, looped) in (2..14).flat_map(|n| [(n, false), (n, true)]) {
        let keys = keys(n, n as u32);
        let period = looped.then(|| period(&keys));
        compare(&keys, period, Slopes::catmull_rom, |y| {
            // One more key at either end: of the loop, or continuing straight.
            let (mut t, mut p) = (times(&keys), y.to_vec());
            if let Some(period) = period {
                let (before, after) = (t[n - 1] - period, [t[0] + period, t[1] + period]);
                t = [vec![before], t, after.to_vec()].concat();
                p = [&y[n - 1..], y, &y[..2]].concat();
            } else {
                let beyond = |v: &[f64], a: usize, b: usize| 2.0 * v[a] - v[b];
                let outside = |v: &[f64]| [beyond(v, 0, 1), beyond(v, n - 1, n - 2)];
                let ([t0, t1], [p0, p1]) = (outside(&t), outside(&p));
                t = [vec![t0], t, vec![t1]].concat();
                p = [vec![p0], p, vec![p1]].concat();
            }
            Box::new(move |time| {
                let k = t.partition_point(|&knot| knot <= time).clamp(2, t.len() - 2) - 2;
                pyramid([0, 1, 2, 3].map(|i| t[k + i]), [0, 1, 2, 3].map(|i| p[k + i]), time)
            })
        });
    }
}

#[test]
fn straight_lines_agree_with_a_blend() {
    for n in 2..9 {
        let keys = keys(n, n as u32);
        let t = times(&keys);
        compare(
            &keys,
            None,
            |_| Slopes::Straight,
            |y| {
                let (t, y) = (t.clone(), y.to_vec());
                Box::new(move |time| {
                    let k = t.partition_point(|&knot| knot <= time).clamp(1, t.len() - 1) - 1;
                    y[k] + (y[k + 1] - y[k]) * (time - t[k]) / (t[k + 1] - t[k])
                })
            },
        );
    }
}

/// The loop of the published video tool, whose keyframes had gone through one more rounding to
/// float32 than those in the file.
#[test]
fn the_published_loop() {
    const DIM: usize = 64;
    let points = golden("interpolation", "keyframes");
    let keys: Vec<_> = (0..5)
        .map(|k| Key { at: 12.0 * f64::from(k), value: (), easing: Easing::Linear })
        .collect();
    let knots = Knots::new(&keys, Some(60.0)).unwrap();
    for (name, slopes) in
        [("linear", Slopes::Straight), ("cubic", Slopes::loop_cubic(&knots).unwrap())]
    {
        let expected = golden("interpolation", name);
        assert_eq!(expected.len(), 60 * DIM);
        let spline = Spline::new(knots.clone(), DIM, points.clone(), &slopes);
        for (i, expected) in expected.chunks(DIM).enumerate() {
            for (got, expected) in spline.at(i as f64).iter().zip(expected) {
                assert!((got - expected).abs() < 1e-6, "{name}, frame {i}: {got}, not {expected}");
            }
        }
    }
}

fn every_rule(knots: &Knots) -> Vec<Slopes> {
    let rules = [Slopes::Straight, Slopes::catmull_rom(knots), Slopes::natural(knots)];
    rules.into_iter().chain(Slopes::loop_cubic(knots).ok()).collect()
}

#[test]
fn keys_are_passed_exactly_and_one_key_stays() {
    for (n, looped) in (1..7).flat_map(|n| [(n, false), (n, true)]) {
        let keys = keys(n, 5);
        let knots = Knots::new(&keys, looped.then(|| period(&keys))).unwrap();
        let points = spread(6, 2 * n);
        for slopes in every_rule(&knots) {
            let spline = Spline::new(knots.clone(), 2, points.clone(), &slopes);
            for (key, point) in keys.iter().zip(points.chunks(2)) {
                let got = spline.at(key.at);
                assert!(got.iter().zip(point).all(|(a, b)| (a - b).abs() < 1e-13), "{slopes:?}");
            }
            if n == 1 {
                let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-15;
                assert!(spline.at(123.4).iter().zip(&points).all(near), "{slopes:?}");
            }
        }
    }
}

#[test]
fn easings_warp_the_time_within_their_segment() {
    let even = keys(4, 8);
    let mut eased = even.clone();
    eased[0].easing = Easing::Hold;
    eased[1].easing = Easing::Family(Family::Cubic, Direction::InOut);
    eased[3].easing = Easing::Family(Family::Back, Direction::In);
    let period = period(&even);
    let [even_knots, eased_knots] = [&even, &eased].map(|k| Knots::new(k, Some(period)).unwrap());
    let points = spread(9, 4);
    for slopes in every_rule(&even_knots) {
        let [plain, warped] = [&even_knots, &eased_knots]
            .map(|knots| Spline::new(knots.clone(), 1, points.clone(), &slopes));
        let start = even[0].at;
        assert_eq!(warped.at(even[1].at - 1e-6), plain.at(start), "held");
        for u in [0.1f64, 0.4, 0.7] {
            let at = |u: f64| even[1].at + u * (even[2].at - even[1].at);
            let cubic = if u < 0.5 { 4.0 * u * u * u } else { 1.0 - (2.0 - 2.0 * u).powi(3) / 2.0 };
            assert!((warped.at(at(u))[0] - plain.at(at(cubic))[0]).abs() < 1e-12);
        }
        // Back first goes the other way, on the last segment's own line.
        if matches!(slopes, Slopes::Straight) {
            let at = even[3].at + 0.4 * (start + period - even[3].at);
            let progress = eased[3].easing.eval(0.4);
            let expected = points[3] + progress * (points[0] - points[3]);
            assert!(progress < 0.0 && (warped.at(at)[0] - expected).abs() < 1e-12);
        }
    }
}
