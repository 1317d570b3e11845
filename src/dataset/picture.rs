//! Pictures in files: PNG, JPEG and WebP.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader};

use crate::{Error, Result};

/// What a file says about its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub width: usize,
    pub height: usize,
    /// 1 (grey) or 3 (colour).
    pub channels: usize,
    pub alpha: bool,
}

/// A picture of 8 bits a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// RGB, display-referred, rows from the top.
    pub pixels: Vec<u8>,
}

/// Whether a name is that of a picture, by its extension.
pub(super) fn is_picture(name: &str) -> bool {
    extension(name).is_some_and(|e| ["png", "jpg", "jpeg", "webp"].contains(&&*e))
}

/// A name's extension in small letters.
pub(super) fn extension(name: &str) -> Option<String> {
    let file = name.rsplit('/').next()?;
    file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())
}

/// Looks at a file, or at the beginning of one. The error says why it is no picture.
pub(super) fn header(bytes: &[u8]) -> Result<Header, String> {
    let decoder = decoder(bytes)?;
    let ((width, height), colour) = (decoder.dimensions(), decoder.color_type());
    Ok(Header {
        width: width as usize,
        height: height as usize,
        channels: if colour.has_color() { 3 } else { 1 },
        alpha: colour.has_alpha(),
    })
}

/// The picture as it is stored, in planes of `height * width` samples: 3 (RGB) or 1.
pub(super) fn planes(bytes: &[u8], channels: usize) -> Result<Vec<u8>, String> {
    let picture = DynamicImage::from_decoder(decoder(bytes)?).map_err(|e| e.to_string())?;
    if channels == 1 {
        return Ok(picture.into_luma8().into_raw());
    }
    let rgb = picture.into_rgb8().into_raw();
    Ok((0..3).flat_map(|c| rgb[c..].iter().step_by(3).copied()).collect())
}

/// The picture as it is seen: turned as the file says, transparent parts upon white.
pub(super) fn seen(bytes: &[u8]) -> Result<Picture, String> {
    let mut decoder = decoder(bytes)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = if picture.color().has_alpha() {
        let over = |p: &[u8]| {
            let (alpha, white) = (u32::from(p[3]), 255 * (255 - u32::from(p[3])));
            [0, 1, 2].map(|c| ((u32::from(p[c]) * alpha + white + 127) / 255) as u8)
        };
        picture.into_rgba8().chunks_exact(4).flat_map(over).collect()
    } else {
        picture.into_rgb8().into_raw()
    };
    Ok(Picture { width, height, pixels })
}

fn decoder(bytes: &[u8]) -> Result<impl ImageDecoder, String> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let reader = reader.map_err(|e| e.to_string())?;
    reader.into_decoder().map_err(|e| e.to_string())
}

/// An image as a set holds it: a PNG without compression, which is read fastest, of `side` squared
/// pixels, RGB (3 channels) or grey (1).
///
/// # Errors
/// [`Error::Invalid`] for pixels that are not so many.
pub fn encode(side: usize, channels: usize, pixels: &[u8]) -> Result<Vec<u8>> {
    let failed = |e: png::EncodingError| Error::Invalid(format!("cannot encode a picture: {e}"));
    let mut bytes = Vec::with_capacity(pixels.len() + side + 1024);
    let mut encoder = png::Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_compression(png::Compression::NoCompression);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}
