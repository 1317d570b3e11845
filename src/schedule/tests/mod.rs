//! The schedule as a whole, on a network that is none.

mod access;
mod film;
mod latents;
mod motion;
mod speed;

use super::fake::{Fake, NUM_WS, W_DIM, Z_DIM, latent, resolved};
use super::*;
use crate::signal::randn;
use crate::timeline::curve::Key;
use crate::timeline::easing::{Direction, Easing, Family};
use crate::timeline::expression::{Scene, Variables};
use crate::timeline::number::Pair;
use crate::timeline::resolved::{self, Anchor, Interpolation, LatentPoint, Stabilise};
use crate::timeline::tempo::Clock;

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
    let z: Vec<f32> = randn(seed, Z_DIM).into_iter().map(|z| z as f32).collect();
    Fake { has_pose: true }.map(&z, class).unwrap()
}

fn seed_path(interpolation: Interpolation, period: Option<f64>) -> resolved::Latent {
    let keys = [0.0, 7.0, 16.0, 30.0].into_iter().zip([1, 5, 9, 2].map(LatentPoint::Seed));
    latent(keys, interpolation, period)
}

fn curve<V, T: Into<V>>(keys: impl IntoIterator<Item = (f64, T)>) -> Curve<V> {
    let easing = Easing::Linear;
    Curve::of(keys.into_iter().map(|(at, value)| Key { at, value: value.into(), easing }).collect())
}

/// A timeline in which everything moves.
fn busy(interpolation: Interpolation) -> Resolved {
    let mut timeline = resolved(seed_path(interpolation, Some(48.0)));
    timeline.latent.keys[1].easing = Easing::Family(Family::Back, Direction::InOut);
    timeline.psi = curve([(0.0, 1.0), (20.0, 0.6), (47.0, 1.2)]);
    timeline.cutoff = Some(curve([(0.0, 4.0), (30.0, 2.0)]));
    timeline.class = Some(curve([(0.0, vec![1.0, 0.0, 0.0]), (40.0, vec![0.0, 0.0, 1.0])]));
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
    let scene =
        Scene { clock: Clock::new((24, 1)), stretch: 1.0, frames: 48.0, signals: Vec::new() };
    let program = Variables::default().program("0.1 * noise(3, t) - progress / 9").unwrap();
    let wobble = Number::Expression(program, Arc::new(scene));
    timeline.camera.pivot = curve([(0.0, Pair([wobble, 0.1.into()])), (40.0, [0.0; 2].into())]);
    timeline.camera.scale = curve([(0.0, 1.0), (47.0, 1.5)]);
    timeline.camera.translate = curve([(0.0, [0.0, 0.0]), (47.0, [0.25, -0.1])]);
    timeline.stabilise =
        Some(Stabilise { to: Anchor::Average, amount: curve([(0.0, 0.0), (24.0, 1.0)]) });
    timeline
}
