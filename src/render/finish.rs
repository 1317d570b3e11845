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
        frames.map(|((&index, alpha), planes)| self.picture(index, alpha.as_ref(), planes)).collect()
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
        let (left, top) = (channels * ((self.size.0 - w) / 2) as usize, ((height - h) / 2) as usize);
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
    let source =
        Image::from_vec_u8(from.0, from.1, bytes, kind).map_err(|e| failed(&e))?;
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
mod tests {
    use super::*;

    fn finish(resolution: u32, size: (u32, u32), fit: Fit, pixel_aspect: (u32, u32)) -> Finish {
        let canvas = Canvas { size: Some(size), fit, pixel_aspect, extent: None, ground: Ground::Black };
        Finish::new((resolution, resolution), size, &canvas, Depth::U8)
    }

    fn bytes(picture: Picture) -> Vec<u8> {
        let Samples::U8(bytes) = picture.samples else { panic!("asked for 8 bits") };
        bytes
    }

    #[test]
    fn levels_are_those_of_the_published_tools() {
        let image = [-2.0, -1.0, 0.0, 0.996, 1.0, 2.0, f32::NAN, -0.0039, 0.0];
        let Samples::U8(levels) = quantise(&image, Depth::U8) else { panic!() };
        assert_eq!(levels, [0, 0, 128, 254, 255, 255, 0, 127, 128]);
        let Samples::U16(levels) = quantise(&image, Depth::U16) else { panic!() };
        assert_eq!(levels, [0, 0, 32768, 65404, 65535, 65535, 0, 32640, 32768]);
    }

    #[test]
    fn a_device_makes_the_same_pictures() {
        let finish = finish(8, (8, 8), Fit::Contain, (1, 1));
        for (channels, ground) in
            [(1, Ground::Black), (3, Ground::Black), (4, Ground::Black), (4, Ground::Clear)]
        {
            let finish = Finish { ground, ..finish.clone() };
            let images = Tensor::randn([5, channels, 8, 8], (Kind::Float, Device::Cpu));
            let mut values = Vec::<f32>::try_from(images.flatten(0, -1)).unwrap();
            values[..4].copy_from_slice(&[f32::NAN, f32::INFINITY, -f32::INFINITY, 0.996]);
            let images = Tensor::from_slice(&values).reshape([5, channels, 8, 8]);
            let indices = [3, 4, 5, 6, 7];
            let alphas = vec![Some(Alpha::Network); 5];
            let shown = finish.channels() as i64;
            let made = finish.pictures(&indices, &alphas, &levels(&images, shown).unwrap()).unwrap();
            assert_eq!(made, finish.pictures(&indices, &alphas, &images).unwrap());
            assert_eq!(made.iter().map(|picture| picture.index).collect::<Vec<_>>(), indices);
        }
    }

    #[test]
    fn planes_become_pixels() {
        let planes: Vec<f32> = (0..12).map(|i| i as f32 / 6.0 - 1.0).collect();
        let picture = finish(2, (2, 2), Fit::Contain, (1, 1)).picture(0, None, &planes).unwrap();
        assert_eq!(bytes(picture)[..6], [0, 85, 170, 21, 106, 191]);
        let grey =
            finish(2, (2, 2), Fit::Contain, (1, 1)).picture(0, None, &[-1.0, 0.0, 0.5, 1.0]).unwrap();
        assert_eq!(bytes(grey), [0, 0, 0, 128, 128, 128, 191, 191, 191, 255, 255, 255]);
    }

    /// White columns and rows of a picture of a white image: width and height that it covers.
    fn covered(finish: &Finish) -> (usize, usize) {
        let area = (finish.image.0 * finish.image.1) as usize;
        let picture = finish.picture(0, None, &vec![1.0; 3 * area]).unwrap();
        let (width, height) = (picture.width as usize, picture.height as usize);
        let levels = bytes(picture);
        let white = |x: usize, y: usize| levels[3 * (y * width + x)] == 255;
        let columns = (0..width).filter(|&x| (0..height).any(|y| white(x, y))).count();
        (columns, (0..height).filter(|&y| (0..width).any(|x| white(x, y))).count())
    }

    #[test]
    fn the_image_keeps_its_shape() {
        for resolution in [16, 64] {
            let covered = |size, fit, aspect| covered(&finish(resolution, size, fit, aspect));
            assert_eq!(covered((96, 54), Fit::Contain, (1, 1)), (54, 54));
            assert_eq!(covered((54, 96), Fit::Contain, (1, 1)), (54, 54));
            assert_eq!(covered((96, 54), Fit::Cover, (1, 1)), (96, 54));
            assert_eq!(covered((96, 54), Fit::Stretch, (1, 1)), (96, 54));
            // PAL widescreen: pixels 64:45 wide, so a square is 45/64 as many pixels wide as high.
            assert_eq!(covered((720, 576), Fit::Contain, (64, 45)), (405, 576));
        }
    }

    #[test]
    fn a_wide_image_keeps_its_shape() {
        let canvas = |fit| Canvas { size: None, fit, pixel_aspect: (1, 1), extent: None, ground: Ground::Black };
        let wide = |size, fit| Finish::new((64, 32), size, &canvas(fit), Depth::U8);
        assert_eq!(covered(&wide((96, 96), Fit::Contain)), (96, 48));
        assert_eq!(covered(&wide((96, 24), Fit::Contain)), (48, 24));
        assert_eq!(covered(&wide((96, 96), Fit::Cover)), (96, 96));
        // At its own size nothing is touched.
        let planes: Vec<f32> = (0..3 * 64 * 32).map(|i| (i % 97) as f32 / 48.0 - 1.0).collect();
        let fitted = wide((64, 32), Fit::Contain).fitted(&planes, None).unwrap();
        assert_eq!(fitted[3 * 70 + 1], planes[64 * 32 + 70]);
    }

    #[test]
    fn cover_crops_the_edges_evenly() {
        // A horizontal ramp, shown in a frame half as wide as it is high: the middle half.
        let ramp: Vec<f32> = (0..64 * 64).map(|i| (i % 64) as f32 / 31.5 - 1.0).collect();
        let picture = finish(64, (32, 64), Fit::Cover, (1, 1)).picture(0, None, &ramp).unwrap();
        let row = &bytes(picture)[..96];
        assert!((60..=68).contains(&row[0]) && (187..=195).contains(&row[95]), "{row:?}");
    }
}
