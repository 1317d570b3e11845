//! The colour stage: a network's image to the picture that the encoder takes.

use std::sync::{Arc, Mutex, PoisonError};

use fast_image_resize::images::Image;
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::cut::cut;
use super::over::upon;
use crate::encode::{Depth, Picture, Samples};
use crate::timeline::alpha::{Alpha, Matte};
use crate::timeline::resolved::{Canvas, Fit, Ground};
use crate::{Error, Result};

/// How a network's image becomes a picture, or one cell of a picture.
#[derive(Debug, Clone)]
pub struct Finish {
    /// Width and height of the network's image, pixels.
    image: (u32, u32),
    /// Width and height of the picture.
    size: (u32, u32),
    fit: Fit,
    /// Width over height of a stored pixel.
    pixel_aspect: f64,
    ground: Ground,
    depth: Depth,
    /// Mattes as they lie over the picture: they are the same in every frame.
    mattes: Arc<Mutex<Vec<Fitted>>>,
}

/// A matte, and its shares of the picture's pixels.
type Fitted = (Matte, Arc<[f32]>);

impl Finish {
    /// For images of so many pixels, pictures of `size`, and a sink of some depth.
    pub fn new(image: (u32, u32), size: (u32, u32), canvas: &Canvas, depth: Depth) -> Self {
        let pixel_aspect = f64::from(canvas.pixel_aspect.0) / f64::from(canvas.pixel_aspect.1);
        let (fit, ground, mattes) = (canvas.fit, canvas.ground, Arc::default());
        Self { image, size, fit, pixel_aspect, ground, depth, mattes }
    }

    /// Samples of a pixel of [`Finish::fitted`]: where there is another ground than black they have alpha.
    pub fn channels(&self) -> usize {
        if self.ground == Ground::Black { 3 } else { 4 }
    }

    /// What is to be read back of images `[N, channels, H, W]` on their device: where that can make the
    /// pictures, 8 bits a sample without scaling, they are `[N, H, W, 3]` or, with the network's own alpha,
    /// `[N, H, W, 4]` uint8, a quarter of the bytes. Elsewhere the images themselves.
    pub fn on_device(&self, images: Tensor, alphas: &[Option<Alpha<f64>>]) -> Result<Tensor> {
        let able = self.depth == Depth::U8 && self.size == self.image && self.pixel_aspect == 1.0;
        let is_own = |alpha: &Option<Alpha<f64>>| *alpha == Some(Alpha::Network);
        let channels = match self.ground {
            Ground::Black => 3,
            Ground::Clear if alphas.iter().all(is_own) => 4,
            _ => return Ok(images),
        };
        if !able || images.device() == Device::Cpu {
            return Ok(images);
        }
        levels(&images, channels)
    }

    /// The pictures of what [`Finish::on_device`] gave, in this machine's memory.
    pub fn pictures(
        &self,
        indices: &[u64],
        alphas: &[Option<Alpha<f64>>],
        images: &Tensor,
    ) -> Result<Vec<Picture>> {
        if images.kind() == Kind::Uint8 {
            let bytes = Vec::<u8>::try_from(images.f_reshape([-1])?)?;
            let (width, height) = self.size;
            let pictures = bytes.chunks_exact((bytes.len() / indices.len().max(1)).max(1));
            let pictures = pictures.zip(indices).map(|(bytes, &index)| {
                let samples = Samples::U8(bytes.to_vec());
                Picture { index, width, height, samples }
            });
            return Ok(pictures.collect());
        }
        let values = values(images)?;
        let planes = values.par_chunks_exact((values.len() / indices.len().max(1)).max(1));
        let frames = indices.par_iter().zip(alphas).zip(planes);
        frames
            .map(|((&index, alpha), planes)| self.picture(index, alpha.as_ref(), planes))
            .collect()
    }

    fn picture(&self, index: u64, alpha: Option<&Alpha<f64>>, planes: &[f32]) -> Result<Picture> {
        let pixels = self.fitted(planes, alpha)?;
        let (width, height) = self.size;
        Ok(Picture { index, width, height, samples: self.samples(pixels) })
    }

    /// Pixels of [`Finish::channels`] as the sink takes them.
    pub fn samples(&self, pixels: Vec<f32>) -> Samples {
        match self.ground {
            Ground::Black | Ground::Clear => quantise(&pixels, self.depth),
            Ground::Colour(colour) => quantise(&upon(pixels, colour), self.depth),
        }
    }

