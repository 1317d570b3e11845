//! The emulated kernel against the golden data and the obvious reference.

use std::collections::HashMap;

use half::f16;

use super::emulated::{Answer, Job, run};
use crate::kernels::cuda::Storage;
use crate::kernels::reference::filtered_lrelu;
use crate::kernels::{FilteredLrelu, Resampler};
use crate::signal::Filter;

/// Largest error allowed for values of about 1: float32 sums in another order; float16's rounding of
/// the result.
fn tolerance(storage: Storage) -> f32 {
    match storage {
        Storage::F32 => 4e-6,
        Storage::F16 => 6e-4,
    }
}

fn assert_near(found: &[f32], expected: &[f32], storage: Storage, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        // So written, an error that is not a number fails, too.
        assert!(
            error <= tolerance(storage) * expected.abs().max(1.0),
            "{what}, {i}: {found}, not {expected}"
        );
    }
}

/// Values that the storage holds exactly.
fn stored(values: Vec<f32>, storage: Storage) -> Vec<f32> {
    match storage {
        Storage::F32 => values,
        Storage::F16 => values.into_iter().map(|v| f16::from_f32(v).to_f32()).collect(),
    }
}

#[test]
fn the_golden_cases() {
    let jobs: Vec<Job> = super::golden::cases().iter().map(|case| case.job()).collect();
    for ((i, case), Answer { y, y_kept, dx }) in
        super::golden::cases().iter().enumerate().zip(run(&jobs))
    {
        assert_near(&y, &case.y, Storage::F32, &format!("case {i}: y"));
        assert_eq!(y, y_kept, "case {i}");
        assert_near(&dx, &case.dx, Storage::F32, &format!("case {i}: dx"));
        let plane = dx.len() / 6;
        for (channel, &expected) in case.db.iter().enumerate() {
            let expected = f64::from(expected);
            let planes = dx.chunks(plane).skip(channel).step_by(3);
            let db: f64 = planes.flatten().map(|&v| f64::from(v)).sum();
            assert!((db - expected).abs() < 1e-5 * expected.abs().max(1.0), "case {i}: db");
        }
    }
}

/// Numbers that look random, the same everywhere.
struct Numbers(u64);

impl Numbers {
    /// 0 to `n - 1`.
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// -1 to 1.
    fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0).collect()
    }

    fn resampler(&mut self) -> Resampler {
        let factor = self.one_of(&[1, 2, 4]);
        let taps = self.one_of(&[1, 2, 3, 5, 6, 8, 12, 13, 16, 24]);
        let filter = if taps <= 13 && self.below(2) == 0 {
            let mut square = self.values(taps * taps);
            if self.below(2) == 0 {
                // Mirrored, so that columns are folded.
                square
                    .chunks_mut(taps)
                    .for_each(|row| (0..taps / 2).for_each(|i| row[i] = row[taps - 1 - i]));
            }
            let scale = (taps as f64).recip();
            Filter::Radial {
                side: taps,
                taps: square.iter().map(|&v| f64::from(v) * scale).collect(),
            }
        } else {
            let scale = (taps as f64).sqrt().recip();
            Filter::Separable(self.values(taps).iter().map(|&v| f64::from(v) * scale).collect())
        };
        Resampler { factor, filter }
    }

    /// An operator and a size that it can take.
    fn job(&mut self) -> Job {
        loop {
            let operator = FilteredLrelu {
                up: self.resampler(),
                down: self.resampler(),
                padding: [0; 4].map(|_| self.below(24) as i64 - 8),
                slope: self.one_of(&[0.0, 0.2, 1.0]),
                gain: self.one_of(&[1.0, 1.5]),
                clamp: self.one_of(&[0.5, 2.0, f32::INFINITY]),
            };
            let size = [1 + self.below(45), 1 + self.below(45)];
            if let Ok(out) = operator.out_size(size) {
                let storage = self.one_of(&[Storage::F32, Storage::F16]);
                let planes = 3;
                let x = stored(self.values(planes * size[0] * size[1]), storage);
                let dy = stored(self.values(planes * out[0] * out[1]), storage);
                return Job { operator, size, storage, x, bias: self.values(planes), dy };
            }
        }
    }
}

