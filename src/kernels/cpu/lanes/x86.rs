//! The lanes of x86-64.

use std::arch::x86_64::*;

use super::Lanes;

/// With products of bfloat16 pairs or without.
#[derive(Clone, Copy)]
pub(in super::super) struct Avx512<const BF16: bool>(__m512);

// SAFETY (of every block): a value of this type shows that the CPU has AVX-512F and DQ, and
// BF16 where its parameter says so; pointers are
// vouched for by the caller.
#[allow(clippy::undocumented_unsafe_blocks)]
impl<const BF16: bool> Lanes for Avx512<BF16> {
    const PIXELS: usize = 32;
    const ROWS: usize = 14;
    const COLUMNS: usize = 2;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm512_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    fn fetch(from: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, sum: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, sum.0) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn clamp(self, limit: Self) -> Self {
        // The smaller magnitude, with the sign of the first.
        Self(unsafe { _mm512_range_ps::<0b0010>(self.0, limit.0) })
    }
    #[inline(always)]
    fn dot_pairs(self, other: Self, sum: Self) -> Self {
        unsafe {
            if BF16 {
                let bits = |v: Self| std::mem::transmute::<__m512, __m512bh>(v.0);
                return Self(_mm512_dpbf16_ps(sum.0, bits(self), bits(other)));
            }
            let high = |v: Self| {
                let mask = _mm512_set1_epi32(0xffff_0000_u32 as i32);
                Self(_mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(v.0), mask)))
            };
            let low = |v: Self| {
                Self(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_castps_si512(v.0))))
            };
            high(self).mul_add(high(other), low(self).mul_add(low(other), sum))
        }
    }
    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        unsafe {
            if BF16 {
                let rounded = std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(self.0));
                return _mm256_storeu_si256(to.cast(), rounded);
            }
            let bits = _mm512_castps_si512(self.0);
            let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
            let half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
            let rounded = _mm512_srli_epi32::<16>(_mm512_add_epi32(bits, half));
            _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(rounded));
        }
    }
    #[inline(always)]
    fn less(self, other: Self) -> u16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, other.0) }
    }
    #[inline(always)]
    fn select(self, bits: u16, other: Self) -> Self {
        Self(unsafe { _mm512_mask_blend_ps(bits, other.0, self.0) })
    }
}

#[derive(Clone, Copy)]
pub(in super::super) struct Avx2(__m256, __m256);

// SAFETY (of every block): a value of this type shows that the CPU has AVX2 and FMA; pointers are
// vouched for by the caller.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Lanes for Avx2 {
    const PIXELS: usize = 8;
    const ROWS: usize = 6;
    const COLUMNS: usize = 1;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { Self(_mm256_set1_ps(value), _mm256_set1_ps(value)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe {
            _mm256_storeu_ps(to, self.0);
            _mm256_storeu_ps(to.add(8), self.1);
        }
    }
    #[inline(always)]
    fn fetch(from: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1)) }
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        unsafe { Self(_mm256_mul_ps(self.0, other.0), _mm256_mul_ps(self.1, other.1)) }
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, sum: Self) -> Self {
        unsafe {
            Self(_mm256_fmadd_ps(self.0, factor.0, sum.0), _mm256_fmadd_ps(self.1, factor.1, sum.1))
        }
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Self(_mm256_max_ps(self.0, other.0), _mm256_max_ps(self.1, other.1)) }
    }
    #[inline(always)]
    fn clamp(self, limit: Self) -> Self {
        let half = |v, limit| unsafe {
            let lowest = _mm256_sub_ps(_mm256_setzero_ps(), limit);
            _mm256_max_ps(_mm256_min_ps(v, limit), lowest)
        };
        Self(half(self.0, limit.0), half(self.1, limit.1))
    }
    #[inline(always)]
    fn dot_pairs(self, other: Self, sum: Self) -> Self {
        let half = |a, b, sum| unsafe {
            let mask = _mm256_castsi256_ps(_mm256_set1_epi32(0xffff_0000_u32 as i32));
            let high = |v| _mm256_and_ps(v, mask);
            let low = |v| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_castps_si256(v)));
            _mm256_fmadd_ps(high(a), high(b), _mm256_fmadd_ps(low(a), low(b), sum))
        };
        Self(half(self.0, other.0, sum.0), half(self.1, other.1, sum.1))
    }
    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        let mut values = [0f32; 16];
        unsafe { self.store(values.as_mut_ptr()) };
        for (i, v) in values.into_iter().enumerate() {
            let rounded = (v.to_bits() + 0x7fff + (v.to_bits() >> 16 & 1)) >> 16;
            unsafe { *to.add(i) = rounded as u16 };
        }
    }
    #[inline(always)]
    fn less(self, other: Self) -> u16 {
        let half = |a, b| unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(a, b)) };
        (half(self.0, other.0) | half(self.1, other.1) << 8) as u16
    }
    #[inline(always)]
    fn select(self, bits: u16, other: Self) -> Self {
        // Every lane compares its own bit.
        let half = |bits: u16, yes, no| unsafe {
            let lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let set = _mm256_and_si256(_mm256_set1_epi32(i32::from(bits)), lane);
            let mask = _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, lane));
            _mm256_blendv_ps(no, yes, mask)
        };
        Self(half(bits & 255, self.0, other.0), half(bits >> 8, self.1, other.1))
    }
}
