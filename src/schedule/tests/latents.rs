//! Latents: seeds, classes, mixes, truncation.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::timeline::resolved::Speed;

/// Every step again, plainly.
#[test]
fn directions_come_last_on_their_layers() {
    let base: Vec<f32> = (0..NUM_WS * W_DIM).map(|i| i as f32 / 8.0).collect();
    let mut timeline =
        resolved(latent([(0.0, LatentPoint::Ws(base.clone()))], Interpolation::Linear, None));
    let vector = |scale: f32| (0..NUM_WS * W_DIM).map(|i| scale * i as f32).collect::<Vec<f32>>();
    let direction = |layers: &[usize], scale, amount| resolved::Direction {
        name: String::new(),
        layers: layers.to_vec(),
        vector: vector(scale),
        amount,
    };
    timeline.directions = vec![
        direction(&[0, 3], 0.5, curve([(0.0, -2.0), (10.0, 2.0)])),
        direction(&[3], -0.25, Curve::constant(8.0)),
    ];
    for (psi, cutoff) in [(0.5, None), (0.0, None), (0.5, Some(Curve::constant(1.0)))] {
        timeline.psi = Curve::constant(psi);
        timeline.cutoff = cutoff;
        let psis = if timeline.cutoff.is_some() { [psi, 1.0, 1.0, 1.0] } else { [psi; 4] };
        for (frame, amount) in [(0, -2.0), (5, 0.0), (9, 1.6)] {
            let ws = schedule(&timeline).unwrap().frame(frame).unwrap().ws;
            for (i, w) in ws.iter().enumerate() {
                let (layer, average) =
                    (i / W_DIM, f64::from(Fake { has_pose: true }.w_avg()[i % W_DIM]));
                let mut expected = average + psis[layer] * (f64::from(base[i]) - average);
                if layer == 0 || layer == 3 {
                    expected += amount * 0.5 * i as f64;
                }
                if layer == 3 {
                    expected -= 8.0 * 0.25 * i as f64;
                }
                assert!(
                    (f64::from(*w) - expected).abs() < 1e-5,
                    "{psi} {frame} {i}: {w} {expected}"
                );
            }
        }
    }
    for (layers, len) in [(&[4][..], NUM_WS * W_DIM), (&[0], W_DIM)] {
        let mut direction = direction(layers, 1.0, Curve::constant(1.0));
        direction.vector.truncate(len);
        timeline.directions = vec![direction];
        assert!(schedule(&timeline).is_err());
    }
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
                assert!(w.iter().zip(&expected).all(near), "{interpolation:?}, frame {frame}");
            }
        }
    }
}

#[test]
fn slerp_maps_the_great_circle_at_every_frame() {
    let timeline = resolved(seed_path(Interpolation::Slerp, None));
    let schedule = schedule(&timeline).unwrap();
    let [a, b] = [1, 5].map(|seed| -> Vec<f64> {
        randn(seed, Z_DIM).into_iter().map(|z| f64::from(z as f32)).collect()
    });
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let (norm_a, norm_b) = (norm(&a), norm(&b));
    let dot: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    let angle = (dot / norm_a / norm_b).acos();
    let (u, length) = (3.0 / 7.0, norm_a + (norm_b - norm_a) * 3.0 / 7.0);
    let weight = |u: f64| length * (u * angle).sin() / angle.sin();
    let z = a.iter().zip(&b);
    let z = z.map(|(a, b)| (weight(1.0 - u) * a / norm_a + weight(u) * b / norm_b) as f32);
    let expected = Fake { has_pose: true }.map(&z.collect::<Vec<_>>(), None).unwrap();
    let got = schedule.frame(3).unwrap();
    assert!(got.ws.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6));
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
                assert!((ws[layer * W_DIM + i] - w).abs() < 1e-6, "{cutoff:?} {layer} {i}");
            }
        }
    }
}

#[test]
fn a_cutoff_is_held_until_its_next_key() {
    let mut timeline = resolved(latent([(0.0, LatentPoint::Seed(1))], Interpolation::Linear, None));
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
        timeline.class = Some(curve([(0.0, vec![0.0, 1.0, 0.0]), (28.0, vec![0.75, 0.25, 0.0])]));
        let schedule = schedule(&timeline).unwrap();
        assert_eq!(schedule.classes.used(), [Some(0), Some(1)]);
        let got = schedule.frame(7).unwrap().ws;
        let classes = [mapped(5, Some(0)), mapped(5, Some(1))];
        let weights = [0.1875, 0.8125];
        for (i, got) in got.iter().enumerate() {
            let sum = |c: usize| weights[c] * classes[c][i % W_DIM];
            assert!((got - sum(0) - sum(1)).abs() < 1e-6, "{interpolation:?} {i}");
        }
    }
}

