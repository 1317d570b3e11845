//! A timeline without defaults, paths or names left: all that the drawing half sees.

use std::path::PathBuf;

use super::curve::{Curve, Key};
use super::number::{Number, Pair};
use super::tempo::{Clock, Tempo};

/// Everything a render needs to know besides the network itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Frames per second as a fraction.
    pub fps: (u32, u32),
    /// Length in frames; at least 1.
    pub frames: u64,
    /// The output picture.
    pub canvas: Canvas,
    /// Name of the output preset, or the path of a preset file.
    pub preset: String,
    /// Audio to mux, absolute or relative to the working folder.
    pub audio: Option<PathBuf>,
    /// The latent that all layers use unless mixed.
    pub latent: Latent,
    /// Truncation psi; 1 is none, 0 the average.
    pub psi: Curve<Number>,
    /// How many of the first layers psi acts on: none for all, a keyed (held) count otherwise.
    pub cutoff: Option<Curve<f64>>,
    /// Weight of each class by index, summing to 1 at each key; none for networks without classes.
    pub class: Option<Curve<Vec<f64>>>,
    /// Later entries act upon the result of earlier ones.
    pub mixes: Vec<Mix>,
    /// What is added to the latents once they are mixed and truncated.
    pub directions: Vec<Direction>,
    /// The viewer's camera.
    pub camera: Camera,
    /// Cancelling of the network's own learned motion.
    pub stabilise: Option<Stabilise>,
    /// Names for moments, in their order. They change no picture.
    pub markers: Vec<Marker>,
    /// Where the beats lie.
    pub tempo: Option<Tempo>,
}

/// A name for a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    /// Letters, digits and `_`, not beginning with a digit.
    pub name: String,
    /// Time in frames.
    pub frame: f64,
}

impl Resolved {
    /// What turns times as written into frames.
    pub fn clock(&self) -> Clock {
        Clock { rate: self.fps, tempo: self.tempo.clone() }
    }
}

/// The output picture and how the network's square image is put into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// Width in pixels; none for the network's own resolution.
    pub size: Option<(u32, u32)>,
    /// How a square image is put into another shape.
    pub fit: Fit,
    /// Width over height of one stored pixel.
    pub pixel_aspect: (u32, u32),
}

/// How an image is put into a frame of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// All of the image, black bars beside it.
    Contain,
    /// All of the frame covered, the image's edges cropped.
    Cover,
    /// Stretched to the frame.
    Stretch,
}

/// A keyed path through latent space.
#[derive(Debug, Clone, PartialEq)]
pub struct Latent {
    /// What stands at each key; strictly increasing times, at least one.
    pub keys: Vec<Key<LatentPoint>>,
    /// How the way between keys is drawn.
    pub interpolation: Interpolation,
    /// For a loop: the time in frames after the first key at which the first key is reached again
    /// (greater than the last key's time minus the first's). Before and after, the path repeats.
    pub period: Option<f64>,
    /// Whether it goes to the last key and back, again and again; then there is no period.
    pub ping_pong: bool,
    /// How fast it is followed.
    pub speed: Speed,
}

/// How fast a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// As the keys' times and easings say.
    Keys,
    /// At the same speed in w from its beginning to its end (or once round): the keys' times between, and
    /// their easings, count for nothing.
    Even,
    /// The same, so that the picture changes by about as much from each frame to the next.
    Perceptual,
}

/// A point of latent space.
#[derive(Debug, Clone, PartialEq)]
pub enum LatentPoint {
    /// A community seed: `RandomState(seed).randn(z_dim)`.
    Seed(u32),
    /// A normal latent, `z_dim` values.
    Z(Vec<f32>),
    /// One mapped latent for all layers, `w_dim` values.
    W(Vec<f32>),
    /// One mapped latent for each layer, `num_ws` times `w_dim` values.
    Ws(Vec<f32>),
    /// The network's `w_avg`.
    Average,
}

/// How the way between latent keys is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// Straight lines in w.
    Linear,
    /// Catmull-Rom through the keys in w (centripetal knots are not used: knots are the key times).
    CatmullRom,
    /// Natural cubic spline in w (periodic when looped).
    NaturalCubic,
    /// The published video tool's looping cubic in w: five copies of the keys, not-a-knot ends.
    /// Needs a loop.
    LoopCubic,
    /// Great circles in z, mapped at every frame. Needs keys that are seeds or z.
    Slerp,
    /// A sum of so many waves through z that fit the period, which mapped at every frame comes back to
    /// where it began. One is a circle through two keys, a quarter of the period apart; more are drawn
    /// from the seed of the only key. At every moment z is normal, as the network expects it.
    Walk(u32),
}

/// Another latent for some of the layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// Which of the `num_ws` copies it acts on, each below `num_ws`.
    pub layers: Vec<usize>,
    /// The other latent.
    pub latent: Latent,
    /// 0 leaves the layer as it was, 1 replaces it.
    pub amount: Curve<Number>,
}

/// An edit: a way through w on which one thing of the picture changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Direction {
    /// What the timeline calls it.
    pub name: String,
    /// Which of the `num_ws` copies it acts on, each below `num_ws`.
    pub layers: Vec<usize>,
    /// What an amount of 1 adds to the latent of each layer: `num_ws` times `w_dim` values.
    pub vector: Vec<f32>,
    /// How much of it: any number, below 0 the other way.
    pub amount: Curve<Number>,
}

/// The camera as the viewer sees it: the picture is scaled and turned about the pivot, then moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Motion of the picture: x to the right, y down, in canvas widths.
    pub translate: Curve<Pair>,
    /// Turn of the picture, degrees, clockwise as seen.
    pub rotate: Curve<Number>,
    /// Size of the picture: above 1 is nearer.
    pub scale: Curve<Number>,
    /// What scale and rotation turn about, canvas widths from the centre.
    pub pivot: Curve<Pair>,
}

/// Cancelling of the network's own learned rotation and translation.
#[derive(Debug, Clone, PartialEq)]
pub struct Stabilise {
    /// Where the picture is held.
    pub to: Anchor,
    /// 0 leaves the network's own motion, 1 cancels it.
    pub amount: Curve<Number>,
}

/// Where a stabilised picture is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Upright and centred: no rotation, no translation.
    Centre,
    /// The rotation and translation of the w average ("anchoring").
    Average,
}
