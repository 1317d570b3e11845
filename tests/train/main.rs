//! Training: the networks, losses and augmentations against the golden figures, and whole trainings of
//! small networks.
#![cfg(feature = "torch")]

mod augment;
mod golden;
mod gradients;
mod parts;
mod runs;
