//! Measuring equivariance over many samples, with a log to go on from.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use super::log::{Batch, Log};
use super::plot::{Line, Plot};
use crate::metrics::equivariance::{Draw, LARGEST_SHIFT, Measure, Sample, Subject, measure};
use crate::metrics::{Sums, figure};
use crate::progress::{Progress, Status};
use crate::{Error, Result};

/// What is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The network's SHA-256.
    pub network: String,
    /// Device and precision.
    pub device: String,
    /// Pixels a side of its pictures.
    pub side: usize,
    /// Which measures; at least one.
    pub measures: Vec<Measure>,
    /// How many samples: seeds from `seed` on.
    pub samples: u32,
    /// The first seed.
    pub seed: u32,
    /// Samples in a batch: the spread of the batches gives the standard error.
    pub batch: u32,
}

/// What came of one measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which.
    pub measure: Measure,
    /// PSNR over all samples, dB.
    pub decibels: f64,
    /// Its standard error, dB; none for a single batch.
    pub standard_error: Option<f64>,
    /// How far each sample was moved (canvas widths or radians), and its errors.
    pub samples: Vec<(f64, Sums)>,
}

/// Measures what the log does not hold yet, and writes it there batch by batch.
///
/// # Errors
/// [`Error::Interrupted`] where the listener asks to stop; what was measured is in the log. Those of the
/// subject and of the log.
pub fn run(
    plan: &Plan,
    subject: &dyn Subject,
    log: &mut Log,
    progress: &dyn Progress,
) -> Result<Vec<Finding>> {
    let mut batches: Vec<Vec<Vec<Sums>>> = vec![Vec::new(); plan.measures.len()];
    let status =
        |done: u32| Status { done: done.into(), total: plan.samples.into(), bottleneck: None };
    if !progress.update(&status(0)) {
        return Err(Error::Interrupted);
    }
    for first in (0..plan.samples).step_by(plan.batch as usize) {
        let size = plan.batch.min(plan.samples - first);
        let own = |i: u32| plan.seed.wrapping_add(first).wrapping_add(i);
        let mut wanted = Batch {
            network: plan.network.clone(),
            device: plan.device.clone(),
            seed: own(0),
            sums: BTreeMap::new(),
        };
        let known = |m: &Measure| log.find(&wanted, m.name(), size as usize).map(<[_]>::to_vec);
        let found: Vec<_> = plan.measures.iter().map(known).collect();
        let missing = plan.measures.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing: Vec<Measure> = missing.map(|(measure, _)| *measure).collect();
        let mut new = Vec::new();
        if !missing.is_empty() {
            let sample = |i| Sample::of_seed(subject, own(i));
            let samples = (0..size).map(sample).collect::<Result<Vec<Sample>>>()?;
            let sums = measure(subject, plan.side, &missing, &samples)?;
            for (i, measure) in missing.iter().enumerate() {
                let column: Vec<Sums> = sums.iter().map(|sums| sums[i]).collect();
                wanted.sums.insert(measure.name().into(), column.clone());
                new.push(column);
            }
            log.add(wanted)?;
        }
        let mut new = new.into_iter();
        for (batches, found) in batches.iter_mut().zip(found) {
            batches.extend(found.or_else(|| new.next()));
        }
        let done = first + size;
        if !progress.update(&status(done)) && done < plan.samples {
            return Err(Error::Interrupted);
        }
    }
    Ok(plan.measures.iter().zip(batches).map(|(&m, batches)| finding(plan, m, &batches)).collect())
}

fn finding(plan: &Plan, measure: Measure, batches: &[Vec<Sums>]) -> Finding {
    let totals: Vec<Sums> = batches.iter().map(|batch| batch.iter().copied().sum()).collect();
    let (decibels, standard_error) = figure(&totals);
    let extents =
        (0..plan.samples).map(|i| Draw::of_seed(plan.seed.wrapping_add(i)).extent(measure));
    let samples = extents.zip(batches.iter().flatten().copied()).collect();
    Finding { measure, decibels, standard_error, samples }
}