    /// A pixel of a grid's background; where the film has alpha there is none.
    pub fn background(&self, colour: [f64; 3]) -> Vec<f32> {
        let [r, g, b] = colour.map(|part| (part * 2.0 - 1.0) as f32);
        match self.ground {
            Ground::Black => vec![r, g, b],
            Ground::Colour(_) => vec![r, g, b, 1.0],
            Ground::Clear => vec![-1.0; 4],
        }
    }

    /// Takes one image, planes of about -1..1: grey, RGB, or RGB and alpha; `alpha` says what of it is seen.
    /// Gives the picture's pixels, RGB interleaved, of the same range; upon another ground than black with
    /// straight alpha.
    pub fn fitted(&self, planes: &[f32], alpha: Option<&Alpha<f64>>) -> Result<Vec<f32>> {
        let area = self.image.0 as usize * self.image.1 as usize;
        if self.ground != Ground::Black {
            let mut pixels = self.scaled_with_alpha(cut(planes, area, alpha))?;
            if let Some(Alpha::Matte { matte, invert }) = alpha {
                let shares = self.matte(matte)?;
                for (pixel, share) in pixels.chunks_exact_mut(4).zip(&*shares) {
                    let share = if *invert { 1.0 - share } else { *share };
                    pixel[3] = (pixel[3] * 0.5 + 0.5) * share * 2.0 - 1.0;
                }
            }
            return Ok(pixels);
        }
        let rgb = match planes.len() / area {
            1 => planes.iter().flat_map(|&v| [v; 3]).collect(),
            _ => (0..area)
                .flat_map(|i| [planes[i], planes[area + i], planes[2 * area + i]])
                .collect(),
        };
        self.scaled(rgb, 3, -1.0)
    }

    /// Scales pixels with straight alpha: what is transparent has no part in the colours of its neighbours.
    fn scaled_with_alpha(&self, mut pixels: Vec<f32>) -> Result<Vec<f32>> {
        if !self.scales() {
            return Ok(pixels);
        }
        let (mut least, mut most) = (0f32, 1f32);
        for pixel in pixels.chunks_exact_mut(4) {
            let alpha = pixel[3] * 0.5 + 0.5;
            for value in &mut pixel[..3] {
                let shown = *value * 0.5 + 0.5;
                (least, most) = (least.min(shown), most.max(shown));
                *value = if alpha > 0.0 { shown * alpha } else { 0.0 };
            }
            pixel[3] = alpha;
        }
        let mut pixels = self.scaled(pixels, 4, 0.0)?;
        for pixel in pixels.chunks_exact_mut(4) {
            let alpha = pixel[3].clamp(0.0, 1.0);
            for value in &mut pixel[..3] {
                let shown = if alpha > 0.0 { *value / alpha } else { 0.0 };
                // Ringing over hardly any alpha is no colour that was there.
                let shown = if alpha < 0.999 { shown.clamp(least, most) } else { shown };
                *value = shown * 2.0 - 1.0;
            }
            pixel[3] = alpha * 2.0 - 1.0;
        }
        Ok(pixels)
    }

    /// What a matte leaves of the picture's pixels, which it is put over as an image is.
    fn matte(&self, matte: &Matte) -> Result<Arc<[f32]>> {
        // A panic elsewhere does not spoil what was made.
        let mut mattes = self.mattes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, shares)) = mattes.iter().find(|(known, _)| known == matte) {
            return Ok(Arc::clone(shares));
        }
        let own = Self { image: (matte.width, matte.height), ..self.clone() };
        let levels = matte.levels.values().iter().map(|&level| f32::from(level) / 65535.0);
        let mut shares = own.scaled(levels.collect(), 1, 0.0)?;
        shares.iter_mut().for_each(|share| *share = share.clamp(0.0, 1.0));
        let shares: Arc<[f32]> = shares.into();
        mattes.push((matte.clone(), Arc::clone(&shares)));
        Ok(shares)
    }

    /// Size in pixels that the image has in the picture, before anything is cropped.
    fn placed(&self) -> (f64, f64) {
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        let (image_width, image_height) = (f64::from(self.image.0), f64::from(self.image.1));
        let across = width * self.pixel_aspect / image_width;
        let down = height / image_height;
        let scale = match self.fit {
            Fit::Contain => across.min(down),
            Fit::Cover => across.max(down),
            Fit::Stretch => return (width, height),
        };
        (scale * image_width / self.pixel_aspect, scale * image_height)
    }

    /// Whether the image does not just become the picture.
    fn scales(&self) -> bool {
        let image = (f64::from(self.image.0), f64::from(self.image.1));
        self.placed() != image || self.size != self.image
    }

    /// Pixels of so many samples, scaled into the picture; `bars` is what is beside the image.
    fn scaled(&self, pixels: Vec<f32>, channels: usize, bars: f32) -> Result<Vec<f32>> {
        if !self.scales() {
            return Ok(pixels);
        }
        let (placed, (width, height)) = (self.placed(), self.size);
        let image = (f64::from(self.image.0), f64::from(self.image.1));
        // What is seen of the image, in its own pixels, and where that goes.
        let seen = |image: f64, placed: f64, side: u32| image * (f64::from(side) / placed).min(1.0);
        let taken = |placed: f64, side: u32| (placed.round().max(1.0) as u32).min(side);
        let seen = (seen(image.0, placed.0, width), seen(image.1, placed.1, height));
        let (w, h) = (taken(placed.0, width), taken(placed.1, height));
        let resized = resize(&pixels, channels, self.image, seen, (w, h))?;
        if (w, h) == self.size {
            return Ok(resized);
        }
        let (width, row) = (channels * width as usize, channels * w as usize);
        let (left, top) =
            (channels * ((self.size.0 - w) / 2) as usize, ((height - h) / 2) as usize);
        let mut framed = vec![bars; width * height as usize];
        for (y, line) in resized.chunks_exact(row).enumerate() {
            let start = (top + y) * width + left;
            framed[start..start + row].copy_from_slice(line);
        }
        Ok(framed)
    }
}

