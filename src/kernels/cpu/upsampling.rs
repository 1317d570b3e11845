//! The passes before the nonlinearity, and the nonlinearity: rows first, then columns.

use super::lanes::Lanes;
use super::level::Work;
use super::planes::Pixel;
use super::rows::{Picture, Ring, Rows};
use super::taps::Phases;

/// Between the rows of a picture: `factor` new rows from `length` old ones, times `scale` plus the
/// phase's own `offset`, channel by channel.
pub(super) struct UpRows<'a> {
    pub phases: &'a Phases,
    /// The first `length` of these.
    pub rows: Picture<'a>,
    pub scale: Pixel,
    /// One for each phase.
    pub offsets: &'a [Pixel],
    /// One for each phase, of the width of the rows.
    pub out: &'a mut [Vec<Pixel>],
    /// Where in `out` the first column belongs.
    pub start: usize,
}

impl Work for UpRows<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let Phases { factor, length, mirrored, .. } = *self.phases;
        // SAFETY: handed down from the caller.
        unsafe {
            match (factor, length, mirrored) {
                (2, 6, true) => self.folded::<V, 2, 6>(),
                (4, 6, true) => self.folded::<V, 4, 6>(),
                _ => self.any::<V>(),
            }
        }
    }
}

impl UpRows<'_> {
    #[inline(always)]
    unsafe fn folded<V: Lanes, const F: usize, const L: usize>(self) {
        let width = self.rows.columns.len();
        assert!(self.rows.zeros.len() == width);
        assert!(self.offsets.len() == F && self.out.len() == F);
        assert!(self.out.iter().all(|row| row.len() >= self.start + width));
        // SAFETY: the lengths were just checked.
        unsafe {
            let halves = Halves::<V, F, L>::new(self.phases);
            let rows: [*const Pixel; L] = std::array::from_fn(|i| self.rows.row(i).as_ptr());
            let out: [*mut Pixel; F] =
                std::array::from_fn(|k| self.out[k].as_mut_ptr().add(self.start));
            let scale = V::load(self.scale.0.as_ptr());
            let mut offsets = [scale; F];
            for k in 0..F {
                offsets[k] = V::load(self.offsets[k].0.as_ptr());
            }
            for x in 0..width {
                let mut values = [scale; L];
                for j in 0..L {
                    values[j] = V::load(rows[j].add(x).cast());
                }
                let sums = halves.apply(values);
                for k in 0..F {
                    sums[k].mul_add(scale, offsets[k]).store(out[k].add(x).cast());
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn any<V: Lanes>(self) {
        for (k, out) in self.out.iter_mut().enumerate() {
            let out = &mut out[self.start..][..self.rows.columns.len()];
            for (x, out) in out.iter_mut().enumerate() {
                // SAFETY: pixels are sixteen values.
                unsafe {
                    let mut sum = V::splat(0.0);
                    for (i, tap) in self.phases.phase(k).iter().enumerate() {
                        let pixel = self.rows.row(i)[x];
                        sum = V::load(pixel.0.as_ptr()).mul_add(V::splat(*tap), sum);
                    }
                    let (scale, offset) = (self.scale.0.as_ptr(), self.offsets[k].0.as_ptr());
                    sum.mul_add(V::load(scale), V::load(offset)).store(out.0.as_mut_ptr());
                }
            }
        }
    }
}

/// Phases k and `F - 1 - k` as sum and difference of two halves: one of the sums of inputs that
/// mirror each other, one of their differences. That halves the multiplications.
struct Halves<V, const F: usize, const L: usize> {
    even: [[V; L]; F],
    odd: [[V; L]; F],
}

impl<V: Lanes, const F: usize, const L: usize> Halves<V, F, L> {
    #[inline(always)]
    unsafe fn new(phases: &Phases) -> Self {
        // SAFETY: handed down from the caller.
        unsafe {
            let zero = V::splat(0.0);
            let (mut even, mut odd) = ([[zero; L]; F], [[zero; L]; F]);
            for k in 0..F / 2 {
                for j in 0..L / 2 {
                    let (tap, mirrored) = (phases.taps[k * L + j], phases.taps[k * L + L - 1 - j]);
                    even[k][j] = V::splat((tap + mirrored) / 2.0);
                    odd[k][j] = V::splat((tap - mirrored) / 2.0);
                }
            }
            Self { even, odd }
        }
    }

    /// The value of every phase between these inputs.
    #[inline(always)]
    fn apply(&self, x: [V; L]) -> [V; F] {
        let (mut sums, mut differences) = (x, x);
        for j in 0..L / 2 {
            sums[j] = x[j].add(x[L - 1 - j]);
            differences[j] = x[j].sub(x[L - 1 - j]);
        }
        let mut out = [x[0]; F];
        for k in 0..F / 2 {
            let mut even = sums[0].mul(self.even[k][0]);
            let mut odd = differences[0].mul(self.odd[k][0]);
            for j in 1..L / 2 {
                even = sums[j].mul_add(self.even[k][j], even);
                odd = differences[j].mul_add(self.odd[k][j], odd);
            }
            out[k] = even.add(odd);
            out[F - 1 - k] = even.sub(odd);
        }
        out
    }
}

/// The leaky ReLU after its gain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Activation {
    pub slope: f32,
    pub clamp: f32,
}

impl Activation {
    /// Values stay as they are.
    pub const NONE: Self = Self { slope: 1.0, clamp: f32::INFINITY };
}

/// [`Activation`] in registers.
#[derive(Clone, Copy)]
struct Activate<V> {
    slope: V,
    clamp: V,
}

impl<V: Lanes> Activate<V> {
    #[inline(always)]
    unsafe fn new(activation: Activation) -> Self {
        // SAFETY: handed down from the caller.
        unsafe { Self { slope: V::splat(activation.slope), clamp: V::splat(activation.clamp) } }
    }

    /// For slopes of at most 1 the leaky ReLU is the larger of the value and the sloped value.
    #[inline(always)]
    fn apply(self, v: V) -> V {
        v.max(v.mul(self.slope)).clamp(self.clamp)
    }
}

/// Between the columns of rows, and the nonlinearity. `groups` times `factor` new columns, of which
/// the last phase comes first; group g begins with column g of the rows.
pub(super) struct UpColumns<'a> {
    pub phases: &'a Phases,
    pub row: &'a [Pixel],
    pub activation: Activation,
    /// `groups * factor` columns.
    pub out: &'a mut [Pixel],
}

impl Work for UpColumns<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let Phases { factor, length, mirrored, .. } = *self.phases;
        // SAFETY: handed down from the caller.
        unsafe {
            match (factor, length, mirrored) {
                (2, 6, true) => self.folded::<V, 2, 6>(),
                (4, 6, true) => self.folded::<V, 4, 6>(),
                _ => self.any::<V>(),
            }
        }
    }
}

