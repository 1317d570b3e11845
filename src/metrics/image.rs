//! Images as a network makes them, and which of their pixels count.

/// An image in planes: `channels * height * width` values, about -1..1, rows from the top.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Planes: 3 (RGB) or 1.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// The samples, plane by plane.
    pub values: Vec<f32>,
}

impl Image {
    /// An image whose sample at `(channel, y, x)` is `f(channel, y, x)`.
    pub fn from_fn(
        [channels, height, width]: [usize; 3],
        mut f: impl FnMut(usize, usize, usize) -> f32,
    ) -> Self {
        let mut values = Vec::with_capacity(channels * height * width);
        for channel in 0..channels {
            for y in 0..height {
                values.extend((0..width).map(|x| f(channel, y, x)));
            }
        }
        Self { channels, height, width, values }
    }

    /// An image of zeros of the same shape.
    pub fn blank(&self) -> Self {
        Self { values: vec![0.0; self.values.len()], ..*self }
    }

    /// The planes, one after another.
    pub fn planes(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact((self.height * self.width).max(1))
    }

    /// Brightness: the channels' mean, one plane.
    pub fn grey(&self) -> Self {
        let share = (self.channels.max(1) as f32).recip();
        let mut values = vec![0.0; self.height * self.width];
        for plane in self.planes() {
            for (sum, value) in values.iter_mut().zip(plane) {
                *sum += value * share;
            }
        }
        Self { channels: 1, values, ..*self }
    }

    /// Half as wide and high, by the mean of four samples; an odd last row or column is left out, a single
    /// one stays.
    #[must_use]
    pub fn halved(&self) -> Self {
        let [down, across] = [self.height, self.width].map(|side| if side > 1 { 2 } else { 1 });
        let (height, width) = (self.height / down, self.width / across);
        let share = ((down * across) as f32).recip();
        let planes: Vec<&[f32]> = self.planes().collect();
        Self::from_fn([planes.len(), height, width], |c, y, x| {
            let rows = (y * down..(y + 1) * down).map(|row| row * self.width);
            let samples = rows.flat_map(|row| planes[c][row + x * across..][..across].iter());
            samples.sum::<f32>() * share
        })
    }

    /// The same, as often as it takes until no side is longer than `most` (at least 1).
    #[must_use]
    pub fn halved_to(mut self, most: usize) -> Self {
        while self.width.max(self.height) > most.max(1) {
            self = self.halved();
        }
        self
    }
}

/// Which pixels count, in all channels alike: `height * width` values, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask(pub Vec<bool>);

impl Mask {
    /// Pixels `(y, x)` of which `f` says so.
    pub(super) fn from_fn(
        height: usize,
        width: usize,
        mut f: impl FnMut(usize, usize) -> bool,
    ) -> Self {
        let mut pixels = Vec::with_capacity(height * width);
        for y in 0..height {
            pixels.extend((0..width).map(|x| f(y, x)));
        }
        Self(pixels)
    }

    /// What counts in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| *a && *b).collect())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::signal::golden::golden;
    use crate::signal::randn;

    impl Image {
        /// Fails where a sample differs by more.
        #[track_caller]
        pub fn assert_near(&self, other: &Self, tolerance: f32) {
            assert_eq!(
                [self.channels, self.height, self.width],
                [other.channels, other.height, other.width]
            );
            for (i, (a, b)) in self.values.iter().zip(&other.values).enumerate() {
                assert!((a - b).abs() <= tolerance, "sample {i}: {a} for {b}");
            }
        }
    }

    /// A picture of normals.
    pub fn noise(seed: u32, size: [usize; 3]) -> Image {
        let mut values = randn(seed, size.iter().product()).into_iter();
        Image::from_fn(size, |_, _, _| values.next().unwrap() as f32)
    }

    /// Image `n` of a tensor `[2, 3, 64, 64]` of the golden file.
    pub fn golden_image(name: &str, n: usize) -> Image {
        let values = golden("equivariance", name);
        let values = values[n * 3 * 64 * 64..][..3 * 64 * 64].iter().map(|&v| v as f32).collect();
        Image { channels: 3, height: 64, width: 64, values }
    }

    /// The two pictures that the golden file moves.
    pub fn golden_images() -> [Image; 2] {
        [0, 1].map(|n| golden_image("image", n))
    }

    /// Fails where a mask is not that of the golden file in all channels.
    #[track_caller]
    pub fn assert_mask(mask: &Mask, name: &str, n: usize) {
        for plane in golden_image(name, n).planes() {
            let expected: Vec<bool> = plane.iter().map(|&v| v == 1.0).collect();
            assert_eq!(mask.0, expected, "{name}");
        }
    }

    #[test]
    fn halving_is_the_mean_of_four() {
        let image = Image::from_fn([2, 5, 4], |c, y, x| (c * 100 + y * 10 + x) as f32);
        let half = Image::from_fn([2, 2, 2], |c, y, x| (c * 100 + y * 20 + x * 2) as f32 + 5.5);
        half.assert_near(&image.halved(), 1e-4);
        assert_eq!(image.clone().halved_to(5), image);
        assert_eq!(image.clone().halved_to(4), image.halved());
        let line = image.halved().halved().halved();
        assert_eq!((line.height, line.width, line.channels), (1, 1, 2));
        let row = Image::from_fn([1, 1, 4], |_, _, x| x as f32);
        assert_eq!(row.halved().values, [0.5, 2.5]);
    }

    #[test]
    fn grey_is_the_mean_of_the_channels() {
        let image = Image::from_fn([3, 2, 2], |c, y, x| (c * 10 + y * 2 + x) as f32);
        assert_eq!(image.grey(), Image::from_fn([1, 2, 2], |_, y, x| (10 + y * 2 + x) as f32));
    }
}