/// The figure by how far the picture was moved: a dot a sample, and the PSNR of each eighth of the range.
pub fn by_extent(finding: &Finding) -> Plot {
    const BINS: usize = 8;
    let (scale, reach, label) = match finding.measure {
        Measure::Rotation => (180.0 / PI, PI, "angle (degrees)"),
        _ => (1.0, LARGEST_SHIFT * 2f64.sqrt(), "distance (canvas widths)"),
    };
    let bin = |i: usize| {
        let inside = |extent: f64| ((extent / reach * BINS as f64) as usize).min(BINS - 1) == i;
        let own = finding.samples.iter().filter(|(extent, _)| inside(*extent));
        let sums: Sums = own.map(|(_, sums)| *sums).sum();
        ((i as f64 + 0.5) / BINS as f64 * reach * scale, sums.decibels())
    };
    let finite = |points: Vec<(f64, f64)>| -> Vec<_> {
        points.into_iter().filter(|(_, db)| db.is_finite()).collect()
    };
    let dots = finding.samples.iter().map(|(e, sums)| (e * scale, sums.decibels())).collect();
    let name = finding.measure.name().to_uppercase();
    Plot {
        title: format!("{name} by {}", label.split(' ').next().unwrap_or_default()),
        x_label: label.into(),
        y_label: "dB".into(),
        x: Some((0.0, reach * scale)),
        y: None,
        lines: vec![
            Line { name: "samples".into(), points: finite(dots), dots: true },
            Line {
                name: "all of an eighth".into(),
                points: finite((0..BINS).map(bin).collect()),
                dots: false,
            },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Image;
    use crate::progress::Silent;
    use std::path::Path;
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    /// Pictures of noise, counted.
    #[derive(Default)]
    struct Noise(AtomicU32);

    impl Subject for Noise {
        fn latents(&self, seed: u32) -> Result<Vec<f32>> {
            Ok(vec![seed as f32])
        }
        fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>> {
            self.0.fetch_add(inputs.len() as u32, Ordering::Relaxed);
            let image = |(ws, _): &(&[f32], _)| {
                let values = crate::signal::randn(ws[0] as u32, 32 * 32);
                Image::from_fn([1, 32, 32], |_, y, x| values[y * 32 + x] as f32)
            };
            Ok(inputs.iter().map(image).collect())
        }
    }

    /// Stops after so many samples.
    struct StopAt(AtomicU64);

    impl Progress for StopAt {
        fn update(&self, status: &Status) -> bool {
            status.done < self.0.load(Ordering::Relaxed)
        }
        fn note(&self, _: &str) {}
    }

    fn plan(measures: &[Measure], samples: u32) -> Plan {
        Plan {
            network: "a".into(),
            device: "cpu".into(),
            side: 32,
            measures: measures.to_vec(),
            samples,
            seed: 7,
            batch: 4,
        }
    }

    /// Findings, and how many pictures they took.
    fn run_at(path: &Path, plan: &Plan, progress: &dyn Progress) -> (Result<Vec<Finding>>, u32) {
        let subject = Noise::default();
        let findings = run(plan, &subject, &mut Log::open(path).unwrap(), progress);
        (findings, subject.0.into_inner())
    }

    #[test]
    fn a_run_goes_on_where_another_stopped() {
        use Measure::{FractionalShift, Shift};
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let whole = plan(&[Shift, FractionalShift], 10);
        let (expected, pictures) = run_at(&path("whole"), &whole, &Silent);
        assert_eq!(pictures, 30);
        let expected = expected.unwrap();
        assert_eq!(expected[0].samples.len(), 10);
        assert!(expected.iter().all(|f| (0.0..10.0).contains(&f.decibels)));

        let (stopped, pictures) = run_at(&path("parts"), &whole, &StopAt(8.into()));
        assert!(matches!(stopped, Err(Error::Interrupted)) && pictures == 24);
        let (resumed, pictures) = run_at(&path("parts"), &whole, &Silent);
        assert_eq!((resumed.unwrap(), pictures), (expected.clone(), 6));
        // Another measure takes its own pictures only, more samples theirs.
        let (more, pictures) = run_at(&path("parts"), &plan(&Measure::ALL, 10), &Silent);
        assert_eq!((&more.unwrap()[..2], pictures), (&expected[..], 20));
        let (_, pictures) = run_at(&path("parts"), &plan(&[Shift], 12), &Silent);
        assert_eq!(pictures, 8);
    }
}
