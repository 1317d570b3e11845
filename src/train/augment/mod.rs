//! Augmentation that does not leak into what is generated (Karras et al. 2020, "Training generative
//! adversarial networks with limited data", appendix B). It acts on what the discriminator sees, real or
//! generated, and can be differentiated as often as R1 asks for.

mod colour;
mod draw;
mod filter;
mod geometry;

use tch::{Kind, Tensor};

pub use draw::{Dice, Draw, Operation, Pipe};
pub use filter::filter_bank;

use crate::Result;

/// Augments images `[N, C, H, W]` of values about -1..1, each by its own draw.
///
/// # Errors
/// What libtorch says.
pub fn augment(images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
    let x = geometry::transform(images, draws)?;
    let x = colour::transform(&x, draws)?;
    let x = filter::filter(&x, draws)?;
    corrupt(&x, draws)
}

/// Additive noise and cutout.
fn corrupt(images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
    let (_, _, height, width) = images.size4()?;
    let mut x = images.shallow_clone();
    if draws.iter().any(|draw| draw.noise.is_some()) {
        let size = images.size()[1..].iter().product::<i64>() as usize;
        let noise = draws.iter().flat_map(|draw| match &draw.noise {
            Some(noise) => noise.values(size),
            None => vec![0.0; size],
        });
        let noise = Tensor::f_from_slice(&noise.collect::<Vec<f32>>())?;
        x = x.f_add(&noise.f_reshape(images.size())?.f_to_device(images.device())?)?;
    }
    if draws.iter().any(|draw| draw.cutout.is_some()) {
        let mut mask = Vec::with_capacity(draws.len() * (height * width) as usize);
        for draw in draws {
            for i in 0..height {
                for j in 0..width {
                    let place = |k: i64, size: i64| (k as f64 + 0.5) / size as f64;
                    let hidden = draw.cutout.is_some_and(|[cx, cy]| {
                        (place(j, width) - cx).abs() < 0.25 && (place(i, height) - cy).abs() < 0.25
                    });
                    mask.push(if hidden { 0.0f32 } else { 1.0 });
                }
            }
        }
        let mask = Tensor::f_from_slice(&mask)?.f_reshape([-1, 1, height, width])?;
        x = x.f_mul(&mask.f_to_device(images.device())?.f_to_kind(Kind::Float)?)?;
    }
    Ok(x)
}
