//! A generator's pictures, and what a detector makes of them.

use super::{Count, Plan};
use crate::Result;
use crate::metrics::Image;
use crate::metrics::distribution::{Detector, EPSILON, Features, Output, Pixels, path_length};
use crate::metrics::equivariance::{STILL, Subject};

/// Larger pictures are averaged down to this before paths are measured (Karras et al. 2019).
const PATH_SIDE: usize = 256;

/// What a detector makes of a generator's pictures, untruncated: as many as are asked for, of the same pictures.
pub(super) fn features_of(
    plan: &Plan,
    subject: &dyn Subject,
    detector: &dyn Detector,
    outputs: &[Output],
    count: &mut Count<'_>,
) -> Result<Vec<Features>> {
    let mut all = vec![Features::default(); outputs.len()];
    if outputs.is_empty() {
        return Ok(all);
    }
    for (from, size) in batches(plan) {
        let own = |i: u32| subject.latents(plan.seed.wrapping_add(from + i));
        let latents = (0..size).map(own).collect::<Result<Vec<_>>>()?;
        let inputs: Vec<_> = latents.iter().map(|ws| (&ws[..], STILL)).collect();
        let images = subject.images(&inputs)?;
        let level = |value: &f32| (value * 127.5 + 128.0).clamp(0.0, 255.0).floor();
        let found = detector.look_for(&pixels(&images, level), outputs)?;
        all.iter_mut().zip(&found).try_for_each(|(all, found)| all.extend(found))?;
        count.add(size.into())?;
    }
    Ok(all)
}

/// The perceptual path length between neighbouring seeds, at the beginning of the way.
pub(super) fn path(
    plan: &Plan,
    subject: &dyn Subject,
    detector: &dyn Detector,
    count: &mut Count<'_>,
) -> Result<f64> {
    let (mut from, mut to) = (Features::default(), Features::default());
    for (first, size) in batches(plan) {
        let latents = |i: u32| subject.latents(plan.seed.wrapping_add(i));
        let mut ends = [Vec::new(), Vec::new()];
        for i in first..first + size {
            let (here, there) = (latents(i)?, latents(plan.samples.wrapping_add(i))?);
            let way = here.iter().zip(&there);
            ends[1].push(way.map(|(a, b)| a + (b - a) * EPSILON as f32).collect::<Vec<f32>>());
            ends[0].push(here);
        }
        for (latents, features) in ends.iter().zip([&mut from, &mut to]) {
            let inputs: Vec<_> = latents.iter().map(|ws| (&ws[..], STILL)).collect();
            let images: Vec<Image> = subject.images(&inputs)?.iter().map(reduced).collect();
            let pixels = pixels(&images, |value| (value + 1.0) * 127.5);
            features.extend(&detector.look(&pixels, Output::Perceptual)?)?;
            count.add(size.into())?;
        }
    }
    path_length(&from, &to)
}

/// First samples and sizes of batches.
fn batches(plan: &Plan) -> impl Iterator<Item = (u32, u32)> {
    let (samples, batch) = (plan.samples, plan.batch);
    (0..samples).step_by(batch as usize).map(move |from| (from, batch.min(samples - from)))
}

/// Images as a detector takes them: grey ones three times, without alpha.
fn pixels(images: &[Image], level: impl Fn(&f32) -> f32) -> Pixels {
    let planes = images.iter().flat_map(|image| {
        let copies = if image.channels == 1 { 3 } else { 1 };
        let colours = image.values.len().min(3 * image.width * image.height);
        std::iter::repeat_n(&image.values[..colours], copies).flatten()
    });
    Pixels {
        side: images.first().map_or(0, |image| image.width),
        values: planes.map(level).collect(),
    }
}

/// Large images by whole factors smaller.
fn reduced(image: &Image) -> Image {
    let factor = (image.width / PATH_SIDE).max(1);
    let (height, width) = (image.height / factor, image.width / factor);
    let planes: Vec<&[f32]> = image.planes().collect();
    Image::from_fn([image.channels, height, width], |c, y, x| {
        let cell = (0..factor * factor)
            .map(|i| planes[c][(y * factor + i / factor) * image.width + x * factor + i % factor]);
        cell.sum::<f32>() / (factor * factor) as f32
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::metrics::distribution::RandomDetector;
    use crate::progress::Silent;
    use crate::signal::randn;

    /// A generator of noise: seeds are its latents.
    pub struct Noise(pub f32);

    impl Subject for Noise {
        fn latents(&self, seed: u32) -> Result<Vec<f32>> {
            Ok(vec![seed as f32])
        }
        fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>> {
            let image = |(ws, _): &(&[f32], _)| {
                let mut values = randn(ws[0] as u32, 3 * 256).into_iter();
                Image::from_fn([3, 16, 16], |_, _, _| self.0 * values.next().unwrap_or(0.0) as f32)
            };
            Ok(inputs.iter().map(image).collect())
        }
    }

    /// Features that are the pictures themselves.
    pub struct Plain;

    impl Detector for Plain {
        fn id(&self) -> &'static str {
            "plain"
        }
        fn look(&self, pixels: &Pixels, _: Output) -> Result<Features> {
            Ok(Features { dim: 3 * pixels.side.pow(2), values: pixels.values.clone() })
        }
    }

    #[test]
    fn what_is_made_does_not_depend_on_batches() {
        let plan = |batch| Plan { measures: vec![], samples: 7, seed: 3, batch };
        let of = |batch| {
            let mut count = Count::new(&Silent, 7);
            let detector = RandomDetector::default();
            let outputs = [Output::Features];
            features_of(&plan(batch), &Noise(0.4), &detector, &outputs, &mut count)
                .unwrap()
                .remove(0)
        };
        assert_eq!(of(1), of(3));
        assert_eq!(of(7).count(), 7);
    }

    #[test]
    fn levels_are_those_of_the_published_tools() {
        let image = Image::from_fn([1, 1, 4], |_, _, x| [-2.0, -1.0, 0.0, 1.0][x]);
        let found = pixels(&[image], |v| (v * 127.5 + 128.0).clamp(0.0, 255.0).floor());
        assert_eq!(found.values, [0.0, 0.0, 128.0, 255.0].repeat(3));
    }

    #[test]
    fn paths_are_measured_in_small_steps() {
        /// Pictures that are as bright as the latent says.
        struct Even;
        impl Subject for Even {
            fn latents(&self, seed: u32) -> Result<Vec<f32>> {
                Ok(vec![seed as f32 / 64.0])
            }
            fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>> {
                let image = |i: &(&[f32], _)| Image::from_fn([1, 1, 1], |_, _, _| i.0[0]);
                Ok(inputs.iter().map(image).collect())
            }
        }
        let plan = Plan { measures: vec![], samples: 16, seed: 0, batch: 5 };
        // Every way is 16/64 long: (16/64 * 127.5)^2 in each of three planes.
        let found = path(&plan, &Even, &Plain, &mut Count::new(&Silent, 32)).unwrap();
        let expected = 3.0 * (16.0f64 / 64.0 * 127.5).powi(2);
        assert!((found / expected - 1.0).abs() < 0.05, "{found} {expected}");
    }

    #[test]
    fn large_pictures_are_averaged_down() {
        let image = Image::from_fn([1, 512, 512], |_, y, x| ((x + y) % 2) as f32);
        assert_eq!(reduced(&image), Image::from_fn([1, 256, 256], |_, _, _| 0.5));
    }
}
