//! The residual discriminator (Karras et al. 2020, figure 7c), composed of libtorch's operations, so
//! that it can be differentiated as often as R1 asks for.

use tch::{Kind, Tensor};

use super::border::leaky_relu;
use super::discriminator_config::{DiscriminatorConfig, MAPPING_LAYERS};
use super::linear::Linear;
use super::loader::Loader;
use super::mapping::{self, normalise};
use super::parameters::Parameters;
use super::tensors::MAPPING_LR_MULTIPLIER;
use super::upfirdn::{Fir, downsample};
use crate::Result;

/// A discriminator with the values that its parameters have now.
#[derive(Debug)]
pub struct Discriminator {
    blocks: Vec<Block>,
    conv: Conv,
    fc: Linear,
    out: Linear,
    /// What a class is compared with: its embedding, and the layers that map it.
    classes: Option<(Linear, Vec<Linear>)>,
    group_size: i64,
}

/// The layers of one resolution.
#[derive(Debug)]
struct Block {
    from_rgb: Option<Conv>,
    conv0: Conv,
    conv1: Conv,
    skip: Conv,
    kind: Kind,
}

/// A convolution, with what follows it.
#[derive(Debug)]
struct Conv {
    /// `[out, in, k, k]`, runtime gain and the gain after the nonlinearity, which passes it through,
    /// included.
    weight: Tensor,
    /// Likewise; none in the skip, which is linear.
    bias: Option<Tensor>,
    /// The filter in front of a convolution that halves the resolution.
    down: Option<Fir>,
    clamp: Option<f64>,
}

impl Discriminator {
    /// Takes the parameters as they are: trained, or `fixed`, without gradients. With `half`, the blocks
    /// of the highest resolutions run in float16.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where one is missing.
    pub fn new(
        config: &DiscriminatorConfig,
        parameters: &Parameters,
        fixed: bool,
        half: bool,
    ) -> Result<Self> {
        let loader = if fixed { Loader::Fixed(parameters) } else { Loader::Trained(parameters) };
        let device = parameters.device();
        let linear = |name: &str, lr: f64| Linear::load(&loader, name, lr, device);
        let fir =
            Fir::new(Tensor::f_from_slice(&[0.125f32, 0.375, 0.375, 0.125])?.f_to_device(device)?);
        let conv = |name: String, bias: bool, down: bool, gain: f64| -> Result<Conv> {
            let weight = loader.tensor(&format!("{name}.weight"), device)?;
            let fan_in = weight.size()[1..].iter().product::<i64>() as f64;
            let all = if bias { gain * 2f64.sqrt() } else { gain };
            let bias = bias.then(|| -> Result<Tensor> {
                Ok(loader.tensor(&format!("{name}.bias"), device)?.f_mul_scalar(all)?)
            });
            Ok(Conv {
                weight: weight.f_mul_scalar(all / fan_in.sqrt())?,
                bias: bias.transpose()?,
                down: down.then(|| fir.share()),
                clamp: config.conv_clamp.map(|clamp| clamp * gain),
            })
        };
        let blocks = config.resolutions().map(|resolution| {
            let name = |part: &str| format!("b{resolution}.{part}");
            let first = resolution == config.img_resolution;
            let fp16 = half && (resolution << config.num_fp16_res) > config.img_resolution;
            Ok(Block {
                from_rgb: first.then(|| conv(name("fromrgb"), true, false, 1.0)).transpose()?,
                conv0: conv(name("conv0"), true, false, 1.0)?,
                conv1: conv(name("conv1"), true, true, 0.5f64.sqrt())?,
                skip: conv(name("skip"), false, true, 0.5f64.sqrt())?,
                kind: if fp16 { Kind::Half } else { Kind::Float },
            })
        });
        let classes = (config.c_dim > 0).then(|| -> Result<_> {
            let layer = |i| linear(&format!("mapping.fc{i}"), MAPPING_LR_MULTIPLIER);
            let layers = (0..MAPPING_LAYERS).map(layer).collect::<Result<_>>()?;
            Ok((linear("mapping.embed", 1.0)?, layers))
        });
        Ok(Self {
            blocks: blocks.collect::<Result<_>>()?,
            conv: conv("b4.conv".into(), true, false, 1.0)?,
            fc: linear("b4.fc", 1.0)?,
            out: linear("b4.out", 1.0)?,
            classes: classes.transpose()?,
            group_size: config.mbstd_group_size as i64,
        })
    }

