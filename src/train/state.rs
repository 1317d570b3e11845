//! What a training is at one moment.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::adam::{self, Adam, Options};
use super::draws::Purpose;
use super::settings::{Augment, Settings};
use crate::network::initial::drawn;
use crate::network::parameters::Parameters;
use crate::network::processes::Group;
use crate::{Error, Result};

/// Networks, optimisers and counters.
#[derive(Debug)]
pub struct State {
    /// The generator.
    pub g: Parameters,
    /// The discriminator.
    pub d: Parameters,
    /// The generator averaged over training.
    pub g_ema: Parameters,
    /// The generator's optimiser.
    pub adam_g: Adam,
    /// The discriminator's.
    pub adam_d: Adam,
    /// Running mean of path lengths, a scalar.
    pub path_mean: Tensor,
    /// The rest.
    pub counters: Counters,
}

/// What is no tensor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// Iterations done.
    pub step: u64,
    /// Images that the discriminator has been shown.
    pub images: u64,
    /// Probability of augmentations.
    pub p: f64,
    /// Sum and number of the real logits' signs since p was last moved.
    pub signs: (f64, u64),
    /// Steps of the generator's optimiser and the discriminator's.
    pub optimiser_steps: (u64, u64),
}

impl State {
    /// The networks as training begins with them.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn new(settings: &Settings, device: Device) -> Result<Self> {
        let counters = Counters {
            step: 0,
            images: 0,
            p: match settings.augment {
                Augment::Fixed(p) => p,
                Augment::None | Augment::Ada => 0.0,
            },
            signs: (0.0, 0),
            optimiser_steps: (0, 0),
        };
        let (seed, generator) = (settings.seed, &settings.generator);
        Self::from(settings, device, counters, |network, name| {
            let (specs, purpose) = match network {
                "D" => (settings.discriminator.tensors(), Purpose::Discriminator as u32),
                "G" | "G_ema" => (generator.tensors(), Purpose::Generator as u32),
                _ => return Ok(None),
            };
            let found = specs.iter().enumerate().find(|(_, spec)| spec.name == name);
            Ok(found.map(|(i, spec)| match network {
                "D" => drawn(spec, seed, purpose, i as u64),
                _ => generator.initial(spec, seed, purpose, i as u64),
            }))
        })
    }

    /// A state whose tensors come from `read`, by the part that they belong to (`G`, `D`, `G_ema`, `adam_g`,
    /// `adam_d`, `path`) and name. Parts beside the networks begin at zero where `read` has none.
    ///
    /// # Errors
    /// What `read` returns.
    pub fn from(
        settings: &Settings,
        device: Device,
        counters: Counters,
        mut read: impl FnMut(&str, &str) -> Result<Option<Vec<f32>>>,
    ) -> Result<Self> {
        let mut network = |part: &str, specs| {
            Parameters::new(specs, device, |spec| Ok(read(part, &spec.name)?.unwrap_or_default()))
        };
        let g = network("G", settings.generator.tensors())?;
        let mut d = network("D", settings.discriminator.tensors())?;
        let g_ema = network("G_ema", settings.generator.tensors())?;
        d.freeze(settings.discriminator.first_layers(settings.freeze_d));
        let lazy_g = settings.path_length.map(|path_length| path_length.interval);
        let options = [
            Options::lazy(settings.g_lr, 0.99, lazy_g),
            Options::lazy(settings.d_lr, 0.99, Some(settings.r1_interval)),
        ];
        let (mut adam_g, mut adam_d) = (Adam::new(options[0], &g)?, Adam::new(options[1], &d)?);
        (adam_g.steps, adam_d.steps) = counters.optimiser_steps;
        let mut path_mean = Tensor::f_zeros([] as [i64; 0], (Kind::Float, device))?;
        for (part, tensor) in [
            ("adam_g", &mut adam_g.second_moment),
            ("adam_d", &mut adam_d.second_moment),
            ("path", &mut path_mean),
        ] {
            if let Some(values) = read(part, "")? {
                let values = Tensor::f_from_slice(&values)?.f_reshape(tensor.size())?;
                tensor.f_copy_(&values)?;
            }
        }
        Ok(Self { g, d, g_ema, adam_g, adam_d, path_mean, counters })
    }

    /// Hands every tensor over, by part and name, with its shape, in a fixed order.
    pub fn tensors(&self) -> Vec<(String, &Tensor)> {
        let mut all = Vec::new();
        for (part, network) in [("G", &self.g), ("D", &self.d), ("G_ema", &self.g_ema)] {
            for spec in network.specs() {
                if let Ok(tensor) = network.get(&spec.name) {
                    all.push((format!("{part}.{}", spec.name), tensor));
                }
            }
        }
        all.push(("adam_g.".into(), &self.adam_g.second_moment));
        all.push(("adam_d.".into(), &self.adam_d.second_moment));
        all.push(("path.".into(), &self.path_mean));
        all
    }

    /// Gives every process what the first one has.
    ///
    /// # Errors
    /// [`crate::Error::Device`] where another process is gone.
    pub fn hand_out(&mut self, group: &Group) -> Result<()> {
        for (_, tensor) in self.tensors() {
            group.hand_out(tensor)?;
        }
        let text = serde_json::to_string(&self.counters)
            .map_err(|e| Error::Invalid(format!("cannot describe the training: {e}")))?;
        self.counters = serde_json::from_str(&group.hand_out_text(&text)?)
            .map_err(|e| Error::Device(format!("process 0 is of another version: {e}")))?;
        (self.adam_g.steps, self.adam_d.steps) = self.counters.optimiser_steps;
        Ok(())
    }

    /// Moves the averaged generator after an iteration.
    ///
    /// # Errors
    /// What libtorch says.
    pub fn average(&self, settings: &Settings) -> Result<()> {
        let beta = adam::average_beta(
            settings.ema_half_life,
            settings.ema_rampup,
            self.counters.images,
            settings.batch,
        );
        adam::average(&self.g_ema, &self.g, beta)
    }

    /// Moves ADA's p by the signs of the real logits since it was last moved (Karras et al. 2020,
    /// "Training generative adversarial networks with limited data", section 3.1). Returns r_t.
    pub fn adapt(&mut self, settings: &Settings, iterations: u32) -> Option<f64> {
        let (sum, count) = std::mem::take(&mut self.counters.signs);
        if count == 0 {
            return None;
        }
        let r_t = sum / count as f64;
        if settings.augment == Augment::Ada {
            let step = (settings.batch as u64 * u64::from(iterations)) as f64;
            let direction =
                (r_t - settings.ada_target).partial_cmp(&0.0).map_or(0.0, |o| o as i8 as f64);
            let moved = self.counters.p + direction * step / (settings.ada_kimg * 1e3);
            self.counters.p = moved.max(0.0);
        }
        Some(r_t)
    }
}
