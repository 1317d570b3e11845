//! Stages on their own threads, joined by bounded channels: schedule, generator, colour, encoder.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::compose::Composer;
use super::passes::{Begun, Share, Work, passes};
use super::synthesise::Generator;
use crate::Result;
use crate::encode::{Picture, Sink};
use crate::network::streams::ReadBack;
use crate::progress::{Progress, Status};
use crate::schedule::Film;
use crate::timeline::alpha::Alpha;
use crate::timeline::resolved::{Canvas, Grid};

/// Batches that may wait between two stages: enough that none idles for a hiccup of its neighbour.
const WAITING: usize = 2;

/// What is rendered.
pub struct Job<'a> {
    /// What the frames are made of.
    pub film: &'a Film,
    /// Its networks.
    pub generators: &'a [Generator],
    /// The picture that the networks' images are put into.
    pub canvas: Canvas,
    /// Several of them in one.
    pub grid: Option<&'a Grid>,
    /// Frame numbers.
    pub frames: Range<u64>,
    /// Of so many of them one is rendered, beginning with the first; at least 1.
    pub stride: u64,
    /// Images synthesised at once; at least 1.
    pub batch: usize,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Frames written.
    pub frames: u64,
    /// Whether the listener stopped it before the end. What was written is complete nevertheless.
    pub interrupted: bool,
    /// The files.
    pub paths: Vec<PathBuf>,
    /// Seconds that each stage has worked; the rest of the time it has waited for its neighbours. None
    /// where nothing was rendered.
    pub stages: Vec<(&'static str, f64)>,
}

/// Renders a job into a sink. The file is finished also when the listener asks to stop, unless that
/// is before the first frame: then there is none.
///
/// # Errors
/// The error of the stage that caused the others to end; the sink then removes what it had begun.
pub fn run(job: &Job, mut sink: Box<dyn Sink>, progress: &dyn Progress) -> Result<Outcome> {
    let total = job.frames.end.saturating_sub(job.frames.start).div_ceil(job.stride);
    if !progress.update(&Status { done: 0, total, bottleneck: None }) {
        return Ok(Outcome { frames: 0, interrupted: true, paths: Vec::new(), stages: Vec::new() });
    }
    let sizes: Vec<_> = job.generators.iter().map(Generator::size).collect();
    let mut composer = Composer::new(&sizes, &job.canvas, job.grid, sink.depth());
    let plain: Vec<_> =
        (0..sizes.len()).map(|n| composer.plain(n).cloned()).collect::<Result<_>>()?;
    let busy = Busy::default();
    let (to_generator, work) = bounded::<Work>(WAITING);
    let (to_colour, images) = bounded::<Made>(WAITING);
    let (to_encoder, pictures) = bounded::<Vec<Picture>>(WAITING);

    let (frames, interrupted) = thread::scope(|scope| {
        let schedule = scope.spawn(|| {
            let made = |frames: Vec<u64>| {
                let frame = |index: u64| Ok((index, job.film.frame(index)?));
                let frames = frames.into_iter().map(frame).collect::<Result<_>>()?;
                Ok(passes(frames, job.batch, job.grid.is_some()))
            };
            // A batch of frames may be more than a batch of syntheses.
            let passes = batches(&job.frames, job.stride, job.batch).flat_map(|frames| match busy
                .time(SCHEDULE, || made(frames))
            {
                Ok(passes) => passes.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            });
            hand_on(passes, to_generator, |pass| pass)
        });
        let generator = scope.spawn(|| {
            let mut batch = vec![job.batch; job.generators.len()];
            hand_on(work, to_colour, |work| {
                busy.time(GENERATOR, || match work {
                    Work::Plain { network, inputs, alphas } => {
                        let images = job.generators[network].images(
                            &inputs,
                            &mut batch[network],
                            progress,
                        )?;
                        let images = ReadBack::begin(&plain[network].on_device(images, &alphas)?)?;
                        let indices = inputs.iter().map(|input| input.index).collect();
                        Ok(Made::Plain { network, indices, alphas, images })
                    }
                    Work::Parts { begins, network, shares, inputs } => {
                        let images = job.generators[network].images(
                            &inputs,
                            &mut batch[network],
                            progress,
                        )?;
                        let images = ReadBack::begin(&images)?;
                        Ok(Made::Parts { begins, network, shares, images })
                    }
                })
            })
        });
        let colour = scope.spawn(|| {
            // A device works on while the generator's thread is done: waiting for it is its time.
            let read = |images: ReadBack| busy.time(GENERATOR, || images.take());
            hand_on(images, to_encoder, |made| match made {
                Made::Plain { network, indices, alphas, images } => {
                    let images = read(images)?;
                    busy.time(COLOUR, || plain[network].pictures(&indices, &alphas, &images))
                }
                Made::Parts { begins, network, shares, images } => {
                    let images = read(images)?;
                    composer.begin(&begins);
                    busy.time(COLOUR, || composer.add(network, &shares, &images))
                }
            })
        });
        // Whatever ends this loop, the pictures' receiver goes with it, and that ends the others.
        let encoded = encode(pictures, sink.as_mut(), total, &busy, progress);
        [joined(schedule), joined(generator), joined(colour)]
            .into_iter()
            .collect::<Result<()>>()?;
        encoded
    })?;
    let paths = busy.time(ENCODER, || sink.finish())?;
    Ok(Outcome { frames, interrupted, paths, stages: busy.seconds() })
}

