//! One iteration: the phases, and what is measured on the way.

mod overfitting;
mod phases;
mod sampling;

use tch::{Device, Tensor};

use super::blur;
use super::draws::Phase;
use super::order::Order;
use super::settings::Settings;
use super::state::State;
use crate::dataset::Dataset;
use crate::network::parameters::Parameters;
use crate::network::processes::Group;
use crate::{Error, Result};

pub use overfitting::overfitting;

/// ADA moves p every so many iterations.
pub const ADA_INTERVAL: u32 = 4;

/// The images and the order in which they come.
#[derive(Debug)]
pub struct Source<'a> {
    /// The set, flipped images included where they are asked for.
    pub images: &'a Dataset,
    /// Their order.
    pub order: Order,
    /// Images of the set that are not trained on.
    pub held_out: Option<Dataset>,
    /// Where tensors lie.
    pub device: Device,
    /// The processes among which each batch is divided.
    pub group: &'a Group,
}

/// What an iteration measured: a name, and the mean over the batch.
pub type Measured = Vec<(&'static str, f64)>;

/// Some samples of a phase: the whole batch, or what a device holds of it at once. Every random number
/// of a sample follows from its own number, so that any process can work on any of them.
#[derive(Clone, Copy)]
struct Part {
    phase: Phase,
    /// The first sample's number since the beginning, and how far apart they are.
    first: u64,
    step: u64,
    len: usize,
    /// Share of the batch.
    share: f64,
}

impl Part {
    /// The numbers of the samples.
    fn samples(self) -> impl ExactSizeIterator<Item = u64> {
        (0..self.len).map(move |i| self.first + i as u64 * self.step)
    }
}

/// An iteration of a training.
#[derive(Debug)]
pub struct Iteration<'a> {
    settings: &'a Settings,
    source: &'a Source<'a>,
    /// Deviation of the blur that the discriminator sees through.
    blur: f64,
    p: f64,
    measured: Vec<(&'static str, Tensor, f64)>,
}

/// Runs one iteration.
///
/// # Errors
/// [`Error::Invalid`] where a loss is no number any more; what reading an image and libtorch say.
pub fn step(state: &mut State, settings: &Settings, source: &Source) -> Result<Measured> {
    // Whose caller may have switched gradients off.
    tch::with_grad(|| phases_in_turn(state, settings, source))
}

fn phases_in_turn(state: &mut State, settings: &Settings, source: &Source) -> Result<Measured> {
    let counters = state.counters;
    let mut iteration = Iteration::new(state, settings, source);
    let due = |interval: u32| counters.step.is_multiple_of(u64::from(interval));

    let gradient = iteration.phase(
        Phase::Gmain,
        settings.batch,
        counters.step,
        |i, part| i.generator_loss(state, part),
        &state.g,
    )?;
    state.adam_g.step(&state.g, &gradient)?;
    if let Some(path_length) = settings.path_length.filter(|path_length| due(path_length.interval))
    {
        let batch = (settings.batch / 2).max(1);
        let gradient = iteration.phase(
            Phase::Greg,
            batch,
            counters.step,
            |i, part| {
                i.path_length_loss(state, part, path_length.weight, path_length.decay)
                    .and_then(|loss| Ok(loss.f_mul_scalar(f64::from(path_length.interval))?))
            },
            &state.g,
        )?;
        state.adam_g.step(&state.g, &gradient)?;
    }
    let gradient = iteration.phase(
        Phase::Dmain,
        settings.batch,
        counters.step,
        |i, part| i.discriminator_loss(state, part),
        &state.d,
    )?;
    state.adam_d.step(&state.d, &gradient)?;
    if settings.gamma > 0.0 && due(settings.r1_interval) {
        let gain = 0.5 * settings.gamma * f64::from(settings.r1_interval);
        let gradient = iteration.phase(
            Phase::Dreg,
            settings.batch,
            counters.step,
            |i, part| Ok(i.r1_loss(state, part)?.f_mul_scalar(gain)?),
            &state.d,
        )?;
        state.adam_d.step(&state.d, &gradient)?;
    }

    state.average(settings)?;
    let measured = iteration.finish()?;
    if let Some((_, sign)) = measured.iter().find(|(name, _)| *name == "sign_real") {
        state.counters.signs.0 += sign * settings.batch as f64;
        state.counters.signs.1 += settings.batch as u64;
    }
    state.counters.step += 1;
    state.counters.images += settings.batch as u64;
    state.counters.optimiser_steps = (state.adam_g.steps, state.adam_d.steps);
    Ok(measured)
}

impl<'a> Iteration<'a> {
    /// As the networks stand now.
    fn new(state: &State, settings: &'a Settings, source: &'a Source) -> Self {
        let counters = state.counters;
        let faded = |b: super::preset::Blur| blur::sigma(b.sigma, b.fade_kimg, counters.images);
        Self {
            settings,
            source,
            blur: settings.blur.map_or(0.0, faded),
            p: counters.p,
            measured: Vec::new(),
        }
    }

    /// The gradient of a phase's loss over a batch, of which each process sees its share. If another process
    /// ends meanwhile, this one works its samples off, too: the iteration is complete, whoever is left.
    fn phase(
        &mut self,
        phase: Phase,
        batch: usize,
        step: u64,
        loss: impl Fn(&mut Self, Part) -> Result<Tensor>,
        network: &Parameters,
    ) -> Result<Tensor> {
        let group = self.source.group;
        let (mine, of) = group.share();
        let first = step * self.settings.batch as u64;
        let mut over =
            |share: usize| self.gradient(phase, (first + share as u64, of), batch, &loss, network);
        let mut sum = over(mine)?;
        if !group.sum(&sum)? {
            for other in (0..of).filter(|&other| other != mine) {
                let _ = sum.f_add_(&over(other)?)?;
            }
        }
        Ok(sum)
    }

    /// What every `of`th sample of a batch, from `first` on, adds to the gradient; as many at once as the
    /// device holds. (Processes that take every nth sample form the groups of D's minibatch deviation that one
    /// process would.)
    fn gradient(
        &mut self,
        phase: Phase,
        (first, of): (u64, usize),
        batch: usize,
        loss: &impl Fn(&mut Self, Part) -> Result<Tensor>,
        network: &Parameters,
    ) -> Result<Tensor> {
        let mut sum: Option<Tensor> = None;
        let (mut at, end) = (0, batch / of);
        while at < end {
            let len = self.settings.batch_gpu.min(end - at);
            let share = len as f64 / batch as f64;
            let first = first + (at * of) as u64;
            let loss = loss(self, Part { phase, first, step: of as u64, len, share })?;
            let gradient = network.gradient(&loss.f_mul_scalar(share)?)?;
            sum = Some(match sum {
                None => gradient,
                Some(mut sum) => sum.f_add_(&gradient)?,
            });
            at += len;
        }
        sum.ok_or_else(|| Error::Usage("a batch needs an image for every process".into()))
    }

    fn measure(&mut self, name: &'static str, value: &Tensor, part: Part) -> Result<()> {
        self.measured.push((name, value.f_detach()?, part.share));
        Ok(())
    }

    /// What was measured, from the device and from the other processes.
    fn finish(&self) -> Result<Measured> {
        // Sums of the values and of their shares by name: where a process is lost, shares are missing.
        let mut sums: Vec<(&'static str, [f64; 2])> = Vec::new();
        for (name, value, share) in &self.measured {
            let add = [value.f_double_value(&[])? * share, *share];
            match sums.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum = [sum[0] + add[0], sum[1] + add[1]],
                None => sums.push((name, add)),
            }
        }
        let values: Vec<f64> = sums.iter().flat_map(|(_, sum)| *sum).collect();
        let values = Tensor::f_from_slice(&values)?;
        self.source.group.sum(&values)?;
        let values = Vec::<f64>::try_from(values)?;
        let means = sums.iter().zip(values.chunks_exact(2));
        means
            .map(|((name, _), sum)| match sum[0] / sum[1] {
                mean if mean.is_finite() => Ok((*name, mean)),
                mean => Err(Error::Invalid(format!(
                    "`{name}` is no number any more ({mean}); train again, with a higher `--gamma` or in \
                     float32; `--transfer` takes over the last checkpoint"
                ))),
            })
            .collect()
    }
}
