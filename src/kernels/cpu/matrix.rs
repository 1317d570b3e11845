//! The right factors of matrix products, prepared once.
//!
//! A pixel holds sixteen words: a word is a float32 channel, or a pair of bfloat16 channels whose
//! products are summed in float32.

use rayon::prelude::*;

use super::level::Level;
use super::planes::Pixel;

/// How the factors of a product are held; sums are always float32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factors {
    /// As they are.
    F32,
    /// Rounded to bfloat16: half the memory and, where the CPU has the instructions, twice the speed.
    Bf16,
    /// As sums of three bfloat16, of which each holds the next eight bits, and six products of them: those
    /// left out are below float32's last bit (Henry et al. 2019, arXiv 1904.06376). For AMX, which does
    /// sixteen products of bfloat16 in the time of one of float32.
    Split,
}

impl Factors {
    /// What is fastest on a level, for float32's precision, in convolutions of `k x k` taps.
    pub fn exact(level: Level, k: usize) -> Self {
        // Winograd's many products are held up by memory, of which parts need more.
        if level.has_tiles() && k == 1 { Self::Split } else { Self::F32 }
    }

    /// Channels in a word.
    pub(super) fn in_word(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 | Self::Split => 2,
        }
    }

    /// Parts whose sum is a factor.
    pub(super) fn parts(self) -> usize {
        match self {
            Self::F32 | Self::Bf16 => 1,
            Self::Split => 3,
        }
    }

    /// Which parts of left and right factors are multiplied.
    pub(super) fn products(self) -> &'static [[usize; 2]] {
        match self {
            Self::F32 | Self::Bf16 => &[[0, 0]],
            Self::Split => &SPLIT_PRODUCTS,
        }
    }

    /// Pixels of words that all parts of so many channels take.
    pub(super) fn blocks(self, channels: usize) -> usize {
        self.parts() * channels.div_ceil(16 * self.in_word())
    }
}

/// The products of [`Factors::Split`], in an order in which each has a part in common with the one before it.
pub(super) const SPLIT_PRODUCTS: [[usize; 2]; 6] = [[2, 0], [1, 0], [1, 1], [0, 1], [0, 0], [0, 2]];

/// A matrix `[inputs, outputs]` in blocks of sixteen outputs, each a vector for every word of inputs.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    pub factors: Factors,
    words: usize,
    stride: usize,
    blocks: usize,
    /// Block by block of each part.
    columns: Vec<Pixel>,
}

impl Matrix {
    /// Takes `value(input, output)`.
    pub fn new(
        factors: Factors,
        [inputs, outputs]: [usize; 2],
        value: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Self {
        Self::several(factors, [inputs, outputs], |i, o| [value(i, o)]).swap_remove(0)
    }

    /// Takes the values of several matrices at once: of large ones, asking each value's place N times
    /// would fetch the same memory N times.
    pub fn several<const N: usize>(
        factors: Factors,
        [inputs, outputs]: [usize; 2],
        values: impl Fn(usize, usize) -> [f32; N] + Sync,
    ) -> Vec<Self> {
        let (words, blocks) = (inputs.div_ceil(factors.in_word()), outputs.div_ceil(16));
        let stride = match factors {
            Factors::F32 => words,
            Factors::Bf16 | Factors::Split => words.next_multiple_of(16),
        };
        let values = |input: usize, output: usize| {
            if input < inputs && output < outputs { values(input, output) } else { [0.0; N] }
        };
        let word = |part: usize, word: usize, output: usize| match factors {
            Factors::F32 => values(word, output),
            Factors::Bf16 | Factors::Split => {
                let (low, high) = (values(2 * word, output), values(2 * word + 1, output));
                let half = |value| u32::from(part_of(value, part).to_bits());
                std::array::from_fn(|n| f32::from_bits(half(low[n]) | half(high[n]) << 16))
            }
        };
        let vectors = |i: usize| -> [Pixel; N] {
            let (part, block, input) = (i / stride / blocks, i / stride % blocks, i % stride);
            let lanes: [[f32; N]; 16] =
                std::array::from_fn(|lane| word(part, input, block * 16 + lane));
            std::array::from_fn(|n| Pixel(std::array::from_fn(|lane| lanes[lane][n])))
        };
        let count = factors.parts() * blocks * stride;
        let vectors: Vec<_> = (0..count).into_par_iter().map(vectors).collect();
        let matrix = |n: usize| {
            let columns = vectors.iter().map(|vectors| vectors[n]).collect();
            Self { factors, words, stride, blocks, columns }
        };
        (0..N).into_par_iter().map(matrix).collect()
    }

    /// Words of inputs.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Blocks of sixteen outputs.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Vectors from block to block.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The vectors of a part of a block: [`Matrix::words`], and of bfloat16 zeros up to the next multiple
    /// of sixteen, which fill AMX's tiles.
    pub fn columns(&self, part: usize, block: usize) -> *const Pixel {
        self.columns[(part * self.blocks + block) * self.stride..].as_ptr()
    }
}

/// A part of a value: its first bits, those that follow, and so on.
fn part_of(value: f32, part: usize) -> half::bf16 {
    let mut rest = value;
    for _ in 0..part {
        rest -= half::bf16::from_f32(rest).to_f32();
    }
    half::bf16::from_f32(rest)
}
