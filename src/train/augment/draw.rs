//! What is drawn for one image.

use std::f64::consts::{PI, TAU};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::filter::BANDS;
use crate::signal::Draws;

/// An augmentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it; the figures are in the module's source")]
pub enum Operation {
    XFlip,
    Rotate90,
    XInt,
    Scale,
    Rotate,
    Aniso,
    XFrac,
    Brightness,
    Contrast,
    LumaFlip,
    Hue,
    Saturation,
    ImgFilter,
    Noise,
    Cutout,
}

use Operation::{
    Aniso, Brightness, Contrast, Cutout, Hue, ImgFilter, LumaFlip, Noise, Rotate, Rotate90,
    Saturation, Scale, XFlip, XFrac, XInt,
};

/// Every augmentation by its published name.
const NAMES: [(&str, Operation); 15] = [
    ("xflip", XFlip),
    ("rotate90", Rotate90),
    ("xint", XInt),
    ("scale", Scale),
    ("rotate", Rotate),
    ("aniso", Aniso),
    ("xfrac", XFrac),
    ("brightness", Brightness),
    ("contrast", Contrast),
    ("lumaflip", LumaFlip),
    ("hue", Hue),
    ("saturation", Saturation),
    ("imgfilter", ImgFilter),
    ("noise", Noise),
    ("cutout", Cutout),
];
/// Groups: `b` moves whole pixels, `g` is geometry, `c` colour, `f` filters, `n` noise, `c` cutout.
const GROUPS: [(&str, &[(usize, usize)]); 9] = [
    ("b", &[(0, 3)]),
    ("blit", &[(0, 3)]),
    ("geom", &[(3, 7)]),
    ("color", &[(7, 12)]),
    ("bg", &[(0, 7)]),
    ("bgc", &[(0, 12)]),
    ("bgcf", &[(0, 13)]),
    ("bgcfn", &[(0, 14)]),
    ("bgcfnc", &[(0, 15)]),
];

/// Which augmentations are applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipe(Vec<Operation>);

impl Pipe {
    /// Whether it has an augmentation.
    pub fn has(&self, operation: Operation) -> bool {
        self.0.contains(&operation)
    }
}

impl FromStr for Pipe {
    type Err = String;

    /// Names of groups and augmentations, with commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut operations = Vec::new();
        for name in text.split(',').map(str::trim) {
            if let Some((_, ranges)) = GROUPS.iter().find(|(group, _)| *group == name) {
                operations
                    .extend(ranges.iter().flat_map(|&(a, b)| NAMES[a..b].iter().map(|n| n.1)));
            } else if let Some((_, operation)) = NAMES.iter().find(|(known, _)| *known == name) {
                operations.push(*operation);
            } else {
                let known: Vec<_> =
                    GROUPS[1..].iter().map(|g| g.0).chain(NAMES.iter().map(|n| n.0)).collect();
                return Err(format!("no augmentation `{name}`; expected {}", known.join(", ")));
            }
        }
        operations.sort_unstable();
        operations.dedup();
        Ok(Self(operations))
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |operation| NAMES.iter().find(|(_, known)| *known == operation).map(|n| n.0);
        let names: Vec<_> = self.0.iter().filter_map(|&operation| name(operation)).collect();
        f.write_str(&names.join(","))
    }
}

/// Where draws come from.
pub trait Dice {
    /// Uniform in 0..1.
    fn uniform(&mut self) -> f64;
    /// A standard normal.
    fn normal(&mut self) -> f64;
    /// True with this probability.
    fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }
}

impl Dice for Draws {
    fn uniform(&mut self) -> f64 {
        Self::uniform(self)
    }
    fn normal(&mut self) -> f64 {
        Self::normal(self)
    }
}

/// An affine map of the plane, `[[a, b, x], [c, d, y]]`.
pub type Affine = [[f64; 3]; 2];

/// An affine map of colours: 3 rows of 3 factors and an offset.
pub type ColourMap = [[f64; 4]; 3];

