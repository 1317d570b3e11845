use super::*;

const FAMILIES: [Family; 7] = [
    Family::Sine,
    Family::Quad,
    Family::Cubic,
    Family::Expo,
    Family::Back,
    Family::Elastic,
    Family::Bounce,
];
const DIRECTIONS: [Direction; 3] = [Direction::In, Direction::Out, Direction::InOut];

fn all() -> Vec<Easing> {
    let families = FAMILIES.iter().flat_map(|&f| DIRECTIONS.map(|d| Easing::Family(f, d)));
    let others = [
        Easing::Hold,
        Easing::Linear,
        Easing::Bezier([0.25, 0.1, 0.25, 1.0]),
        Easing::Bezier([1.0, 0.0, 0.0, 1.0]),
        Easing::Steps(1),
        Easing::Steps(7),
        Easing::Spring(3.0, 0.2),
        Easing::Spring(0.5, 0.9),
    ];
    families.chain(others).collect()
}

fn grid(n: u32) -> impl Iterator<Item = f64> {
    (0..=n).map(move |i| f64::from(i) / f64::from(n))
}

#[test]
fn the_ends_are_exact_and_times_outside_stay_there() {
    for easing in all() {
        for t in [0.0, -0.0, -1.0, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(easing.eval(t), 0.0, "{easing:?} at {t}");
        }
        for t in [1.0, 1.5, f64::INFINITY] {
            assert_eq!(easing.eval(t), 1.0, "{easing:?} at {t}");
        }
    }
}

#[test]
fn out_is_in_turned_by_half_a_turn_and_in_out_is_symmetric() {
    for family in FAMILIES {
        let [ease_in, out, in_out] = DIRECTIONS.map(|d| Easing::Family(family, d));
        for t in grid(997) {
            assert!((out.eval(t) - (1.0 - ease_in.eval(1.0 - t))).abs() < 1e-15, "{family:?} {t}");
            let turned = 1.0 - in_out.eval(1.0 - t);
            assert!((in_out.eval(t) - turned).abs() < 1e-12, "{family:?} {t}");
        }
    }
}

#[test]
fn what_does_not_swing_never_falls() {
    for easing in all() {
        let swings = matches!(easing, Easing::Spring(..));
        if swings
            || matches!(easing, Easing::Family(Family::Back | Family::Elastic | Family::Bounce, _))
        {
            continue;
        }
        let values: Vec<f64> = grid(5000).map(|t| easing.eval(t)).collect();
        assert!(values.windows(2).all(|w| w[0] <= w[1]), "{easing:?}");
    }
}

/// The formulas of easings.net, where they differ in form from those above.
#[test]
fn swinging_families_agree_with_easings_net() {
    const C1: f64 = 1.70158;
    const C2: f64 = C1 * 1.525;
    const C4: f64 = TAU / 3.0;
    const C5: f64 = TAU / 4.5;
    let agree = |family, direction, t, expected: f64| {
        let got = Easing::Family(family, direction).eval(t);
        assert!((got - expected).abs() < 1e-12, "{family:?} {direction:?} {t}: {got} {expected}");
    };
    for t in grid(1000).filter(|&t| t > 0.0 && t < 1.0) {
        let (u, v) = (2.0 * t, 2.0 * t - 2.0);
        let swing = ((20.0 * t - 11.125) * C5).sin();
        let (back_in_out, elastic_in_out) = if t < 0.5 {
            let back = u.powi(2) * ((C2 + 1.0) * u - C2) / 2.0;
            (back, -2f64.powf(20.0 * t - 10.0) * swing / 2.0)
        } else {
            let back = (v.powi(2) * ((C2 + 1.0) * v + C2) + 2.0) / 2.0;
            (back, 2f64.powf(-20.0 * t + 10.0) * swing / 2.0 + 1.0)
        };
        agree(Family::Back, Direction::In, t, (C1 + 1.0) * t.powi(3) - C1 * t.powi(2));
        agree(Family::Back, Direction::InOut, t, back_in_out);
        let elastic_out = 2f64.powf(-10.0 * t) * ((t * 10.0 - 0.75) * C4).sin() + 1.0;
        agree(Family::Elastic, Direction::Out, t, elastic_out);
        agree(Family::Elastic, Direction::InOut, t, elastic_in_out);
    }
}

