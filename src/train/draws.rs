//! What the random numbers of training are for: one purpose, one place, one number.

use crate::signal::Draws;

/// A purpose. The numbers are part of the format of checkpoints: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Weights of the generator at the beginning, by tensor.
    Generator = 1,
    /// Weights of the discriminator, by tensor.
    Discriminator = 2,
    /// The order of the images, by epoch.
    Order = 3,
    /// Latents of the sample grids.
    Samples = 4,
    /// Which images are held out.
    HeldOut = 5,
    /// Latents z, by phase and sample.
    Latent = 16,
    /// The second latent and the crossover of mixing.
    Mixing = 32,
    /// Classes of generated images.
    Class = 48,
    /// Noise inputs of `StyleGAN2`.
    Noise = 64,
    /// Augmentation of generated images.
    AugmentGenerated = 80,
    /// Augmentation of real images.
    AugmentReal = 96,
    /// The random direction of path length regularisation.
    Direction = 112,
}

/// A part of an iteration, or of what is measured of the networks, with draws of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// The generator's loss.
    Gmain,
    /// Its path length regularisation.
    Greg,
    /// The discriminator's loss.
    Dmain,
    /// Its R1 regularisation.
    Dreg,
    /// What overfitting is measured with.
    Validation,
}

/// The draws of one sample of a phase; samples are counted through the whole training.
pub fn of(seed: u64, purpose: Purpose, phase: Phase, sample: u64) -> Draws {
    Draws::new(seed, purpose as u32 + phase as u32, sample)
}
