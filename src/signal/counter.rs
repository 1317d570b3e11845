//! Random numbers by counting: each is a function of a key and its place, so that a generator has no
//! state to save. Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").

use std::f64::consts::TAU;

/// Weyl increments of the key, and the multipliers of a round.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const ROUNDS: usize = 10;

/// Four random words for a counter under a key.
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let product = |i: usize, word: u32| u64::from(MULTIPLIERS[i]) * u64::from(word);
        let (a, b) = (product(0, counter[0]), product(1, counter[2]));
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// A sequence of draws: the same for the same seed, purpose and index, and independent of all others.
///
/// ```
/// use sg3render::signal::Draws;
/// assert_eq!(Draws::new(7, 1, 1000).normal(), Draws::new(7, 1, 1000).normal());
/// ```
#[derive(Debug, Clone)]
pub struct Draws {
    key: [u32; 2],
    purpose: u32,
    index: [u32; 2],
    block: u32,
    words: [u32; 4],
    used: usize,
}

impl Draws {
    /// The draws for one purpose and index under a seed. There are 2^34 words of them.
    pub fn new(seed: u64, purpose: u32, index: u64) -> Self {
        let halves = |n: u64| [n as u32, (n >> 32) as u32];
        let (key, index) = (halves(seed), halves(index));
        Self { key, purpose, index, block: 0, words: [0; 4], used: 4 }
    }

    fn word(&mut self) -> u32 {
        if self.used == 4 {
            let counter = [self.block, self.index[0], self.index[1], self.purpose];
            self.words = philox(counter, self.key);
            self.block = self.block.wrapping_add(1);
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// Uniform in 0..1, 1 excluded, with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        let (a, b) = (u64::from(self.word() >> 5), u64::from(self.word() >> 6));
        ((a << 26) + b) as f64 / (1u64 << 53) as f64
    }

    /// Uniform among 0..n; n must be above 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }

    /// Two independent standard normals (Box and Muller 1958).
    fn normals(&mut self) -> [f64; 2] {
        // From 0 excluded to 1 included, for the logarithm.
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        let radius = (-2.0 * u.ln()).sqrt();
        let (sin, cos) = (v * TAU).sin_cos();
        [radius * cos, radius * sin]
    }

    /// A standard normal.
    pub fn normal(&mut self) -> f64 {
        self.normals()[0]
    }

    /// `n` standard normals.
    pub fn normal_values(&mut self, n: usize) -> Vec<f32> {
        let mut values = Vec::with_capacity(n + 1);
        while values.len() < n {
            values.extend(self.normals().map(|value| value as f32));
        }
        values.truncate(n);
        values
    }

    /// A permutation of 0..n (Durstenfeld's shuffle).
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that come with the authors' implementation.
    #[test]
    fn the_known_answers() {
        let known = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, words) in known {
            assert_eq!(philox(counter, key), words, "{counter:x?}");
        }
    }

    #[test]
    fn draws_differ_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| Draws::new(seed, purpose, index).uniform();
        let base = first(1, 1, 1);
        assert_eq!(first(1, 1, 1), base);
        for other in [first(2, 1, 1), first(1, 2, 1), first(1, 1, 2), first(1, 1, 1 << 32)] {
            assert_ne!(other, base);
        }
        assert_ne!(first(1 << 32, 1, 1), base);
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let n = 200_000;
        let mut draws = Draws::new(5, 0, 0);
        let mean = (0..n).map(|_| draws.uniform()).sum::<f64>() / n as f64;
        // Standard errors: 0.0006, 0.0022, 0.0032 and 0.011; five of each.
        assert!((mean - 0.5).abs() < 0.003, "{mean}");
        let normals = draws.normal_values(n);
        let moment = |k: i32| normals.iter().map(|&x| f64::from(x).powi(k)).sum::<f64>() / n as f64;
        for (k, expected, within) in [(1, 0.0, 0.011), (2, 1.0, 0.016), (4, 3.0, 0.11)] {
            assert!((moment(k) - expected).abs() < within, "{k}: {}", moment(k));
        }
    }

    #[test]
    fn permutations_hold_everything_once_and_reach_all_orders() {
        for n in [0, 1, 2, 17, 1000] {
            let mut order = Draws::new(3, 0, n as u64).permutation(n);
            order.sort_unstable();
            assert_eq!(order, (0..n).collect::<Vec<_>>());
        }
        let orders: std::collections::BTreeSet<_> =
            (0..200).map(|i| Draws::new(3, 0, i).permutation(3)).collect();
        assert_eq!(orders.len(), 6);
    }
}
