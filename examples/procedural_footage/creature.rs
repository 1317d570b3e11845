//! A round, furry creature that looks about, of many kinds: its fur grows on its skin, and waves of wind
//! go through it.

use std::f32::consts::PI;

use super::Scene;
use super::space::{V, hue, noise, sway};

/// Shells of fur around the skin.
const SHELLS: usize = 22;
/// Hairs along a radius of the body.
const HAIRS: f32 = 13.0;

/// Everything that varies from moment to moment: kinds change slowly, poses quickly.
pub struct Creature {
    time: f32,
    /// Place of the middle and radius of the skin, of half the picture's width.
    middle: (f32, f32),
    radius: f32,
    /// Rows of the turn from the world to the creature.
    turn: [V; 3],
    /// Length of the fur, of the radius.
    fur: f32,
    wind: f32,
    coat: [V; 2],
    /// Stripes against spots, and how many.
    stripes: f32,
    marks: f32,
    iris: V,
    /// 0 shut, 1 open.
    lids: f32,
    sky: [V; 2],
    light: V,
}

impl Creature {
    pub fn at(time: f64) -> Self {
        let s = |seconds, phase| sway(time, seconds, phase);
        let (yaw, pitch, roll) = (0.75 * s(5.3, 0.1), 0.38 * s(7.1, 0.6), 0.32 * s(9.7, 0.3));
        let (breath, tint) = (s(2.9, 0.0), 0.5 * s(67.0, 0.2) + 0.23 * s(29.0, 0.8));
        let base = 0.08 + tint;
        let other = base + 0.16 * s(41.0, 0.4) + 0.08;
        let blink = (s(4.3, 0.5) - 0.9).max(0.0) * 10.0;
        Self {
            time: (time % 1e5) as f32,
            middle: (0.09 * s(6.1, 0.7), 0.06 + 0.07 * s(4.7, 0.2)),
            radius: 0.58 + 0.045 * s(31.0, 0.5) + 0.008 * breath,
            turn: turned(yaw, pitch, roll),
            fur: 0.30 + 0.13 * s(37.0, 0.9),
            wind: 0.30 + 0.25 * s(11.0, 0.3),
            coat: [hue(base, 0.88, 0.95), hue(other, 0.70, 0.30 + 0.25 * s(47.0, 0.1).abs())],
            stripes: 0.5 + 0.5 * s(53.0, 0.6),
            marks: 3.2 + 1.2 * s(43.0, 0.0),
            iris: hue(base + 0.5, 0.8, 0.9),
            lids: (1.0 - blink).clamp(0.0, 1.0),
            sky: [hue(base + 0.52 + 0.1 * s(59.0, 0.0), 0.45, 0.62), hue(base + 0.62, 0.55, 0.20)],
            light: V(0.75 * s(17.0, 0.0), -0.8, 0.55).unit(),
        }
    }

    /// A sky, a soft floor, and the creature's shadow on it.
    fn backdrop(&self, x: f32, y: f32, u: f32, v: f32) -> V {
        let glow = (-((x - 0.5 * self.light.0).powi(2) + (y + 0.7).powi(2))).exp();
        let sky = self.sky[1].mix(self.sky[0], (0.55 * glow + 0.35 * (0.5 - 0.5 * y)).min(1.0));
        let under = (u + 0.5 * self.light.0).powi(2) * 0.55 + (v - 1.45).powi(2) * 5.0;
        sky * (1.0 - 0.5 * (-under).exp())
    }

    /// How the fur lies: downwards, and as the wind goes through it in waves.
    fn bend(&self, u: f32, v: f32, outer: f32, square: f32) -> V {
        let normal = V(u, v, (outer * outer - square).max(0.0).sqrt()) * outer.recip();
        let wave = (4.0 * normal.0 - 2.5 * normal.1 - 2.6 * self.time).sin();
        let gust = V(self.wind * (0.6 + 0.8 * wave), 0.85 + 0.15 * wave, 0.0);
        gust - normal * gust.dot(normal)
    }

    /// A direction of the world as the creature has it.
    fn within(&self, d: V) -> V {
        V(self.turn[0].dot(d), self.turn[1].dot(d), self.turn[2].dot(d))
    }

    /// A direction of the creature as the world has it.
    fn without(&self, d: V) -> V {
        self.turn[0] * d.0 + self.turn[1] * d.1 + self.turn[2] * d.2
    }

    fn lit(&self, normal: V, depth: f32) -> f32 {
        let direct = (0.25 + 0.75 * normal.dot(self.light)).max(0.0);
        let rim = (1.0 - normal.2).powi(3) * 0.35;
        depth * (0.38 + 0.85 * direct) + rim * depth
    }

    /// The coat's colour at a place of the skin: stripes or spots of one on the other, a pale belly.
    fn coat_at(&self, d: V) -> V {
        let warp = noise(d * 2.3 + V(5.0, 1.0, 9.0)) - 0.5;
        let stripe = (self.marks * PI * (d.1 + 0.35 * d.0 * d.0 + 0.5 * warp)).sin();
        let spot = (noise(d * (self.marks * 0.95)) - 0.52) * 6.0;
        let mark = ((stripe * self.stripes + spot * (1.0 - self.stripes)) * 1.6).clamp(-1.0, 1.0);
        let belly = ((d.2 * 0.7 + d.1 - 0.75) * 3.0).clamp(0.0, 1.0);
        let coat = self.coat[0].mix(self.coat[1], 0.5 + 0.5 * mark);
        coat.mix(V(0.92, 0.86, 0.78), 0.8 * belly)
    }

