//! What decides the outcome of a training, derived from what was asked for.

use serde::{Deserialize, Serialize};

use super::augment::Pipe;
use super::preset::{Blur, PathLength, Preset};
use crate::dataset::Dataset;
use crate::network::{Config, DiscriminatorConfig};
use crate::{Error, Result};

/// What the user asks for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The preset.
    pub preset: Preset,
    /// Images in an iteration.
    pub batch: usize,
    /// Images that a device holds at once; none for the whole batch.
    pub batch_gpu: Option<usize>,
    /// R1's weight; none for the preset's at this size and batch.
    pub gamma: Option<f64>,
    /// Augmentation.
    pub augment: Augment,
    /// Which augmentations.
    pub pipe: Pipe,
    /// Flipped images, too.
    pub mirror: bool,
    /// Images that are not trained on, but measured with.
    pub hold_out: usize,
    /// Layers of the discriminator that stay as they are.
    pub freeze_d: usize,
    /// All that is random follows from it.
    pub seed: u64,
    /// Instead of the preset's `channel_base` and `channel_max`.
    pub channels: (Option<usize>, Option<usize>),
    /// Classes of the images are used.
    pub conditional: bool,
    /// SHA-256 of the network that the training goes on from.
    pub transfer: Option<String>,
    /// float16 in the layers that are marked so.
    pub half: bool,
}

/// How much is augmented.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Augment {
    /// Not at all.
    None,
    /// With this probability.
    Fixed(f64),
    /// With a probability that follows the overfitting measure.
    Ada,
}

/// What decides the outcome, bit for bit on one device. It is kept with every checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the request's and the preset's, resolved")]
pub struct Settings {
    pub dataset: String,
    pub generator: Config,
    pub discriminator: DiscriminatorConfig,
    pub seed: u64,
    pub batch: usize,
    pub batch_gpu: usize,
    pub gamma: f64,
    pub g_lr: f64,
    pub d_lr: f64,
    pub r1_interval: u32,
    pub path_length: Option<PathLength>,
    pub mixing: f64,
    pub blur: Option<Blur>,
    /// Images.
    pub ema_half_life: f64,
    pub ema_rampup: Option<f64>,
    pub augment: Augment,
    pub pipe: Pipe,
    pub ada_target: f64,
    pub ada_kimg: f64,
    pub mirror: bool,
    #[serde(default)]
    pub hold_out: usize,
    pub freeze_d: usize,
    pub transfer: Option<String>,
    pub half: bool,
}

impl Request {
    /// Resolves what is left open, for a set of images.
    ///
    /// # Errors
    /// [`Error::Usage`] for a batch that cannot be, [`Error::Invalid`] for images that no such network is
    /// made for.
    pub fn resolve(self, images: &Dataset) -> Result<Settings> {
        let Self { preset, batch, .. } = self;
        let batch_gpu = self.batch_gpu.unwrap_or(batch);
        if batch_gpu == 0 || batch % batch_gpu != 0 {
            return Err(Error::Usage(format!(
                "`--batch-gpu {batch_gpu}` does not divide `--batch {batch}`; choose one of its divisors"
            )));
        }
        let (held, all) = (self.hold_out, images.len());
        if held >= all {
            return Err(Error::Usage(format!(
                "`--hold-out {held}` leaves nothing of {all} images to train on; choose a smaller number"
            )));
        }
        let classes = match (self.conditional, images.classes()) {
            (true, 0) => {
                return Err(Error::Usage(
                    "`--cond` needs classes, but the images have none; make the set with classes"
                        .into(),
                ));
            }
            (true, classes) => classes,
            (false, _) => 0,
        };
        let of = (images.side(), images.channels(), classes);
        let (generator, discriminator) = preset.networks(of, self.channels);
        generator.validate()?;
        // Both grow with the batch: twice the images are seen in the same number of steps.
        let share = batch as f64 / 32.0;
        let scale = (images.side() as f64 / 256.0).powi(2);
        Ok(Settings {
            dataset: images.sha256()?,
            generator,
            discriminator,
            seed: self.seed,
            batch,
            batch_gpu,
            gamma: self.gamma.unwrap_or(preset.gamma_256 * scale / share),
            g_lr: preset.g_lr,
            d_lr: preset.d_lr,
            r1_interval: preset.r1_interval,
            path_length: preset.path_length,
            mixing: preset.mixing,
            blur: preset.blur.map(|blur| Blur { fade_kimg: blur.fade_kimg * share, ..blur }),
            ema_half_life: preset.ema_kimg * 1e3 * share,
            ema_rampup: preset.ema_rampup,
            augment: self.augment,
            pipe: self.pipe,
            ada_target: preset.ada_target,
            ada_kimg: match self.transfer {
                None => preset.ada_kimg.0,
                Some(_) => preset.ada_kimg.1,
            },
            mirror: self.mirror,
            hold_out: self.hold_out,
            freeze_d: self.freeze_d,
            transfer: self.transfer,
            half: self.half,
        })
    }
}

impl Settings {
    /// Refuses to go on from a checkpoint of other settings, naming the first that differs.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn same_as(&self, before: &Self) -> Result<()> {
        let json = |settings: &Self| serde_json::to_value(settings).unwrap_or_default();
        let (now, before) = (json(self), json(before));
        let names = now.as_object().into_iter().flatten().map(|(name, _)| name);
        for name in names {
            if now[name] != before[name] {
                return Err(Error::Usage(format!(
                    "the run to resume has `{name}` {}, this command {}; give the same, or train to \
                     another folder",
                    before[name], now[name]
                )));
            }
        }
        Ok(())
    }
}
