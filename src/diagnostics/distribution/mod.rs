//! Measuring how close a generator's pictures come to a set's.

use rayon::prelude::*;

use crate::dataset::Dataset;
use crate::metrics::Image;
use crate::metrics::distribution::{
    Detector, EPSILON, Features, Measure, Output, Pixels, frechet_distance, inception_score,
    kernel_distance, path_length, precision_and_recall,
};
use crate::metrics::equivariance::{STILL, Subject};
use crate::progress::{Progress, Status};
use crate::{Error, Result, cache};

/// Real pictures that are read together.
const BATCH: usize = 64;
/// Larger pictures are averaged down to this before paths are measured (Karras et al. 2019).
const PATH_SIDE: usize = 256;

/// What is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which measures.
    pub measures: Vec<Measure>,
    /// How many pictures of the generator: seeds from `seed` on.
    pub samples: u32,
    /// The first seed.
    pub seed: u32,
    /// Pictures that are made together.
    pub batch: u32,
}

/// What came of a measure; precision and recall are two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// `fid`, `kid`, `kid-floor` (one half of the set against the other: no generator does better),
    /// `precision`, `recall`, `is` or `ppl`.
    pub name: &'static str,
    /// The figure.
    pub value: f64,
    /// Its standard error over subsets (`kid`), or standard deviation over parts (`is`).
    pub spread: Option<f64>,
}

/// Counts pictures over all that is done.
pub struct Count<'a> {
    progress: &'a dyn Progress,
    done: u64,
    total: u64,
}

impl<'a> Count<'a> {
    /// Begins with nothing done.
    pub fn new(progress: &'a dyn Progress, total: u64) -> Self {
        Self { progress, done: 0, total }
    }

    fn add(&mut self, pictures: u64) -> Result<()> {
        self.done += pictures;
        let status = Status { done: self.done, total: self.total, bottleneck: None };
        if self.progress.update(&status) { Ok(()) } else { Err(Error::Interrupted) }
    }
}

impl Plan {
    /// How many pictures are made and read in all.
    pub fn total(&self, set: Option<&Dataset>) -> u64 {
        let has = |wanted: &dyn Fn(&Measure) -> bool| u64::from(self.measures.iter().any(wanted));
        let samples = u64::from(self.samples);
        let real = set.map_or(0, |set| set.len() as u64) * has(&|m| m.needs_real());
        real + samples * has(&|m| m.output() == Output::Features)
            + samples * has(&|m| m.output() == Output::Probabilities)
            + 2 * samples * has(&|m| m.output() == Output::Perceptual)
    }
}

/// Takes all measures. Features of the set are kept in the cache, by its hash and the detector's.
///
/// # Errors
/// [`Error::Usage`] for a measure that needs a set and has none; [`Error::Interrupted`]; those of the
/// subject, the set and the detector.
pub fn run(
    plan: &Plan,
    subject: &dyn Subject,
    set: Option<&Dataset>,
    detector: &dyn Detector,
    progress: &dyn Progress,
) -> Result<Vec<Figure>> {
    let mut count = Count::new(progress, plan.total(set));
    plan.measures.iter().try_for_each(|measure| detector.check(measure.output()))?;
    count.add(0)?;
    let (mut figures, mut held) = (Vec::new(), None);
    let figure = |name, value, spread| Figure { name, value, spread };
    for measure in &plan.measures {
        if measure.needs_real() && held.is_none() {
            let set = set.ok_or_else(|| {
                let name = measure.name();
                Error::Usage(format!(
                    "`{name}` holds pictures against real ones; name them with `--data`"
                ))
            })?;
            let real = features_of_set(set, detector, &mut count)?;
            let made = features_of(plan, subject, detector, Output::Features, &mut count)?;
            held = Some((real, made));
        }
        match (measure, &held) {
            (Measure::Frechet, Some((real, made))) => {
                figures.push(figure("fid", frechet_distance(real, made)?, None));
            }
            (Measure::Kernel, Some((real, made))) => {
                let (value, error) = kernel_distance(real, made)?;
                figures.push(figure("kid", value, error));
                if real.count() >= 4 {
                    let (value, error) = kernel_distance(&half(real, 0), &half(real, 1))?;
                    figures.push(figure("kid-floor", value, error));
                }
            }
            (Measure::PrecisionRecall, Some((real, made))) => {
                let (precision, recall) = precision_and_recall(real, made)?;
                figures.push(figure("precision", precision, None));
                figures.push(figure("recall", recall, None));
            }
            (Measure::Inception, _) => {
                let rows = features_of(plan, subject, detector, Output::Probabilities, &mut count)?;
                let (mean, deviation) = inception_score(&rows)?;
                figures.push(figure("is", mean, Some(deviation)));
            }
            _ => figures.push(figure("ppl", path(plan, subject, detector, &mut count)?, None)),
        }
    }
    Ok(figures)
}

