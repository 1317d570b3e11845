//! The Fourier-feature input (Karras et al. 2021, section 3.1 and appendix D; specification
//! section 3): a picture that exists at every point of the plane, so that it can be moved and turned
//! exactly.

use std::f64::consts::PI;

use tch::{Device, Kind, Tensor};

use super::layers::InputSpec;
use super::linear::Linear;
use super::loader::Loader;
use crate::Result;

/// Fourier features under a learned and a user's transform.
#[derive(Debug)]
pub struct FourierInput {
    spec: InputSpec,
    /// `[C, 2]` float64, cycles per canvas. float64 keeps long pans exact.
    freqs: Tensor,
    /// `[C]` float64, turns.
    phases: Tensor,
    /// `[C, C]`.
    weight: Tensor,
    affine: Linear,
    /// Pixel centres along either axis, canvas widths: `[width]` and `[height]`.
    centres: [Tensor; 2],
}

impl FourierInput {
    /// Loads `synthesis.input.*`, for features of some width and height. The stored `transform` is not used: the caller gives one a frame.
    pub fn load(
        loader: &Loader,
        spec: InputSpec,
        size: [usize; 2],
        device: Device,
    ) -> Result<Self> {
        let get = |name: &str| loader.tensor(&format!("synthesis.input.{name}"), device);
        let rate = spec.sampling_rate;
        let centres = |size: usize| -> Result<_> {
            let pixels = Tensor::f_arange(size as i64, (Kind::Float, device))?;
            Ok(pixels.f_add_scalar(0.5 - size as f64 / 2.0)?.f_div_scalar(rate)?)
        };
        Ok(Self {
            freqs: get("freqs")?.f_to_kind(Kind::Double)?,
            phases: get("phases")?.f_to_kind(Kind::Double)?,
            weight: get("weight")?.f_div_scalar((spec.channels as f64).sqrt())?,
            affine: Linear::load(loader, "synthesis.input.affine", 1.0, device)?,
            centres: [centres(size[0])?, centres(size[1])?],
            spec,
        })
    }

    /// The learned transform (cos, sin, x, y) of w `[N, w_dim]`, `[N, 4]`.
    pub fn pose(&self, w: &Tensor) -> Result<Tensor> {
        let t = self.affine.forward(w)?;
        let norm = t.f_narrow(1, 0, 2)?.f_square()?.f_sum_dim_intlist(
            [1i64].as_slice(),
            true,
            None::<Kind>,
        )?;
        Ok(t.f_div(&norm.f_sqrt()?)?)
    }

    /// Features `[N, C, height, width]` for w `[N, w_dim]` and users' transforms `[N, 3, 3]`, float64.
    pub fn forward(&self, w: &Tensor, transforms: &Tensor) -> Result<Tensor> {
        let m = learned(&self.pose(w)?.f_to_kind(Kind::Double)?)?;
        let m = m.f_matmul(transforms)?.f_narrow(1, 0, 2)?;
        let (n, channels) = (m.size()[0], self.spec.channels as i64);
        let [width, height] = [0, 1].map(|axis: usize| self.centres[axis].size()[0]);
        let freqs = self.freqs.f_unsqueeze(0)?;
        let shift = freqs.f_matmul(&m.f_narrow(2, 2, 1)?)?.f_squeeze_dim(2)?;
        let phases = self.phases.f_unsqueeze(0)?.f_add(&shift)?;
        let freqs = freqs.f_matmul(&m.f_narrow(2, 0, 2)?)?;

        let radius = freqs
            .f_square()?
            .f_sum_dim_intlist([2i64].as_slice(), false, None::<Kind>)?
            .f_sqrt()?;
        let fading_band = self.spec.sampling_rate / 2.0 - self.spec.bandwidth;
        let amplitudes = radius.f_sub_scalar(self.spec.bandwidth)?.f_div_scalar(-fading_band)?;
        let amplitudes = amplitudes.f_add_scalar(1.0)?.f_clamp(0.0, 1.0)?.f_to_kind(Kind::Float)?;

        // Whole turns change nothing; without them float32 is enough.
        let phases = phases.f_sub(&phases.f_round()?)?.f_to_kind(Kind::Float)?;
        let freqs = freqs.f_to_kind(Kind::Float)?;
        let along = |axis: usize| freqs.f_narrow(2, axis as i64, 1)?.f_mul(&self.centres[axis]);
        let turns = along(0)?.f_unsqueeze(2)?.f_add(&along(1)?.f_unsqueeze(3)?)?;
        let turns = turns.f_add(&phases.f_reshape([n, channels, 1, 1])?)?;
        let features = turns.f_mul_scalar(2.0 * PI)?.f_sin()?;
        let features = features.f_mul(&amplitudes.f_reshape([n, channels, 1, 1])?)?;
        let mixed = self.weight.f_matmul(&features.f_reshape([n, channels, height * width])?)?;
        Ok(mixed.f_reshape([n, channels, height, width])?)
    }
}

/// `R(c, s) T(-x, -y)` `[N, 3, 3]` of poses `[N, 4]`.
fn learned(pose: &Tensor) -> Result<Tensor> {
    let parts: Vec<Tensor> = (0..4).map(|i| pose.f_select(1, i)).collect::<Result<_, _>>()?;
    let [c, s, x, y] = &parts[..] else { unreachable!("four parts were taken") };
    let (zero, one, minus_s) = (c.f_zeros_like()?, c.f_ones_like()?, s.f_neg()?);
    // R times the translation by (-x, -y).
    let tx = s.f_mul(y)?.f_sub(&c.f_mul(x)?)?;
    let ty = s.f_mul(x)?.f_add(&c.f_mul(y)?)?.f_neg()?;
    let rows = [c, &minus_s, &tx, s, c, &ty, &zero, &zero, &one];
    Ok(Tensor::f_stack(&rows, 1)?.f_reshape([-1, 3, 3])?)
}
