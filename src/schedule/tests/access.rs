//! Random access, hostile values and refusals.

use proptest::prelude::*;

use super::*;

#[test]
fn a_schedule_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Schedule>();
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
        (one(LatentPoint::Z(vec![0.0; 3])), "z of 3 values, but this network's z has 7"),
        (one(LatentPoint::W(vec![0.0; 3])), "w of 3 values, but this network's w has 5"),
        (one(LatentPoint::Ws(vec![0.0; 5])), "ws of 5 values, but this network's ws has 20"),
    ] {
        assert!(message(&timeline).contains(part), "{}", message(&timeline));
    }
    let slerp = resolved(latent([(0.0, LatentPoint::Average)], Interpolation::Slerp, None));
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
    assert_eq!(schedule(&timeline).unwrap().at(f64::NAN).unwrap_err().exit_code(), 64);
    timeline.camera.scale = curve([(0.0, 1.0), (2.0, -1.0)]);
    let schedule = schedule(&timeline).unwrap();
    assert!(schedule.frame(0).is_ok());
    assert!(schedule.frame(1).unwrap_err().to_string().contains("flattens the picture at frame 1"));
}