    /// Logits `[N, 1]`, high for what looks real, of images `[N, channels, R, R]`, about -1..1, and,
    /// where there are classes, c `[N, c_dim]`.
    pub fn forward(&self, images: &Tensor, c: Option<&Tensor>) -> Result<Tensor> {
        let mut x = images.shallow_clone();
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        x = self.with_deviation(&x.f_to_kind(Kind::Float)?)?;
        x = self.conv.forward(&x)?;
        x = leaky_relu(&self.fc.forward(&x.f_flatten(1, -1)?)?, 0.2, None)?
            .f_mul_scalar(2f64.sqrt())?;
        x = self.out.forward(&x)?;
        let (Some((embed, layers)), Some(c)) = (&self.classes, c) else { return Ok(x) };
        let class = mapping::through(layers, normalise(&embed.forward(c)?)?)?;
        let scale = (class.size()[1] as f64).sqrt();
        let product = x.f_mul(&class)?.f_sum_dim_intlist([1i64].as_slice(), true, None::<Kind>)?;
        Ok(product.f_div_scalar(scale)?)
    }

    /// Appends a channel with the mean standard deviation within groups of samples (Karras et al. 2018,
    /// section 3): sample `g n + j` of n groups belongs to group j.
    fn with_deviation(&self, x: &Tensor) -> Result<Tensor> {
        let (n, c, h, w) = x.size4()?;
        let group = (1..=self.group_size.min(n)).rev().find(|group| n % group == 0).unwrap_or(1);
        let y = x.f_reshape([group, n / group, c, h, w])?;
        let y = y.f_sub(&y.f_mean_dim([0i64].as_slice(), true, None::<Kind>)?)?;
        let variance = y.f_square()?.f_mean_dim([0i64].as_slice(), false, None::<Kind>)?;
        let deviation = variance.f_add_scalar(1e-8)?.f_sqrt()?;
        let mean = deviation.f_mean_dim([1i64, 2, 3].as_slice(), true, None::<Kind>)?;
        Ok(Tensor::f_cat(&[x.shallow_clone(), mean.f_repeat([group, 1, h, w])?], 1)?)
    }
}

impl Block {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.f_to_kind(self.kind)?;
        if let Some(from_rgb) = &self.from_rgb {
            x = from_rgb.forward(&x)?;
        }
        let skip = self.skip.forward(&x)?;
        Ok(self.conv1.forward(&self.conv0.forward(&x)?)?.f_add(&skip)?)
    }
}

impl Conv {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let weight = self.weight.f_to_kind(x.kind())?;
        let bias = self.bias.as_ref().map(|bias| bias.f_to_kind(x.kind())).transpose()?;
        let k = weight.size()[3];
        let conv = |x: &Tensor, stride: i64, padding: i64| {
            x.f_conv2d(&weight, bias.as_ref(), [stride; 2], [padding; 2], [1, 1], 1)
        };
        let x = match &self.down {
            None => conv(x, 1, k / 2)?,
            // Filtering can already leave out what a 1x1 convolution would.
            Some(fir) if k == 1 => conv(&downsample(x, fir, 2, [1; 4])?, 1, 0)?,
            Some(fir) => conv(&downsample(x, fir, 1, [2; 4])?, 2, 0)?,
        };
        leaky_relu(&x, if bias.is_some() { 0.2 } else { 1.0 }, self.clamp)
    }
}
