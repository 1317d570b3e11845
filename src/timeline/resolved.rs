//! A timeline without defaults, paths or names left: all that the drawing half sees.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use super::alpha::Keyed;
use super::curve::{Curve, Key};
use super::easing::Easing;
use super::number::{Number, Pair};
use super::remap::Remap;
use super::tempo::{Clock, Tempo};

/// Everything a render needs to know besides the networks themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Frames per second as a fraction.
    pub fps: (u32, u32),
    /// Length in frames; at least 1.
    pub frames: u64,
    /// The output picture.
    pub canvas: Canvas,
    /// How long the shutter is open; none for a moment.
    pub shutter: Option<Shutter>,
    /// Several pictures in one.
    pub grid: Option<Grid>,
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
    /// What is seen of the picture; none for all of it.
    pub alpha: Option<Keyed>,
    /// Names for moments, in their order. They change no picture.
    pub markers: Vec<Marker>,
    /// Where the beats lie.
    pub tempo: Option<Tempo>,
    /// From the film's time to that of all above and of the tracks; none where they are the same.
    pub time: Option<Remap>,
    /// Which of the film's networks draws the picture that the fields above describe; none where
    /// they describe none, and the tracks lie upon black.
    pub network: Option<usize>,
    /// Clips over that picture, the lowest track first.
    pub tracks: Vec<Track>,
}

/// Clips one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// For people.
    pub name: String,
    /// In the order of their starts and of their ends; at most two are seen at once.
    pub clips: Vec<Clip>,
    /// 0 shows what is below, 1 the track where it has a clip.
    pub opacity: Curve<Number>,
}

/// A piece of another timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// For people.
    pub name: String,
    /// The file of what is shown; none where it stands in the clip itself.
    pub file: Option<PathBuf>,
    /// What is shown, at the film's rate. That of a file has its own music, any other the film's.
    pub shot: Arc<Resolved>,
    /// The first moment at which it is seen, frames of the film.
    pub start: f64,
    /// The first moment after it.
    pub end: f64,
    /// From the film's time to the shot's.
    pub time: Remap,
    /// How it comes in; none for a cut.
    pub fade: Option<Fade>,
}

/// The beginning of a clip, during which the one before, or what is below, goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fade {
    /// Its length in frames, above 0.
    pub frames: f64,
    /// The way from 0 to 1.
    pub easing: Easing,
    /// What is blended.
    pub by: Medium,
}

/// What a cross-fade blends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// The latents and the cameras, of one network: a single picture that turns into the next.
    Latent,
    /// Two pictures, added in linear light.
    Pixels,
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
    /// The same, without what changes no picture.
    #[must_use]
    pub fn pictures(&self) -> Self {
        let clip = |clip: &Clip| Clip {
            name: String::new(),
            file: clip.file.as_ref().map(|_| PathBuf::new()),
            shot: Arc::new(clip.shot.pictures()),
            ..clip.clone()
        };
        let track = |track: &Track| Track {
            name: String::new(),
            clips: track.clips.iter().map(clip).collect(),
            opacity: track.opacity.clone(),
        };
        Self {
            preset: String::new(),
            audio: None,
            markers: Vec::new(),
            tempo: None,
            tracks: self.tracks.iter().map(track).collect(),
            ..self.clone()
        }
    }

    /// Width and height of the output, pixels, for a network of some resolution.
    pub fn size(&self, resolution: u32) -> (u32, u32) {
        let image = self.canvas.extent.unwrap_or((resolution, resolution));
        let derived = || self.grid.as_ref().map_or(image, |grid| grid.around(image));
        self.canvas.size.unwrap_or_else(derived)
    }

    /// The timeline that a cell shows.
    pub fn of_cell(&self, cell: &Cell) -> Self {
        let mut own = Self { grid: None, ..self.clone() };
        own.latent = cell.latent.clone().unwrap_or(own.latent);
        own.psi = cell.psi.clone().unwrap_or(own.psi);
        own.camera = cell.camera.clone().unwrap_or(own.camera);
        own
    }

    /// Every picture of one network that the film shows, with the network's number: its own or those of its
    /// grid's cells, and those of its clips.
    pub fn shots(&self) -> Vec<(usize, Cow<'_, Self>)> {
        let clips = self.tracks.iter().flat_map(|track| &track.clips);
        let mut shots: Vec<_> = clips.flat_map(|clip| clip.shot.shots()).collect();
        match (&self.grid, self.network) {
            (Some(grid), Some(network)) => {
                let cell = |cell| (network, Cow::Owned(self.of_cell(cell)));
                shots.extend(grid.cells.iter().map(cell));
            }
            (None, Some(network)) => shots.push((network, Cow::Borrowed(self))),
            (_, None) => {}
        }
        shots
    }

    /// What turns times as written into frames.
    pub fn clock(&self) -> Clock {
        Clock { rate: self.fps, tempo: self.tempo.clone() }
    }
}