/// The values of images, in this machine's memory.
pub(super) fn values(images: &Tensor) -> Result<Vec<f32>> {
    let flat =
        images.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?.f_reshape([-1])?;
    Ok(Vec::try_from(&flat)?)
}

/// Images `[N, channels, H, W]` as pictures `[N, H, W, shown]` of 8 bits, as [`quantise`] makes them; grey
/// ones become RGB, and alpha that is not shown is left out.
fn levels(images: &Tensor, shown: i64) -> Result<Tensor> {
    let (_, channels, ..) = images.size4()?;
    let images = images.f_narrow(1, 0, channels.min(shown))?;
    let levels = images.f_mul_scalar(127.5)?.f_add_scalar(128.0)?;
    let levels = levels.f_nan_to_num(0.0, 255.0, 0.0)?.f_clamp(0.0, 255.0)?;
    let (n, _, height, width) = images.size4()?;
    let rgb = levels.f_to_kind(Kind::Uint8)?.f_expand([n, shown, height, width], false)?;
    Ok(rgb.f_permute([0, 2, 3, 1])?.f_contiguous()?)
}

/// Lanczos (a = 3) from the middle `seen` pixels of an image of `from` to `size`.
fn resize(
    pixels: &[f32],
    channels: usize,
    from: (u32, u32),
    seen: (f64, f64),
    size: (u32, u32),
) -> Result<Vec<f32>> {
    let kind = match channels {
        1 => PixelType::F32,
        3 => PixelType::F32x3,
        _ => PixelType::F32x4,
    };
    let bytes = pixels.iter().flat_map(|v| v.to_ne_bytes()).collect();
    let failed = |e: &dyn std::fmt::Display| {
        let (from, to) = (format!("{}x{}", from.0, from.1), format!("{}x{}", size.0, size.1));
        Error::Invalid(format!("cannot scale {from} pixels to {to}: {e}"))
    };
    let source = Image::from_vec_u8(from.0, from.1, bytes, kind).map_err(|e| failed(&e))?;
    let mut target = Image::new(size.0, size.1, kind);
    let margin = |side: u32, seen: f64| (f64::from(side) - seen) / 2.0;
    let (left, top) = (margin(from.0, seen.0), margin(from.1, seen.1));
    // Alpha is multiplied already.
    let options = ResizeOptions::new().crop(left, top, seen.0, seen.1).use_alpha(false);
    Resizer::new().resize(&source, &mut target, &options).map_err(|e| failed(&e))?;
    let values = target.buffer().chunks_exact(4);
    Ok(values.map(|b| f32::from_ne_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// `trunc(clamp(x * 127.5 + 128, 0, 255))`, as the published tools do, and its like for 16 bits. A
/// value that is not a number becomes black.
fn quantise(rgb: &[f32], depth: Depth) -> Samples {
    match depth {
        Depth::U8 => Samples::U8(rgb.iter().map(|v| (v * 127.5 + 128.0) as u8).collect()),
        Depth::U16 => Samples::U16(rgb.iter().map(|v| (v * 32767.5 + 32768.0) as u16).collect()),
        Depth::F32 => Samples::F32(rgb.iter().map(|v| v * 0.5 + 0.5).collect()),
    }
}

#[cfg(test)]
#[path = "finish_tests.rs"]
mod tests;
