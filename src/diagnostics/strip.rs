//! Stripes: single columns and rows of pixels over time (Karras et al. 2021, figure 1 right).

use super::sheet::Tile;
use crate::metrics::{Image, Sticking};

/// Frames that a stripe shows at most, the first ones: the number is of all frames.
const SHOWN: usize = 4096;

/// One column or row over time.
#[derive(Debug, Clone)]
struct Stripe {
    /// Where it lies: 0 is the left or upper edge, 1 the other one.
    position: f64,
    column: bool,
    /// The RGB pixels of each frame's line.
    lines: Vec<Vec<u8>>,
}

/// Watches footage frame by frame; keeps nothing of it but the stripes and the last frame.
#[derive(Debug, Clone)]
pub struct Watch {
    fps: f64,
    stripes: Vec<Stripe>,
    last: Option<Image>,
    frames: u64,
    seconds: Vec<Sticking>,
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Stripes {
    /// Frames a second.
    pub fps: f64,
    /// How many frames there were.
    pub frames: u64,
    /// Energies of all columns and rows, second by second.
    pub seconds: Vec<Sticking>,
    stripes: Vec<Stripe>,
}

impl Watch {
    /// Watches footage of a frame rate, with a stripe of a column and of a row at each of the
    /// positions (0 to 1).
    pub fn new(fps: f64, positions: &[f64]) -> Self {
        let stripe = |column| move |&position: &f64| Stripe { position, column, lines: Vec::new() };
        let columns = positions.iter().map(stripe(true));
        let stripes = columns.chain(positions.iter().map(stripe(false))).collect();
        Self { fps, stripes, last: None, frames: 0, seconds: Vec::new() }
    }

    /// Takes the next frame; all are of one shape.
    pub fn add(&mut self, frame: &Image) {
        for stripe in self.stripes.iter_mut().filter(|stripe| stripe.lines.len() < SHOWN) {
            stripe.lines.push(line(frame, stripe.position, stripe.column));
        }
        let grey = frame.grey();
        if let Some(last) = &self.last {
            // The pair belongs to the second in which its earlier frame is shown.
            let second = ((self.frames - 1) as f64 / self.fps) as usize;
            self.seconds.resize(self.seconds.len().max(second + 1), Sticking::default());
            let sum = [self.seconds[second], Sticking::between(last, &grey)].into_iter().sum();
            self.seconds[second] = sum;
        }
        self.last = Some(grey);
        self.frames += 1;
    }

    /// What was seen.
    pub fn finish(self) -> Stripes {
        let Self { fps, stripes, frames, seconds, .. } = self;
        Stripes { fps, frames, seconds, stripes }
    }
}

impl Stripes {
    /// The energies of the whole footage.
    pub fn total(&self) -> Sticking {
        self.seconds.iter().copied().sum()
    }

    /// Sticking over time: the middle of each second, and the share of its gradient energy that has
    /// no time component.
    pub fn by_second(&self) -> Vec<(f64, f64)> {
        let length = self.frames as f64 / self.fps;
        let middle = |i: usize| (i as f64 + (i as f64 + 1.0).min(length)) / 2.0;
        let seconds = self.seconds.iter().enumerate();
        seconds.filter_map(|(i, sums)| Some((middle(i), sums.share()?))).collect()
    }

