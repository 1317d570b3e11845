//! Paths at a speed that pictures decide.

use super::*;
use crate::timeline::resolved::Speed;

fn mapping() -> Arc<dyn Mapping> {
    Arc::new(Fake { has_pose: true })
}

/// What a picture of some latents would be: one number, which moves fast where the first entry is large.
fn picture(ws: &[f32]) -> f64 {
    (2.0 * f64::from(ws[0])).exp()
}

/// The table that looking at pictures gives.
fn table(route: &Route) -> Vec<f64> {
    let pictures: Vec<f64> =
        (0..route.places()).map(|place| picture(&route.ws(place).unwrap())).collect();
    let steps = pictures.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    std::iter::once(0.0)
        .chain(steps.scan(0.0, |sum, step| {
            *sum += step;
            Some(*sum)
        }))
        .collect()
}

fn points(speed: Speed, period: Option<f64>) -> Resolved {
    let w = |first: f32| LatentPoint::W([&[first][..], &[0.5; W_DIM - 1]].concat());
    // A fast section in the middle, where the picture changes fast, too.
    let keys = [(0.0, w(-1.0)), (20.0, w(0.0)), (25.0, w(2.0)), (40.0, w(2.2))];
    let mut timeline = resolved(latent(keys, Interpolation::Linear, period));
    timeline.latent.speed = speed;
    timeline
}

/// The largest and the smallest change of the picture from one frame to the next.
fn changes(schedule: &Schedule, frames: u32) -> (f64, f64) {
    let pictures: Vec<f64> =
        (0..=frames).map(|i| picture(&schedule.at(f64::from(i)).unwrap().ws)).collect();
    let steps = pictures.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    steps.fold((0.0, f64::INFINITY), |(most, least), step| (step.max(most), step.min(least)))
}

#[test]
fn a_planted_fast_section_is_gone_through_as_fast_as_the_rest() {
    let (most, least) = changes(&schedule(&points(Speed::Keys, None)).unwrap(), 40);
    assert!(most > 50.0 * least, "{most} {least}");
    let timeline = points(Speed::Perceptual, None);
    let routes = Route::all(&timeline, &mapping()).unwrap();
    let tables: Tables = routes.iter().map(|route| route.as_ref().map(table)).collect();
    let schedule = Schedule::measured(&timeline, mapping(), &tables).unwrap();
    let (most, least) = changes(&schedule, 40);
    assert!(most < 1.15 * least, "{most} {least}");
    // From the first key to the last, as before.
    let ends = [0.0, 40.0].map(|at| schedule.at(at).unwrap().ws[0]);
    assert_eq!(ends, [-1.0, 2.2]);
}

#[test]
fn slerp_and_mixes_are_measured_too() {
    let mut timeline = points(Speed::Keys, None);
    timeline.psi = curve([(0.0, 0.25), (20.0, 0.75)]);
    let mut other = seed_path(Interpolation::Slerp, Some(48.0));
    other.speed = Speed::Perceptual;
    timeline.mixes = vec![resolved::Mix {
        layers: vec![0, 2],
        latent: other.clone(),
        amount: Curve::constant(0.0),
    }];
    let routes = Route::all(&timeline, &mapping()).unwrap();
    let [None, Some(route)] = &routes[..] else { panic!("the first path has the keys' speed") };
    assert_eq!(route.places(), 4 * 24 + 1);
    // On its layers the path itself, on others where the first path begins; at the largest psi.
    other.speed = Speed::Keys;
    let mut alone = resolved(other);
    alone.psi = Curve::constant(0.75);
    let alone = schedule(&alone).unwrap();
    let mut begins = points(Speed::Keys, None);
    begins.psi = Curve::constant(0.75);
    let begins = schedule(&begins).unwrap().at(0.0).unwrap().ws;
    for (place, time) in [(0, 0.0), (12, 3.5), (24, 7.0), (84, 39.0), (96, 48.0)] {
        let (ws, expected) = (route.ws(place).unwrap(), alone.at(time).unwrap().ws);
        for (i, w) in ws.iter().enumerate() {
            let expected = if [0, 2].contains(&(i / W_DIM)) { expected[i] } else { begins[i] };
            assert!((w - expected).abs() < 1e-5, "{place} {i}: {w} for {expected}");
        }
    }
    let tables = vec![None, Some((0..97).map(f64::from).collect())];
    assert!(Schedule::measured(&timeline, mapping(), &tables).is_ok());
}

#[test]
fn what_is_measured_has_a_name_of_its_own() {
    let name = |timeline: &Resolved| {
        Route::all(timeline, &mapping()).unwrap()[0].as_ref().unwrap().text().to_owned()
    };
    let timeline = points(Speed::Perceptual, None);
    // Another rate and another camera are the same way, another psi or key is not.
    let mut faster = timeline.clone();
    faster.latent.keys.iter_mut().for_each(|key| key.at *= 2.0);
    faster.camera.rotate = Curve::constant(9.0);
    assert_eq!(name(&faster), name(&timeline));
    let mut other = timeline.clone();
    other.psi = Curve::constant(0.5);
    assert_ne!(name(&other), name(&timeline));
    let mut other = timeline.clone();
    other.latent.keys[1].at += 1.0;
    assert_ne!(name(&other), name(&timeline));
}

#[test]
fn a_path_that_was_not_measured_is_refused() {
    let timeline = points(Speed::Perceptual, None);
    assert!(schedule(&timeline).is_err());
    for wrong in [vec![], vec![0.0], vec![0.0, 1.0, 0.5], vec![0.0, f64::NAN], vec![1.0, 2.0]] {
        let tables = vec![Some(wrong.clone())];
        assert!(Schedule::measured(&timeline, mapping(), &tables).is_err(), "{wrong:?}");
    }
    // A single key stands still.
    let mut single = timeline;
    single.latent.keys.truncate(1);
    assert!(Route::all(&single, &mapping()).unwrap()[0].is_none());
    assert!(schedule(&single).is_ok());
}
