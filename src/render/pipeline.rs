//! Stages on their own threads, joined by bounded channels: schedule, generator, colour, encoder.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::finish::Finish;
use super::synthesise::Generator;
use crate::Result;
use crate::encode::{Picture, Sink};
use crate::network::streams::ReadBack;
use crate::progress::{Progress, Status};
use crate::schedule::{FrameInput, Schedule};
use crate::timeline::resolved::Canvas;

/// Batches that may wait between two stages: enough that none idles for a hiccup of its neighbour.
const WAITING: usize = 2;

/// What is rendered.
pub struct Job<'a> {
    /// What the network is given.
    pub schedule: &'a Schedule,
    /// The network.
    pub generator: &'a Generator,
    /// The picture that the network's image is put into.
    pub canvas: Canvas,
    /// Frame numbers.
    pub frames: Range<u64>,
    /// Frames synthesised at once; at least 1.
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
    let total = job.frames.end.saturating_sub(job.frames.start);
    if !progress.update(&Status { done: 0, total, bottleneck: None }) {
        return Ok(Outcome { frames: 0, interrupted: true, paths: Vec::new(), stages: Vec::new() });
    }
    let finish = Finish::new(job.generator.resolution(), &job.canvas, sink.depth());
    let busy = Busy::default();
    let (to_generator, inputs) = bounded::<Vec<FrameInput>>(WAITING);
    let (to_colour, images) = bounded::<(Vec<u64>, ReadBack)>(WAITING);
    let (to_encoder, pictures) = bounded::<Vec<Picture>>(WAITING);

    let (frames, interrupted) = thread::scope(|scope| {
        let schedule = scope.spawn(|| {
            hand_on(batches(&job.frames, job.batch), to_generator, |range| {
                busy.time(SCHEDULE, || range.map(|i| job.schedule.frame(i)).collect())
            })
        });
        let generator = scope.spawn(|| {
            let mut batch = job.batch;
            hand_on(inputs, to_colour, |inputs| {
                let images = busy.time(GENERATOR, || {
                    let images = job.generator.images(&inputs, &mut batch, progress)?;
                    ReadBack::begin(&finish.on_device(images)?)
                })?;
                Ok((inputs.iter().map(|input| input.index).collect(), images))
            })
        });
        let colour = scope.spawn(|| {
            hand_on(images, to_encoder, |(indices, images)| {
                // A device works on while the generator's thread is done: waiting for it is its time.
                let images = busy.time(GENERATOR, || images.take())?;
                busy.time(COLOUR, || finish.pictures(&indices, &images))
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

/// The whole range in pieces of `batch`, the last one perhaps smaller.
fn batches(frames: &Range<u64>, batch: usize) -> impl Iterator<Item = Range<u64>> + use<> {
    let end = frames.end;
    frames
        .clone()
        .step_by(batch)
        .map(move |start| start..end.min(start.saturating_add(batch as u64)))
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
