//! What `train` makes of each network that it keeps: figures, and a walk through its latents.

use std::path::{Path, PathBuf};

use sg3render::dataset::Dataset;
use sg3render::diagnostics::distribution::{self, Plan};
use sg3render::encode;
use sg3render::metrics::distribution::Detector;
use sg3render::metrics::equivariance::{Sample, measure};
use sg3render::metrics::figure;
use sg3render::network::Config;
use sg3render::network::device::Precision;
use sg3render::progress::{Progress, Status};
use sg3render::render::{Generator, Job, Project, open_detector, run as render};
use sg3render::timeline::Overrides;
use sg3render::{Error, Result};
use tch::Device;

use super::measure_args::Measure;
use super::stopping::{interruption, stopped};
use super::train_args::TrainArgs;

/// Seeds that equivariance is measured with: the standard error is then about half a decibel.
const SEEDS: u32 = 32;
/// Frames a second of a walk.
const FPS: u64 = 24;

/// What is looked at, and against what.
pub struct Snapshots {
    measures: Vec<Measure>,
    samples: u32,
    detector: Option<Box<dyn Detector + Send>>,
    images: Dataset,
    /// Whether the network was made for classes.
    conditional: bool,
    device: Device,
    /// Seconds of a walk; 0 for none.
    walk: f64,
    folder: PathBuf,
}

impl Snapshots {
    /// Refuses measures that the network does not have, before the training begins.
    pub fn new(
        args: &TrainArgs,
        images: &Dataset,
        network: &Config,
        device: Device,
    ) -> Result<Self> {
        let mut measures = args.metrics.0.clone();
        let is_motion = |measure: &Measure| matches!(measure, Measure::Motion(_));
        if measures.iter().any(is_motion) && matches!(network, Config::StyleGan2(_)) {
            return Err(Error::Usage(
                "a StyleGAN2's input cannot be moved; leave eq-t, eq-t-frac and eq-r out of `--metrics`"
                    .into(),
            ));
        }
        measures.sort_by_key(is_motion);
        let needs_detector = measures.iter().any(|measure| !is_motion(measure));
        let detector = needs_detector.then(|| open_detector(&args.detector, device)).transpose()?;
        for measure in &measures {
            if let (Measure::Distribution(measure), Some(detector)) = (measure, &detector) {
                detector.check(measure.output())?;
            }
        }
        let images = if args.mirror { images.mirrored() } else { images.clone() };
        Ok(Self {
            measures,
            samples: args.samples,
            detector,
            images,
            conditional: network.dims().1 > 0,
            device,
            walk: args.walk,
            folder: args.output.clone(),
        })
    }

    /// Figures of the network in a file, by name, the ones that tell its quality first; and the walk, beside
    /// it.
    pub fn look(&self, network: &Path, images: u64) -> Result<Vec<(String, f64)>> {
        let text = self.timeline(network);
        let out = self.folder.join(format!("walk-{images:09}.mp4"));
        let project =
            Project::read(&self.folder.join("walk.ron"), text, Some(&out), &Overrides::default())?;
        let generator = project.generator(self.device, Precision::F32)?;
        if self.walk > 0.0 && cfg!(feature = "video") {
            let stream = encode::Stream { overwrite: true, ..project.stream() };
            let generators = std::slice::from_ref(&generator);
            let job = Job {
                film: &project.film(generators)?,
                generators,
                canvas: project.resolved.canvas,
                grid: None,
                frames: 0..project.resolved.frames,
                stride: 1,
                batch: generator.auto_batch(),
            };
            let outcome = render(&job, encode::open(&out, &project.preset, &stream)?, &Stop)?;
            if outcome.interrupted {
                return Err(interruption());
            }
        }
        self.figures(&generator)
    }

    /// A walk that comes back to where it began.
    fn timeline(&self, network: &Path) -> String {
        let model = network.file_name().unwrap_or_default().to_string_lossy();
        let frames = ((self.walk * FPS as f64).round() as u64).max(1);
        let class = if self.conditional { "class: 0," } else { "" };
        format!(
            "Timeline(model: {model:?}, fps: {FPS}, duration: {frames}, {class} \
             latent: (walk: noise, seed: 0, waves: 3, loop: {frames}))"
        )
    }

    fn figures(&self, generator: &Generator) -> Result<Vec<(String, f64)>> {
        let (mut likeness, mut motion) = (Vec::new(), Vec::new());
        for measure in &self.measures {
            match measure {
                Measure::Distribution(measure) => likeness.push(*measure),
                Measure::Motion(measure) => motion.push(*measure),
            }
        }
        let mut figures = Vec::new();
        if let Some(detector) = &self.detector {
            let batch = generator.auto_batch() as u32;
            let plan = Plan { measures: likeness, samples: self.samples, seed: 0, batch };
            let set = Some(&self.images);
            let found = distribution::run(&plan, generator, set, detector.as_ref(), &Stop)?;
            figures.extend(found.into_iter().map(|figure| (figure.name.to_owned(), figure.value)));
        }
        if !motion.is_empty() {
            let mut sums = vec![Vec::new(); motion.len()];
            for seed in 0..SEEDS {
                if stopped() {
                    return Err(interruption());
                }
                let sample = Sample::of_seed(generator, seed)?;
                let side = generator.resolution() as usize;
                let found = measure(generator, side, &motion, &[sample])?;
                sums.iter_mut().zip(found.concat()).for_each(|(sums, sum)| sums.push(sum));
            }
            let named = motion.iter().zip(&sums);
            figures
                .extend(named.map(|(measure, sums)| (measure.name().to_owned(), figure(sums).0)));
        }
        Ok(figures)
    }
}

/// Measures are given up when the user asks to stop.
struct Stop;

impl Progress for Stop {
    fn update(&self, _: &Status) -> bool {
        !stopped()
    }
    fn note(&self, _: &str) {}
}
