//! Measuring how close a generator's pictures come to a set's.

mod made;

use rayon::prelude::*;

use crate::dataset::Dataset;
use crate::metrics::distribution::{
    Detector, Features, Measure, Output, Pixels, frechet_distance, inception_score,
    kernel_distance, precision_and_recall,
};
use crate::metrics::equivariance::Subject;
use crate::progress::{Progress, Status};
use crate::{Error, Result, cache};
use made::{features_of, path};

/// Real pictures that are read together.
const BATCH: usize = 64;

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
        real + samples * u64::from(!self.outputs().is_empty())
            + 2 * samples * has(&|m| m.output() == Output::Perceptual)
    }

    /// What is asked of a detector about the same pictures.
    fn outputs(&self) -> Vec<Output> {
        let asked = |output: &Output| self.measures.iter().any(|m| m.output() == *output);
        [Output::Features, Output::Probabilities].into_iter().filter(asked).collect()
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
    let real = match (plan.measures.iter().find(|measure| measure.needs_real()), set) {
        (None, _) => Features::default(),
        (Some(_), Some(set)) => features_of_set(set, detector, &mut count)?,
        (Some(measure), None) => {
            let name = measure.name();
            return Err(Error::Usage(format!(
                "`{name}` holds pictures against real ones; name them with `--data`"
            )));
        }
    };
    let outputs = plan.outputs();
    let made = features_of(plan, subject, detector, &outputs, &mut count)?;
    // What nothing was asked of is not looked at.
    let none = Features::default();
    let of = |output| {
        let found = outputs.iter().zip(&made).find(|(known, _)| **known == output);
        found.map_or(&none, |(_, features)| features)
    };
    let (features, probabilities) = (of(Output::Features), of(Output::Probabilities));
    let mut figures = Vec::new();
    let figure = |name, value, spread| Figure { name, value, spread };
    for measure in &plan.measures {
        match measure {
            Measure::Frechet => {
                figures.push(figure("fid", frechet_distance(&real, features)?, None));
            }
            Measure::Kernel => {
                let (value, error) = kernel_distance(&real, features)?;
                figures.push(figure("kid", value, error));
                if real.count() >= 4 {
                    let (value, error) = kernel_distance(&half(&real, 0), &half(&real, 1))?;
                    figures.push(figure("kid-floor", value, error));
                }
            }
            Measure::PrecisionRecall => {
                let (precision, recall) = precision_and_recall(&real, features)?;
                figures.push(figure("precision", precision, None));
                figures.push(figure("recall", recall, None));
            }
            Measure::Inception => {
                let (mean, deviation) = inception_score(probabilities)?;
                figures.push(figure("is", mean, Some(deviation)));
            }
            Measure::PathLength => {
                figures.push(figure("ppl", path(plan, subject, detector, &mut count)?, None));
            }
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::made::tests::{Noise, Plain};
    use super::*;
    use crate::metrics::Image;
    use crate::metrics::distribution::RandomDetector;
    use crate::progress::Silent;

    #[test]
    fn a_measure_without_its_set_is_refused() {
        let plan = Plan { measures: vec![Measure::Kernel], samples: 4, seed: 0, batch: 2 };
        let error = run(&plan, &Noise(1.0), None, &RandomDetector::default(), &Silent).unwrap_err();
        assert!(error.to_string().contains("--data") && error.exit_code() == 64, "{error}");
    }

    #[test]
    fn pictures_are_made_once_for_all_that_is_asked_about_them() {
        /// Counts what it makes.
        struct Counted(AtomicUsize);
        impl Subject for Counted {
            fn latents(&self, seed: u32) -> Result<Vec<f32>> {
                Noise(0.4).latents(seed)
            }
            fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>> {
                self.0.fetch_add(inputs.len(), Ordering::Relaxed);
                Noise(0.4).images(inputs)
            }
        }
        /// The pictures, or how bright and dark they are.
        struct Brightness;
        impl Detector for Brightness {
            fn id(&self) -> &'static str {
                "brightness"
            }
            fn look(&self, pixels: &Pixels, output: Output) -> Result<Features> {
                let plain = Plain.look(pixels, output)?;
                if output != Output::Probabilities {
                    return Ok(plain);
                }
                let rows = (0..plain.count()).flat_map(|i| {
                    let bright = plain.row(i).iter().sum::<f32>() / (255.0 * plain.dim as f32);
                    [bright, 1.0 - bright]
                });
                Ok(Features { dim: 2, values: rows.collect() })
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.zip");
        let mut writer = crate::dataset::Writer::create(&path, false).unwrap();
        for n in 0..6u8 {
            let pixels: Vec<u8> = (0..3 * 256usize).map(|i| (i as u8).wrapping_mul(n)).collect();
            writer.add(&crate::dataset::encode(16, 3, &pixels).unwrap(), None).unwrap();
        }
        writer.finish().unwrap();
        let set = Dataset::open(&path).unwrap();
        let of = |measures: &[Measure], images: usize| {
            let subject = Counted(AtomicUsize::new(0));
            let plan = Plan { measures: measures.to_vec(), samples: 11, seed: 1, batch: 4 };
            let figures = run(&plan, &subject, Some(&set), &Brightness, &Silent).unwrap();
            assert_eq!(subject.0.into_inner(), images, "{measures:?}");
            figures
        };
        let (kernel, inception) = (Measure::Kernel, Measure::Inception);
        let apart = [of(&[kernel], 11), of(&[inception], 11)].concat();
        assert_eq!(of(&[kernel, inception], 11), apart);
        assert_eq!(of(&[kernel, inception, Measure::PathLength], 33)[..apart.len()], apart);
    }
}
