//! The transform, loops and continuity.

use super::*;

#[test]
fn the_camera_is_inverted() {
    let mut timeline = resolved(seed_path(Interpolation::Linear, None));
    assert_eq!(schedule(&timeline).unwrap().frame(0).unwrap().transform, matrix::rotation(0.0));
    timeline.camera.translate = Curve::constant([0.125, -0.0625]);
    let moved = schedule(&timeline).unwrap().frame(0).unwrap().transform;
    assert_eq!(moved, matrix::translation(-0.125, 0.0625));
    timeline.camera.rotate = Curve::constant(90.0);
    timeline.camera.scale = Curve::constant(2.0);
    let turned = schedule(&timeline).unwrap().frame(0).unwrap().transform;
    let expected = [[0.0, 0.5, 0.03125], [-0.5, 0.0, 0.0625], [0.0, 0.0, 1.0]];
    let pairs = turned.iter().flatten().zip(expected.iter().flatten());
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-15), "{turned:?}");
}

#[test]
fn a_stabilised_picture_does_not_move_with_the_latent() {
    let mut timeline = busy(Interpolation::NaturalCubic);
    let plain = schedule(&Resolved { stabilise: None, ..timeline.clone() }).unwrap();
    timeline.stabilise = Some(Stabilise { to: Anchor::Centre, amount: Curve::constant(1.0) });
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
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-12), "frame {frame}");
    }
}

#[test]
fn loops_close_and_moving_paths_do_not_jump() {
    for interpolation in ALL {
        let timeline = resolved(seed_path(interpolation, Some(48.0)));
        let schedule = schedule(&timeline).unwrap();
        assert_eq!(schedule.at(0.0).unwrap().ws, schedule.at(48.0).unwrap().ws);
        assert_eq!(schedule.at(-5.5).unwrap().ws, schedule.at(42.5).unwrap().ws);
        let steps: Vec<_> =
            (0..=480).map(|i| schedule.at(f64::from(i) / 10.0).unwrap().ws).collect();
        let largest = |pair: &[Vec<f32>]| {
            pair[0].iter().zip(&pair[1]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        let jump = steps.windows(2).map(largest).fold(0.0, f32::max);
        assert!(jump < 0.2, "{interpolation:?} jumps by {jump}");
        assert!(jump > 0.01, "{interpolation:?} stands still");
    }
}
