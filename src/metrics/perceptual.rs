//! How different two pictures look.
//!
//! The eye averages over what is small before it compares colours, which S-CIELAB (Zhang & Wandell 1997)
//! makes of CIELAB (CIE 1976): pictures are averaged in linear light, then compared in L*a*b*. It does so
//! at several scales, as MS-SSIM (Wang et al. 2003) does: the distance of pictures whose detail moves by
//! more than its own size no longer grows, and the coarser scales still do.

use super::image::Image;

/// Side of the finest picture that is compared, pixels, at most.
const FINEST: usize = 64;
/// Scales, each half as large as the one before.
const SCALES: usize = 4;
/// Linear RGB of BT.709 primaries to XYZ over the white point D65 (IEC 61966-2-1), rows first.
const XYZ: [[f64; 3]; 3] = [
    [0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883],
];

/// A picture as it is compared: L*a*b* at some scales, finest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Look(Vec<Vec<[f64; 3]>>);

impl Look {
    /// Of an image of sRGB values, -1 to 1; grey ones have three equal channels.
    pub fn of(image: &Image) -> Self {
        let linear = image.values.iter().map(|&value| linear(f64::from(value)) as f32).collect();
        let mut image = Image { values: linear, ..*image }.halved_to(FINEST);
        let mut scales = vec![lab(&image)];
        while scales.len() < SCALES && image.width.min(image.height) > 1 {
            image = image.halved();
            scales.push(lab(&image));
        }
        Self(scales)
    }

    /// The root mean square colour difference (CIE 1976), on average over the scales: 0 for the same
    /// picture, 100 from black to white. The pictures must be of one size.
    pub fn distance(&self, other: &Self) -> f64 {
        let scales = self.0.iter().zip(&other.0).map(|(a, b)| {
            let square = |(a, b): (&[f64; 3], &[f64; 3])| -> f64 {
                a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
            };
            (a.iter().zip(b).map(square).sum::<f64>() / a.len().max(1) as f64).sqrt()
        });
        scales.sum::<f64>() / self.0.len().max(1) as f64
    }
}

/// The inverse of the sRGB transfer function for a sample of -1 to 1; what lies outside is cut.
fn linear(value: f64) -> f64 {
    let value = (0.5 * value + 0.5).clamp(0.0, 1.0);
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// L*a*b* of the pixels of a linear image.
fn lab(image: &Image) -> Vec<[f64; 3]> {
    let area = image.height * image.width;
    let planes: Vec<&[f32]> = image.planes().collect();
    let pixel = |i: usize| {
        let rgb =
            [0, 1, 2].map(|c| planes.get(c).or(planes.first()).map_or(0.0, |p| f64::from(p[i])));
        let [x, y, z] = XYZ.map(|row| {
            let t = row.iter().zip(rgb).map(|(m, v)| m * v).sum::<f64>();
            if t > (6.0f64 / 29.0).powi(3) { t.cbrt() } else { t * 841.0 / 108.0 + 4.0 / 29.0 }
        });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    };
    (0..area).map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(rgb: [f32; 3], side: usize) -> Image {
        Image::from_fn([3, side, side], |c, _, _| 2.0 * rgb[c] - 1.0)
    }

    #[test]
    fn colours_are_those_of_the_tables() {
        for (rgb, expected) in [
            ([0.0; 3], [0.0, 0.0, 0.0]),
            ([1.0; 3], [100.0, 0.0, 0.0]),
            ([1.0, 0.0, 0.0], [53.24, 80.09, 67.20]),
            ([0.0, 1.0, 0.0], [87.73, -86.18, 83.18]),
            ([0.0, 0.0, 1.0], [32.30, 79.19, -107.86]),
            ([0.5; 3], [53.39, 0.0, 0.0]),
        ] {
            let found = Look::of(&flat(rgb, 16)).0[0][5];
            let near = found.iter().zip(expected).all(|(a, b): (&f64, f64)| (a - b).abs() < 0.02);
            assert!(near, "{rgb:?}: {found:?} for {expected:?}");
        }
    }

    #[test]
    fn distances_are_colour_differences_on_average() {
        let looks = [0.0, 1.0].map(|level| Look::of(&flat([level; 3], 128)));
        assert!((looks[0].distance(&looks[1]) - 100.0).abs() < 0.01);
        assert_eq!(looks[0].distance(&looks[0]), 0.0);
        let grey = Look::of(&Image::from_fn([1, 32, 32], |_, _, _| 1.0));
        assert!(grey.distance(&Look::of(&flat([1.0; 3], 32))) < 1e-9);
        assert_eq!(looks[0].0.iter().map(Vec::len).collect::<Vec<_>>(), [4096, 1024, 256, 64]);
    }

    /// Fine stripes that move by their own width saturate; a blob that moves farther is farther away.
    #[test]
    fn large_things_are_followed_farther_than_fine_ones() {
        let blob = |at: f32| {
            Look::of(&Image::from_fn([3, 64, 64], |_, y, x| {
                let (x, y) = (x as f32 - at, y as f32 - 32.0);
                2.0 * (-(x * x + y * y) / 128.0).exp() - 1.0
            }))
        };
        let from = blob(16.0);
        let away: Vec<f64> = (0..6).map(|i| from.distance(&blob(16.0 + 4.0 * i as f32))).collect();
        assert!(away.windows(2).all(|pair| pair[1] > pair[0]), "{away:?}");
        // Half of it is the same at every scale that cannot see it.
        let stripes = |at: usize| {
            Look::of(&Image::from_fn([3, 64, 64], |_, _, x| {
                if (x + at).is_multiple_of(2) { 1.0 } else { -1.0 }
            }))
        };
        let moved = stripes(0).distance(&stripes(1));
        assert!((moved - 25.0).abs() < 0.01, "{moved}");
    }
}
