//! The schedule as a whole, on a network that is none.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::fake::{Fake, NUM_WS, W_DIM, Z_DIM, latent, resolved};
use super::*;
use crate::timeline::curve::Key;
use crate::timeline::easing::{Direction, Easing, Family};
use crate::timeline::resolved::{self, Anchor, Interpolation, LatentPoint, Stabilise};

const ALL: [Interpolation; 5] = [
    Interpolation::Linear,
    Interpolation::CatmullRom,
    Interpolation::NaturalCubic,
    Interpolation::LoopCubic,
    Interpolation::Slerp,
];

fn schedule(resolved: &Resolved) -> Result<Schedule> {
    Schedule::new(resolved, Arc::new(Fake { has_pose: true }))
}

fn mapped(seed: u32, class: Option<usize>) -> Vec<f32> {
    let z: Vec<f32> = seeds::randn(seed, Z_DIM)
        .into_iter()
        .map(|z| z as f32)
        .collect();
    Fake { has_pose: true }.map(&z, class).unwrap()
}

fn seed_path(interpolation: Interpolation, period: Option<f64>) -> resolved::Latent {
    let keys = [0.0, 7.0, 16.0, 30.0]
        .into_iter()
        .zip([1, 5, 9, 2].map(LatentPoint::Seed));
    latent(keys, interpolation, period)
}

fn curve<V>(keys: impl IntoIterator<Item = (f64, V)>) -> Curve<V> {
    let easing = Easing::Linear;
    Curve(
        keys.into_iter()
            .map(|(at, value)| Key { at, value, easing })
            .collect(),
    )
}

/// A timeline in which everything moves.
fn busy(interpolation: Interpolation) -> Resolved {
    let mut timeline = resolved(seed_path(interpolation, Some(48.0)));
    timeline.latent.keys[1].easing = Easing::Family(Family::Back, Direction::InOut);
    timeline.psi = curve([(0.0, 1.0), (20.0, 0.6), (47.0, 1.2)]);
    timeline.cutoff = Some(curve([(0.0, 4.0), (30.0, 2.0)]));
    timeline.class = Some(curve([
        (0.0, vec![1.0, 0.0, 0.0]),
        (40.0, vec![0.0, 0.0, 1.0]),
    ]));
    timeline.mixes = vec![
        resolved::Mix {
            layers: vec![1, 3],
            latent: seed_path(Interpolation::CatmullRom, None),
            amount: curve([(5.0, 0.0), (30.0, 1.0)]),
        },
        resolved::Mix {
            layers: vec![0, 1],
            latent: latent([(0.0, LatentPoint::Average)], Interpolation::Linear, None),
            amount: Curve::constant(0.25),
        },
    ];
    timeline.camera.rotate = curve([(0.0, 0.0), (47.0, 90.0)]);
    timeline.camera.scale = curve([(0.0, 1.0), (47.0, 1.5)]);
    timeline.camera.translate = curve([(0.0, [0.0, 0.0]), (47.0, [0.25, -0.1])]);
    timeline.stabilise = Some(Stabilise {
        to: Anchor::Average,
        amount: curve([(0.0, 0.0), (24.0, 1.0)]),
    });
    timeline
}

#[test]
fn a_schedule_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Schedule>();
}

#[test]
fn a_seed_at_its_key_is_the_mapped_seed() {
    for interpolation in ALL {
        let schedule = schedule(&resolved(seed_path(interpolation, Some(48.0)))).unwrap();
        for (frame, seed) in [(0, 1), (7, 5), (16, 9), (30, 2)] {
            let input = schedule.frame(frame).unwrap();
            assert_eq!(input.ws.len(), NUM_WS * W_DIM);
            for w in input.ws.chunks(W_DIM) {
                let expected = mapped(seed, None);
                let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-7;
                assert!(
                    w.iter().zip(&expected).all(near),
                    "{interpolation:?}, frame {frame}"
                );
            }
        }
    }
}

