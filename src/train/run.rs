//! The loop: iterations, and what is kept and told on the way.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tch::Device;

use super::best::Best;
use super::events::Events;
use super::order::{Order, divided};
use super::samples;
use super::settings::Settings;
use super::state::State;
use super::stats::{Log, Means, Tick};
use super::step::{ADA_INTERVAL, Source, overfitting, step};
use super::transfer::{Fitted, transfer};
use super::{checkpoint, curves};
use crate::dataset::Dataset;
use crate::diagnostics::save;
use crate::environment::peak_memory;
use crate::network::processes::Group;
use crate::progress::{Progress, Status};
use crate::{Error, Result};

/// How a training is run. Nothing of it changes the networks.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the run.
    pub out: PathBuf,
    /// Images that the discriminator shall be shown.
    pub images: u64,
    /// Figures are told every so many images.
    pub tick: u64,
    /// Checkpoint, network and samples every so many images.
    pub snap: u64,
    /// Checkpoints that are kept.
    pub keep: usize,
    /// Goes on from the newest checkpoint of the folder.
    pub resume: bool,
    /// The network whose tensors the training begins with.
    pub transfer: Option<PathBuf>,
}

/// A checkpoint is written at least this often.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(15 * 60);

/// Listens to a training.
pub trait Watch: Progress {
    /// The training begins, with so many images seen in earlier runs.
    fn begun(&self, images: u64);
    /// Some iterations are done.
    fn tick(&self, tick: &Tick);
    /// A file to go on from is complete.
    fn saved(&self, images: u64, path: &Path);
    /// A network is kept. Returns figures of it by name, which are written down with the others.
    ///
    /// # Errors
    /// What ends the training; its checkpoint is there.
    fn look(&self, images: u64, network: &Path) -> Result<Vec<(String, f64)>>;
    /// All figures of a network that is kept, if there are any.
    fn measured(&self, images: u64, network: &Path, figures: &[(String, f64)]);
    /// What was taken over from another network.
    fn fitted(&self, fitted: &Fitted);
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Images that the discriminator has been shown.
    pub images: u64,
    /// The averaged generator.
    pub network: PathBuf,
}

/// Trains until enough images were shown, from the beginning or the newest checkpoint. The first process of
/// the group reads and writes the folder.
///
/// # Errors
/// [`Error::Usage`] for a folder that holds a run where none is resumed, and for a batch that the processes
/// cannot share; [`Error::Interrupted`] when the listener of any process asked to stop: a checkpoint is there
/// then; [`Error::Device`] where another process has ended, after a checkpoint, too; [`Error::Invalid`] where
/// a loss is no number any more: the newest checkpoint is from before; those of reading and writing.
pub fn run(
    images: &Dataset,
    settings: &Settings,
    options: &Options,
    device: Device,
    group: &Group,
    watch: &dyn Watch,
) -> Result<Outcome> {
    check_shares(settings, group)?;
    let out = &options.out;
    let mut state = match group.rank() {
        0 => begin(settings, options, device, watch)?,
        _ => State::new(settings, device)?,
    };
    state.hand_out(group)?;
    fs::create_dir_all(out).map_err(|e| Error::io("create", out, e))?;
    let mut run = Run {
        settings,
        options,
        watch,
        record: (group.rank() == 0)
            .then(|| Record::open(out, state.counters.images))
            .transpose()?,
        since: (Instant::now(), state.counters.images),
        saved: Instant::now(),
        r_t: None,
    };
    watch.begun(state.counters.images);
    let (set, held_out) = divided(images, settings);
    let set = if settings.mirror { set.mirrored() } else { set };
    let order = Order::new(settings.seed, set.len());
    let source = Source { images: &set, order, held_out, device, group };
    if state.counters.images == 0 && run.record.is_some() {
        let json = serde_json::to_string_pretty(settings);
        let json = json.map_err(|e| Error::Invalid(format!("cannot write the settings: {e}")))?;
        save(&out.join("settings.json"), json.as_bytes(), true)?;
        save(&out.join("reals.png"), &samples::reals(images, settings.seed)?, true)?;
        run.samples(&state)?;
    }
    let status = |state: &State| Status {
        done: state.counters.images.min(options.images),
        total: options.images,
        bottleneck: None,
    };
    while state.counters.images < options.images {
        let stop = group.any(!watch.update(&status(&state)))?;
        if let Some(lost) = group.lost() {
            // Whoever is left saves: nobody knows who else that is.
            run.checkpoint(&state)?;
            return Err(lost);
        }
        if stop {
            run.own(|run| run.checkpoint(&state))?;
            return Err(Error::Interrupted);
        }
        run.iterate(&mut state, &source)?;
    }
    watch.update(&status(&state));
    run.own(|run| run.snapshot(&state, &source))?;
    Ok(Outcome { images: state.counters.images, network: run.network(&state) })
}

/// Refuses batches that cannot be divided evenly.
fn check_shares(settings: &Settings, group: &Group) -> Result<()> {
    let (batch, size) = (settings.batch, group.size());
    let half = settings.path_length.map_or(0, |_| (batch / 2).max(1));
    if batch.is_multiple_of(size) && half.is_multiple_of(size) {
        return Ok(());
    }
    let factor = if half > 0 { 2 * size } else { size };
    Err(Error::Usage(format!(
        "`--batch {batch}` cannot be divided among {size} processes{}; choose a multiple of {factor}",
        if half > 0 {
            ", and neither can half of it, which path lengths are measured with"
        } else {
            ""
        }
    )))
}

