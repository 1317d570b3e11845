//! PNG images.

use std::io::{self, Write};

use ::png::{
    BitDepth, ColorType, Compression, Encoder, EncodingError, PixelDimensions, SrgbRenderingIntent,
    Unit,
};

use super::sequence::other;
use super::{Picture, Samples};

/// Writes a picture as an RGB image, with straight alpha where it has some, tagged sRGB, with the depth of its
/// samples (8 or 16 bits), and its pixel aspect where that is not square.
pub(super) fn encode(
    out: impl Write,
    picture: &Picture,
    pixel_aspect: (u32, u32),
) -> io::Result<()> {
    let mut encoder = Encoder::new(out, picture.width, picture.height);
    encoder.set_color(if picture.has_alpha() { ColorType::Rgba } else { ColorType::Rgb });
    encoder.set_compression(Compression::Fast);
    encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
    if pixel_aspect.0 != pixel_aspect.1 {
        // Wider pixels are fewer per unit of length.
        let (xppu, yppu) = (pixel_aspect.1, pixel_aspect.0);
        encoder.set_pixel_dims(Some(PixelDimensions { xppu, yppu, unit: Unit::Unspecified }));
    }
    let swapped: Vec<u8>;
    let (depth, bytes) = match &picture.samples {
        Samples::U8(samples) => (BitDepth::Eight, samples.as_slice()),
        Samples::U16(samples) => {
            swapped = samples.iter().flat_map(|s| s.to_be_bytes()).collect();
            (BitDepth::Sixteen, swapped.as_slice())
        }
        Samples::F32(_) => return Err(other("PNG images hold integers")),
    };
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().map_err(system_error)?;
    writer.write_image_data(bytes).map_err(system_error)?;
    writer.finish().map_err(system_error)
}

fn system_error(error: EncodingError) -> io::Error {
    match error {
        EncodingError::IoError(error) => error,
        error => other(error),
    }
}
