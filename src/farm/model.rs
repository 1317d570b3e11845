//! How long a film takes on a farm, and the size of its chunks with which that is shortest.
//!
//! Tasks of equal work are taken by W workers one after another. A task of c frames lasts
//! t = start + c·frame, on workers whose speeds vary. A worker is lost at the rate λ: a task then begins
//! anew, after a while r in the queue, so that it takes (1/λ + r)(exp(λt) − 1) on average (Daly, A higher
//! order estimate of the optimum checkpoint interval, 2006, eq. 13, without the checkpoint's own cost).
//! Small chunks pay `start` often; large ones lose more with a worker, and leave others idle at the end.

use std::num::NonZeroU64;

/// What a farm is like. All times are in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Farm {
    /// Tasks that run at once.
    pub workers: u64,
    /// A task's time before its first frame: the engine's, the process's, the network's.
    pub start: f64,
    /// A frame's time on one worker.
    pub frame: f64,
    /// Standard deviation of the workers' speeds, as a part of the mean.
    pub spread: f64,
    /// Losses of a worker in a second.
    pub losses: f64,
    /// A lost task's time until it runs again.
    pub requeue: f64,
    /// A frame's time in the join.
    pub join: f64,
}

impl Farm {
    /// A farm with so many workers that take so long for a frame. What was measured and what is assumed
    /// of the rest stands in `benches/results/farm.md`.
    pub fn new(workers: NonZeroU64, frame: f64) -> Self {
        Self {
            workers: workers.get(),
            start: 3.0,
            frame,
            spread: 0.05,
            losses: 1.0 / (1000.0 * 3600.0),
            requeue: 120.0,
            join: 0.0005,
        }
    }

    /// Expected time of a film of so many frames in chunks of so many.
    pub fn finish(&self, frames: u64, chunk: NonZeroU64) -> f64 {
        let tasks = frames.div_ceil(chunk.get());
        let busy = tasks.min(self.workers) as f64;
        let time = self.start + chunk.get().min(frames) as f64 * self.frame;
        let waves = tasks.div_ceil(self.workers) as f64;
        let retried = if self.losses > 0.0 {
            (1.0 / self.losses + self.requeue) * (self.losses * time).exp_m1() - time
        } else {
            0.0
        };
        // Before the last wave lost time is shared by all; in it the film waits for the unluckiest.
        let shared = retried * (waves - 1.0);
        let lost = -(-self.losses * time * busy).exp_m1() * (time / 2.0 + self.requeue);
        // The greatest of n normal deviates is about sqrt(2 ln n).
        let slowest = self.spread * time * (2.0 * busy.ln()).sqrt();
        waves * time + shared + lost + slowest + frames as f64 * self.join
    }

    /// The chunk of whole segments with which that is shortest: whole waves of equal tasks, as far as
    /// segments allow.
    pub fn best_chunk(&self, frames: u64, segment: NonZeroU64) -> NonZeroU64 {
        let chunk = |waves: u64| {
            let tasks = self.workers.saturating_mul(waves);
            let segments = frames.div_ceil(tasks).div_ceil(segment.get()).max(1);
            NonZeroU64::new(segments.saturating_mul(segment.get())).unwrap_or(segment)
        };
        let time = |chunk: &NonZeroU64| self.finish(frames, *chunk);
        let chunks = (1..=MOST_WAVES).map(chunk);
        chunks.min_by(|a, b| time(a).total_cmp(&time(b))).unwrap_or(NonZeroU64::MIN)
    }
}

/// More waves than these never pay: beginning a task would have to be free.
const MOST_WAVES: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(frames: u64) -> NonZeroU64 {
        NonZeroU64::new(frames).unwrap()
    }

    fn farm(workers: u64) -> Farm {
        Farm::new(chunk(workers), 0.5)
    }

    /// The time of the film in one trial, worker by worker and loss by loss.
    fn trial(farm: &Farm, frames: u64, chunk: NonZeroU64, random: &mut impl FnMut() -> f64) -> f64 {
        let mut normal = || (0..12).map(|_| random()).sum::<f64>() - 6.0;
        let speeds: Vec<_> = (0..farm.workers).map(|_| 1.0 + farm.spread * normal()).collect();
        let mut free = vec![0.0; speeds.len()];
        let mut tasks: Vec<_> = (0..frames.div_ceil(chunk.get())).map(|_| 0.0).collect();
        let mut end = 0.0_f64;
        while let Some(ready) = tasks.pop() {
            let (worker, _) = (0..).zip(&free).min_by(|a, b| f64::total_cmp(a.1, b.1)).unwrap();
            let begin = f64::max(free[worker], ready);
            let time = (farm.start + chunk.get() as f64 * farm.frame) * speeds[worker];
            let loss = -random().max(1e-300).ln() / farm.losses;
            free[worker] = begin + time.min(loss);
            if loss < time {
                tasks.insert(0, free[worker] + farm.requeue);
            } else {
                end = end.max(free[worker]);
            }
        }
        end + frames as f64 * farm.join
    }

    #[test]
    fn the_formula_is_what_trials_give_on_average() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for (workers, frames, size, losses) in [
            (1, 2000, 100, 1e-5),
            (8, 4000, 125, 1e-5),
            (8, 4000, 50, 1e-4),
            (50, 10_000, 40, 1e-5),
            (50, 10_000, 200, 1e-4),
            (200, 20_000, 20, 1e-5),
        ] {
            let farm = Farm { losses, ..farm(workers) };
            let trials = 200;
            let sum: f64 =
                (0..trials).map(|_| trial(&farm, frames, chunk(size), &mut random)).sum();
            let ratio = farm.finish(frames, chunk(size)) / (sum / f64::from(trials));
            assert!((0.9..1.1).contains(&ratio), "{workers} workers, {size}: {ratio}");
        }
    }

    #[test]
    fn without_losses_one_worker_renders_in_one_go() {
        let farm = Farm { losses: 0.0, ..farm(1) };
        assert_eq!(farm.best_chunk(5000, chunk(1)), chunk(5000));
        assert_eq!(farm.best_chunk(5000, chunk(24)), chunk(5016));
        assert!((farm.finish(100, chunk(100)) - (3.0 + 50.0 + 0.05)).abs() < 1e-9);
    }

    #[test]
    fn no_size_that_was_tried_is_better_than_the_best() {
        for workers in [1, 3, 8, 100, 1000] {
            for frames in [1, 200, 2400, 86_400] {
                let farm = farm(workers);
                let best = farm.best_chunk(frames, chunk(1));
                let least = (1..=frames.min(5000)).map(|size| farm.finish(frames, chunk(size)));
                let least = least.fold(f64::INFINITY, f64::min);
                let ratio = farm.finish(frames, best) / least;
                assert!(ratio < 1.02, "{workers} workers, {frames} frames, {best}: {ratio}");
            }
        }
    }

    #[test]
    fn the_more_is_lost_the_smaller_the_chunks() {
        let best = |losses| Farm { losses, ..farm(1) }.best_chunk(86_400, chunk(1)).get();
        assert!(best(1e-6) > best(1e-5) && best(1e-5) > best(1e-4));
        let best =
            |start| Farm { start, losses: 1e-4, ..farm(1) }.best_chunk(86_400, chunk(1)).get();
        assert!(best(1.0) < best(30.0));
    }
}