#[test]
fn slerp_maps_the_great_circle_at_every_frame() {
    let timeline = resolved(seed_path(Interpolation::Slerp, None));
    let schedule = schedule(&timeline).unwrap();
    let [a, b] = [1, 5].map(|seed| -> Vec<f64> {
        seeds::randn(seed, Z_DIM)
            .into_iter()
            .map(|z| f64::from(z as f32))
            .collect()
    });
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let (norm_a, norm_b) = (norm(&a), norm(&b));
    let dot: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    let angle = (dot / norm_a / norm_b).acos();
    let (u, length) = (3.0 / 7.0, norm_a + (norm_b - norm_a) * 3.0 / 7.0);
    let weight = |u: f64| length * (u * angle).sin() / angle.sin();
    let z = a.iter().zip(&b);
    let z = z.map(|(a, b)| (weight(1.0 - u) * a / norm_a + weight(u) * b / norm_b) as f32);
    let expected = Fake { has_pose: true }
        .map(&z.collect::<Vec<_>>(), None)
        .unwrap();
    let got = schedule.frame(3).unwrap();
    assert!(
        got.ws
            .iter()
            .zip(&expected)
            .all(|(a, b)| (a - b).abs() < 1e-6)
    );
}

/// Every step again, plainly, from a path whose points are known.
#[test]
fn mixing_comes_before_truncation_and_both_stay_on_their_layers() {
    let base: Vec<f32> = (0..NUM_WS * W_DIM).map(|i| i as f32 / 8.0).collect();
    let other: Vec<f32> = (0..W_DIM).map(|i| -(i as f32)).collect();
    let still = |point| latent([(0.0, point)], Interpolation::Linear, None);
    let mut timeline = resolved(still(LatentPoint::Ws(base.clone())));
    let mix = |layers: &[usize], amount| resolved::Mix {
        layers: layers.to_vec(),
        latent: still(LatentPoint::W(other.clone())),
        amount: Curve::constant(amount),
    };
    timeline.mixes = vec![mix(&[0, 2], 0.25), mix(&[2, 3], 0.5)];
    timeline.psi = Curve::constant(0.75);
    for (cutoff, truncated) in [(None, 4), (Some(0.0), 0), (Some(3.0), 3), (Some(99.0), 4)] {
        timeline.cutoff = cutoff.map(Curve::constant);
        let ws = schedule(&timeline).unwrap().frame(5).unwrap().ws;
        for layer in 0..NUM_WS {
            for i in 0..W_DIM {
                let mut w = base[layer * W_DIM + i];
                for amount in [[0.25, 0.0], [0.0; 2], [0.25, 0.5], [0.0, 0.5]][layer] {
                    w = (1.0 - amount) * w + amount * other[i];
                }
                if layer < truncated {
                    let average = Fake { has_pose: true }.w_avg()[i];
                    w = average + 0.75 * (w - average);
                }
                assert!(
                    (ws[layer * W_DIM + i] - w).abs() < 1e-6,
                    "{cutoff:?} {layer} {i}"
                );
            }
        }
    }
}

#[test]
fn a_cutoff_is_held_until_its_next_key() {
    let mut timeline = resolved(latent(
        [(0.0, LatentPoint::Seed(1))],
        Interpolation::Linear,
        None,
    ));
    timeline.psi = Curve::constant(0.0);
    timeline.cutoff = Some(curve([(0.0, 1.0), (10.0, 3.0)]));
    let schedule = schedule(&timeline).unwrap();
    let average = Fake { has_pose: true };
    for (frame, count) in [(0, 1), (9, 1), (10, 3), (47, 3)] {
        let ws = schedule.frame(frame).unwrap().ws;
        let truncated = ws.chunks(W_DIM).filter(|w| *w == average.w_avg()).count();
        assert_eq!(truncated, count, "frame {frame}");
    }
}

#[test]
fn classes_are_summed_in_w_by_weight() {
    for interpolation in [Interpolation::Linear, Interpolation::Slerp] {
        let mut timeline = resolved(seed_path(interpolation, None));
        timeline.class = Some(curve([
            (0.0, vec![0.0, 1.0, 0.0]),
            (28.0, vec![0.75, 0.25, 0.0]),
        ]));
        let schedule = schedule(&timeline).unwrap();
        assert_eq!(schedule.classes.used(), [Some(0), Some(1)]);
        let got = schedule.frame(7).unwrap().ws;
        let classes = [mapped(5, Some(0)), mapped(5, Some(1))];
        let weights = [0.1875, 0.8125];
        for (i, got) in got.iter().enumerate() {
            let sum = |c: usize| weights[c] * classes[c][i % W_DIM];
            assert!(
                (got - sum(0) - sum(1)).abs() < 1e-6,
                "{interpolation:?} {i}"
            );
        }
    }
}

