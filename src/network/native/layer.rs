//! One synthesis layer (specification section 4).

use super::dense::{Dense, dot, rows_times};
use crate::kernels::cpu::{Channelwise, Convolution, Factors, Fused, Level, Planes, Scratch};
use crate::kernels::{FilteredLrelu, Resampler};
use crate::network::config::StyleGan3Config;
use crate::network::layers::LayerSpec;
use crate::network::loader::Loader;
use crate::signal::Filter;
use crate::{Error, Result};

/// A layer with everything prepared that no frame changes.
#[derive(Debug)]
pub struct Layer {
    spec: LayerSpec,
    affine: Dense,
    convolution: Convolution,
    /// `[outputs, inputs]`: the sum of squares of each pair's taps; none for `ToRGB`.
    energy: Vec<f32>,
    /// That of the input's magnitude.
    gain: f32,
    bias: Vec<f32>,
    fused: Fused,
}

impl Layer {
    /// Loads `synthesis.{name}.*`. `ToRGB`, which costs next to nothing, stays in float32.
    pub fn load(
        loader: &Loader,
        config: &StyleGan3Config,
        spec: LayerSpec,
        factors: Factors,
    ) -> Result<Self> {
        let factors = match factors {
            // So few products would not be worth taking the signal apart.
            _ if spec.to_rgb => Factors::F32,
            Factors::Bf16 => Factors::Bf16,
            _ => Factors::exact(Level::here(), spec.conv_kernel),
        };
        let name = format!("synthesis.{}", spec.name);
        let get = |part: &str| loader.values(&format!("{name}.{part}"));
        let (inputs, outputs, k) = (spec.in_channels, spec.out_channels, spec.conv_kernel);
        let mut weight = get("weight")?;
        let taps = k * k;
        let mut energy = Vec::new();
        if !spec.to_rgb {
            for row in weight.chunks_exact_mut(inputs * taps) {
                let mean = dot(row, row) / row.len() as f32;
                row.iter_mut().for_each(|w| *w /= mean.sqrt());
                energy.extend(row.chunks_exact(taps).map(|w| dot(w, w)));
            }
        }
        let convolution =
            Convolution::new(factors, &weight, [outputs, inputs, k]).ok_or_else(|| {
                Error::Invalid(format!("`{}` has a {k}x{k} convolution, not 1x1 or 3x3", spec.name))
            })?;
        let resampler = |taps: usize, factor: usize, radial: bool, part: &str| -> Result<_> {
            if taps == 1 {
                return Ok(Resampler { factor, ..Resampler::identity() });
            }
            let values = get(part)?.into_iter().map(f64::from).collect();
            let filter = if radial {
                Filter::Radial { side: taps, taps: values }
            } else {
                Filter::Separable(values)
            };
            Ok(Resampler { factor, filter })
        };
        let operator = FilteredLrelu {
            up: resampler(spec.up_taps, spec.up_factor, false, "up_filter")?,
            down: resampler(spec.down_taps, spec.down_factor, spec.down_radial, "down_filter")?,
            padding: spec.padding,
            slope: if spec.to_rgb { 1.0 } else { 0.2 },
            gain: if spec.to_rgb { 1.0 } else { std::f32::consts::SQRT_2 },
            clamp: config.conv_clamp.map_or(f32::INFINITY, |clamp| clamp as f32),
        };
        Ok(Self {
            affine: Dense::load(loader, &format!("{name}.affine"))?,
            convolution,
            energy,
            gain: loader.scalar(&format!("{name}.magnitude_ema"))?.sqrt().recip() as f32,
            bias: get("bias")?,
            fused: Fused::new(operator),
            spec,
        })
    }

    /// Channels it gives.
    pub fn outputs(&self) -> usize {
        self.spec.out_channels
    }

    /// The factors of its inputs for w: of rms 1, since the demodulation cancels their scale, but for
    /// `ToRGB`, which has none.
    pub fn styles(&self, w: &[f32]) -> Result<Vec<f32>> {
        let mut styles = self.affine.forward(w)?;
        let scale = if self.spec.to_rgb {
            (self.spec.in_channels * self.spec.conv_kernel.pow(2)) as f32
        } else {
            dot(&styles, &styles) / styles.len() as f32
        };
        styles.iter_mut().for_each(|s| *s /= scale.sqrt());
        Ok(styles)
    }

    /// Convolves a signal that was multiplied by the styles.
    pub fn convolve(&self, level: Level, x: &Planes, scratch: &mut Scratch, y: &mut Planes) {
        self.convolution.forward(level, x, scratch, y);
    }

    /// What follows the convolution: demodulation and input gain, bias, filtered leaky ReLU, and the
    /// factors `next` of the layer that follows.
    pub fn activate(
        &self,
        level: Level,
        x: &Planes,
        styles: &[f32],
        next: &[f32],
        y: &mut Planes,
    ) -> Result<()> {
        let squares: Vec<f32> = styles.iter().map(|s| s * s).collect();
        let scale: Vec<f32> = if self.spec.to_rgb {
            vec![self.gain; self.spec.out_channels]
        } else {
            let energies = rows_times(&self.energy, &squares).into_iter();
            energies.map(|energy| self.gain / (energy + 1e-8).sqrt()).collect()
        };
        let channelwise = Channelwise { scale: &scale, bias: &self.bias, out_scale: next };
        self.fused.forward(level, x, channelwise, y)
    }
}