#[test]
fn known_values() {
    let cases = [
        (Easing::Hold, 0.999, 0.0),
        (Easing::Linear, 0.3, 0.3),
        (Easing::Family(Family::Sine, Direction::In), 1.0 / 3.0, 1.0 - 0.75f64.sqrt()),
        (Easing::Family(Family::Sine, Direction::InOut), 0.25, 0.5 - 0.125f64.sqrt()),
        (Easing::Family(Family::Quad, Direction::Out), 0.5, 0.75),
        (Easing::Family(Family::Cubic, Direction::InOut), 0.25, 0.0625),
        (Easing::Family(Family::Expo, Direction::In), 0.5, 1.0 / 32.0),
        (Easing::Family(Family::Bounce, Direction::Out), 4.0 / 11.0, 1.0),
        (Easing::Family(Family::Bounce, Direction::Out), 6.0 / 11.0, 0.75),
        (Easing::Family(Family::Bounce, Direction::Out), 9.0 / 11.0, 0.9375),
        (Easing::Family(Family::Bounce, Direction::Out), 10.5 / 11.0, 0.984375),
        (Easing::Steps(4), 0.49, 0.25),
        (Easing::Steps(4), 0.5, 0.5),
        (Easing::Steps(0), 0.5, 0.0),
    ];
    for (easing, t, expected) in cases {
        let got = easing.eval(t);
        assert!((got - expected).abs() < 1e-12, "{easing:?} at {t}: {got}, not {expected}");
    }
}

#[test]
fn a_frame_on_a_jump_shows_it() {
    for n in 1..400 {
        for k in 0..n {
            let t = f64::from(k) / f64::from(n);
            assert_eq!(Easing::Steps(n).eval(t), t, "step {k} of {n}");
            assert!(Easing::Steps(n).eval(t - 1e-6) < t.max(1e-12));
        }
    }
}

#[test]
fn back_overshoots_by_a_tenth() {
    let lowest = grid(100_000).map(|t| Easing::Family(Family::Back, Direction::In).eval(t));
    let lowest = lowest.fold(0.0, f64::min);
    assert!((lowest + 0.1).abs() < 1e-4, "{lowest}");
}

/// Points of the curve by its parameter, in the other form of the polynomial.
fn curve([x1, y1, x2, y2]: [f64; 4], s: f64) -> (f64, f64) {
    let along = |a: f64, b: f64| {
        3.0 * a * s + (3.0 * b - 6.0 * a) * s * s + (1.0 + 3.0 * a - 3.0 * b) * s.powi(3)
    };
    (along(x1, x2), along(y1, y2))
}

#[test]
fn bezier_agrees_with_a_fine_table() {
    let xs = [0.0, 1e-9, 0.1, 0.42, 0.5, 0.9, 1.0];
    let ys = [-2.0, 0.0, 0.3, 1.0, 3.0];
    for (x1, x2) in xs.iter().flat_map(|&a| xs.map(|b| (a, b))) {
        for (y1, y2) in ys.iter().flat_map(|&a| ys.map(|b| (a, b))) {
            let points = [x1, y1, x2, y2];
            for i in 1..400 {
                // Where x stands still, y is only as well known as x is: hence the neighbours.
                let s = f64::from(i) / 400.0;
                let (x, y) = curve(points, s);
                let (before, after) = (curve(points, s - 1e-4), curve(points, s + 1e-4));
                let slope = (after.0 - before.0) / 2e-4;
                let tolerance = if slope > 1e-2 { 1e-12 } else { 1e-3 };
                let got = Easing::Bezier(points).eval(x);
                if x > 0.0 && x < 1.0 {
                    assert!((got - y).abs() < tolerance, "{points:?} at {x}: {got}, not {y}");
                }
            }
        }
    }
}

#[test]
fn hostile_beziers_end() {
    for points in [[f64::NAN; 4], [-5.0, f64::INFINITY, 9.0, f64::NEG_INFINITY]] {
        for t in grid(50) {
            let _ = Easing::Bezier(points).eval(t);
        }
    }
}

/// Newton's second law in small steps: the obvious way to let a spring go.
#[test]
fn a_spring_follows_its_equation() {
    for (swings, damping) in [(2.0, 0.3), (4.0, 0.15), (1.0, 0.7)] {
        let turned = TAU * swings;
        let omega = turned / (1.0f64 - damping * damping).sqrt();
        let steps = 200_000;
        let dt = 1.0 / f64::from(steps);
        let (mut x, mut v, mut worst) = (-1.0f64, 0.0f64, 0.0f64);
        let easing = Easing::Spring(swings, damping);
        let left = (easing.eval(1.0 - 1e-9), 1.0);
        assert!((left.0 - left.1).abs() < 1e-6);
        let mut path = vec![(0.0, x)];
        for i in 1..=steps {
            v += dt * (-omega * omega * x - 2.0 * damping * omega * v);
            x += dt * v;
            path.push((f64::from(i) * dt, x));
        }
        let rest = path[path.len() - 1].1;
        for (t, x) in path.into_iter().step_by(1000).filter(|(t, _)| *t < 1.0) {
            worst = worst.max((easing.eval(t) - (1.0 + x - t * rest)).abs());
        }
        assert!(worst < 1e-3, "{swings} {damping}: {worst}");
    }
}