impl UpColumns<'_> {
    #[inline(always)]
    unsafe fn folded<V: Lanes, const F: usize, const L: usize>(self) {
        let groups = self.out.len() / F;
        assert!(self.row.len() + 1 >= groups + L);
        // SAFETY: the lengths were just checked.
        unsafe {
            let halves = Halves::<V, F, L>::new(self.phases);
            let activate = Activate::<V>::new(self.activation);
            let (row, out) = (self.row.as_ptr(), self.out.as_mut_ptr());
            for g in 0..groups {
                let mut values = [activate.slope; L];
                for j in 0..L {
                    values[j] = V::load(row.add(g + j).cast());
                }
                let sums = halves.apply(values);
                for k in 0..F {
                    activate.apply(sums[k]).store(out.add(g * F + F - 1 - k).cast());
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn any<V: Lanes>(self) {
        let Phases { factor, length, .. } = *self.phases;
        for (i, out) in self.out.iter_mut().enumerate() {
            let (group, phase) = (i / factor, factor - 1 - i % factor);
            // SAFETY: pixels are sixteen values.
            unsafe {
                let mut sum = V::splat(0.0);
                for (pixel, tap) in self.row[group..][..length].iter().zip(self.phases.phase(phase))
                {
                    sum = V::load(pixel.0.as_ptr()).mul_add(V::splat(*tap), sum);
                }
                Activate::new(self.activation).apply(sum).store(out.0.as_mut_ptr());
            }
        }
    }
}

/// Both axes at once, for filters that are not separable.
pub(super) struct UpSquare<'a> {
    pub factor: usize,
    pub length: usize,
    /// Those of one phase of the rows: `[phase x][j y][j x]`.
    pub taps: &'a [f32],
    /// The first `length` of these.
    pub rows: Ring<'a>,
    pub activation: Activation,
    /// As in [`UpColumns`].
    pub out: &'a mut [Pixel],
}

impl Work for UpSquare<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let area = self.length * self.length;
        for (i, out) in self.out.iter_mut().enumerate() {
            let (group, phase) = (i / self.factor, self.factor - 1 - i % self.factor);
            let taps = self.taps[phase * area..][..area].chunks_exact(self.length);
            // SAFETY: pixels are sixteen values.
            unsafe {
                let mut sum = V::splat(0.0);
                for (i, taps) in taps.enumerate() {
                    let row = &self.rows.row(i)[group..];
                    for (pixel, tap) in row.iter().zip(taps) {
                        sum = V::load(pixel.0.as_ptr()).mul_add(V::splat(*tap), sum);
                    }
                }
                Activate::new(self.activation).apply(sum).store(out.0.as_mut_ptr());
            }
        }
    }
}