#[test]
fn points_of_w_are_the_same_for_every_class() {
    let w: Vec<f32> = (0..W_DIM).map(|i| i as f32).collect();
    let keys = [(0.0, LatentPoint::W(w.clone())), (9.0, LatentPoint::Seed(3))];
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
fn only_classes_with_weight_are_mapped() {
    let mut timeline = resolved(seed_path(Interpolation::NaturalCubic, None));
    timeline.class =
        Some(curve([(0.0, vec![0.0, 1.0, 0.0, 0.0]), (9.0, vec![0.0, 0.5, 0.0, 0.5])]));
    let mapping = Arc::new(Counting(AtomicUsize::new(0)));
    let schedule = Schedule::new(&timeline, mapping.clone()).unwrap();
    for frame in 0..48 {
        schedule.frame(frame).unwrap();
    }
    assert_eq!(mapping.0.load(Ordering::Relaxed), 4 * 2);

    // A great circle is mapped at every frame, for the classes that are shown there.
    timeline.latent.interpolation = Interpolation::Slerp;
    let mapping = Arc::new(Counting(AtomicUsize::new(0)));
    let schedule = Schedule::new(&timeline, mapping.clone()).unwrap();
    for (frame, calls) in [(0, 1), (0, 2), (5, 4)] {
        schedule.frame(frame).unwrap();
        assert_eq!(mapping.0.load(Ordering::Relaxed), calls);
    }
}

#[test]
fn an_even_speed_is_the_same_all_the_way() {
    for interpolation in
        [Interpolation::Linear, Interpolation::CatmullRom, Interpolation::NaturalCubic]
    {
        for period in [None, Some(48.0)] {
            let mut timeline = resolved(seed_path(interpolation, period));
            timeline.latent.keys[1].easing = Easing::Family(Family::Back, Direction::InOut);
            timeline.latent.speed = Speed::Even;
            let schedule = schedule(&timeline).unwrap();
            let end = period.unwrap_or(30.0);
            let points: Vec<_> = (0..=600)
                .map(|i| schedule.at(end * f64::from(i) / 600.0).unwrap().ws)
                .map(|ws| ws[..W_DIM].to_vec())
                .collect();
            let steps: Vec<f64> = points
                .windows(2)
                .map(|pair| {
                    pair[0]
                        .iter()
                        .zip(&pair[1])
                        .map(|(a, b)| f64::from(a - b).powi(2))
                        .sum::<f64>()
                        .sqrt()
                })
                .collect();
            let mean = steps.iter().sum::<f64>() / steps.len() as f64;
            // A corner cuts the chord across it short.
            let odd = steps.iter().filter(|step| (*step / mean - 1.0).abs() > 0.02).count();
            assert!(odd <= 8, "{interpolation:?} {period:?}: {odd}");
        }
    }
}

#[test]
fn a_path_goes_back_as_it_came() {
    let mut timeline = resolved(seed_path(Interpolation::NaturalCubic, None));
    let there = schedule(&timeline).unwrap();
    timeline.latent.ping_pong = true;
    let both = schedule(&timeline).unwrap();
    for i in 0..=60 {
        let frame = f64::from(i) / 2.0;
        assert_eq!(both.at(frame).unwrap().ws, there.at(frame).unwrap().ws);
        assert_eq!(both.at(60.0 - frame).unwrap().ws, there.at(frame).unwrap().ws);
        assert_eq!(both.at(60.0 + frame).unwrap().ws, there.at(frame).unwrap().ws);
    }
}

#[test]
fn walks_begin_at_their_seeds_and_close() {
    let mut timeline = resolved(latent(
        [(0.0, LatentPoint::Seed(1)), (12.0, LatentPoint::Seed(5))],
        Interpolation::Walk(1),
        Some(48.0),
    ));
    let circle = schedule(&timeline).unwrap();
    assert_eq!(circle.at(0.0).unwrap().ws[..W_DIM], mapped(1, None));
    timeline.latent = latent([(0.0, LatentPoint::Seed(1))], Interpolation::Walk(4), Some(48.0));
    for schedule in [circle, schedule(&timeline).unwrap()] {
        for i in 0..48 {
            let (now, later) =
                (schedule.at(f64::from(i)).unwrap(), schedule.at(f64::from(i) + 48.0).unwrap());
            for (a, b) in now.ws.iter().zip(&later.ws) {
                assert!((a - b).abs() < 1e-5);
            }
        }
    }
}
