//! Cross-fades of latents and cameras.

use std::f64::consts::TAU;

use super::FrameInput;
use super::matrix::{Matrix, inverse};
use crate::timeline::curve::Blend;
use crate::{Error, Result};

/// What lies between two inputs of one network: `from` at 0, `to` at 1. Latents go straight through w;
/// what the viewer sees is moved straight, turned the shorter way and scaled evenly.
pub fn faded(from: FrameInput, to: &FrameInput, progress: f64) -> Result<FrameInput> {
    if progress == 0.0 {
        return Ok(from);
    }
    let ws = from.ws.iter().zip(&to.ws);
    let ws = ws.map(|(&a, &b)| f64::from(a).blend(&f64::from(b), progress) as f32).collect();
    let transform = if from.transform == to.transform {
        from.transform
    } else {
        between(&from.transform, &to.transform, progress).ok_or_else(|| {
            Error::Invalid(format!(
                "the cameras of two clips have nothing between them at frame {}, expected scales above 0",
                from.index
            ))
        })?
    };
    Ok(FrameInput { index: from.index, ws, transform })
}

/// Both are the inverse of a scale and a turn with a motion after it, and so is what lies between.
fn between(from: &Matrix, to: &Matrix, progress: f64) -> Option<Matrix> {
    let (from, to) = (inverse(from)?, inverse(to)?);
    // The first column: scale times cosine and sine.
    let polar = |m: &Matrix| (m[0][0].hypot(m[1][0]), m[1][0].atan2(m[0][0]));
    let ((scale_from, turn_from), (scale_to, turn_to)) = (polar(&from), polar(&to));
    let turn = turn_to - turn_from;
    let turn = turn_from + progress * (turn - TAU * (turn / TAU).round());
    let scale = scale_from * (scale_to / scale_from).powf(progress);
    let (s, c) = turn.sin_cos();
    let moved = |i: usize| from[i][2].blend(&to[i][2], progress);
    let seen =
        [[scale * c, -scale * s, moved(0)], [scale * s, scale * c, moved(1)], [0.0, 0.0, 1.0]];
    inverse(&seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::matrix::{product, rotation, translation};

    fn camera(scale: f64, degrees: f64, x: f64, y: f64) -> Matrix {
        let zoom = [[scale, 0.0, 0.0], [0.0, scale, 0.0], [0.0, 0.0, 1.0]];
        let seen = product(&translation(x, y), &product(&rotation(degrees.to_radians()), &zoom));
        inverse(&seen).unwrap()
    }

    fn near(a: &Matrix, b: &Matrix) -> bool {
        a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn a_camera_goes_the_shorter_way_at_an_even_zoom() {
        let (from, to) = (camera(1.0, 170.0, 0.0, 0.5), camera(4.0, -170.0, 0.25, 0.0));
        assert!(near(&between(&from, &to, 0.5).unwrap(), &camera(2.0, 180.0, 0.125, 0.25)));
        assert!(near(&between(&from, &to, 0.0).unwrap(), &from));
        assert!(near(&between(&from, &to, 1.0).unwrap(), &to));
    }

    #[test]
    fn latents_go_straight_and_begin_to_the_bit() {
        let input = |w: f32, scale| FrameInput {
            index: 3,
            ws: vec![w, 0.1],
            transform: camera(scale, 0.0, 0.0, 0.0),
        };
        let (from, to) = (input(1.0, 1.0), input(3.0, 2.0));
        assert_eq!(faded(from.clone(), &to, 0.0).unwrap(), from);
        let half = faded(from.clone(), &to, 0.5).unwrap();
        assert_eq!((half.ws, half.index), (vec![2.0, 0.1], 3));
        let still = faded(from.clone(), &input(5.0, 1.0), 0.25).unwrap();
        assert_eq!(still.transform, from.transform);
    }
}
