//! One iteration: the phases, and what is measured on the way.

mod sampling;

use tch::{Device, Kind, Tensor};

use super::augment::{Draw, augment};
use super::blur;
use super::draws::{Phase, Purpose, of};
use super::losses;
use super::order::Order;
use super::settings::Settings;
use super::state::State;
use crate::dataset::Dataset;
use crate::network::discriminator::Discriminator;
use crate::network::trainable::{Betas, Trainable};
use crate::{Error, Result};

/// `w_avg`'s share that stays after a batch.
const W_AVG_BETA: f64 = 0.998;
/// Half-life of the layers' magnitudes, images.
const MAGNITUDE_HALF_LIFE: f64 = 20e3;
/// ADA moves p every so many iterations.
pub const ADA_INTERVAL: u32 = 4;

/// The images and the order in which they come.
#[derive(Debug)]
pub struct Source<'a> {
    /// The set, flipped images included where they are asked for.
    pub images: &'a Dataset,
    /// Their order.
    pub order: Order,
    /// Where tensors lie.
    pub device: Device,
}

/// What an iteration measured: a name, and the mean over the batch.
pub type Measured = Vec<(&'static str, f64)>;

/// A batch of real images: values -1 to 1, and the classes' vectors.
struct Batch {
    images: Tensor,
    classes: Option<Tensor>,
}

/// Some samples of a phase: the whole batch, or what a device holds of it at once.
#[derive(Clone, Copy)]
struct Part {
    phase: Phase,
    /// The first sample's number since the beginning.
    first: u64,
    len: usize,
    /// Share of the batch.
    share: f64,
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
    let counters = state.counters;
    let faded = |b: super::preset::Blur| blur::sigma(b.sigma, b.fade_kimg, counters.images);
    let mut iteration = Iteration {
        settings,
        source,
        blur: settings.blur.map_or(0.0, faded),
        p: counters.p,
        measured: Vec::new(),
    };
    let due = |interval: u32| counters.step.is_multiple_of(u64::from(interval));
    let real = iteration.real(counters.images)?;

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
        |i, part| i.discriminator_loss(state, part, &real),
        &state.d,
    )?;
    state.adam_d.step(&state.d, &gradient)?;
    if settings.gamma > 0.0 && due(settings.r1_interval) {
        let gain = 0.5 * settings.gamma * f64::from(settings.r1_interval);
        let gradient = iteration.phase(
            Phase::Dreg,
            settings.batch,
            counters.step,
            |i, part| Ok(i.r1_loss(state, part, &real)?.f_mul_scalar(gain)?),
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

impl Iteration<'_> {
    /// The gradient of a phase's loss over a batch, part by part.
    fn phase(
        &mut self,
        phase: Phase,
        batch: usize,
        step: u64,
        loss: impl Fn(&mut Self, Part) -> Result<Tensor>,
        network: &crate::network::parameters::Parameters,
    ) -> Result<Tensor> {
        let mut sum: Option<Tensor> = None;
        let mut at = 0;
        while at < batch {
            let len = self.settings.batch_gpu.min(batch - at);
            let share = len as f64 / batch as f64;
            let first = step * self.settings.batch as u64 + at as u64;
            let loss = loss(self, Part { phase, first, len, share })?;
            let gradient = network.gradient(&loss.f_mul_scalar(share)?)?;
            sum = Some(match sum {
                None => gradient,
                Some(mut sum) => sum.f_add_(&gradient)?,
            });
            at += len;
        }
        sum.ok_or_else(|| Error::Usage("a batch needs an image".into()))
    }

    fn measure(&mut self, name: &'static str, value: &Tensor, part: Part) -> Result<()> {
        self.measured.push((name, value.f_detach()?, part.share));
        Ok(())
    }

    /// Reads what was measured from the device.
    fn finish(&self) -> Result<Measured> {
        let mut means: Measured = Vec::new();
        for (name, value, share) in &self.measured {
            let value = value.f_double_value(&[])?;
            if !value.is_finite() {
                return Err(Error::Invalid(format!(
                    "`{name}` is no number any more ({value}); train again, with a higher \
                     `--gamma` or in float32; `--transfer` takes over the last checkpoint"
                )));
            }
            match means.iter_mut().find(|(known, _)| known == name) {
                Some((_, mean)) => *mean += value * share,
                None => means.push((name, value * share)),
            }
        }
        Ok(means)
    }

    /// Generated images, their latents for each layer, and their classes.
    fn generate(
        &self,
        state: &State,
        part: Part,
        fixed: bool,
    ) -> Result<(Tensor, Tensor, Option<Tensor>)> {
        let settings = self.settings;
        let g = Trainable::new(&settings.generator, &state.g, fixed, settings.half)?;
        let classes = self.classes(part)?;
        let (z_dim, _, _) = settings.generator.dims();
        let share = part.len as f64 / settings.batch as f64;
        // Only what the discriminator is trained with moves the averages.
        let update = (part.phase == Phase::Dmain).then(|| Betas {
            w_avg: W_AVG_BETA.powf(share),
            magnitude: 0.5f64.powf(part.len as f64 / MAGNITUDE_HALF_LIFE),
        });
        let z = self.normals(Purpose::Latent, part, &[z_dim as i64])?;
        let w = g.map(&z, classes.as_ref(), update)?;
        let num_ws = settings.generator.num_ws() as i64;
        let mut ws = w.f_unsqueeze(1)?.f_repeat([1, num_ws, 1])?;
        if settings.mixing > 0.0 {
            ws = self.mix(&g, ws, part, classes.as_ref())?;
        }
        let noise = self.noise(&g, part)?;
        let images = g.synthesise(&ws, &noise, update)?;
        Ok((images, ws, classes))
    }

    /// What the discriminator says of images, which it sees blurred and augmented.
    fn logits(
        &self,
        d: &Discriminator,
        images: &Tensor,
        classes: Option<&Tensor>,
        part: Part,
        purpose: Purpose,
    ) -> Result<Tensor> {
        let mut seen = blur::blur(images, self.blur)?;
        if self.p > 0.0 {
            let (_, _, height, width) = images.size4()?;
            let size = [height as usize, width as usize];
            let draws: Vec<Draw> = (0..part.len as u64)
                .map(|i| {
                    let draws = of(self.settings.seed, purpose, part.phase, part.first + i);
                    Draw::sample(&self.settings.pipe, self.p, size, draws)
                })
                .collect();
            seen = augment(&seen, &draws)?;
        }
        d.forward(&seen, classes)
    }

    fn discriminator(&self, state: &State, fixed: bool) -> Result<Discriminator> {
        Discriminator::new(&self.settings.discriminator, &state.d, fixed, self.settings.half)
    }

    fn generator_loss(&mut self, state: &State, part: Part) -> Result<Tensor> {
        let (images, _, classes) = self.generate(state, part, false)?;
        let d = self.discriminator(state, true)?;
        let logits = self.logits(&d, &images, classes.as_ref(), part, Purpose::AugmentGenerated)?;
        let loss = losses::generator(&logits)?;
        self.measure("loss_g", &loss, part)?;
        Ok(loss)
    }

    fn path_length_loss(
        &mut self,
        state: &State,
        part: Part,
        weight: f64,
        decay: f64,
    ) -> Result<Tensor> {
        let (images, ws, _) = self.generate(state, part, false)?;
        let noise = self.normals(Purpose::Direction, part, &images.size()[1..])?;
        let lengths = losses::path_lengths(&images, &ws, &noise)?;
        let mean = lengths.f_detach()?.f_mean(None::<Kind>)?;
        {
            let _no_grad = tch::no_grad_guard();
            let _ = state.path_mean.shallow_clone().f_lerp_(&mean, decay)?;
        }
        let penalty =
            lengths.f_sub(&state.path_mean.f_detach_copy()?)?.f_square()?.f_mean(None::<Kind>)?;
        self.measure("path_length", &mean, part)?;
        self.measure("path_penalty", &penalty, part)?;
        Ok(penalty.f_mul_scalar(weight)?)
    }

    fn discriminator_loss(&mut self, state: &State, part: Part, real: &Batch) -> Result<Tensor> {
        let (images, classes) = {
            let _no_grad = tch::no_grad_guard();
            let (images, _, classes) = self.generate(state, part, true)?;
            (images, classes)
        };
        let d = self.discriminator(state, false)?;
        let generated =
            self.logits(&d, &images, classes.as_ref(), part, Purpose::AugmentGenerated)?;
        let (images, classes) = self.of_part(real, part)?;
        let logits = self.logits(&d, &images, classes.as_ref(), part, Purpose::AugmentReal)?;
        let (loss_generated, loss_real) = (losses::generated(&generated)?, losses::real(&logits)?);
        for (name, value) in [
            ("loss_d_generated", &loss_generated),
            ("loss_d_real", &loss_real),
            ("sign_real", &logits.f_sign()?.f_mean(None::<Kind>)?),
            ("logit_real", &logits.f_mean(None::<Kind>)?),
            ("logit_generated", &generated.f_mean(None::<Kind>)?),
        ] {
            self.measure(name, value, part)?;
        }
        Ok(loss_generated.f_add(&loss_real)?)
    }

    /// R1 without its weight.
    fn r1_loss(&mut self, state: &State, part: Part, real: &Batch) -> Result<Tensor> {
        let d = self.discriminator(state, false)?;
        let (images, classes) = self.of_part(real, part)?;
        let images = images.f_detach_copy()?.set_requires_grad(true);
        let logits = self.logits(&d, &images, classes.as_ref(), part, Purpose::AugmentReal)?;
        let penalty = losses::r1(&logits, &images)?.f_mean(None::<Kind>)?;
        self.measure("r1_penalty", &penalty, part)?;
        Ok(penalty)
    }

    fn of_part(&self, batch: &Batch, part: Part) -> Result<(Tensor, Option<Tensor>)> {
        let first = (part.first % self.settings.batch as u64) as i64;
        let narrow = |tensor: &Tensor| tensor.f_narrow(0, first, part.len as i64);
        Ok((narrow(&batch.images)?, batch.classes.as_ref().map(narrow).transpose()?))
    }
}
