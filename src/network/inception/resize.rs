//! Pictures to the 299x299 pixels that the network was made for, as each variant's figures are taken.

use tch::Tensor;

use crate::Result;

/// Width and height.
const SIDE: i64 = 299;

/// Bilinear as TensorFlow 1's `resize_bilinear`, which is in the graph of FID: pixel i lies at i times the
/// ratio of the sizes, without half a pixel's shift and without a filter where the picture shrinks.
pub fn legacy(x: &Tensor) -> Result<Tensor> {
    let mut x = x.shallow_clone();
    for axis in [3, 2] {
        let size = x.size()[axis];
        let ratio = size as f32 / SIDE as f32;
        let places: Vec<f32> = (0..SIDE).map(|i| i as f32 * ratio).collect();
        let before: Vec<i64> = places.iter().map(|&place| (place as i64).min(size - 1)).collect();
        let after: Vec<i64> = before.iter().map(|&i| (i + 1).min(size - 1)).collect();
        let rests: Vec<f32> = places.iter().zip(&before).map(|(p, &i)| p - i as f32).collect();
        let shape = if axis == 3 { [1, 1, 1, SIDE] } else { [1, 1, SIDE, 1] };
        let rests = Tensor::f_from_slice(&rests)?.f_reshape(shape)?.f_to_device(x.device())?;
        let picked = |places: &[i64]| {
            let places = Tensor::f_from_slice(places)?.f_to_device(x.device())?;
            x.f_index_select(axis as i64, &places)
        };
        let (before, after) = (picked(&before)?, picked(&after)?);
        x = after.f_sub(&before)?.f_mul(&rests)?.f_add(&before)?;
    }
    Ok(x)
}

/// Bilinear as torchvision's transforms: with a filter where the picture shrinks. All of the picture, of
/// which they would only take the middle.
pub fn filtered(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_internal_upsample_bilinear2d_aa([SIDE, SIDE], false, None, None)?)
}
