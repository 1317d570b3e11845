//! What the viewer sees of a camera: directions, not only matrices.
#![cfg(feature = "torch")]

use std::fs;
use std::path::Path;

use sg3render::encode::{Depth, Samples};
use sg3render::network::device::Precision;
use sg3render::render::{Project, still};
use sg3render::timeline::Overrides;
use tch::Device;

const SIDE: usize = 64;

/// Brightness of a still of the golden R network under some tracks, rows from the top.
fn picture(tracks: &str) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let timeline = folder.path().join("t.ron");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stylegan3-r-tiny.pkl");
    let text = format!("Timeline(model: {model:?}, duration: 1, seeds: [2], {tracks})");
    fs::write(&timeline, text).unwrap();
    let project = Project::open(&timeline, None, &Overrides::default()).unwrap();
    let generator = project.generator(Device::Cpu, Precision::F32).unwrap();
    let picture = still(&project, std::slice::from_ref(&generator), 0.0, Depth::F32).unwrap();
    let Samples::F32(samples) = picture.samples else { panic!("asked for floats") };
    samples.chunks_exact(3).map(|rgb| rgb.iter().sum()).collect()
}

/// Mean square difference where `from` says which pixel of `b` the pixel (x, y) of `a` should be.
fn difference(a: &[f32], b: &[f32], from: impl Fn(i64, i64) -> (i64, i64)) -> f32 {
    let side = SIDE as i64;
    let (mut sum, mut count) = (0.0, 0);
    for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
        let (from_x, from_y) = from(x, y);
        if (0..side).contains(&from_x) && (0..side).contains(&from_y) {
            sum += (a[(y * side + x) as usize] - b[(from_y * side + from_x) as usize]).powi(2);
            count += 1;
        }
    }
    sum / count as f32
}

#[test]
fn the_picture_moves_right_and_down() {
    let (still, moved) = (picture(""), picture("camera: (translate: (0.125, 0.0625))"));
    let error = |dx: i64, dy: i64| difference(&moved, &still, |x, y| (x - dx, y - dy));
    let expected = error(8, 4);
    for (dx, dy) in [(-8, -4), (8, -4), (-8, 4), (0, 0), (7, 4), (8, 5), (4, 8)] {
        assert!(
            expected < 0.2 * error(dx, dy),
            "{expected} against {} at {dx}, {dy}",
            error(dx, dy)
        );
    }
}

#[test]
fn the_picture_turns_clockwise() {
    let (still, turned) = (picture(""), picture("camera: (rotate: 90)"));
    let last = SIDE as i64 - 1;
    // What was at the top is at the right.
    let clockwise = difference(&turned, &still, |x, y| (y, last - x));
    let counterclockwise = difference(&turned, &still, |x, y| (last - y, x));
    assert!(clockwise < 0.2 * counterclockwise, "{clockwise} against {counterclockwise}");
}

#[test]
fn the_pivot_stays_where_it_is() {
    // Half a turn about a point 8 pixels right of the centre.
    let (still, turned) = (picture(""), picture("camera: (rotate: 180, pivot: (0.125, 0))"));
    let last = SIDE as i64 - 1;
    let about = |dx: i64| difference(&turned, &still, |x, y| (last + 2 * dx - x, last - y));
    assert!(about(8) < 0.2 * about(0), "{} against {}", about(8), about(0));
    assert!(about(8) < 0.2 * about(-8), "{} against {}", about(8), about(-8));
}

#[test]
fn a_scale_above_one_is_nearer() {
    // Networks are not made for scale: it is a little that shows the direction.
    let (still, near) = (picture(""), picture("camera: (scale: 1.25)"));
    let centre = (SIDE as f32 - 1.0) / 2.0;
    let scaled = |by: f32| {
        let to = |v: i64| ((v as f32 - centre) / by + centre).round() as i64;
        difference(&near, &still, |x, y| (to(x), to(y)))
    };
    assert!(scaled(1.25) < 0.9 * scaled(1.0), "{} against {}", scaled(1.25), scaled(1.0));
    assert!(scaled(1.25) < 0.7 * scaled(0.8), "{} against {}", scaled(1.25), scaled(0.8));
}

#[test]
fn a_stabilised_picture_does_not_follow_its_latent() {
    // Cancelled wholly, the network's own pose is that of no learned transform at all; the camera
    // then acts on the bare canvas, and a latent's pose makes no difference to where things are.
    let centred = picture("stabilise: (to: centre, amount: 1)");
    let anchored = picture("stabilise: (to: average, amount: 1), psi: 0");
    let free = picture("psi: 0");
    let same = |a: &[f32], b: &[f32]| difference(a, b, |x, y| (x, y));
    // At psi 0 the latent is the average: anchoring to it changes nothing.
    assert!(same(&anchored, &free) < 1e-8, "{}", same(&anchored, &free));
    assert!(same(&centred, &picture("")) > 1e-4);
    let half = picture("stabilise: (to: centre, amount: 0.5)");
    assert!(same(&half, &centred) > 1e-5 && same(&half, &picture("")) > 1e-5);
}