/// Noise of one image.
#[derive(Debug, Clone)]
pub struct NoiseDraw {
    sigma: f64,
    draws: Option<Draws>,
}

impl NoiseDraw {
    /// So many values.
    pub fn values(&self, n: usize) -> Vec<f32> {
        let mut values = self.draws.clone().map_or(vec![0.0; n], |mut d| d.normal_values(n));
        values.iter_mut().for_each(|value| *value *= self.sigma as f32);
        values
    }
}

/// What is done to one image.
#[derive(Debug, Clone)]
pub struct Draw {
    /// From places in the result to places in the image, pixels from the middle, x right, y down.
    pub geometry: Affine,
    /// Acts on red, green, blue.
    pub colour: ColourMap,
    /// Gains of the bands, lowest first; none for no filter.
    pub bands: Option<[f64; BANDS]>,
    /// Added noise.
    pub noise: Option<NoiseDraw>,
    /// Middle (x, y) of the square of half the image's size that is hidden, in image sizes.
    pub cutout: Option<[f64; 2]>,
}

const IDENTITY: Affine = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
const COLOURLESS: ColourMap = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];

impl Draw {
    /// Draws for an image of `[height, width]` pixels; each augmentation is applied with probability `p`.
    pub fn new(pipe: &Pipe, p: f64, size: [usize; 2], dice: &mut impl Dice) -> Self {
        let mut open = |dice: &mut _, operation, p| pipe.has(operation) && Dice::chance(dice, p);
        Self {
            geometry: geometry(&mut open, p, size, dice),
            colour: colour(&mut open, p, dice),
            bands: bands(&mut open, p, dice),
            noise: open(dice, Noise, p)
                .then(|| NoiseDraw { sigma: dice.normal().abs() * 0.1, draws: None }),
            cutout: open(dice, Cutout, p).then(|| [dice.uniform(), dice.uniform()]),
        }
    }

    /// As [`Draw::new`], with noise from the same draws.
    pub fn sample(pipe: &Pipe, p: f64, size: [usize; 2], mut draws: Draws) -> Self {
        let mut draw = Self::new(pipe, p, size, &mut draws);
        if let Some(noise) = &mut draw.noise {
            noise.draws = Some(draws);
        }
        draw
    }

    /// Whether the picture stays where it is.
    pub fn is_still(&self) -> bool {
        self.geometry == IDENTITY
    }

    /// Whether colours stay as they are.
    pub fn is_colourless(&self) -> bool {
        self.colour == COLOURLESS
    }
}

/// Specification section 3, in its order.
fn geometry<D: Dice>(
    open: &mut impl FnMut(&mut D, Operation, f64) -> bool,
    p: f64,
    [height, width]: [usize; 2],
    dice: &mut D,
) -> Affine {
    let (w, h) = (width as f64, height as f64);
    let mut map = IDENTITY;
    let mut then = |next: Affine| map = times(&map, &next);
    let diagonal = |x: f64, y: f64| [[x, 0.0, 0.0], [0.0, y, 0.0]];
    let shift = |x: f64, y: f64| [[1.0, 0.0, x], [0.0, 1.0, y]];
    if open(dice, XFlip, p) {
        then(diagonal(1.0 - 2.0 * (2.0 * dice.uniform()).floor(), 1.0));
    }
    if open(dice, Rotate90, p) {
        // Exact quarter turns: no rounding where nothing is to be resampled.
        let (cos, sin) = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)]
            [((4.0 * dice.uniform()) as usize).min(3)];
        then([[cos, -sin, 0.0], [sin, cos, 0.0]]);
    }
    if open(dice, XInt, p) {
        let mut pixels =
            |size: f64| -((2.0 * dice.uniform() - 1.0) * 0.125 * size).round_ties_even();
        then(shift(pixels(w), pixels(h)));
    }
    if open(dice, Scale, p) {
        let s = (0.2 * dice.normal()).exp2();
        then(diagonal(1.0 / s, 1.0 / s));
    }
    // Together both rotations are applied with probability p.
    let p_rotate = 1.0 - (1.0 - p).max(0.0).sqrt();
    let turn = |angle: f64| [[angle.cos(), -angle.sin(), 0.0], [angle.sin(), angle.cos(), 0.0]];
    if open(dice, Rotate, p_rotate) {
        then(turn((2.0 * dice.uniform() - 1.0) * PI));
    }
    if open(dice, Aniso, p) {
        let s = (0.2 * dice.normal()).exp2();
        then(diagonal(1.0 / s, s));
    }
    if open(dice, Rotate, p_rotate) {
        then(turn((2.0 * dice.uniform() - 1.0) * PI));
    }
    if open(dice, XFrac, p) {
        let (x, y) = (dice.normal(), dice.normal());
        then(shift(-0.125 * x * w, -0.125 * y * h));
    }
    map
}

