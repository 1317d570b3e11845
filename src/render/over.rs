//! Pictures with alpha over each other (Porter & Duff 1984), in linear light that is multiplied by alpha. The
//! pixels are RGB and alpha interleaved; a network's values (-1 to 1) have straight alpha.

use rayon::prelude::*;

use super::light::{encoded, linear};

/// Pixels that one thread takes at least.
const PIECE: usize = 1 << 12;
/// Alpha below which nothing is seen, whatever its colour.
const NOTHING: f32 = 1e-6;

/// The light of a picture, times its alpha; alpha from 0 to 1.
pub fn associated(mut image: Vec<f32>) -> Vec<f32> {
    each(&mut image, |pixel| {
        let alpha = (pixel[3] * 0.5 + 0.5).clamp(0.0, 1.0);
        for value in &mut pixel[..3] {
            // No alpha takes every colour, infinite ones too.
            *value = if alpha > 0.0 { linear(*value) * alpha } else { 0.0 };
        }
        pixel[3] = alpha;
    });
    image
}

/// The inverse: what is transparent is black.
pub fn straight(mut light: Vec<f32>) -> Vec<f32> {
    each(&mut light, |pixel| {
        let alpha = pixel[3].clamp(0.0, 1.0);
        for value in &mut pixel[..3] {
            *value = if alpha > NOTHING { encoded(*value / alpha) } else { -1.0 };
        }
        pixel[3] = alpha * 2.0 - 1.0;
    });
    light
}

/// Puts `back` below `front`.
pub fn over(front: &mut [f32], back: &[f32]) {
    let pixels = front.par_chunks_exact_mut(4).with_min_len(PIECE).zip(back.par_chunks_exact(4));
    pixels.for_each(|(front, back)| {
        let left = 1.0 - front[3];
        front.iter_mut().zip(back).for_each(|(front, back)| *front += left * back);
    });
}

/// A picture upon a colour (red, green and blue as displays have them, 0 to 1), without alpha.
pub fn upon(image: Vec<f32>, colour: [f64; 3]) -> Vec<f32> {
    let ground = colour.map(|part| linear((part * 2.0 - 1.0) as f32));
    let mut all = vec![0.0; image.len() / 4 * 3];
    let pixels = all.par_chunks_exact_mut(3).with_min_len(PIECE).zip(image.par_chunks_exact(4));
    pixels.for_each(|(to, from)| {
        let alpha = (from[3] * 0.5 + 0.5).clamp(0.0, 1.0);
        for (i, value) in to.iter_mut().enumerate() {
            *value = match alpha {
                // To the bit.
                1.0 => from[i],
                0.0 => encoded(ground[i]),
                _ => encoded(alpha * linear(from[i]) + (1.0 - alpha) * ground[i]),
            };
        }
    });
    all
}

fn each(pixels: &mut [f32], change: impl Fn(&mut [f32]) + Sync + Send) {
    pixels.par_chunks_exact_mut(4).with_min_len(PIECE).for_each(change);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::randn;

    fn image(seed: u32) -> Vec<f32> {
        randn(seed, 4 * 99).into_iter().map(|v| 0.6 * v as f32).collect()
    }

    #[test]
    fn over_is_the_formula_of_porter_and_duff() {
        let (front, back) = (image(1), image(2));
        let mut made = associated(front.clone());
        over(&mut made, &associated(back.clone()));
        let alpha = |v: f32| f64::from(v * 0.5 + 0.5).clamp(0.0, 1.0);
        for i in (0..front.len()).step_by(4) {
            let (a, b) = (alpha(front[i + 3]), alpha(back[i + 3]));
            assert!((f64::from(made[i + 3]) - (a + b - a * b)).abs() < 1e-6);
            for c in 0..3 {
                let [f, g] = [front[i + c], back[i + c]].map(|v| f64::from(linear(v)));
                let wanted = a * f + (1.0 - a) * b * g;
                assert!((f64::from(made[i + c]) - wanted).abs() < 1e-5, "{i}");
            }
        }
        // Upon something that covers, the two do the same.
        let mut ground = associated(front.clone());
        let grey = [0.2f32 * 2.0 - 1.0, 0.0, 0.5, 1.0].repeat(99);
        over(&mut ground, &associated(grey));
        let flat = upon(front, [0.2, 0.5, 0.75]);
        for (pixel, flat) in straight(ground).chunks(4).zip(flat.chunks(3)) {
            assert!((pixel[3] - 1.0).abs() < 1e-6);
            assert!(pixel.iter().zip(flat).all(|(a, b)| (a - b).abs() < 1e-4));
        }
    }

    #[test]
    fn what_is_seen_comes_back_and_what_is_not_is_black() {
        let mut picture = image(7);
        picture[3] = -1.0;
        picture[4] = f32::INFINITY;
        picture[7] = -1.5;
        let back = straight(associated(picture.clone()));
        assert_eq!(back[..8], [-1.0; 8]);
        for (a, b) in picture.chunks(4).zip(back.chunks(4)).skip(2) {
            assert!((a[3].clamp(-1.0, 1.0) - b[3]).abs() < 1e-6, "{a:?} {b:?}");
            if a[3] > -0.9 {
                assert!(a[..3].iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4), "{a:?} {b:?}");
            }
        }
    }
}