/// Both axes' taps of a filter.
fn tap(by: &Resampler, i: usize, j: usize) -> f64 {
    match &by.filter {
        Filter::Separable(taps) => taps[i] * taps[j],
        Filter::Radial { side, taps } => taps[i * side + j],
    }
}

/// For each sample of the upsampled grid, the inputs that it is made of and their shares.
fn shares(operator: &FilteredLrelu, size: [usize; 2], [y, x]: [usize; 2]) -> HashMap<usize, f64> {
    let (up, taps) = (operator.up.factor as i64, operator.up.taps());
    let place = |at: usize, i: usize, low: i64, n: usize| {
        let place = (at + taps - 1 - i) as i64 - low;
        (place % up == 0 && (0..n as i64 * up).contains(&place)).then(|| (place / up) as usize)
    };
    let mut shares = HashMap::new();
    for (i, j) in (0..taps).flat_map(|i| (0..taps).map(move |j| (i, j))) {
        let row = place(y, i, operator.padding[2], size[0]);
        let column = place(x, j, operator.padding[0], size[1]);
        if let (Some(row), Some(column)) = (row, column) {
            shares.insert(row * size[1] + column, tap(&operator.up, i, j) * (up * up) as f64);
        }
    }
    shares
}

/// The gradient written out: for each sample of the upsampled grid, what it takes and what it gives.
fn reference_gradient(job: &Job, x: &[f32], bias: f32, dy: &[f32]) -> Vec<f32> {
    let operator = &job.operator;
    let (inner, out) =
        (operator.inner_size(job.size).unwrap(), operator.out_size(job.size).unwrap());
    let (down, taps) = (operator.down.factor, operator.down.taps());
    let mut dx = vec![0.0; x.len()];
    for (y, x0) in (0..inner[0]).flat_map(|y| (0..inner[1]).map(move |x0| (y, x0))) {
        let mut given = 0.0;
        for (i, j) in (0..taps).flat_map(|i| (0..taps).map(move |j| (i, j))) {
            let output = |at: usize, i: usize, n: usize| {
                let first = (at + i).checked_sub(taps - 1)?;
                (first.is_multiple_of(down) && first / down < n).then_some(first / down)
            };
            if let (Some(row), Some(column)) = (output(y, i, out[0]), output(x0, j, out[1])) {
                given += tap(&operator.down, i, j) * f64::from(dy[row * out[1] + column]);
            }
        }
        let shares = shares(operator, job.size, [y, x0]);
        let v: f64 = shares.iter().map(|(&k, share)| share * f64::from(x[k] + bias)).sum();
        let gain = f64::from(operator.gain);
        let slope = if v < 0.0 { f64::from(operator.slope) } else { 1.0 };
        if (v * slope * gain).abs() <= f64::from(operator.clamp) {
            shares.iter().for_each(|(&k, share)| dx[k] += share * slope * gain * given);
        }
    }
    dx.into_iter().map(|v| v as f32).collect()
}

#[test]
fn many_operators_and_sizes() {
    let mut numbers = Numbers(3);
    let jobs: Vec<Job> = (0..48).map(|_| numbers.job()).collect();
    for (i, (job, answer)) in jobs.iter().zip(run(&jobs)).enumerate() {
        let what = format!("operator {i}: {:?} {:?} {:?}", job.operator, job.size, job.storage);
        assert_eq!(answer.y, answer.y_kept, "{what}");
        let (plane, out) = (job.size[0] * job.size[1], job.dy.len() / job.bias.len());
        for (channel, &bias) in job.bias.iter().enumerate() {
            let x = &job.x[channel * plane..][..plane];
            let y = filtered_lrelu(&job.operator, job.size, x, bias).unwrap();
            assert_near(&answer.y[channel * out..][..out], &y, job.storage, &what);
            let dx = reference_gradient(job, x, bias, &job.dy[channel * out..][..out]);
            assert_near(&answer.dx[channel * plane..][..plane], &dx, job.storage, &what);
        }
    }
}
