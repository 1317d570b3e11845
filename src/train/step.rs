//! One iteration: the phases, and what is measured on the way.

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
use crate::network::trainable::{Betas, Noise, Trainable};
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
    /// What the training's random numbers follow from.
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
                    "`{name}` is no number any more ({value}); go on from the last checkpoint with \
                     a higher `--gamma`, or train in float32"
                )));
            }
            match means.iter_mut().find(|(known, _)| known == name) {
                Some((_, mean)) => *mean += value * share,
                None => means.push((name, value * share)),
            }
        }
        Ok(means)
    }

    /// The next batch of real images.
    fn real(&self, images: u64) -> Result<Batch> {
        use rayon::prelude::*;
        let (set, settings) = (self.source.images, self.settings);
        let numbers: Vec<usize> =
            (0..settings.batch as u64).map(|i| self.source.order.nth(images + i)).collect();
        let pixels = numbers.par_iter().map(|&n| set.image(n)).collect::<Result<Vec<_>>>()?;
        let (side, channels) = (set.side() as i64, set.channels() as i64);
        let pixels = Tensor::f_from_slice(&pixels.concat())?;
        let pixels = pixels.f_reshape([numbers.len() as i64, channels, side, side])?;
        let pixels = pixels.f_to_device(self.source.device)?.f_to_kind(Kind::Float)?;
        let classes: Vec<_> = numbers.iter().map(|&n| set.label(n)).collect();
        Ok(Batch {
            images: pixels.f_div_scalar(127.5)?.f_sub_scalar(1.0)?,
            classes: self.one_hot(&classes)?,
        })
    }

    fn one_hot(&self, classes: &[Option<u32>]) -> Result<Option<Tensor>> {
        let c_dim = self.settings.discriminator.c_dim;
        if c_dim == 0 {
            return Ok(None);
        }
        let mut values = vec![0.0f32; classes.len() * c_dim];
        for (row, class) in values.chunks_exact_mut(c_dim).zip(classes) {
            if let Some(value) = class.and_then(|class| row.get_mut(class as usize)) {
                *value = 1.0;
            }
        }
        let tensor = Tensor::f_from_slice(&values)?.f_reshape([-1, c_dim as i64])?;
        Ok(Some(tensor.f_to_device(self.source.device)?))
    }

    /// Classes for generated images, as often as the set has them.
    fn classes(&self, part: Part) -> Result<Option<Tensor>> {
        let set = self.source.images;
        let draw =
            |sample| of(self.settings.seed, Purpose::Class, part.phase, sample).below(set.len());
        let classes: Vec<_> =
            (0..part.len as u64).map(|i| set.label(draw(part.first + i))).collect();
        self.one_hot(&classes)
    }

    /// Standard normals of some shape for each sample of a part.
    fn normals(&self, purpose: Purpose, part: Part, shape: &[i64]) -> Result<Tensor> {
        use rayon::prelude::*;
        let n = shape.iter().product::<i64>() as usize;
        let samples = (0..part.len as u64)
            .into_par_iter()
            .map(|i| of(self.settings.seed, purpose, part.phase, part.first + i).normal_values(n));
        let values = samples.collect::<Vec<_>>().concat();
        let shape: Vec<i64> =
            std::iter::once(part.len as i64).chain(shape.iter().copied()).collect();
        Ok(Tensor::f_from_slice(&values)?.f_reshape(&shape)?.f_to_device(self.source.device)?)
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

    fn noise(&self, g: &Trainable, part: Part) -> Result<Noise> {
        let sizes = g.noise_sizes();
        let total: i64 = sizes.iter().map(|size| size * size).sum();
        if total == 0 {
            return Ok(Noise::Constant);
        }
        let all = self.normals(Purpose::Noise, part, &[total])?;
        let mut at = 0;
        let layers = sizes.iter().map(|&size| {
            let layer = all.f_narrow(1, at, size * size)?.f_reshape([-1, 1, size, size])?;
            at += size * size;
            Ok(layer)
        });
        Ok(Noise::Given(layers.collect::<Result<_>>()?))
    }

    /// Style mixing (Karras et al. 2019, section 3.1): from a random layer on, another latent.
    fn mix(
        &self,
        g: &Trainable,
        ws: Tensor,
        part: Part,
        classes: Option<&Tensor>,
    ) -> Result<Tensor> {
        let (z_dim, _, _) = self.settings.generator.dims();
        let num_ws = self.settings.generator.num_ws();
        let (mut z, mut second) = (Vec::new(), Vec::new());
        for i in 0..part.len as u64 {
            let mut draws = of(self.settings.seed, Purpose::Mixing, part.phase, part.first + i);
            let mixed = draws.uniform() < self.settings.mixing;
            let crossover = 1 + draws.below(num_ws - 1);
            second.extend((0..num_ws).map(|layer| mixed && layer >= crossover));
            z.extend(draws.normal_values(z_dim));
        }
        let device = self.source.device;
        let z = Tensor::f_from_slice(&z)?.f_reshape([-1, z_dim as i64])?.f_to_device(device)?;
        let second = Tensor::f_from_slice(&second)?.f_reshape([-1, num_ws as i64, 1])?;
        let other = g.map(&z, classes, None)?.f_unsqueeze(1)?;
        Ok(other.f_where_self(&second.f_to_device(device)?, &ws)?)
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
