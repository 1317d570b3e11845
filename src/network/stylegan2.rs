//! `StyleGAN2` synthesis with skip connections and constant noise (Karras et al. 2020;
//! specification section 7): the baseline whose texture sticks.

use tch::{Device, Kind, Tensor};

use super::blocks::BlockSpec;
use super::config::StyleGan2Config;
use super::linear::Linear;
use super::loader::Loader;
use super::modulated::{convolve, convolve_up, modulate};
use super::upfirdn::{Fir, downsample, upsample};
use crate::Result;

/// The synthesis network: w to an image. It has no Fourier features, so no transform either.
#[derive(Debug)]
pub struct StyleGan2 {
    constant: Tensor,
    blocks: Vec<Block>,
}

/// The layers of one resolution.
#[derive(Debug)]
struct Block {
    spec: BlockSpec,
    /// Upsamples what the block before gave; none in the first block.
    conv0: Option<Conv>,
    conv1: Conv,
    to_rgb: ToRgb,
    resample: Fir,
    kind: Kind,
}

#[derive(Debug)]
struct Conv {
    affine: Linear,
    weight: Tensor,
    bias: Tensor,
    /// Constant noise times its strength, `[res, res]`.
    noise: Tensor,
    /// Present where the convolution upsamples.
    resample: Option<Fir>,
    clamp: Option<f64>,
}

#[derive(Debug)]
struct ToRgb {
    affine: Linear,
    weight: Tensor,
    bias: Tensor,
    clamp: Option<f64>,
}

impl StyleGan2 {
    /// Loads `synthesis.*`; with `half`, the blocks so marked run in float16.
    pub fn load(
        loader: &Loader,
        config: &StyleGan2Config,
        device: Device,
        half: bool,
    ) -> Result<Self> {
        let blocks =
            config.blocks().into_iter().map(|spec| Block::load(loader, config, spec, device, half));
        Ok(Self {
            constant: loader.tensor("synthesis.b4.const", device)?,
            blocks: blocks.collect::<Result<_>>()?,
        })
    }

    /// Images `[N, channels, R, R]`, about -1..1, for ws `[N, num_ws, w_dim]`.
    pub fn forward(&self, ws: &Tensor) -> Result<Tensor> {
        let mut x = self.constant.f_unsqueeze(0)?.f_repeat([ws.size()[0], 1, 1, 1])?;
        let mut image: Option<Tensor> = None;
        for block in &self.blocks {
            x = x.f_to_kind(block.kind)?;
            let mut styles = (block.spec.first_ws as i64..).map(|i| ws.f_select(1, i));
            let mut next = || styles.next().expect("an endless range");
            if let Some(conv0) = &block.conv0 {
                x = conv0.forward(&x, &next()?)?;
            }
            x = block.conv1.forward(&x, &next()?)?;
            let rgb = block.to_rgb.forward(&x, &next()?)?.f_to_kind(Kind::Float)?;
            image = Some(match image {
                None => rgb,
                Some(image) => upsample(&image, &block.resample, 2, [2, 1, 2, 1])?.f_add(&rgb)?,
            });
        }
        Ok(image.expect("a validated network has blocks"))
    }
}

impl Block {
    fn load(
        loader: &Loader,
        config: &StyleGan2Config,
        spec: BlockSpec,
        device: Device,
        half: bool,
    ) -> Result<Self> {
        let name = format!("synthesis.{}", spec.name);
        let clamp = config.conv_clamp;
        let conv =
            |part: &str, up| Conv::load(loader, &format!("{name}.{part}"), up, clamp, device);
        Ok(Self {
            conv0: (spec.in_channels > 0).then(|| conv("conv0", true)).transpose()?,
            conv1: conv("conv1", false)?,
            to_rgb: ToRgb::load(loader, &format!("{name}.torgb"), clamp, device)?,
            resample: loader.fir(&format!("{name}.resample_filter"), device)?,
            kind: if half && spec.use_fp16 { Kind::Half } else { Kind::Float },
            spec,
        })
    }
}

impl Conv {
    fn load(
        loader: &Loader,
        name: &str,
        up: bool,
        clamp: Option<f64>,
        device: Device,
    ) -> Result<Self> {
        let get = |part: &str| loader.tensor(&format!("{name}.{part}"), device);
        let strength = loader.scalar(&format!("{name}.noise_strength"))?;
        Ok(Self {
            affine: Linear::load(loader, &format!("{name}.affine"), 1.0, device)?,
            weight: get("weight")?,
            bias: get("bias")?,
            noise: get("noise_const")?.f_mul_scalar(strength)?,
            resample: up
                .then(|| loader.fir(&format!("{name}.resample_filter"), device))
                .transpose()?,
            clamp,
        })
    }

    fn forward(&self, x: &Tensor, w: &Tensor) -> Result<Tensor> {
        let weights = modulate(&self.weight, &self.affine.forward(w)?, true, 1.0)?;
        let x = match &self.resample {
            None => convolve(x, &weights, 1)?,
            // The gain of 4 makes up for the zeros that the transposed convolution thinks in.
            Some(fir) => {
                downsample(&convolve_up(x, &weights)?, fir, 1, [1; 4])?.f_mul_scalar_(4.0)?
            }
        };
        let x = x.f_add(&self.noise.f_to_kind(x.kind())?)?;
        let x = x.f_add(&self.bias.f_to_kind(x.kind())?.f_reshape([1, -1, 1, 1])?)?;
        let x = x.f_maximum(&x.f_mul_scalar(0.2)?)?.f_mul_scalar_(2f64.sqrt())?;
        clamped(x, self.clamp)
    }
}

impl ToRgb {
    fn load(loader: &Loader, name: &str, clamp: Option<f64>, device: Device) -> Result<Self> {
        let get = |part: &str| loader.tensor(&format!("{name}.{part}"), device);
        Ok(Self {
            affine: Linear::load(loader, &format!("{name}.affine"), 1.0, device)?,
            weight: get("weight")?,
            bias: get("bias")?,
            clamp,
        })
    }

    fn forward(&self, x: &Tensor, w: &Tensor) -> Result<Tensor> {
        let gain = (self.weight.size()[1] as f64).sqrt().recip();
        let weights = modulate(&self.weight, &self.affine.forward(w)?, false, gain)?;
        let x = convolve(x, &weights, 0)?;
        let x = x.f_add(&self.bias.f_to_kind(x.kind())?.f_reshape([1, -1, 1, 1])?)?;
        clamped(x, self.clamp)
    }
}

fn clamped(mut x: Tensor, clamp: Option<f64>) -> Result<Tensor> {
    Ok(match clamp {
        Some(clamp) => x.f_clamp_(-clamp, clamp)?,
        None => x,
    })
}