/// The networks of the newest checkpoint, or as drawn with what fits of another.
fn begin(
    settings: &Settings,
    options: &Options,
    device: Device,
    watch: &dyn Watch,
) -> Result<State> {
    let out = &options.out;
    match checkpoint::list(out)?.last() {
        Some((_, path)) if options.resume => {
            let (state, made_with) = checkpoint::load(path, device)?;
            settings.same_as(&made_with)?;
            return Ok(state);
        }
        Some(_) => {
            return Err(Error::Usage(format!(
                "`{}` holds a run; go on with --resume, or name another folder",
                out.display()
            )));
        }
        None => {}
    }
    let state = State::new(settings, device)?;
    if let Some(path) = &options.transfer {
        for fitted in transfer(path, &state)? {
            watch.fitted(&fitted);
        }
    }
    Ok(state)
}

/// What is written down of a training.
struct Record {
    log: Log,
    events: Events,
    means: Means,
    best: Option<Best>,
}

impl Record {
    /// Goes on after so many images.
    fn open(out: &Path, images: u64) -> Result<Self> {
        let log = Log::open(&out.join("stats.jsonl"), images)?;
        let best = Best::read(out)?.filter(|best| best.images <= images);
        Ok(Self { log, events: Events::create(out)?, means: Means::default(), best })
    }
}

struct Run<'a> {
    settings: &'a Settings,
    options: &'a Options,
    watch: &'a dyn Watch,
    /// The first process has it.
    record: Option<Record>,
    /// When the last tick was, and at how many images.
    since: (Instant, u64),
    saved: Instant,
    r_t: Option<f64>,
}

impl Run<'_> {
    fn iterate(&mut self, state: &mut State, source: &Source) -> Result<()> {
        let before = state.counters.images;
        let measured = step(state, self.settings, source)?;
        if let Some(record) = &mut self.record {
            record.means.add(&measured);
        }
        if state.counters.step.is_multiple_of(u64::from(ADA_INTERVAL)) {
            self.r_t = state.adapt(self.settings, ADA_INTERVAL).or(self.r_t);
        }
        let now = state.counters.images;
        let crossed = |every: u64| now / every.max(1) > before / every.max(1);
        let done = now >= self.options.images;
        if crossed(self.options.tick) || done {
            self.tick(state)?;
        }
        if crossed(self.options.snap) && !done {
            self.own(|run| run.snapshot(state, source))?;
        } else if self.saved.elapsed() > CHECKPOINT_EVERY {
            self.own(|run| run.checkpoint(state))?;
        }
        Ok(())
    }

    /// Does what only the first process does.
    fn own(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if self.record.is_some() { work(self) } else { Ok(()) }
    }

    fn tick(&mut self, state: &State) -> Result<()> {
        let Some(record) = &mut self.record else { return Ok(()) };
        let images = state.counters.images;
        let (begun, before) = std::mem::replace(&mut self.since, (Instant::now(), images));
        let kimg = (images - before) as f64 / 1e3;
        let tick = Tick {
            images: (images, self.options.images),
            seconds_per_kimg: begun.elapsed().as_secs_f64() / kimg.max(1e-9),
            r_t: self.r_t,
            p: state.counters.p,
            memory: peak_memory(),
            means: record.means.take(),
        };
        record.log.add(&tick.json())?;
        record.events.numbers(images, &tick.figures())?;
        self.watch.tick(&tick);
        Ok(())
    }

    fn checkpoint(&mut self, state: &State) -> Result<()> {
        let Options { out, keep, .. } = self.options;
        let best = self.record.as_ref().and_then(|record| record.best.as_ref());
        let best = best.map(|best| best.images);
        let path = checkpoint::save(out, state, self.settings, *keep, best)?;
        self.saved = Instant::now();
        self.watch.saved(state.counters.images, &path);
        Ok(())
    }

    /// Everything that is kept.
    fn snapshot(&mut self, state: &State, source: &Source) -> Result<()> {
        let begun = Instant::now();
        let (network, images) = (self.network(state), state.counters.images);
        checkpoint::save_network(&network, &state.g_ema, self.settings)?;
        self.samples(state)?;
        self.checkpoint(state)?;
        let mut figures = self.watch.look(images, &network)?;
        let r_v = overfitting(state, self.settings, source)?;
        figures.extend(r_v.map(|r_v| ("r_v".to_owned(), r_v)));
        if let Some(record) = &mut self.record
            && !figures.is_empty()
        {
            self.watch.measured(images, &network, &figures);
            let line = figures.iter().map(|(name, value)| (name.clone(), json!(value)));
            let line = line.chain([("images".to_owned(), json!(images))]);
            record.log.add(&Value::Object(line.collect()))?;
            record.events.numbers(images, &figures)?;
            Best::offer(&mut record.best, &self.options.out, images, &figures)?;
        }
        if let Some(record) = &self.record {
            curves::draw(&self.options.out, &record.log)?;
        }
        // What was measured is no part of the next tick's time.
        self.since.0 += begun.elapsed();
        Ok(())
    }

    /// Where the averaged generator is kept.
    fn network(&self, state: &State) -> PathBuf {
        self.options.out.join(format!("network-{:09}.safetensors", state.counters.images))
    }

    fn samples(&mut self, state: &State) -> Result<()> {
        let images = state.counters.images;
        let png = samples::generated(state, self.settings)?;
        save(&self.options.out.join(format!("samples-{images:09}.png")), &png, true)?;
        match &mut self.record {
            Some(record) => record.events.picture(images, "samples", &png),
            None => Ok(()),
        }
    }
}