#[test]
fn points_of_w_are_the_same_for_every_class() {
    let w: Vec<f32> = (0..W_DIM).map(|i| i as f32).collect();
    let keys = [
        (0.0, LatentPoint::W(w.clone())),
        (9.0, LatentPoint::Seed(3)),
    ];
    let mut timeline = resolved(latent(keys, Interpolation::Linear, None));
    timeline.class = Some(Curve::constant(vec![0.5, 0.5]));
    let got = schedule(&timeline).unwrap().frame(0).unwrap().ws;
    assert_eq!(got, w.repeat(NUM_WS));
}

/// Counts how often the mapping is asked.
struct Counting(AtomicUsize);

impl Mapping for Counting {
    fn z_dim(&self) -> usize {
        Z_DIM
    }
    fn w_dim(&self) -> usize {
        1
    }
    fn num_ws(&self) -> usize {
        1
    }
    fn w_avg(&self) -> &[f32] {
        &[0.0]
    }
    fn map(&self, _: &[f32], class: Option<usize>) -> Result<Vec<f32>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        assert!(matches!(class, Some(1 | 3)));
        Ok(vec![1.0])
    }
    fn pose(&self, _: &[f32]) -> Option<[f64; 4]> {
        None
    }
}

#[test]
fn only_classes_with_weight_are_mapped_and_only_once() {
    let mut timeline = resolved(seed_path(Interpolation::NaturalCubic, None));
    timeline.class = Some(curve([
        (0.0, vec![0.0, 1.0, 0.0, 0.0]),
        (9.0, vec![0.0, 0.5, 0.0, 0.5]),
    ]));
    let mapping = Arc::new(Counting(AtomicUsize::new(0)));
    let schedule = Schedule::new(&timeline, mapping.clone()).unwrap();
    for frame in 0..48 {
        schedule.frame(frame).unwrap();
    }
    assert_eq!(mapping.0.load(Ordering::Relaxed), 4 * 2);
}

#[test]
fn the_camera_is_inverted() {
    let mut timeline = resolved(seed_path(Interpolation::Linear, None));
    assert_eq!(
        schedule(&timeline).unwrap().frame(0).unwrap().transform,
        matrix::rotation(0.0)
    );
    timeline.camera.translate = Curve::constant([0.125, -0.0625]);
    let moved = schedule(&timeline).unwrap().frame(0).unwrap().transform;
    assert_eq!(moved, matrix::translation(-0.125, 0.0625));
    timeline.camera.rotate = Curve::constant(90.0);
    timeline.camera.scale = Curve::constant(2.0);
    let turned = schedule(&timeline).unwrap().frame(0).unwrap().transform;
    let expected = [[0.0, 0.5, 0.03125], [-0.5, 0.0, 0.0625], [0.0, 0.0, 1.0]];
    let pairs = turned.iter().flatten().zip(expected.iter().flatten());
    assert!(
        pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-15),
        "{turned:?}"
    );
}

#[test]
fn a_stabilised_picture_does_not_move_with_the_latent() {
    let mut timeline = busy(Interpolation::NaturalCubic);
    let plain = schedule(&Resolved {
        stabilise: None,
        ..timeline.clone()
    })
    .unwrap();
    timeline.stabilise = Some(Stabilise {
        to: Anchor::Centre,
        amount: Curve::constant(1.0),
    });
    let held = schedule(&timeline).unwrap();
    for frame in 0..48 {
        let input = held.frame(frame).unwrap();
        let pose = Fake { has_pose: true }.pose(&input.ws[..W_DIM]).unwrap();
        let [c, s, x, y] = pose;
        let r = [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]];
        let network = matrix::product(&r, &matrix::translation(-x, -y));
        let seen = matrix::product(&network, &input.transform);
        let camera = plain.frame(frame).unwrap().transform;
        let pairs = seen.iter().flatten().zip(camera.iter().flatten());
        assert!(
            pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-12),
            "frame {frame}"
        );
    }
}