    /// The stripes as pictures with scales: time to the right, pixels downwards.
    pub fn tiles(&self) -> Vec<Tile> {
        let tile = |stripe: &Stripe| {
            let (width, height) =
                (stripe.lines.len(), stripe.lines.first().map_or(0, Vec::len) / 3);
            let pixel = |y: usize, t: usize| stripe.lines[t][3 * y..][..3].iter().copied();
            let places = (0..height).flat_map(|y| (0..width).map(move |t| (y, t)));
            let (name, axis) = if stripe.column { ("column x", "y") } else { ("row y", "x") };
            Tile {
                caption: format!("{name} = {:.0}%", 100.0 * stripe.position),
                width,
                height,
                pixels: places.flat_map(|(y, t)| pixel(y, t)).collect(),
                x: Some(((width as f64) / self.fps, "s")),
                y: Some((height as f64, axis)),
            }
        };
        self.stripes.iter().map(tile).collect()
    }
}

/// The RGB pixels of a column or row.
fn line(frame: &Image, position: f64, column: bool) -> Vec<u8> {
    let (across, length) =
        if column { (frame.width, frame.height) } else { (frame.height, frame.width) };
    let at = ((position * across as f64) as usize).min(across.saturating_sub(1));
    let planes: Vec<&[f32]> = frame.planes().collect();
    let index = |i| if column { i * frame.width + at } else { at * frame.width + i };
    // One channel is grey.
    let level =
        |i: usize, c: usize| planes.get(c).or(planes.first()).map_or(0, |p| byte(p[index(i)]));
    (0..length).flat_map(|i| [0, 1, 2].map(|c| level(i, c))).collect()
}

/// As the published tools turn samples into levels.
pub(super) fn byte(value: f32) -> u8 {
    (value * 127.5 + 128.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::randn;
    use std::f64::consts::TAU;

    /// Waves of many directions, 4 to 16 pixels long: a texture that can be moved exactly.
    fn texture(x: f64, y: f64, waves: &[f64]) -> f64 {
        let wave = |w: &[f64]| {
            let (direction, length) = (w[0] * TAU, 4.0 + 12.0 * (w[1].abs() / 3.0).min(1.0));
            (TAU * (x * direction.cos() + y * direction.sin()) / length + TAU * w[2]).sin()
        };
        waves.chunks_exact(3).map(wave).sum::<f64>() / 8.0
    }

    /// A disc that moves by (2, 1) pixels a frame. Its texture goes with it, or as far as `pinned`
    /// says stands still on the screen.
    fn footage(side: usize, pinned: f64) -> Stripes {
        let waves = randn(5, 60);
        let mut watch = Watch::new(10.0, &[0.5]);
        for t in 0..25 {
            let (left, top) = (2.0 * f64::from(t), f64::from(t));
            watch.add(&Image::from_fn([1, side, side], |_, y, x| {
                let (x, y) = (x as f64, y as f64);
                let middle = side as f64 / 2.0;
                let (own_x, own_y) = (x - left, y - top);
                let inside = (own_x - middle + 24.0).hypot(own_y - middle + 12.0) < middle * 0.6;
                let moving = texture(own_x, own_y, &waves);
                let still = texture(x, y, &waves);
                if inside { ((1.0 - pinned) * moving + pinned * still) as f32 } else { -0.5 }
            }));
        }
        watch.finish()
    }

    /// The README quotes the figures of the first size.
    #[test]
    fn sticking_is_ordered_and_far_apart() {
        for side in [96, 128] {
            let share = |pinned| footage(side, pinned).total().share().unwrap();
            let (honest, mixed, stuck) = (share(0.0), share(0.5), share(1.0));
            let figures = format!("{side}: {honest:.2} {mixed:.2} {stuck:.2}");
            assert!(honest < 0.2 && stuck > 0.7, "{figures}");
            assert!(mixed > honest + 0.15 && stuck > mixed + 0.15, "{figures}");
        }
    }

    #[test]
    fn stripes_are_the_lines_of_the_frames() {
        let mut watch = Watch::new(2.0, &[0.0, 0.5, 1.0]);
        for t in 0..5 {
            watch.add(&Image::from_fn([3, 4, 6], |c, y, x| {
                ((t * 50 + c * 20 + y * 6 + x) as f32 - 128.0) / 127.5
            }));
        }
        let stripes = watch.finish();
        assert_eq!((stripes.frames, stripes.seconds.len()), (5, 2));
        let tiles = stripes.tiles();
        assert_eq!(tiles.len(), 6);
        let sizes: Vec<_> = tiles.iter().map(|tile| (tile.width, tile.height)).collect();
        assert_eq!(sizes, [(5, 4), (5, 4), (5, 4), (5, 6), (5, 6), (5, 6)]);
        let at = |tile: usize, y: usize, t: usize| tiles[tile].pixels[3 * (y * 5 + t)];
        // A column keeps its x, a row its y; rounding may take one level.
        for (tile, y, t, level) in
            [(0, 3, 1, 68u8), (1, 2, 0, 15), (2, 1, 2, 111), (3, 5, 3, 155), (5, 0, 4, 218)]
        {
            assert!(at(tile, y, t).abs_diff(level) <= 1, "tile {tile}: {}", at(tile, y, t));
        }
        assert_eq!(stripes.by_second().len(), 2);
    }

    #[test]
    fn a_second_at_a_time() {
        let mut watch = Watch::new(3.0, &[]);
        // Two seconds of a picture that stands, then one of noise.
        for t in 0..9u32 {
            let values = randn(t.saturating_sub(5), 400);
            watch.add(&Image::from_fn([1, 20, 20], |_, y, x| values[y * 20 + x] as f32));
        }
        let seconds = watch.finish().by_second();
        assert_eq!(seconds.iter().map(|s| s.0).collect::<Vec<_>>(), [0.5, 1.5, 2.5]);
        assert_eq!(seconds[0].1, 1.0);
        assert!(seconds[2].1 < 0.6, "{seconds:?}");
    }
}
