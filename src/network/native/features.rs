//! The Fourier-feature input (Karras et al. 2021, section 3.1 and appendix D; specification
//! section 3).

use std::f64::consts::TAU;

use rayon::prelude::*;

use super::dense::Dense;
use crate::kernels::cpu::{Convolution, Factors, Level, Pixel, Planes, Scratch};
use crate::network::layers::InputSpec;
use crate::network::loader::Loader;
use crate::{Error, Result};

/// Fourier features under a learned and a user's transform.
#[derive(Debug)]
pub struct Features {
    spec: InputSpec,
    /// Width and height.
    size: [usize; 2],
    waves: Vec<Wave>,
    affine: Dense,
    mix: Convolution,
}

/// One feature: `amplitude sin(2 pi (x fx + y fy + phase))`.
#[derive(Debug, Clone, Copy)]
struct Wave {
    /// Cycles per canvas along x and y.
    frequency: [f64; 2],
    /// Turns.
    phase: f64,
}

impl Features {
    /// Loads `synthesis.input.*`, for features of some width and height. The stored `transform` is not used: the caller gives one a frame.
    pub fn load(loader: &Loader, spec: InputSpec, size: [usize; 2]) -> Result<Self> {
        let get = |name: &str| loader.values(&format!("synthesis.input.{name}"));
        let (frequencies, phases) = (get("freqs")?, get("phases")?);
        let waves = frequencies.as_chunks::<2>().0.iter().zip(phases);
        let waves = waves
            .map(|(f, phase)| Wave { frequency: f.map(f64::from), phase: f64::from(phase) })
            .collect();
        let channels = spec.channels;
        let scale = (channels as f64).sqrt().recip() as f32;
        let weight: Vec<f32> = get("weight")?.into_iter().map(|w| w * scale).collect();
        let mix =
            Convolution::new(Factors::exact(Level::here(), 1), &weight, [channels, channels, 1]);
        let mix = mix.ok_or_else(|| Error::Invalid("a 1x1 convolution is always there".into()))?;
        let affine = Dense::load(loader, "synthesis.input.affine")?;
        Ok(Self { waves, affine, mix, spec, size })
    }

    /// The mixed features for w under the transform, times `styles` channel by channel, in `out`.
    /// `features` and `scratch` are overwritten.
    #[allow(clippy::too_many_arguments)]
    pub fn forward(
        &self,
        level: Level,
        w: &[f32],
        transform: &[f64; 9],
        styles: &[f32],
        features: &mut Planes,
        scratch: &mut Scratch,
        out: &mut Planes,
    ) -> Result<()> {
        let m = self.transform(w, transform)?;
        let [width, height] = self.size;
        features.reset(self.spec.channels, [height, width]);
        let blocks = features.pixels_mut().par_chunks_exact_mut(width * height);
        blocks.zip(self.waves.par_chunks(16)).for_each(|(block, waves)| {
            self.waves_of(waves, &m, block);
        });
        self.mix.forward(level, features, scratch, out);
        out.scale(styles);
        Ok(())
    }

    /// The first two rows of `R T U`, R and T learned.
    fn transform(&self, w: &[f32], user: &[f64; 9]) -> Result<[[f64; 3]; 2]> {
        let pose: Vec<f64> = self.affine.forward(w)?.into_iter().map(f64::from).collect();
        let norm = pose[0].hypot(pose[1]);
        let [c, s, x, y] = [0, 1, 2, 3].map(|i| pose[i] / norm);
        let learned = [[c, -s, s * y - c * x], [s, c, -(s * x + c * y)]];
        Ok(learned
            .map(|row| [0, 1, 2].map(|j| (0..3).map(|i| row[i] * user[i * 3 + j]).sum::<f64>())))
    }

    /// Sixteen waves over the grid. The sine of a sum along x and along y needs no sine a pixel.
    fn waves_of(&self, waves: &[Wave], m: &[[f64; 3]; 2], block: &mut [Pixel]) {
        let InputSpec { sampling_rate, bandwidth, .. } = self.spec;
        let [width, height] = self.size;
        let centre = |i: usize, size| (i as f64 + 0.5 - size as f64 / 2.0) / sampling_rate;
        // Sine and cosine of each place along either axis.
        let mut across = vec![[[0f32; 16]; 2]; width];
        let mut down = vec![[[0f32; 16]; 2]; height];
        for (lane, wave) in waves.iter().enumerate() {
            let [fx, fy] = wave.frequency;
            let along = |j: usize| fx * m[0][j] + fy * m[1][j];
            let frequency = [along(0), along(1)];
            // Whole turns change nothing.
            let phase = wave.phase + along(2);
            let phase = phase - phase.round();
            let radius = frequency[0].hypot(frequency[1]);
            let fade = 1.0 - (radius - bandwidth) / (sampling_rate / 2.0 - bandwidth);
            let amplitude = fade.clamp(0.0, 1.0);
            for (i, [sine, cosine]) in across.iter_mut().enumerate() {
                let (sin, cos) = (TAU * frequency[0] * centre(i, width)).sin_cos();
                (sine[lane], cosine[lane]) = (sin as f32, cos as f32);
            }
            for (i, [sine, cosine]) in down.iter_mut().enumerate() {
                let (sin, cos) = (TAU * (frequency[1] * centre(i, height) + phase)).sin_cos();
                (sine[lane], cosine[lane]) = ((amplitude * sin) as f32, (amplitude * cos) as f32);
            }
        }
        for (row, [sin_y, cos_y]) in block.chunks_exact_mut(width).zip(&down) {
            for (pixel, [sin_x, cos_x]) in row.iter_mut().zip(&across) {
                for lane in 0..16 {
                    pixel.0[lane] = sin_x[lane] * cos_y[lane] + cos_x[lane] * sin_y[lane];
                }
            }
        }
    }
}