/// Images on their way out of the device.
enum Made {
    /// Each is a frame.
    Plain { network: usize, indices: Vec<u64>, alphas: Vec<Option<Alpha<f64>>>, images: ReadBack },
    /// See [`Work::Parts`].
    Parts { begins: Vec<Begun>, network: usize, shares: Vec<Share>, images: ReadBack },
}

/// Every `stride`-th of the frames in pieces of `batch`, the last one perhaps smaller.
fn batches(
    frames: &Range<u64>,
    stride: u64,
    batch: usize,
) -> impl Iterator<Item = Vec<u64>> + use<> {
    let stride = usize::try_from(stride).unwrap_or(usize::MAX).max(1);
    let mut frames = frames.clone().step_by(stride);
    std::iter::from_fn(move || {
        let piece: Vec<u64> = frames.by_ref().take(batch.max(1)).collect();
        (!piece.is_empty()).then_some(piece)
    })
}

/// A stage's life: take, work, hand on, until there is no more or the next stage is gone.
fn hand_on<I, O>(
    input: impl IntoIterator<Item = I>,
    output: Sender<O>,
    mut work: impl FnMut(I) -> Result<O>,
) -> Result<()> {
    for item in input {
        if output.send(work(item)?).is_err() {
            break;
        }
    }
    Ok(())
}

/// Writes the pictures as they come; returns how many, and whether the listener asked to stop.
fn encode(
    pictures: Receiver<Vec<Picture>>,
    sink: &mut dyn Sink,
    total: u64,
    busy: &Busy,
    progress: &dyn Progress,
) -> Result<(u64, bool)> {
    let mut done = 0;
    for picture in pictures.into_iter().flatten() {
        busy.time(ENCODER, || sink.write(&picture))?;
        done += 1;
        if !progress.update(&Status { done, total, bottleneck: Some(busy.longest()) })
            && done < total
        {
            return Ok((done, true));
        }
    }
    Ok((done, false))
}

fn joined(stage: ScopedJoinHandle<Result<()>>) -> Result<()> {
    stage.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

const STAGES: [&str; 4] = ["schedule", "generator", "colour", "encoder"];
const SCHEDULE: usize = 0;
const GENERATOR: usize = 1;
const COLOUR: usize = 2;
const ENCODER: usize = 3;

/// How long each stage has worked, nanoseconds.
#[derive(Default)]
struct Busy([AtomicU64; 4]);

impl Busy {
    fn time<T>(&self, stage: usize, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let made = work();
        self.0[stage].fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
        made
    }

    fn seconds(&self) -> Vec<(&'static str, f64)> {
        let seconds = self.0.iter().map(|worked| worked.load(Ordering::Relaxed) as f64 / 1e9);
        STAGES.into_iter().zip(seconds).collect()
    }

    /// The stage that has worked longest: the one that the others wait for.
    fn longest(&self) -> &'static str {
        let worked = |&stage: &usize| self.0[stage].load(Ordering::Relaxed);
        STAGES[(0..STAGES.len()).max_by_key(worked).unwrap_or(GENERATOR)]
    }
}