/// The output picture and how the network's square image is put into it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Canvas {
    /// Width in pixels; none for the network's own resolution.
    pub size: Option<(u32, u32)>,
    /// How a square image is put into another shape.
    pub fit: Fit,
    /// Width over height of one stored pixel.
    pub pixel_aspect: (u32, u32),
    /// Width and height of what an alias-free network synthesises, pixels at its own sampling rate;
    /// none for the square that it was trained on.
    pub extent: Option<(u32, u32)>,
    /// What lies below the pictures.
    pub ground: Ground,
}

/// What lies below everything: seen in bars, gaps, and where pictures are transparent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ground {
    /// Black, of a film of which nothing is transparent.
    Black,
    /// Red, green and blue as displays have them, 0 to 1.
    Colour([f64; 3]),
    /// Nothing: the film has alpha.
    Clear,
}

/// A shutter that stays open while the picture moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shutter {
    /// When it opens, frames after the frame's own time; mostly negative.
    pub opens: f64,
    /// How long it is open, frames; 0 to 2.
    pub open: f64,
    /// Moments whose light is averaged; at least 1.
    pub samples: u32,
}

impl Shutter {
    /// The moments, frames after the frame's own time: the middles of equal parts.
    pub fn moments(&self) -> impl Iterator<Item = f64> {
        let Self { opens, open, samples } = *self;
        (0..samples).map(move |i| opens + open * (f64::from(i) + 0.5) / f64::from(samples))
    }
}

/// Pictures side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Cells in a row; at least 1.
    pub columns: u32,
    /// Rows; at least 1.
    pub rows: u32,
    /// Pixels between two cells.
    pub gap: u32,
    /// Red, green and blue between the cells and where there is none, as displays have them, 0 to 1.
    pub background: [f64; 3],
    /// Row by row, at least one; where there are fewer than places the last ones stay empty.
    pub cells: Vec<Cell>,
}

/// What a cell has of its own; the rest is the timeline's.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Its latent.
    pub latent: Option<Latent>,
    /// Its truncation.
    pub psi: Option<Curve<Number>>,
    /// Its camera.
    pub camera: Option<Camera>,
}

impl Grid {
    /// Width and height of the whole, for cells of some size.
    pub fn around(&self, cell: (u32, u32)) -> (u32, u32) {
        let whole = |count: u32, side: u32| count * side + (count - 1) * self.gap;
        (whole(self.columns, cell.0), whole(self.rows, cell.1))
    }

    /// Width and height of a cell in a whole of some size; 0 where the gaps leave nothing.
    pub fn cell_size(&self, whole: (u32, u32)) -> (u32, u32) {
        let cell = |whole: u32, count: u32| whole.saturating_sub((count - 1) * self.gap) / count;
        (cell(whole.0, self.columns), cell(whole.1, self.rows))
    }

    /// Where a cell's left upper corner lies; what pixels are over surround the cells evenly.
    pub fn corner(&self, cell: u32, whole: (u32, u32)) -> (u32, u32) {
        let size = self.cell_size(whole);
        let used = self.around(size);
        let at = |i: u32, side: u32, over: u32| over / 2 + i * (side + self.gap);
        let (column, row) = (cell % self.columns, cell / self.columns);
        (
            at(column, size.0, whole.0.saturating_sub(used.0)),
            at(row, size.1, whole.1.saturating_sub(used.1)),
        )
    }
}

/// How an image is put into a frame of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// All of the image, bars beside it.
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
