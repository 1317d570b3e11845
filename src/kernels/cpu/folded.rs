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
    sums: [V; N],
) -> [V; N] {
    let mut half = [sums[0]; MOST];
    for k in 0..T / 2 {
        // SAFETY: a value shows that its level is there.
        half[k] = unsafe { V::splat(taps[k]) };
    }
    if V::PIXELS > MOST {
        in_pairs::<V, F, T, N>(half, value, sums)
    } else {
        in_turn::<V, F, T, N>(half, value, sums)
    }
}

/// All values that the outputs share stay in registers; those that mirror each other are added.
#[inline(always)]
fn in_pairs<V: Lanes, const F: usize, const T: usize, const N: usize>(
    half: [V; MOST],
    value: impl Fn(usize) -> V,
    mut sums: [V; N],
) -> [V; N] {
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
    sums
}

/// One value after another, each for all outputs that it is part of: twice the products, few registers.
#[inline(always)]
fn in_turn<V: Lanes, const F: usize, const T: usize, const N: usize>(
    half: [V; MOST],
    value: impl Fn(usize) -> V,
    mut sums: [V; N],
) -> [V; N] {
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
    sums
}

#[cfg(test)]
mod tests {
    use super::super::lanes::Portable;
    use super::*;

    fn lanes(value: f32) -> Portable {
        // SAFETY: plain code runs everywhere.
        unsafe { Portable::splat(value) }
    }

    /// Whatever way this CPU's levels take, both are right.
    fn agree<const T: usize, const N: usize>() {
        let taps: [f32; MOST] = std::array::from_fn(|k| 1.0 + k as f32 / 8.0);
        let half = taps.map(lanes);
        let value = |i: usize| (i * i % 7) as f32 - 2.5;
        let plain: [f32; N] = std::array::from_fn(|n| {
            let products = (0..T).map(|k| taps[k.min(T - 1 - k)] * value(2 * n + k));
            n as f32 + products.sum::<f32>()
        });
        let sums = || std::array::from_fn(|n| lanes(n as f32));
        let pairs = in_pairs::<_, 2, T, N>(half, |i| lanes(value(i)), sums());
        let turn = in_turn::<_, 2, T, N>(half, |i| lanes(value(i)), sums());
        for n in 0..N {
            for found in [pairs[n], turn[n]] {
                let mut values = [0.0; 16];
                // SAFETY: there is room for sixteen values.
                unsafe { found.store(values.as_mut_ptr()) };
                assert_eq!(values, [plain[n]; 16], "output {n} of {N}, {T} taps");
            }
        }
    }

    #[test]
    fn both_ways_agree_with_plain_sums() {
        agree::<12, 4>();
        agree::<12, 1>();
        agree::<4, 3>();
        agree::<2, 2>();
    }
}
