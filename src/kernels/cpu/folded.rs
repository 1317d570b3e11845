//! Downsampling by filters that equal their mirror image, for neighbouring outputs at once.

use super::lanes::Lanes;

/// Output rows that one pass over rows makes: neighbours share most of their inputs.
pub(super) const ROWS: usize = 4;
/// Rows or columns that [`ROWS`] outputs of the folded filters are made of.
pub(super) const MOST: usize = (ROWS - 1) * 2 + 12;

/// Writes out a body for each index below [`MOST`]: as a loop, one so long would stay one, and its values
/// would leave the registers.
macro_rules! written_out {
    ($i:ident $body:block) => { written_out!($i $body 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17) };
    ($i:ident $body:block $($number:literal)*) => { $({ let $i: usize = $number; $body })* };
}

/// `sums[n] += sum over k of taps[k] value(F n + k)` for `N` neighbours, by `T` taps, of which the second half
/// mirrors the first.
#[inline(always)]
pub(super) fn convolve<V: Lanes, const F: usize, const T: usize, const N: usize>(
    taps: &[f32],
    value: impl Fn(usize) -> V,
    mut sums: [V; N],
) -> [V; N] {
    let mut half = [sums[0]; MOST];
    for k in 0..T / 2 {
        // SAFETY: a value shows that its level is there.
        half[k] = unsafe { V::splat(taps[k]) };
    }
    if V::PIXELS > MOST {
        // All that the outputs share stays in registers: values that mirror each other are added.
        let mut values = [sums[0]; MOST];
        for i in 0..(N - 1) * F + T {
            values[i] = value(i);
        }
        for k in 0..T / 2 {
            for n in 0..N {
                let pair = values[n * F + k].add(values[n * F + T - 1 - k]);
                sums[n] = pair.mul_add(half[k], sums[n]);
            }
        }
    } else {
        // One after another, each for all outputs that it is part of.
        written_out!(i {
            if i < (N - 1) * F + T {
                let value = value(i);
                for n in 0..N {
                    if (n * F..n * F + T).contains(&i) {
                        let k = i - n * F;
                        sums[n] = value.mul_add(half[k.min(T - 1 - k)], sums[n]);
                    }
                }
            }
        });
    }
    sums
}
