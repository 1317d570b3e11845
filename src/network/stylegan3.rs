//! Alias-free synthesis, configurations T and R (Karras et al. 2021).

use tch::{Device, Kind, Tensor};

use super::config::StyleGan3Config;
use super::filtered_lrelu::FilteredLrelu;
use super::fourier::FourierInput;
use super::layers::LayerSpec;
use super::linear::Linear;
use super::loader::Loader;
use super::modulated::{convolve, modulate, normalise_weight};
use crate::Result;

/// The synthesis network: w and a transform to an image.
#[derive(Debug)]
pub struct StyleGan3 {
    /// The Fourier features.
    pub input: FourierInput,
    layers: Vec<Layer>,
    output_scale: f64,
}

/// One synthesis layer.
#[derive(Debug)]
struct Layer {
    spec: LayerSpec,
    affine: Linear,
    /// Of rms 1 per output channel, unless it is `ToRGB`.
    weight: Tensor,
    bias: Tensor,
    /// Running mean square of what the layer is given.
    magnitude_ema: f64,
    act: FilteredLrelu,
    kind: Kind,
}

impl StyleGan3 {
    /// Loads `synthesis.*`; with `half`, the layers so marked run in float16.
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

    /// Images `[N, channels, H, W]`, about -1..1, for ws `[N, num_ws, w_dim]` and transforms `[N, 3, 3]`
    /// float64.
    pub fn forward(&self, ws: &Tensor, transforms: &Tensor) -> Result<Tensor> {
        let image = self.signals(ws, transforms, &mut |_, _| Ok(()))?;
        Ok(image.f_to_kind(Kind::Float)?.f_mul_scalar(self.output_scale)?)
    }

    /// Shows what the input (number 0) and each layer give, `[N, channels, size, size]` with margins, as
    /// it comes; the last one is the answer.
    pub fn signals(
        &self,
        ws: &Tensor,
        transforms: &Tensor,
        see: &mut dyn FnMut(usize, &Tensor) -> Result<()>,
    ) -> Result<Tensor> {
        let mut x = self.input.forward(&ws.f_select(1, 0)?, transforms)?;
        see(0, &x)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, &ws.f_select(1, i as i64 + 1)?)?;
            see(i + 1, &x)?;
        }
        Ok(x)
    }

    /// Sets every layer's running mean square to what these samples show, layer by layer, so that all
    /// signals have unit power: what training converges to. Returns them.
    pub fn settle(&mut self, ws: &Tensor, transforms: &Tensor) -> Result<Vec<f32>> {
        let mut x = self.input.forward(&ws.f_select(1, 0)?, transforms)?;
        let mut settled = Vec::new();
        for (i, layer) in self.layers.iter_mut().enumerate() {
            layer.magnitude_ema = x.f_square()?.f_mean(Kind::Double)?.f_double_value(&[])?;
            settled.push(layer.magnitude_ema as f32);
            x = layer.forward(&x, &ws.f_select(1, i as i64 + 1)?)?;
        }
        Ok(settled)
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
        let weight = get("weight")?;
        Ok(Self {
            affine: Linear::load(loader, &format!("{name}.affine"), 1.0, device)?,
            weight: if spec.to_rgb { weight } else { normalise_weight(&weight)? },
            bias: get("bias")?,
            magnitude_ema: loader.scalar(&format!("{name}.magnitude_ema"))?,
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

    fn forward(&self, x: &Tensor, w: &Tensor) -> Result<Tensor> {
        let mut styles = self.affine.forward(w)?;
        if self.spec.to_rgb {
            let fan_in = self.spec.in_channels * self.spec.conv_kernel.pow(2);
            styles = styles.f_div_scalar((fan_in as f64).sqrt())?;
        }
        let gain = self.magnitude_ema.sqrt().recip();
        let weights = modulate(&self.weight, &styles, !self.spec.to_rgb, gain)?;
        let x = convolve(&x.f_to_kind(self.kind)?, &weights, self.spec.conv_kernel as i64 - 1)?;
        self.act.forward(&x, &self.bias)
    }
}
