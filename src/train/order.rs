//! Which images training sees, and in which order: every epoch a permutation of its own.

use std::sync::{Mutex, PoisonError};

use super::draws::Purpose;
use super::settings::Settings;
use crate::dataset::Dataset;
use crate::signal::Draws;

/// The images that are trained on, and those that are held out.
pub fn divided(images: &Dataset, settings: &Settings) -> (Dataset, Option<Dataset>) {
    if settings.hold_out == 0 {
        return (images.clone(), None);
    }
    let mut draws = Draws::new(settings.seed, Purpose::HeldOut as u32, 0);
    let mut numbers = draws.permutation(images.len());
    let mut held_out = numbers.split_off(images.len() - settings.hold_out);
    numbers.sort_unstable();
    held_out.sort_unstable();
    (images.only(&numbers), Some(images.only(&held_out)))
}

/// The order for one seed.
#[derive(Debug)]
pub struct Order {
    seed: u64,
    len: usize,
    /// The epoch that was asked for last, and its permutation.
    epoch: Mutex<Option<(u64, Vec<usize>)>>,
}

impl Order {
    /// The order of `len` images, at least one.
    pub fn new(seed: u64, len: usize) -> Self {
        Self { seed, len, epoch: Mutex::new(None) }
    }

    /// The n-th image of the training.
    pub fn nth(&self, n: u64) -> usize {
        let (epoch, place) = (n / self.len as u64, (n % self.len as u64) as usize);
        let mut held = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        let order = match held.take() {
            Some((found, order)) if found == epoch => order,
            _ => Draws::new(self.seed, Purpose::Order as u32, epoch).permutation(self.len),
        };
        let item = order[place];
        *held = Some((epoch, order));
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_holds_every_image_once_and_epochs_differ() {
        let order = Order::new(3, 17);
        let epoch = |e: u64| (0..17).map(|i| order.nth(e * 17 + i)).collect::<Vec<_>>();
        let (first, mut second) = (epoch(0), epoch(1));
        assert_ne!(first, second);
        // Whatever was asked for before.
        assert_eq!(epoch(0), first);
        let other = Order::new(4, 17);
        assert_ne!((0..17).map(|i| other.nth(i)).collect::<Vec<_>>(), first);
        second.sort_unstable();
        assert_eq!(second, (0..17).collect::<Vec<_>>());
    }
}