    /// 1 on the eyes and the nose, 0 away from them.
    fn face(&self, d: V) -> f32 {
        let near = |at: V, reach: f32| ((d.dot(at) - reach.cos()) * 14.0 + 0.5).clamp(0.0, 1.0);
        EYES.iter().map(|&eye| near(eye, EYE)).fold(near(NOSE, 0.15), f32::max)
    }

    fn eyes(&self, normal: V, d: V, skin: V) -> V {
        let soft = |value: f32| (value * 30.0 + 0.5).clamp(0.0, 1.0);
        let mut colour = skin;
        for eye in EYES {
            let away = d.dot(eye).clamp(-1.0, 1.0).acos();
            let open = soft(EYE - away) * soft(self.lids * EYE * 1.1 - (d.1 - eye.1).abs());
            let iris = V(0.02, 0.02, 0.03).mix(self.iris, soft(away - 0.62 * EYE) * 0.8);
            // A window's reflection, above the middle of the eye as it is seen.
            let seen = self.without(eye) + V(0.35 * EYE * self.light.0, -0.33 * EYE, 0.0);
            let (dx, dy) = (normal.0 - seen.0, normal.1 - seen.1);
            let shine = soft(0.27 * EYE - dx.hypot(dy)) * soft(seen.2 - 0.2);
            let ball = iris.mix(V(1.0, 1.0, 1.0), shine * 0.9);
            colour = colour.mix(ball, open);
        }
        let nose = soft(0.12 - d.dot(NOSE).clamp(-1.0, 1.0).acos());
        colour.mix(V(0.10, 0.04, 0.05).times(V(1.0, 1.0, 1.0) + self.coat[0]), nose)
    }
}

impl Scene for Creature {
    fn light_at(&self, x: f32, y: f32) -> V {
        let (u, v) = ((x - self.middle.0) / self.radius, (y - self.middle.1) / self.radius);
        let (square, outer) = (u * u + v * v, 1.0 + self.fur);
        let behind = self.backdrop(x, y, u, v);
        if square >= outer * outer {
            return behind;
        }
        let (mut colour, mut clear) = (V(0.0, 0.0, 0.0), 1.0);
        let bend = self.bend(u, v, outer, square);
        for shell in (0..SHELLS).rev() {
            let height = (shell as f32 + 0.5) / SHELLS as f32;
            let radius = 1.0 + self.fur * height;
            if square >= radius * radius {
                continue;
            }
            let normal = V(u, v, (radius * radius - square).sqrt()) * radius.recip();
            let root = self.within((normal - bend * (self.fur * height * height)).unit());
            let face = self.face(root);
            // Hair is thin at its tips, short around the eyes, and seen through at a glancing angle.
            let hair = noise(root * HAIRS);
            let edge = 0.30 + 0.55 * height + 0.9 * face;
            let thin = (normal.2 * 3.5).min(1.0) * 0.7;
            let cover = ((hair - edge) / 0.16 + 0.5).clamp(0.0, 1.0) * thin;
            if cover > 0.0 {
                let strand = 0.82 + 0.36 * noise(root * HAIRS + V(7.0, 3.0, 1.0));
                let lit = self.lit(normal, 0.30 + 0.75 * height);
                colour = colour + self.coat_at(root) * (clear * cover * strand * lit);
                clear *= 1.0 - cover;
            }
            if clear < 0.02 {
                return colour;
            }
        }
        if square < 1.0 {
            let normal = V(u, v, (1.0 - square).sqrt());
            let root = self.within(normal);
            let skin = self.coat_at(root) * (0.45 * self.lit(normal, 0.55));
            return colour + self.eyes(normal, root, skin) * clear;
        }
        colour + behind * clear
    }
}

/// Where the eyes and the nose are, in the creature's own directions.
const EYES: [V; 2] = [V(-0.40, -0.18, 0.899), V(0.40, -0.18, 0.899)];
const NOSE: V = V(0.0, 0.12, 0.993);
/// Radius of an eye.
const EYE: f32 = 0.25;

/// The turn by three angles: about the upright axis, the one from side to side, the one to the viewer.
fn turned(yaw: f32, pitch: f32, roll: f32) -> [V; 3] {
    let ((sy, cy), (sp, cp), (sr, cr)) = (yaw.sin_cos(), pitch.sin_cos(), roll.sin_cos());
    // Its transpose, which leads back: columns are the images of the axes.
    let turn = |d: V| {
        let d = V(cy * d.0 - sy * d.2, d.1, sy * d.0 + cy * d.2);
        let d = V(d.0, cp * d.1 - sp * d.2, sp * d.1 + cp * d.2);
        V(cr * d.0 - sr * d.1, sr * d.0 + cr * d.1, d.2)
    };
    [turn(V(1.0, 0.0, 0.0)), turn(V(0.0, 1.0, 0.0)), turn(V(0.0, 0.0, 1.0))]
}