#[test]
fn loops_close_and_moving_paths_do_not_jump() {
    for interpolation in ALL {
        let timeline = resolved(seed_path(interpolation, Some(48.0)));
        let schedule = schedule(&timeline).unwrap();
        assert_eq!(schedule.at(0.0).unwrap().ws, schedule.at(48.0).unwrap().ws);
        assert_eq!(schedule.at(-5.5).unwrap().ws, schedule.at(42.5).unwrap().ws);
        let steps: Vec<_> = (0..=480)
            .map(|i| schedule.at(f64::from(i) / 10.0).unwrap().ws)
            .collect();
        let largest = |pair: &[Vec<f32>]| {
            pair[0]
                .iter()
                .zip(&pair[1])
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max)
        };
        let jump = steps.windows(2).map(largest).fold(0.0, f32::max);
        assert!(jump < 0.2, "{interpolation:?} jumps by {jump}");
        assert!(jump > 0.01, "{interpolation:?} stands still");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A frame is the same in a fresh schedule, after any others, and from any thread.
    #[test]
    fn frames_do_not_depend_on_each_other(order in proptest::collection::vec(0u64..48, 1..40)) {
        for interpolation in ALL {
            let timeline = busy(interpolation);
            let sequence = schedule(&timeline).unwrap();
            let all: Vec<_> = (0..48).map(|i| sequence.frame(i).unwrap()).collect();
            let random = schedule(&timeline).unwrap();
            for &frame in &order {
                prop_assert_eq!(&random.frame(frame).unwrap(), &all[frame as usize]);
                prop_assert_eq!(&random.at(frame as f64).unwrap(), &all[frame as usize]);
            }
        }
    }

    /// Whatever a resolved timeline holds, there is an answer or an error.
    #[test]
    fn odd_values_do_no_harm(
        values in proptest::array::uniform8(prop_oneof![
            Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(0.0), Just(1e300), any::<f64>(),
        ]),
        interpolation in 0usize..5,
    ) {
        let mut timeline = busy(ALL[interpolation]);
        timeline.latent.keys[2].at = values[0];
        timeline.latent.period = Some(values[1]);
        timeline.psi = curve([(values[2], values[3]), (values[4], 1.0)]);
        timeline.cutoff = Some(Curve::constant(values[5]));
        timeline.camera.scale = Curve::constant(values[6]);
        timeline.mixes[0].amount = Curve::constant(values[7]);
        if let Ok(schedule) = schedule(&timeline) {
            for time in values.into_iter().chain([0.0, 3.5]) {
                let _ = schedule.at(time);
            }
        }
    }
}

fn message(timeline: &Resolved) -> String {
    schedule(timeline).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn what_does_not_fit_the_network_is_refused() {
    let one = |point| resolved(latent([(0.0, point)], Interpolation::Linear, None));
    for (timeline, part) in [
        (
            one(LatentPoint::Z(vec![0.0; 3])),
            "z of 3 values, but this network's z has 7",
        ),
        (
            one(LatentPoint::W(vec![0.0; 3])),
            "w of 3 values, but this network's w has 5",
        ),
        (
            one(LatentPoint::Ws(vec![0.0; 5])),
            "ws of 5 values, but this network's ws has 20",
        ),
    ] {
        assert!(message(&timeline).contains(part), "{}", message(&timeline));
    }
    let slerp = resolved(latent(
        [(0.0, LatentPoint::Average)],
        Interpolation::Slerp,
        None,
    ));
    assert!(message(&slerp).contains("must be a seed or a z"));
    assert!(message(&resolved(seed_path(Interpolation::LoopCubic, None))).contains("needs a loop"));
    let mut timeline = one(LatentPoint::Average);
    timeline.class = Some(Curve::constant(vec![0.0, 0.0]));
    assert!(message(&timeline).contains("no class any weight"));
    timeline.class = None;
    timeline.mixes = vec![resolved::Mix {
        layers: vec![0, NUM_WS],
        latent: timeline.latent.clone(),
        amount: Curve::constant(1.0),
    }];
    assert!(message(&timeline).contains("layers are 0 to 3"));
}

#[test]
fn times_that_are_no_frames_are_refused() {
    let mut timeline = busy(Interpolation::Linear);
    let beyond = schedule(&timeline).unwrap().frame(48).unwrap_err();
    assert!(beyond.to_string().contains("frame 48 is beyond"));
    assert_eq!(
        schedule(&timeline)
            .unwrap()
            .at(f64::NAN)
            .unwrap_err()
            .exit_code(),
        64
    );
    timeline.camera.scale = curve([(0.0, 1.0), (2.0, -1.0)]);
    let schedule = schedule(&timeline).unwrap();
    assert!(schedule.frame(0).is_ok());
    assert!(
        schedule
            .frame(1)
            .unwrap_err()
            .to_string()
            .contains("flattens the picture at frame 1")
    );
}
