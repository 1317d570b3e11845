//! Kaiser-windowed low-pass filters (Karras et al. 2021, section 3 and appendix C).

use std::f64::consts::PI;

/// A filter that is applied to both axes of a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// One row of taps, applied along x and along y.
    Separable(Vec<f64>),
    /// A square of so many taps a side, rows first.
    Radial {
        /// Taps a side.
        side: usize,
        /// `side * side` taps.
        taps: Vec<f64>,
    },
}

/// A separable windowed sinc of unit sum.
///
/// `cutoff` and `half_width` (of the transition band) are in cycles per canvas, `rate` in samples
/// per canvas. None for a single tap: the filter is the identity.
pub fn low_pass(taps: usize, cutoff: f64, half_width: f64, rate: f64) -> Option<Filter> {
    if taps <= 1 {
        return None;
    }
    let window = window_for(taps, half_width, rate);
    let centre = (taps - 1) as f64 / 2.0;
    let sinc = |n: usize| sinc(2.0 * cutoff / rate * (n as f64 - centre));
    let row = window.iter().enumerate().map(|(n, w)| w * sinc(n)).collect();
    Some(Filter::Separable(to_unit_sum(row)))
}

/// A radially symmetric jinc of unit sum under a square Kaiser window (appendix C, equation 19).
///
/// Arguments as for [`low_pass`].
pub fn radial_low_pass(taps: usize, cutoff: f64, half_width: f64, rate: f64) -> Option<Filter> {
    if taps <= 1 {
        return None;
    }
    let window = window_for(taps, half_width, rate);
    let centre = (taps - 1) as f64 / 2.0;
    let at = |n: usize| (n as f64 - centre) / rate;
    let tap = |i: usize| {
        let (y, x) = (i / taps, i % taps);
        jinc(cutoff, at(x).hypot(at(y))) * window[x] * window[y]
    };
    let taps_2d = (0..taps * taps).map(tap).collect();
    Some(Filter::Radial { side: taps, taps: to_unit_sum(taps_2d) })
}

fn to_unit_sum(taps: Vec<f64>) -> Vec<f64> {
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(|t| t / sum).collect()
}

/// The ideal circular low-pass of a cutoff at radius `r`: `J1(2 pi f_c r) f_c / r`, up to a constant.
fn jinc(cutoff: f64, r: f64) -> f64 {
    if r == 0.0 { PI * cutoff } else { libm::j1(2.0 * PI * cutoff * r) / r }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Kaiser window whose attenuation fits a transition of `half_width` to each side of the cutoff.
fn window_for(taps: usize, half_width: f64, rate: f64) -> Vec<f64> {
    let attenuation = 2.285 * (taps - 1) as f64 * PI * (2.0 * half_width / (rate / 2.0)) + 7.95;
    kaiser_window(taps, kaiser_beta(attenuation))
}

/// The symmetric Kaiser window of so many taps with a shape parameter: 1 in the middle.
pub fn kaiser_window(taps: usize, beta: f64) -> Vec<f64> {
    let centre = taps.saturating_sub(1) as f64 / 2.0;
    let at = |n: usize| {
        // A single tap is the middle.
        kaiser((n as f64 - centre) / centre.max(0.5), beta)
    };
    (0..taps).map(at).collect()
}

/// The Kaiser window at x, -1 to 1: 1 in the middle.
pub fn kaiser(x: f64, beta: f64) -> f64 {
    bessel_i0(beta * (1.0 - x * x).max(0.0).sqrt()) / bessel_i0(beta)
}

/// Kaiser's fit of the shape parameter to a stopband attenuation in dB.
fn kaiser_beta(attenuation: f64) -> f64 {
    if attenuation > 50.0 {
        0.1102 * (attenuation - 8.7)
    } else if attenuation >= 21.0 {
        0.5842 * (attenuation - 21.0).powf(0.4) + 0.07886 * (attenuation - 21.0)
    } else {
        0.0
    }
}

/// Modified Bessel function of the first kind, order 0: its power series, whose terms are all positive.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * f64::EPSILON {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_agrees_with_tables() {
        // Abramowitz and Stegun, table 9.8.
        for (x, expected) in
            [(0.0, 1.0), (1.0, 1.266_065_877_752_008), (10.0, 2_815.716_628_466_254)]
        {
            assert!((bessel_i0(x) / expected - 1.0).abs() < 1e-14, "{x}");
        }
    }

    #[test]
    fn the_pass_band_passes_and_the_stop_band_stops() {
        let (taps, cutoff, half_width, rate) = (48, 20.0, 12.0, 128.0);
        let Some(Filter::Separable(row)) = low_pass(taps, cutoff, half_width, rate) else {
            panic!()
        };
        let gain = |f: f64| {
            let phase = |n: usize| 2.0 * PI * f / rate * (n as f64 - 23.5);
            row.iter().enumerate().map(|(n, t)| t * phase(n).cos()).sum::<f64>().abs()
        };
        assert!((gain(0.0) - 1.0).abs() < 1e-12);
        assert!((gain(cutoff) - 0.5).abs() < 0.01);
        assert!(gain(cutoff + half_width * 1.2) < 1e-3);
    }

    #[test]
    fn a_radial_filter_equals_its_mirror_images() {
        let Some(Filter::Radial { side, taps }) = radial_low_pass(12, 4.0, 4.0, 32.0) else {
            panic!()
        };
        let at = |y: usize, x: usize| taps[y * side + x];
        for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
            for mirrored in [at(x, y), at(side - 1 - y, x), at(y, side - 1 - x)] {
                assert!((at(y, x) - mirrored).abs() < 1e-15);
            }
        }
    }
}
