//! Alias-free synthesis, configurations T and R.

use tch::{Device, Kind, Tensor};

use super::{Betas, follow, modulated};
use crate::Result;
use crate::network::config::StyleGan3Config;
use crate::network::filtered_lrelu::FilteredLrelu;
use crate::network::fourier::FourierInput;
use crate::network::layers::LayerSpec;
use crate::network::linear::Linear;
use crate::network::loader::Loader;

#[derive(Debug)]
pub(super) struct StyleGan3 {
    input: FourierInput,
    layers: Vec<Layer>,
    output_scale: f64,
}

#[derive(Debug)]
struct Layer {
    spec: LayerSpec,
    affine: Linear,
    weight: Tensor,
    bias: Tensor,
    magnitude_ema: Tensor,
    act: FilteredLrelu,
    kind: Kind,
}

impl StyleGan3 {
    pub fn load(
        loader: &Loader,
        config: &StyleGan3Config,
        device: Device,
        half: bool,
    ) -> Result<Self> {
        let layers =
            config.layers().into_iter().map(|spec| Layer::load(loader, config, spec, device, half));
        Ok(Self {
            input: FourierInput::load(loader, config.input(), config.input_size(), device)?,
            layers: layers.collect::<Result<_>>()?,
            output_scale: config.output_scale,
        })
    }

    pub fn forward(&self, ws: &Tensor, update: Option<Betas>) -> Result<Tensor> {
        let upright = Tensor::f_eye(3, (Kind::Double, ws.device()))?.f_unsqueeze(0)?;
        let mut x = self.input.forward(&ws.f_select(1, 0)?, &upright)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, &ws.f_select(1, i as i64 + 1)?, update)?;
        }
        Ok(x.f_to_kind(Kind::Float)?.f_mul_scalar(self.output_scale)?)
    }
}

impl Layer {
    fn load(
        loader: &Loader,
        config: &StyleGan3Config,
        spec: LayerSpec,
        device: Device,
        half: bool,
    ) -> Result<Self> {
        let name = format!("synthesis.{}", spec.name);
        let get = |part: &str| loader.tensor(&format!("{name}.{part}"), device);
        let filter = |factor: usize, part: &str| -> Result<_> {
            Ok((factor as i64, loader.fir(&format!("{name}.{part}"), device)?))
        };
        Ok(Self {
            affine: Linear::load(loader, &format!("{name}.affine"), 1.0, device)?,
            weight: get("weight")?,
            bias: get("bias")?,
            magnitude_ema: get("magnitude_ema")?,
            act: FilteredLrelu {
                up: (spec.up_taps > 1).then(|| filter(spec.up_factor, "up_filter")).transpose()?,
                down: (spec.down_taps > 1)
                    .then(|| filter(spec.down_factor, "down_filter"))
                    .transpose()?,
                padding: spec.padding,
                slope: if spec.to_rgb { 1.0 } else { 0.2 },
                gain: if spec.to_rgb { 1.0 } else { 2f64.sqrt() },
                clamp: config.conv_clamp,
            },
            kind: if half && spec.use_fp16 { Kind::Half } else { Kind::Float },
            spec,
        })
    }

    fn forward(&self, x: &Tensor, w: &Tensor, update: Option<Betas>) -> Result<Tensor> {
        if let Some(betas) = update {
            let mean = x.f_detach()?.f_to_kind(Kind::Float)?.f_square()?.f_mean(None::<Kind>)?;
            follow(&self.magnitude_ema, &betas.group.mean(mean)?, betas.magnitude)?;
        }
        let mut styles = self.affine.forward(w)?;
        if self.spec.to_rgb {
            let fan_in = self.spec.in_channels * self.spec.conv_kernel.pow(2);
            styles = styles.f_div_scalar((fan_in as f64).sqrt())?;
        }
        let gain = self.magnitude_ema.f_detach_copy()?.f_rsqrt()?;
        let padding = self.spec.conv_kernel as i64 - 1;
        let x = x.f_to_kind(self.kind)?;
        let demodulate = !self.spec.to_rgb;
        let y = modulated(&x, &self.weight, &styles, demodulate, Some(&gain), false, padding)?;
        if self.spec.to_rgb {
            // No filters: nothing that the fused operator would do better.
            return self.act.composed(&y, &self.bias);
        }
        self.act.differentiable(&y, &self.bias)
    }
}
