//! The order in which training sees the images: every epoch a permutation of its own.

use std::sync::Mutex;

use super::draws::Purpose;
use crate::signal::Draws;

/// The order for one seed.
#[derive(Debug)]
pub struct Order {
    seed: u64,
    len: usize,
    mirror: bool,
    /// The epoch that was asked for last, and its permutation.
    epoch: Mutex<Option<(u64, Vec<usize>)>>,
}

impl Order {
    /// The order of `len` images, at least one; with `mirror` each comes flipped, too.
    pub fn new(seed: u64, len: usize, mirror: bool) -> Self {
        Self { seed, len, mirror, epoch: Mutex::new(None) }
    }

    /// The n-th image of the training, and whether it is flipped.
    pub fn nth(&self, n: u64) -> (usize, bool) {
        let epoch_len = self.len << usize::from(self.mirror);
        let (epoch, place) = (n / epoch_len as u64, (n % epoch_len as u64) as usize);
        let mut held = self.epoch.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let order = match held.take() {
            Some((found, order)) if found == epoch => order,
            _ => Draws::new(self.seed, Purpose::Order as u32, epoch).permutation(epoch_len),
        };
        let item = order[place];
        *held = Some((epoch, order));
        (item % self.len, item >= self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_holds_every_image_once_and_epochs_differ() {
        for mirror in [false, true] {
            let order = Order::new(3, 7, mirror);
            let len = if mirror { 14 } else { 7 };
            let epoch = |e: u64| (0..len).map(|i| order.nth(e * len + i)).collect::<Vec<_>>();
            assert_ne!(epoch(0), epoch(1));
            // In any order of asking.
            assert_eq!(epoch(0), Order::new(3, 7, mirror).epoch_of(0, len));
            let mut all = epoch(1);
            all.sort_unstable();
            let flips: &[bool] = if mirror { &[false, true] } else { &[false] };
            let expected: Vec<_> = (0..7).flat_map(|i| flips.iter().map(move |&f| (i, f))).collect();
            assert_eq!(all, expected);
        }
    }

    impl Order {
        fn epoch_of(&self, epoch: u64, len: u64) -> Vec<(usize, bool)> {
            (0..len).map(|i| self.nth(epoch * len + i)).collect()
        }
    }
}
