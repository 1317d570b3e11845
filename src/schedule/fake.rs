//! What tests of this room share: a small network that is none.

use std::f64::consts::FRAC_PI_4;

use super::Mapping;
use crate::Result;
use crate::signal::randn;
use crate::timeline::curve::{Curve, Key};
use crate::timeline::easing::Easing;
use crate::timeline::resolved::{
    Camera, Canvas, Fit, Ground, Interpolation, Latent, LatentPoint, Resolved, Speed,
};

pub const Z_DIM: usize = 7;
pub const W_DIM: usize = 5;
pub const NUM_WS: usize = 4;

/// A smooth mapping that is not linear, with a pose unless told to have none.
pub struct Fake {
    pub has_pose: bool,
}

const W_AVG: [f32; W_DIM] = [0.25, -0.5, 0.125, 0.75, -0.0625];

impl Mapping for Fake {
    fn z_dim(&self) -> usize {
        Z_DIM
    }
    fn w_dim(&self) -> usize {
        W_DIM
    }
    fn num_ws(&self) -> usize {
        NUM_WS
    }
    fn w_avg(&self) -> &[f32] {
        &W_AVG
    }
    fn map(&self, z: &[f32], class: Option<usize>) -> Result<Vec<f32>> {
        assert_eq!(z.len(), Z_DIM);
        let class = class.map_or(0.0, |c| 1.0 + c as f64);
        let w = |i: usize| {
            let sum: f64 =
                z.iter().enumerate().map(|(j, &z)| f64::from(z) * ((i * 7 + j) as f64).cos()).sum();
            (1.5 * (sum + 0.7 * class + i as f64).sin()) as f32
        };
        Ok((0..W_DIM).map(w).collect())
    }
    fn pose(&self, w: &[f32]) -> Option<[f64; 4]> {
        assert_eq!(w.len(), W_DIM);
        let angle = FRAC_PI_4 * f64::from(w[0]) * 3.0;
        let (sin, cos) = angle.sin_cos();
        self.has_pose.then(|| [cos, sin, f64::from(w[1]), f64::from(w[2])])
    }
}

/// A latent path with a key at every given time, its easings linear.
pub fn latent(
    keys: impl IntoIterator<Item = (f64, LatentPoint)>,
    interpolation: Interpolation,
    period: Option<f64>,
) -> Latent {
    let key = |(at, value)| Key { at, value, easing: Easing::Linear };
    Latent {
        keys: keys.into_iter().map(key).collect(),
        interpolation,
        period,
        ping_pong: false,
        speed: Speed::Keys,
    }
}

/// A timeline of 48 frames that shows `latent` and does nothing else.
pub fn resolved(latent: Latent) -> Resolved {
    Resolved {
        fps: (24, 1),
        frames: 48,
        canvas: Canvas {
            size: None,
            fit: Fit::Contain,
            pixel_aspect: (1, 1),
            extent: None,
            ground: Ground::Black,
        },
        shutter: None,
        grid: None,
        preset: "h264".into(),
        audio: None,
        latent,
        psi: Curve::constant(1.0),
        cutoff: None,
        class: None,
        mixes: Vec::new(),
        directions: Vec::new(),
        camera: Camera {
            translate: Curve::constant([0.0, 0.0]),
            rotate: Curve::constant(0.0),
            scale: Curve::constant(1.0),
            pivot: Curve::constant([0.0, 0.0]),
        },
        stabilise: None,
        alpha: None,
        markers: Vec::new(),
        tempo: None,
        time: None,
        network: Some(0),
        tracks: Vec::new(),
    }
}

/// `n` numbers spread over 0..1, the same for the same seed.
pub fn spread(seed: u32, n: usize) -> Vec<f64> {
    randn(seed, n).into_iter().map(|x| x.rem_euclid(1.0)).collect()
}
