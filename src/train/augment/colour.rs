//! Colour transforms.

use tch::Tensor;

use super::draw::Draw;
use crate::Result;

/// Changes the colours as they are drawn; a grey image takes the mean of what the three colours would.
pub(super) fn transform(images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
    if draws.iter().all(Draw::is_colourless) {
        return Ok(images.shallow_clone());
    }
    let (n, channels, height, width) = images.size4()?;
    let (mut factors, mut offsets) = (Vec::new(), Vec::new());
    for draw in draws {
        let map = &draw.colour;
        if channels == 1 {
            let mean = |column: usize| map.iter().map(|row| row[column]).sum::<f64>() / 3.0;
            factors.push((mean(0) + mean(1) + mean(2)) as f32);
            offsets.push(mean(3) as f32);
        } else {
            factors.extend(map.iter().flat_map(|row| row[..3].iter().map(|&x| x as f32)));
            offsets.extend(map.iter().map(|row| row[3] as f32));
        }
    }
    let tensor = |values: &[f32], columns: i64| -> Result<Tensor> {
        let tensor = Tensor::f_from_slice(values)?.f_reshape([n, channels, columns])?;
        Ok(tensor.f_to_device(images.device())?)
    };
    let flat = images.f_reshape([n, channels, height * width])?;
    let mapped = tensor(&factors, channels)?.f_matmul(&flat)?.f_add(&tensor(&offsets, 1)?)?;
    Ok(mapped.f_reshape([n, channels, height, width])?)
}
