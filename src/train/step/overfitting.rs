//! Whether the discriminator knows its images by heart.

use tch::Kind;

use super::{Iteration, Part, Source};
use crate::Result;
use crate::train::draws::{Phase, Purpose};
use crate::train::order::Order;
use crate::train::settings::Settings;
use crate::train::state::State;

/// What an iteration's discriminator judges.
#[derive(Clone, Copy)]
enum Judged {
    Real,
    Generated,
}

/// The overfitting measure of held-out images,
/// r_v = (E\[D_train\] - E\[D_validation\]) / (E\[D_train\] - E\[D_generated\]) (Karras et al. 2020, "Training
/// generative adversarial networks with limited data", section 3, equation 1): 0 where the discriminator
/// judges images that it has never seen as it does those of the training, 1 where as generated ones. It sees
/// as many of each kind, blurred and augmented as they are in training now, and always the same ones.
///
/// None where no images are held out, and where real and generated images are judged alike.
///
/// # Errors
/// What reading an image and libtorch say.
pub fn overfitting(state: &State, settings: &Settings, source: &Source) -> Result<Option<f64>> {
    let Some(held_out) = &source.held_out else { return Ok(None) };
    let _no_grad = tch::no_grad_guard();
    let count = held_out.len();
    let order = Order::new(settings.seed, count);
    let unseen = Source { images: held_out, order, held_out: None, ..*source };
    let mean = |source: &Source, judged| {
        Iteration::new(state, settings, source).mean(state, count, judged)
    };
    let train = mean(source, Judged::Real)?;
    let r_v = (train - mean(&unseen, Judged::Real)?) / (train - mean(source, Judged::Generated)?);
    Ok(Some(r_v).filter(|r_v| r_v.is_finite()))
}

impl Iteration<'_> {
    /// What the discriminator says of the first images, on average.
    fn mean(&self, state: &State, count: usize, judged: Judged) -> Result<f64> {
        let d = self.discriminator(state, true)?;
        let mut sum = 0.0;
        for first in (0..count).step_by(self.settings.batch_gpu) {
            let len = self.settings.batch_gpu.min(count - first);
            let share = len as f64 / count as f64;
            let part = Part { phase: Phase::Validation, first: first as u64, step: 1, len, share };
            let ((images, classes), purpose) = match judged {
                Judged::Real => (self.real(part)?, Purpose::AugmentReal),
                Judged::Generated => {
                    let (images, _, classes) = self.generate(state, part, true)?;
                    ((images, classes), Purpose::AugmentGenerated)
                }
            };
            let logits = self.logits(&d, &images, classes.as_ref(), part, purpose)?;
            sum += logits.f_sum(Kind::Double)?.f_double_value(&[])?;
        }
        Ok(sum / count as f64)
    }
}