fn times(a: &Affine, b: &Affine) -> Affine {
    [0, 1].map(|i| {
        [0, 1, 2]
            .map(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j] + if j == 2 { a[i][2] } else { 0.0 })
    })
}

fn colour<D: Dice>(
    open: &mut impl FnMut(&mut D, Operation, f64) -> bool,
    p: f64,
    dice: &mut D,
) -> ColourMap {
    let mut map = COLOURLESS;
    let mut then = |next: [[f64; 3]; 3], offset: f64| {
        let product = |i: usize, j: usize| (0..3).map(|k| next[i][k] * map[k][j]).sum::<f64>();
        map = [0, 1, 2]
            .map(|i| [0, 1, 2, 3].map(|j| product(i, j) + if j == 3 { offset } else { 0.0 }));
    };
    // a I + b v v^T + c [v]x with v the grey axis.
    let about = |a: f64, b: f64, c: f64| {
        let (grey, cross) = (b / 3.0, c / 3f64.sqrt());
        let sign = [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]];
        [0, 1, 2]
            .map(|i| [0, 1, 2].map(|j| grey + cross * sign[i][j] + if i == j { a } else { 0.0 }))
    };
    if open(dice, Brightness, p) {
        then(about(1.0, 0.0, 0.0), 0.2 * dice.normal());
    }
    if open(dice, Contrast, p) {
        then(about((0.5 * dice.normal()).exp2(), 0.0, 0.0), 0.0);
    }
    if open(dice, LumaFlip, p) {
        then(about(1.0, -2.0 * (2.0 * dice.uniform()).floor(), 0.0), 0.0);
    }
    if open(dice, Hue, p) {
        let (sin, cos) = ((dice.uniform() - 0.5) * TAU).sin_cos();
        then(about(cos, 1.0 - cos, sin), 0.0);
    }
    if open(dice, Saturation, p) {
        let s = dice.normal().exp2();
        then(about(s, 1.0 - s, 0.0), 0.0);
    }
    map
}

/// Gains of the bands: each is drawn with the total power of natural images kept.
fn bands<D: Dice>(
    open: &mut impl FnMut(&mut D, Operation, f64) -> bool,
    p: f64,
    dice: &mut D,
) -> Option<[f64; BANDS]> {
    // Expected power of the bands of natural images.
    let power = [10.0, 1.0, 1.0, 1.0].map(|x| x / 13.0);
    let mut drawn: Option<[f64; BANDS]> = None;
    for band in 0..BANDS {
        if !open(dice, ImgFilter, p) {
            continue;
        }
        let gains = drawn.get_or_insert([1.0; BANDS]);
        let mut t = [1.0; BANDS];
        t[band] = dice.normal().exp2();
        let norm = (0..BANDS).map(|i| power[i] * t[i] * t[i]).sum::<f64>().sqrt();
        for i in 0..BANDS {
            gains[i] *= t[i] / norm;
        }
    }
    drawn
}
