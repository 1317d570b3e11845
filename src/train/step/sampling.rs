//! What goes into an iteration: real images, latents, classes, noise.

use rayon::prelude::*;
use tch::{Kind, Tensor};

use super::{Iteration, Part};
use crate::Result;
use crate::network::trainable::{Noise, Trainable};
use crate::train::draws::{Purpose, of};

impl Iteration<'_> {
    /// Real images of a part, values -1 to 1, and their classes' vectors.
    pub(super) fn real(&self, part: Part) -> Result<(Tensor, Option<Tensor>)> {
        let set = self.source.images;
        let numbers: Vec<usize> =
            part.samples().map(|sample| self.source.order.nth(sample)).collect();
        let pixels = numbers.par_iter().map(|&n| set.image(n)).collect::<Result<Vec<_>>>()?;
        let (side, channels) = (set.side() as i64, set.channels() as i64);
        let pixels = Tensor::f_from_slice(&pixels.concat())?;
        let pixels = pixels.f_reshape([numbers.len() as i64, channels, side, side])?;
        let pixels = pixels.f_to_device(self.source.device)?.f_to_kind(Kind::Float)?;
        let classes: Vec<_> = numbers.iter().map(|&n| set.label(n)).collect();
        Ok((pixels.f_div_scalar(127.5)?.f_sub_scalar(1.0)?, self.one_hot(&classes)?))
    }

    fn one_hot(&self, classes: &[Option<u32>]) -> Result<Option<Tensor>> {
        let c_dim = self.settings.discriminator.c_dim;
        if c_dim == 0 {
            return Ok(None);
        }
        let mut values = vec![0.0f32; classes.len() * c_dim];
        for (row, class) in values.chunks_exact_mut(c_dim).zip(classes) {
            if let Some(value) = class.and_then(|class| row.get_mut(class as usize)) {
                *value = 1.0;
            }
        }
        let tensor = Tensor::f_from_slice(&values)?.f_reshape([-1, c_dim as i64])?;
        Ok(Some(tensor.f_to_device(self.source.device)?))
    }

    /// Classes for generated images, as often as the set has them.
    pub(super) fn classes(&self, part: Part) -> Result<Option<Tensor>> {
        let set = self.source.images;
        let draw =
            |sample| of(self.settings.seed, Purpose::Class, part.phase, sample).below(set.len());
        let classes: Vec<_> = part.samples().map(|sample| set.label(draw(sample))).collect();
        self.one_hot(&classes)
    }

    /// Standard normals of some shape for each sample of a part.
    pub(super) fn normals(&self, purpose: Purpose, part: Part, shape: &[i64]) -> Result<Tensor> {
        let n = shape.iter().product::<i64>() as usize;
        let samples = part.samples().collect::<Vec<_>>().into_par_iter();
        let samples =
            samples.map(|i| of(self.settings.seed, purpose, part.phase, i).normal_values(n));
        let values = samples.collect::<Vec<_>>().concat();
        let shape: Vec<i64> =
            std::iter::once(part.len as i64).chain(shape.iter().copied()).collect();
        Ok(Tensor::f_from_slice(&values)?.f_reshape(&shape)?.f_to_device(self.source.device)?)
    }

    pub(super) fn noise(&self, g: &Trainable, part: Part) -> Result<Noise> {
        let sizes = g.noise_sizes();
        let total: i64 = sizes.iter().map(|size| size * size).sum();
        if total == 0 {
            return Ok(Noise::Constant);
        }
        let all = self.normals(Purpose::Noise, part, &[total])?;
        let mut at = 0;
        let layers = sizes.iter().map(|&size| {
            let layer = all.f_narrow(1, at, size * size)?.f_reshape([-1, 1, size, size])?;
            at += size * size;
            Ok(layer)
        });
        Ok(Noise::Given(layers.collect::<Result<_>>()?))
    }

    /// Style mixing (Karras et al. 2019, section 3.1): from a random layer on, another latent.
    pub(super) fn mix(
        &self,
        g: &Trainable,
        ws: Tensor,
        part: Part,
        classes: Option<&Tensor>,
    ) -> Result<Tensor> {
        let (z_dim, _, _) = self.settings.generator.dims();
        let num_ws = self.settings.generator.num_ws();
        let (mut z, mut second) = (Vec::new(), Vec::new());
        for sample in part.samples() {
            let mut draws = of(self.settings.seed, Purpose::Mixing, part.phase, sample);
            let mixed = draws.uniform() < self.settings.mixing;
            let crossover = 1 + draws.below(num_ws - 1);
            second.extend((0..num_ws).map(|layer| mixed && layer >= crossover));
            z.extend(draws.normal_values(z_dim));
        }
        let device = self.source.device;
        let z = Tensor::f_from_slice(&z)?.f_reshape([-1, z_dim as i64])?.f_to_device(device)?;
        let second = Tensor::f_from_slice(&second)?.f_reshape([-1, num_ws as i64, 1])?;
        let other = g.map(&z, classes, None)?.f_unsqueeze(1)?;
        Ok(other.f_where_self(&second.f_to_device(device)?, &ws)?)
    }
}
