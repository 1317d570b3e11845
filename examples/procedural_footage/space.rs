//! Points, colours, noise and slow motion.

use std::f32::consts::TAU;
use std::ops::{Add, Mul, Sub};

/// A point, direction or colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct V(pub f32, pub f32, pub f32);

impl Add for V {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self(self.0 + o.0, self.1 + o.1, self.2 + o.2)
    }
}
impl Sub for V {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self(self.0 - o.0, self.1 - o.1, self.2 - o.2)
    }
}
impl Mul<f32> for V {
    type Output = Self;
    fn mul(self, k: f32) -> Self {
        Self(self.0 * k, self.1 * k, self.2 * k)
    }
}

impl V {
    pub fn dot(self, o: Self) -> f32 {
        self.0 * o.0 + self.1 * o.1 + self.2 * o.2
    }
    pub fn unit(self) -> Self {
        self * self.dot(self).sqrt().max(1e-6).recip()
    }
    pub fn mix(self, o: Self, k: f32) -> Self {
        self * (1.0 - k) + o * k
    }
    pub fn times(self, o: Self) -> Self {
        Self(self.0 * o.0, self.1 * o.1, self.2 * o.2)
    }
}

/// A wave without a period of its own kind: from -1 to 1, `seconds` long.
pub fn sway(time: f64, seconds: f64, phase: f64) -> f32 {
    let turn = std::f64::consts::TAU * (time / seconds + phase);
    ((turn + 1.3 * (turn * 0.381_966 + phase * 9.0).sin()).sin()) as f32
}

/// A colour of the rainbow, in linear light: hue in turns, and how vivid and bright it is.
pub fn hue(turns: f32, vivid: f32, bright: f32) -> V {
    let wave = |shift: f32| 0.5 + 0.5 * (TAU * (turns - shift)).cos();
    let pure = V(wave(0.0), wave(1.0 / 3.0), wave(2.0 / 3.0));
    V(1.0, 1.0, 1.0).mix(pure, vivid) * bright
}

/// Smooth noise from 0 to 1, about one bump a unit.
pub fn noise(p: V) -> f32 {
    let cell = [p.0.floor(), p.1.floor(), p.2.floor()];
    let smooth = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let [x, y, z] = [smooth(p.0 - cell[0]), smooth(p.1 - cell[1]), smooth(p.2 - cell[2])];
    let at = |i: i32, j: i32, k: i32| {
        let [a, b, c] = [cell[0] as i32 + i, cell[1] as i32 + j, cell[2] as i32 + k];
        let mut h = (a as u32).wrapping_mul(0x8da6_b343)
            ^ (b as u32).wrapping_mul(0xd816_3841)
            ^ (c as u32).wrapping_mul(0xcb1a_b31f);
        h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
        h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
        (h ^ (h >> 15)) as f32 / u32::MAX as f32
    };
    let mix = |a: f32, b: f32, k: f32| a + (b - a) * k;
    let face = |k| mix(mix(at(0, 0, k), at(1, 0, k), x), mix(at(0, 1, k), at(1, 1, k), x), y);
    mix(face(0), face(1), z)
}