/// Every other picture.
fn half(features: &Features, from: usize) -> Features {
    let rows = (from..features.count()).step_by(2);
    Features { dim: features.dim, values: rows.flat_map(|i| features.row(i)).copied().collect() }
}

/// The features of all pictures of a set, from the cache where they are there.
///
/// # Errors
/// [`Error::Interrupted`]; those of the set and the detector.
pub fn features_of_set(
    set: &Dataset,
    detector: &dyn Detector,
    count: &mut Count<'_>,
) -> Result<Features> {
    let flips = if set.is_mirrored() { "mirrored" } else { "plain" };
    let key = cache::key(&["features", &set.sha256()?, flips, detector.id()]);
    let folder = cache::root().map(|root| root.join("features"));
    let before = count.done;
    let bytes = cache::get(folder.as_deref(), &key, || {
        let mut features = Features::default();
        for from in (0..set.len()).step_by(BATCH) {
            let range = from..(from + BATCH).min(set.len());
            let read = |i: usize| -> Result<Vec<f32>> {
                let planes: Vec<f32> = set.image(i)?.into_iter().map(f32::from).collect();
                Ok(if set.channels() == 1 { planes.repeat(3) } else { planes })
            };
            let images: Vec<Result<Vec<f32>>> = range.clone().into_par_iter().map(read).collect();
            let images = images.into_iter().collect::<Result<Vec<_>>>()?;
            let pixels = Pixels { side: set.side(), values: images.concat() };
            features.extend(&detector.look(&pixels, Output::Features)?)?;
            count.add(range.len() as u64)?;
        }
        Ok(features.values.iter().flat_map(|value| value.to_le_bytes()).collect())
    })?;
    count.add(before + set.len() as u64 - count.done)?;
    let values = bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
    Ok(Features { dim: bytes.len() / 4 / set.len(), values })
}

/// What a detector makes of a generator's pictures, untruncated.
fn features_of(
    plan: &Plan,
    subject: &dyn Subject,
    detector: &dyn Detector,
    output: Output,
    count: &mut Count<'_>,
) -> Result<Features> {
    let mut features = Features::default();
    for (from, size) in batches(plan) {
        let own = |i: u32| subject.latents(plan.seed.wrapping_add(from + i));
        let latents = (0..size).map(own).collect::<Result<Vec<_>>>()?;
        let inputs: Vec<_> = latents.iter().map(|ws| (&ws[..], STILL)).collect();
        let images = subject.images(&inputs)?;
        let level = |value: &f32| (value * 127.5 + 128.0).clamp(0.0, 255.0).floor();
        features.extend(&detector.look(&pixels(&images, level), output)?)?;
        count.add(size.into())?;
    }
    Ok(features)
}

/// The perceptual path length between neighbouring seeds, at the beginning of the way.
fn path(
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
mod tests {
    use super::*;
    use crate::metrics::distribution::RandomDetector;
    use crate::progress::Silent;
    use crate::signal::randn;

    /// A generator of noise: seeds are its latents.
    struct Noise(f32);

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

    /// Perceptual features that are the pictures themselves.
    struct Plain;

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
            features_of(&plan(batch), &Noise(0.4), &detector, Output::Features, &mut count).unwrap()
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

    #[test]
    fn a_measure_without_its_set_is_refused() {
        let plan = Plan { measures: vec![Measure::Kernel], samples: 4, seed: 0, batch: 2 };
        let error = run(&plan, &Noise(1.0), None, &RandomDetector::default(), &Silent).unwrap_err();
        assert!(error.to_string().contains("--data") && error.exit_code() == 64, "{error}");
    }
}
