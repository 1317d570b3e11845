//! `StyleGAN2` synthesis with skip connections.

use tch::{Device, Kind, Tensor};

use super::{Noise, modulated};
use crate::Result;
use crate::network::blocks::BlockSpec;
use crate::network::border::leaky_relu;
use crate::network::config::StyleGan2Config;
use crate::network::linear::Linear;
use crate::network::loader::Loader;
use crate::network::upfirdn::{Fir, downsample, upsample};

#[derive(Debug)]
pub(super) struct StyleGan2 {
    constant: Tensor,
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    spec: BlockSpec,
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
    noise_const: Tensor,
    noise_strength: Tensor,
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

    pub fn noise_sizes(&self) -> Vec<i64> {
        let block = |block: &Block| {
            let convolutions = if block.conv0.is_some() { 2 } else { 1 };
            vec![block.spec.resolution as i64; convolutions]
        };
        self.blocks.iter().flat_map(block).collect()
    }

    pub fn forward(&self, ws: &Tensor, noise: &Noise) -> Result<Tensor> {
        let mut x = self.constant.f_unsqueeze(0)?.f_repeat([ws.size()[0], 1, 1, 1])?;
        let mut given = match noise {
            Noise::Constant => [].iter(),
            Noise::Given(noise) => noise.iter(),
        };
        let mut image: Option<Tensor> = None;
        for block in &self.blocks {
            x = x.f_to_kind(block.kind)?;
            let mut styles = (block.spec.first_ws as i64..).map(|i| ws.f_select(1, i));
            let mut next = || styles.next().expect("an endless range");
            if let Some(conv0) = &block.conv0 {
                x = conv0.forward(&x, &next()?, given.next())?;
            }
            x = block.conv1.forward(&x, &next()?, given.next())?;
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
        Ok(Self {
            affine: Linear::load(loader, &format!("{name}.affine"), 1.0, device)?,
            weight: get("weight")?,
            bias: get("bias")?,
            noise_const: get("noise_const")?,
            noise_strength: get("noise_strength")?,
            resample: up
                .then(|| loader.fir(&format!("{name}.resample_filter"), device))
                .transpose()?,
            clamp,
        })
    }

    fn forward(&self, x: &Tensor, w: &Tensor, noise: Option<&Tensor>) -> Result<Tensor> {
        let styles = self.affine.forward(w)?;
        let up = self.resample.is_some();
        let mut x = modulated(x, &self.weight, &styles, true, None, up, 1)?;
        if let Some(fir) = &self.resample {
            // The gain of 4 makes up for the zeros that the transposed convolution thinks in.
            x = downsample(&x, fir, 1, [1; 4])?.f_mul_scalar(4.0)?;
        }
        let noise = noise.unwrap_or(&self.noise_const).f_mul(&self.noise_strength)?;
        let x = x.f_add(&noise.f_to_kind(x.kind())?)?;
        let x = x.f_add(&self.bias.f_to_kind(x.kind())?.f_reshape([1, -1, 1, 1])?)?;
        leaky_relu(&x.f_mul_scalar(2f64.sqrt())?, 0.2, self.clamp)
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
        let styles = self.affine.forward(w)?.f_mul_scalar(gain)?;
        let x = modulated(x, &self.weight, &styles, false, None, false, 0)?;
        let x = x.f_add(&self.bias.f_to_kind(x.kind())?.f_reshape([1, -1, 1, 1])?)?;
        leaky_relu(&x, 1.0, self.clamp)
    }
}
