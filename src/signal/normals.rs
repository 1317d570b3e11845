//! Seeds as the community counts them: the normals of `NumPy`'s legacy `RandomState(seed).randn(n)`.

/// The first `n` standard normals of a seed, in float64. A z made of them is cast to float32.
///
/// Marsaglia's polar method upon the Mersenne Twister: a point of the unit disc gives two normals,
/// its second coordinate's first.
///
/// ```
/// let z = sg3render::signal::randn(42, 3);
/// assert_eq!(format!("{:.6} {:.6} {:.6}", z[0], z[1], z[2]), "0.496714 -0.138264 0.647689");
/// ```
pub fn randn(seed: u32, n: usize) -> Vec<f64> {
    let mut twister = Twister::new(seed);
    let mut normals = Vec::with_capacity(n.saturating_add(1));
    while normals.len() < n {
        let x1 = 2.0 * twister.uniform() - 1.0;
        let x2 = 2.0 * twister.uniform() - 1.0;
        let r2 = x1 * x1 + x2 * x2;
        if r2 > 0.0 && r2 < 1.0 {
            let f = (-2.0 * r2.ln() / r2).sqrt();
            normals.extend([f * x2, f * x1]);
        }
    }
    normals.truncate(n);
    normals
}

/// The first `n` numbers of a seed that are uniform in 0..1, as `RandomState(seed).random_sample(n)`.
pub fn uniforms(seed: u32, n: usize) -> Vec<f64> {
    let mut twister = Twister::new(seed);
    (0..n).map(|_| twister.uniform()).collect()
}

/// Words of state (Matsumoto and Nishimura 1998, MT19937).
const N: usize = 624;
/// Distance of the word that is mixed in.
const M: usize = 397;

/// The Mersenne Twister MT19937.
struct Twister {
    state: [u32; N],
    next: usize,
}

impl Twister {
    /// The reference implementation's `init_genrand` (2002).
    fn new(seed: u32) -> Self {
        let mut state = [seed; N];
        for i in 1..N {
            let before = state[i - 1];
            state[i] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Self { state, next: N }
    }

    fn twist(&mut self) {
        for i in 0..N {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }

    fn word(&mut self) -> u32 {
        if self.next == N {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// Uniform in 0..1 with 53 bits (`genrand_res53`).
    fn uniform(&mut self) -> f64 {
        let (a, b) = (self.word() >> 5, self.word() >> 6);
        (f64::from(a) * f64::from(1 << 26) + f64::from(b)) / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::golden::golden;

    #[test]
    fn seeds_give_the_normals_they_give_everywhere() {
        for seed in [0, 1, 2, 42, 2021, u32::MAX] {
            let expected = golden("seeds", &format!("z512.{seed}"));
            assert_eq!(expected.len(), 512);
            for n in [0, 1, 2, 511, 512] {
                let got = randn(seed, n);
                assert_eq!(got.len(), n);
                for (got, expected) in got.iter().zip(&expected) {
                    assert!(
                        ((got - expected) / expected).abs() < 1e-15,
                        "{seed}: {got} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn uniform_numbers_are_the_known_ones() {
        // NumPy's documentation and many a tutorial: RandomState(0).random_sample(3).
        let known = [0.548_813_503_927_325, 0.715_189_366_372_419, 0.602_763_376_071_644];
        for (got, known) in uniforms(0, 3).into_iter().zip(known) {
            assert!((got - known).abs() < 1e-14, "{got} {known}");
        }
    }

    /// The words of `init_genrand(5489)`, the reference's default seed: the ten thousandth is
    /// fixed by the C++ standard (26.5.5).
    #[test]
    fn the_ten_thousandth_word() {
        let mut twister = Twister::new(5489);
        let word = (0..10_000).map(|_| twister.word()).last();
        assert_eq!(word, Some(4_123_659_995));
    }
}
