//! The losses of the phases.

use tch::{Kind, Tensor};

use super::{Iteration, Part};
use crate::Result;
use crate::network::discriminator::Discriminator;
use crate::network::trainable::{Betas, Trainable};
use crate::train::augment::{Draw, augment};
use crate::train::draws::{Phase, Purpose, of};
use crate::train::state::State;
use crate::train::{blur, losses};

/// `w_avg`'s share that stays after a batch.
const W_AVG_BETA: f64 = 0.998;
/// Half-life of the layers' magnitudes, images.
const MAGNITUDE_HALF_LIFE: f64 = 20e3;

impl Iteration<'_> {
    /// Generated images, their latents for each layer, and their classes.
    pub(super) fn generate(
        &self,
        state: &State,
        part: Part,
        fixed: bool,
    ) -> Result<(Tensor, Tensor, Option<Tensor>)> {
        let settings = self.settings;
        let g = Trainable::new(&settings.generator, &state.g, fixed, settings.half)?;
        let classes = self.classes(part)?;
        let (z_dim, _, _) = settings.generator.dims();
        // Only what the discriminator is trained with moves the averages: this part, and those that the
        // other processes work on at the same time.
        let group = self.source.group;
        let images = (part.len * group.size()) as f64;
        let update = (part.phase == Phase::Dmain).then(|| Betas {
            w_avg: W_AVG_BETA.powf(images / settings.batch as f64),
            magnitude: 0.5f64.powf(images / MAGNITUDE_HALF_LIFE),
            group,
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
    pub(super) fn logits(
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
            let draws: Vec<Draw> = part
                .samples()
                .map(|sample| {
                    let draws = of(self.settings.seed, purpose, part.phase, sample);
                    Draw::sample(&self.settings.pipe, self.p, size, draws)
                })
                .collect();
            seen = augment(&seen, &draws)?;
        }
        d.forward(&seen, classes)
    }

    pub(super) fn discriminator(&self, state: &State, fixed: bool) -> Result<Discriminator> {
        Discriminator::new(&self.settings.discriminator, &state.d, fixed, self.settings.half)
    }

    pub(super) fn generator_loss(&mut self, state: &State, part: Part) -> Result<Tensor> {
        let (images, _, classes) = self.generate(state, part, false)?;
        let d = self.discriminator(state, true)?;
        let logits = self.logits(&d, &images, classes.as_ref(), part, Purpose::AugmentGenerated)?;
        let loss = losses::generator(&logits)?;
        self.measure("loss_g", &loss, part)?;
        Ok(loss)
    }

    pub(super) fn path_length_loss(
        &mut self,
        state: &State,
        part: Part,
        weight: f64,
        decay: f64,
    ) -> Result<Tensor> {
        let (images, ws, _) = self.generate(state, part, false)?;
        let noise = self.normals(Purpose::Direction, part, &images.size()[1..])?;
        let lengths = losses::path_lengths(&images, &ws, &noise)?;
        let mean = self.source.group.mean(lengths.f_detach()?.f_mean(None::<Kind>)?)?;
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

    pub(super) fn discriminator_loss(&mut self, state: &State, part: Part) -> Result<Tensor> {
        let (images, classes) = {
            let _no_grad = tch::no_grad_guard();
            let (images, _, classes) = self.generate(state, part, true)?;
            (images, classes)
        };
        let d = self.discriminator(state, false)?;
        let generated =
            self.logits(&d, &images, classes.as_ref(), part, Purpose::AugmentGenerated)?;
        let (images, classes) = self.real(part)?;
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
    pub(super) fn r1_loss(&mut self, state: &State, part: Part) -> Result<Tensor> {
        let d = self.discriminator(state, false)?;
        let (images, classes) = self.real(part)?;
        let images = images.set_requires_grad(true);
        let logits = self.logits(&d, &images, classes.as_ref(), part, Purpose::AugmentReal)?;
        let penalty = losses::r1(&logits, &images)?.f_mean(None::<Kind>)?;
        self.measure("r1_penalty", &penalty, part)?;
        Ok(penalty)
    }
}
