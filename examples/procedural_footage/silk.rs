//! Folds of shot silk with veins of metal in them: a surface without an end, which drifts and ripples.

use std::f32::consts::TAU;

use super::Scene;
use super::space::{V, hue, noise, sway};

/// Step of the slope's difference quotient, in units of the cloth.
const STEP: f32 = 0.01;

/// Everything that varies from moment to moment.
pub struct Silk {
    /// Rows of the turn and the scale from the picture to the cloth.
    turn: [[f32; 2]; 2],
    /// Where the cloth is under the picture; its third coordinate is time.
    drift: V,
    /// Folds a unit, how deep they are, and how much they wind.
    folds: f32,
    depth: f32,
    winding: f32,
    /// Width of the veins.
    veins: f32,
    /// The two sides of the cloth, and the metal.
    cloth: [V; 2],
    metal: V,
    light: V,
}

impl Silk {
    pub fn at(time: f64) -> Self {
        let s = |seconds, phase| sway(time, seconds, phase);
        let (angle, scale) = (1.9 * s(61.0, 0.3) + 0.6 * s(13.0, 0.7), 1.1 + 0.2 * s(37.0, 0.1));
        let (sin, cos) = angle.sin_cos();
        let tint = 0.5 * s(71.0, 0.2) + 0.3 * s(29.0, 0.8);
        let across = tint + 0.28 + 0.2 * s(43.0, 0.5);
        Self {
            turn: [[scale * cos, -scale * sin], [scale * sin, scale * cos]],
            drift: V(7.0 * s(97.0, 0.0), 7.0 * s(89.0, 0.4), (0.11 * time % 1e4) as f32),
            folds: 0.75 + 0.2 * s(31.0, 0.6),
            depth: 0.17 + 0.05 * s(23.0, 0.2),
            winding: 0.75 + 0.35 * s(41.0, 0.9),
            veins: 0.035 + 0.02 * s(19.0, 0.4),
            cloth: [hue(tint, 0.85, 0.75), hue(across, 0.8, 0.35)],
            metal: hue(tint + 0.5, 0.35, 1.1),
            light: V(0.65 * s(17.0, 0.0), -0.7, 0.75).unit(),
        }
    }

    /// A place of the cloth as its threads run.
    fn threads(&self, x: f32, y: f32) -> (f32, f32) {
        let bump = |shift: f32| {
            let at = V(0.8 * x + shift, 0.8 * y - shift, 0.6 * self.drift.2);
            noise(at) - 0.5
        };
        let wound = |shift: f32| 2.2 * self.winding * bump(shift);
        (x + wound(3.7), y + wound(11.3))
    }

    fn height(&self, u: f32, v: f32) -> f32 {
        let ripple = noise(V(1.4 * u, 1.4 * v, self.drift.2)) - 0.5;
        let fold = (TAU * (self.folds * u + 0.9 * ripple)).sin();
        self.depth * fold
    }
}

impl Scene for Silk {
    fn light_at(&self, x: f32, y: f32) -> V {
        let row = |row: [f32; 2], shift: f32| row[0] * x + row[1] * y + shift;
        let (x, y) = (row(self.turn[0], self.drift.0), row(self.turn[1], self.drift.1));
        let height = |x: f32, y: f32| {
            let (u, v) = self.threads(x, y);
            self.height(u, v)
        };
        let here = height(x, y);
        let slope = [(height(x + STEP, y) - here) / STEP, (height(x, y + STEP) - here) / STEP];
        let normal = V(-slope[0], -slope[1], 1.0).unit();
        let (u, v) = self.threads(x, y);

        // Shot silk: its colour changes with the fold, and single threads catch the light.
        let side = 0.5 + 0.5 * here / self.depth;
        let thread = 0.85 + 0.3 * (TAU * 4.5 * v + 5.0 * noise(V(2.0 * u, 2.0 * v, 3.0))).sin();
        let base = self.cloth[1].mix(self.cloth[0], side);
        let shine = normal.dot((self.light + V(0.0, 0.0, 1.0)).unit()).max(0.0);
        let lit = 0.12 + 0.8 * normal.dot(self.light).max(0.0);
        let silk = base * (lit * thread) + V(1.0, 1.0, 1.0) * (0.45 * shine.powi(40));

        // Veins run where a slow wave passes through its middle.
        let away = (noise(V(0.9 * u + 5.0, 0.9 * v, 0.4 * self.drift.2 + 9.0)) - 0.5).abs();
        let vein = (1.0 - away / self.veins).clamp(0.0, 1.0);
        silk.mix(self.metal * (0.25 + 1.1 * lit), vein * vein * (3.0 - 2.0 * vein))
    }
}
