//! How much of a footage's detail stands still on the screen (Karras et al. 2021, figure 1 right).

use rayon::prelude::*;

use super::image::Image;

/// Gradient energy of stripe images, in which time runs to the right: what runs along the stripe,
/// and what runs along time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Energy {
    /// Along the stripe: the part of the structure tensor that has no time component.
    pub still: f64,
    /// Along time.
    pub moving: f64,
}

impl Energy {
    /// The share that has no time component: 1 frozen (horizontal streaks), 0.5 as much change from
    /// frame to frame as from pixel to pixel, near 0 where all flickers. None where nothing is seen.
    pub fn share(&self) -> Option<f64> {
        let all = self.still + self.moving;
        (all > 0.0).then(|| self.still / all)
    }

    fn add(&mut self, along: f32, in_time: f32) {
        self.still += f64::from(along).powi(2);
        self.moving += f64::from(in_time).powi(2);
    }

    fn and(self, other: Self) -> Self {
        Self { still: self.still + other.still, moving: self.moving + other.moving }
    }
}

/// The energies of every column and every row over time: all stripes that a footage has.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sticking {
    /// Of columns.
    pub columns: Energy,
    /// Of rows.
    pub rows: Energy,
}

impl Sticking {
    /// What two neighbouring frames of one shape and one channel add.
    ///
    /// Both differences are taken over the same two by two samples of a stripe (two pixels, two
    /// frames), so that neither direction is smoothed more than the other.
    pub fn between(earlier: &Image, later: &Image) -> Self {
        let (width, height) = (earlier.width, earlier.height);
        let row = |y: usize| {
            let line = |image: &'_ Image, y: usize| -> Vec<f32> {
                image.values[y * width..(y + 1) * width].to_vec()
            };
            let (a, b) = (line(earlier, y), line(later, y));
            let mut found = Self::default();
            for x in 0..width.saturating_sub(1) {
                found.rows.cell(a[x], a[x + 1], b[x], b[x + 1]);
            }
            if y + 1 < height {
                let (c, d) = (line(earlier, y + 1), line(later, y + 1));
                for x in 0..width {
                    found.columns.cell(a[x], c[x], b[x], d[x]);
                }
            }
            found
        };
        // In order, so that the last bits do not depend on the number of threads.
        let rows: Vec<Self> = (0..height).into_par_iter().map(row).collect();
        rows.into_iter().sum()
    }

    /// The share over columns and rows together.
    pub fn share(&self) -> Option<f64> {
        self.columns.and(self.rows).share()
    }
}

impl Energy {
    /// Two pixels (`0`, `1`) at two times (`a`, `b`).
    fn cell(&mut self, a0: f32, a1: f32, b0: f32, b1: f32) {
        self.add((a1 - a0 + b1 - b0) / 2.0, (b0 - a0 + b1 - a1) / 2.0);
    }
}

impl std::iter::Sum for Sticking {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |a, b| Self {
            columns: a.columns.and(b.columns),
            rows: a.rows.and(b.rows),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::image::tests::noise;

    fn share(frames: &[Image]) -> Option<f64> {
        frames
            .windows(2)
            .map(|pair| Sticking::between(&pair[0], &pair[1]))
            .sum::<Sticking>()
            .share()
    }

    /// A sine that moves by `speed` pixels a frame along both axes: small steps, so that differences
    /// are derivatives.
    fn wave(speed: f64, frames: usize) -> Vec<Image> {
        let at = |t: usize, i: usize| 0.05 * (i as f64 - speed * t as f64);
        let frame =
            |t| Image::from_fn([1, 200, 200], |_, y, x| (at(t, x).sin() + at(t, y).sin()) as f32);
        (0..frames).map(frame).collect()
    }

    #[test]
    fn the_share_follows_the_speed() {
        // In a stripe along the motion the share is 1 / (1 + v^2); here a row's own wave and the
        // other axis' one both change with time, and only the first along the row.
        for speed in [0.0, 0.5, 1.0, 2.0] {
            let expected = 1.0 / (1.0 + 2.0 * speed * speed);
            let got = share(&wave(speed, 126)).unwrap();
            assert!((got - expected).abs() < 0.02, "speed {speed}: {got} for {expected}");
        }
    }

    #[test]
    fn frozen_and_independent_frames() {
        for size in [[1, 1, 9], [1, 9, 1], [1, 30, 20]] {
            let still = noise(0, size);
            assert_eq!(share(&[still.clone(), still.clone(), still]), Some(1.0), "{size:?}");
        }
        let noise: Vec<Image> = (0..20).map(|seed| noise(seed, [1, 64, 64])).collect();
        assert!((share(&noise).unwrap() - 0.5).abs() < 0.01);
        let flat = Image::from_fn([1, 8, 8], |_, _, _| 0.3);
        assert_eq!(share(&[flat.clone(), flat]), None);
        assert_eq!(share(&[Image::from_fn([1, 1, 1], |_, _, _| 0.0)]), None);
    }
}
