//! The losses (specification section 2), as batch means.

use tch::{Kind, Tensor};

use crate::Result;

/// The generator's non-saturating loss (Goodfellow et al. 2014) for logits of its images.
pub fn generator(logits: &Tensor) -> Result<Tensor> {
    Ok(logits.f_neg()?.f_softplus()?.f_mean(None::<Kind>)?)
}

/// The discriminator's loss for logits of generated images.
pub fn generated(logits: &Tensor) -> Result<Tensor> {
    Ok(logits.f_softplus()?.f_mean(None::<Kind>)?)
}

/// The discriminator's loss for logits of real images.
pub fn real(logits: &Tensor) -> Result<Tensor> {
    generator(logits)
}

/// The squared norm `[N]` of each logit's gradient by its image, itself differentiable: R1 without
/// gamma / 2 (Mescheder et al. 2018).
pub fn r1(logits: &Tensor, images: &Tensor) -> Result<Tensor> {
    let sum = logits.f_sum(None::<Kind>)?;
    let gradients = Tensor::f_run_backward(&[&sum], &[images], true, true)?;
    Ok(gradients[0].f_square()?.f_sum_dim_intlist([1i64, 2, 3].as_slice(), false, None::<Kind>)?)
}

/// Path lengths `[N]` (Karras et al. 2020, section 3.2) of images `[N, C, H, W]` by ws `[N, L, w]`, for
/// random directions `noise` of the images' shape with deviation 1; differentiable.
pub fn path_lengths(images: &Tensor, ws: &Tensor, noise: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = images.size4()?;
    let product = images.f_mul(noise)?.f_sum(None::<Kind>)?;
    let product = product.f_div_scalar(((height * width) as f64).sqrt())?;
    let gradients = Tensor::f_run_backward(&[&product], &[ws], true, true)?;
    let squares =
        gradients[0].f_square()?.f_sum_dim_intlist([2i64].as_slice(), false, None::<Kind>)?;
    Ok(squares.f_mean_dim([1i64].as_slice(), false, None::<Kind>)?.f_sqrt()?)
}
