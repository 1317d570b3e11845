//! Averages over a neighbourhood of latents (Karras et al. 2021, figure 1 left): detail that moves
//! with the object blurs evenly, what stays sharp is glued to the pixels.

use rustfft::FftDirection;
use rustfft::num_complex::Complex64;

use super::fourier;
use super::image::Image;
use crate::signal::kaiser_window;

/// The mean of pictures, and how sharp they were one by one.
#[derive(Debug, Clone, Default)]
pub struct Average {
    sum: Vec<f64>,
    sharpness: f64,
    pictures: u64,
    shape: [usize; 3],
}

impl Average {
    /// Takes a square picture; all are of one shape.
    pub fn add(&mut self, image: &Image) {
        self.shape = [image.channels, image.height, image.width];
        self.sum.resize(image.values.len(), 0.0);
        for (sum, value) in self.sum.iter_mut().zip(&image.values) {
            *sum += f64::from(*value);
        }
        self.sharpness += detail(image);
        self.pictures += 1;
    }

    /// The mean picture; without values if there was none.
    pub fn image(&self) -> Image {
        let n = self.pictures as f64;
        let [channels, height, width] = self.shape;
        let values = self.sum.iter().map(|sum| (sum / n) as f32).collect();
        Image { channels, height, width, values }
    }

    /// High-frequency energy left in the average, as a share of what a single picture has on average:
    /// 1 where the pictures are alike, about 1 in the number of pictures where their detail has nothing in
    /// common. None where there is no detail.
    pub fn sharpness_ratio(&self) -> Option<f64> {
        let single = self.sharpness / self.pictures as f64;
        (single > 0.0).then(|| detail(&self.image()) / single)
    }
}

/// Energy above a quarter of the sampling rate, under a Kaiser window (beta 8) that keeps the borders
/// from looking like detail.
fn detail(image: &Image) -> f64 {
    let side = image.width.min(image.height);
    let window = kaiser_window(side, 8.0);
    let mut energy = 0.0;
    for plane in image.planes() {
        let mut square: Vec<_> = (0..side * side)
            .map(|i| {
                let (y, x) = (i / side, i % side);
                Complex64::from(f64::from(plane[y * image.width + x]) * window[y] * window[x])
            })
            .collect();
        fourier::transform(&mut square, side, FftDirection::Forward);
        let frequency = |i: usize| i.min(side - i) as f64 / side as f64;
        let high = |i: usize| frequency(i / side).hypot(frequency(i % side)) > 0.25;
        let parts = square.iter().enumerate().filter(|(i, _)| high(*i));
        energy += parts.map(|(_, value)| value.norm_sqr()).sum::<f64>();
    }
    energy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::image::tests::noise;

    fn ratio(images: &[Image]) -> Option<f64> {
        let mut average = Average::default();
        images.iter().for_each(|image| average.add(image));
        average.sharpness_ratio()
    }

    #[test]
    fn what_is_common_stays_and_the_rest_fades() {
        let common = noise(99, [3, 32, 32]);
        let own: Vec<Image> = (0..16).map(|seed| noise(seed, [3, 32, 32])).collect();
        assert!((ratio(&vec![common.clone(); 5]).unwrap() - 1.0).abs() < 1e-6);
        assert!((ratio(&own).unwrap() * 16.0 - 1.0).abs() < 0.1);
        // Half of each picture's energy is common: 1/2 + 1/2 in 16.
        let mixed: Vec<Image> = own
            .iter()
            .map(|image| {
                let values = image.values.iter().zip(&common.values).map(|(a, b)| a + b).collect();
                Image { values, ..*image }
            })
            .collect();
        assert!((ratio(&mixed).unwrap() - (0.5 + 0.5 / 16.0)).abs() < 0.03);
    }

    #[test]
    fn smooth_pictures_have_no_detail() {
        let slope = |n: f32| Image::from_fn([1, 32, 32], |_, y, x| n * (x as f32 - y as f32));
        assert!(detail(&slope(1.0)) < 1e-3 * detail(&noise(0, [1, 32, 32])));
        assert_eq!(ratio(&[slope(0.0)]), None);
    }

    #[test]
    fn the_average_is_the_mean() {
        let mut average = Average::default();
        for n in 0..4 {
            average.add(&Image::from_fn([1, 2, 2], |_, y, x| (n * (y + 2 * x)) as f32));
        }
        assert_eq!(average.image(), Image::from_fn([1, 2, 2], |_, y, x| 1.5 * (y + 2 * x) as f32));
    }
}
