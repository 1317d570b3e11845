//! Sixteen float32 lanes at each level of the CPU: what the passes are written in.

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

/// Sixteen lanes: one pixel of sixteen channels.
///
/// [`Lanes::splat`] and [`Lanes::load`] are unsafe because they need the instructions of their level;
/// whoever holds a value has them.
pub(super) trait Lanes: Copy {
    /// Pixels that all registers hold.
    const PIXELS: usize;
    /// Registers allow matrix products of `ROWS` pixels by [`Lanes::COLUMNS`] vectors.
    const ROWS: usize;
    /// See [`Lanes::ROWS`].
    const COLUMNS: usize;

    /// All lanes alike.
    unsafe fn splat(value: f32) -> Self;
    /// Sixteen values from `from`, of any alignment.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes them to `to`.
    unsafe fn store(self, to: *mut f32);
    /// Brings what lies at an address, which may be any, into first-level cache.
    fn fetch(from: *const f32);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self * factor + sum`, rounded once where the level can.
    fn mul_add(self, factor: Self, sum: Self) -> Self;
    fn max(self, other: Self) -> Self;
    /// Its magnitude brought down to `limit`, which is not negative.
    fn clamp(self, limit: Self) -> Self;
    /// Each lane taken as a pair of bfloat16: the sum of both products, added to `sum`.
    fn dot_pairs(self, other: Self, sum: Self) -> Self;
    /// Writes them to `to` rounded to bfloat16.
    unsafe fn store_bf16(self, to: *mut u16);
    /// One bit a lane: whether it is less than the other's.
    fn less(self, other: Self) -> u16;
    /// The lanes whose bit is set from `self`, the others from `other`.
    fn select(self, bits: u16, other: Self) -> Self;
}

#[derive(Clone, Copy)]
pub(super) struct Portable([f32; 16]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Lanes for Portable {
    const PIXELS: usize = 4;
    const ROWS: usize = 4;
    const COLUMNS: usize = 1;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 16])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for sixteen values.
        Self(unsafe { from.cast::<[f32; 16]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for room for sixteen values.
        unsafe { to.cast::<[f32; 16]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    fn fetch(_: *const f32) {}
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, sum: Self) -> Self {
        self.mul(factor).add(sum)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn clamp(self, limit: Self) -> Self {
        self.zip(limit, |a, limit| if a.abs() > limit { limit.copysign(a) } else { a })
    }
    #[inline(always)]
    fn dot_pairs(self, other: Self, sum: Self) -> Self {
        let high = |v: f32| f32::from_bits(v.to_bits() & 0xffff_0000);
        let low = |v: f32| f32::from_bits(v.to_bits() << 16);
        let products = self.zip(other, |a, b| low(a) * low(b) + high(a) * high(b));
        products.add(sum)
    }
    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        let rounded =
            self.0.map(|v| ((v.to_bits() + 0x7fff + (v.to_bits() >> 16 & 1)) >> 16) as u16);
        // SAFETY: the caller vouches for room for sixteen values.
        unsafe { to.cast::<[u16; 16]>().write_unaligned(rounded) }
    }
    #[inline(always)]
    fn less(self, other: Self) -> u16 {
        (0..16).fold(0, |bits, i| bits | u16::from(self.0[i] < other.0[i]) << i)
    }
    #[inline(always)]
    fn select(self, bits: u16, other: Self) -> Self {
        Self(std::array::from_fn(|i| if bits >> i & 1 == 1 { self.0[i] } else { other.0[i] }))
    }
}
