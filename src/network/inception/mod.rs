//! InceptionV3 as a detector: pictures to 2048 features, and to probabilities of classes.

mod plan;
mod resize;
#[cfg(test)]
pub(crate) mod tests;

use tch::{Device, Kind, Tensor};

use crate::Result;
use plan::{Block, Branch, Conv, Pool, Step};

pub use plan::Variant;

/// Values of a feature vector.
pub const FEATURES: usize = 2048;
/// Batch normalisation's, added to the variance.
const EPSILON: f64 = 0.001;

/// The network, with batch normalisation folded into its convolutions.
#[derive(Debug)]
pub struct Inception {
    variant: Variant,
    blocks: Vec<Block<Layer>>,
    /// `[classes, 2048]`.
    classes: Tensor,
    device: Device,
}

/// A convolution and a ReLU.
#[derive(Debug)]
struct Layer {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
    padding: [i64; 2],
}

impl Inception {
    /// Builds it of tensors that `read` gives by name and shape, in the order of computation:
    /// `NAME.conv.weight`, `NAME.bn.weight`, `.bias`, `.running_mean` and `.running_var` of every
    /// convolution, and `fc.weight`. Neither the auxiliary classifier nor the last layer's bias is
    /// asked for: they take no part.
    ///
    /// # Errors
    /// Those of `read` and of the device.
    pub fn new(
        variant: Variant,
        device: Device,
        read: impl Fn(&str, &[usize]) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let _no_grad = tch::no_grad_guard();
        let layer = |conv: Conv, from: usize| Layer::new(&conv, from, device, &read);
        let (mut blocks, mut channels) = (Vec::new(), 3);
        for block in plan::blocks(variant) {
            let from = std::mem::take(&mut channels);
            let branches = block.into_iter().map(|branch| {
                let (branch, made) = built(branch, from, &layer)?;
                channels += made;
                Ok(branch)
            });
            blocks.push(branches.collect::<Result<_>>()?);
        }
        let shape = [variant.classes(), FEATURES];
        let classes = tensor(&read("fc.weight", &shape)?, &shape)?.f_to_device(device)?;
        Ok(Self { variant, blocks, classes, device })
    }

    /// Pictures `[n, 3, height, width]` of values from 0 to 255 to features `[n, 2048]`: the means of the last
    /// block's channels.
    ///
    /// # Errors
    /// Those of the device.
    pub fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        let _no_grad = tch::no_grad_guard();
        let pictures = pictures.f_to_device(self.device)?.f_to_kind(Kind::Float)?;
        let mut x = match self.variant {
            // What the graph's first nodes do.
            Variant::Fid => resize::legacy(&pictures)?.f_sub_scalar(128.0)?.f_div_scalar(128.0)?,
            // The transforms' normalisation, which the network's own undoes, leaves this.
            Variant::Torchvision => {
                resize::filtered(&pictures)?.f_div_scalar(127.5)?.f_sub_scalar(1.0)?
            }
        };
        x = laid(&x, self.device)?;
        for block in &self.blocks {
            x = match &block[..] {
                [branch] => run(branch, &x)?,
                branches => {
                    let parts = branches.iter().map(|branch| run(branch, &x));
                    Tensor::f_cat(&parts.collect::<Result<Vec<_>>>()?, 1)?
                }
            };
        }
        Ok(x.f_mean_dim([2i64, 3].as_slice(), false, Kind::Float)?)
    }

    /// Probabilities `[n, classes]` of features. Without the last layer's bias, as the inception score has
    /// been measured from the first.
    ///
    /// # Errors
    /// Those of the device.
    pub fn probabilities(&self, features: &Tensor) -> Result<Tensor> {
        let _no_grad = tch::no_grad_guard();
        Ok(features.f_matmul(&self.classes.f_tr()?)?.f_softmax(1, Kind::Float)?)
    }
}

impl Layer {
    /// w' = w g / s and b' = b - m g / s, with the normalisation's gain g, bias b, mean m and deviation s.
    fn new(
        conv: &Conv,
        from: usize,
        device: Device,
        read: &impl Fn(&str, &[usize]) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let Conv { name, channels, kernel: [height, width], stride, padding } = conv;
        let double = |part: &str, shape: &[usize]| -> Result<Tensor> {
            let values = read(&format!("{name}.{part}"), shape)?;
            Ok(tensor(&values, shape)?.f_to_kind(Kind::Double)?)
        };
        let weight = double("conv.weight", &[*channels, from, *height, *width])?;
        let each = |part| double(part, &[*channels]);
        let [gain, bias] = [each("bn.weight")?, each("bn.bias")?];
        let [mean, variance] = [each("bn.running_mean")?, each("bn.running_var")?];
        let scale = gain.f_div(&variance.f_add_scalar(EPSILON)?.f_sqrt()?)?;
        let weight = weight.f_mul(&scale.f_reshape([-1, 1, 1, 1])?)?;
        let bias = bias.f_sub(&mean.f_mul(&scale)?)?;
        let placed = |x: &Tensor| x.f_to_kind(Kind::Float)?.f_to_device(device);
        Ok(Self {
            weight: laid(&placed(&weight)?, device)?,
            bias: placed(&bias)?,
            stride: *stride,
            padding: *padding,
        })
    }

    fn run(&self, x: &Tensor) -> Result<Tensor> {
        let stride = [self.stride; 2];
        let bias = Some(&self.bias);
        Ok(x.f_conv2d(&self.weight, bias, stride, self.padding, [1, 1], 1)?.f_relu_()?)
    }
}

/// The layers of a branch, and how many channels it makes.
fn built(
    branch: Branch<Conv>,
    mut channels: usize,
    layer: &impl Fn(Conv, usize) -> Result<Layer>,
) -> Result<(Branch<Layer>, usize)> {
    let steps = branch.into_iter().map(|step| {
        let from = channels;
        Ok(match step {
            Step::Pool(pool) => Step::Pool(pool),
            Step::Conv(conv) => {
                channels = conv.channels;
                Step::Conv(layer(conv, from)?)
            }
            Step::Both([a, b]) => {
                channels = a.channels + b.channels;
                Step::Both([layer(a, from)?, layer(b, from)?])
            }
        })
    });
    let steps = steps.collect::<Result<_>>()?;
    Ok((steps, channels))
}

fn run(branch: &Branch<Layer>, x: &Tensor) -> Result<Tensor> {
    branch.iter().try_fold(x.shallow_clone(), |x, step| match step {
        Step::Conv(layer) => layer.run(&x),
        Step::Both([a, b]) => Ok(Tensor::f_cat(&[a.run(&x)?, b.run(&x)?], 1)?),
        Step::Pool(pool) => pooled(&x, *pool),
    })
}

fn pooled(x: &Tensor, pool: Pool) -> Result<Tensor> {
    let (side, one, none) = ([3, 3], [1, 1], [0, 0]);
    Ok(match pool {
        Pool::Halving => x.f_max_pool2d(side, [2, 2], none, one, false)?,
        Pool::Largest => x.f_max_pool2d(side, one, one, one, false)?,
        Pool::Average { padded } => x.f_avg_pool2d(side, one, one, false, padded, None)?,
    })
}

/// On the CPU, with the channels of a pixel beside each other in memory: convolutions are faster so.
fn laid(x: &Tensor, device: Device) -> Result<Tensor> {
    match device {
        Device::Cpu => Ok(x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?),
        _ => Ok(x.shallow_clone()),
    }
}

fn tensor(values: &[f32], shape: &[usize]) -> Result<Tensor> {
    let shape: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
    Ok(Tensor::f_from_slice(values)?.f_reshape(&shape)?)
}
