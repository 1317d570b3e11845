//! OpenEXR images in linear light.

use std::io::{self, Seek, Write};

use ::exr::error::Error as ExrError;
use ::exr::image::write::channels::WritableChannels;
use ::exr::prelude::*;

use super::preset::ExrSamples;
use super::sequence::other;
use super::{Picture, Samples, Stream};

/// Writes a float picture as linear light with BT.709 primaries (what a reader of OpenEXR assumes
/// where none are given), ZIP-compressed in blocks of 16 rows. Where it has alpha the light is multiplied by
/// it, as the format asks for ("associated"); alpha itself is a share and no light.
pub(super) fn encode(
    out: impl Write + Seek,
    picture: &Picture,
    samples: ExrSamples,
    stream: &Stream,
) -> io::Result<()> {
    let Samples::F32(values) = &picture.samples else {
        return Err(other("OpenEXR images hold floating point"));
    };
    let width = picture.width as usize;
    let channels = if picture.has_alpha() { 4 } else { 3 };
    let place = |position: Vec2<usize>| channels * (position.y() * width + position.x());
    let pixel = |position| {
        let at = place(position);
        [values[at], values[at + 1], values[at + 2]].map(linear)
    };
    let associated = |position| {
        let alpha = values[place(position) + 3];
        let [r, g, b] = pixel(position).map(|light| if alpha > 0.0 { light * alpha } else { 0.0 });
        [r, g, b, alpha]
    };
    let written = match (samples, channels) {
        (ExrSamples::Half, 3) => {
            let half = |p| {
                let [r, g, b] = pixel(p).map(f16::from_f32);
                (r, g, b)
            };
            image(picture, stream, SpecificChannels::rgb(half)).write().to_buffered(out)
        }
        (ExrSamples::Float, 3) => {
            let float = |p| <(f32, f32, f32)>::from(pixel(p));
            image(picture, stream, SpecificChannels::rgb(float)).write().to_buffered(out)
        }
        (ExrSamples::Half, _) => {
            let half = |p| {
                let [r, g, b, a] = associated(p).map(f16::from_f32);
                (r, g, b, a)
            };
            image(picture, stream, SpecificChannels::rgba(half)).write().to_buffered(out)
        }
        (ExrSamples::Float, _) => {
            let float = |p| <(f32, f32, f32, f32)>::from(associated(p));
            image(picture, stream, SpecificChannels::rgba(float)).write().to_buffered(out)
        }
    };
    written.map_err(|error| match error {
        ExrError::Io(error) => error,
        error => other(error),
    })
}

/// An image of one layer with what a stream says of its frames.
fn image<'c, C>(picture: &Picture, stream: &Stream, channels: C) -> Image<Layer<C>>
where
    C: WritableChannels<'c> + 'c,
{
    let size = (picture.width as usize, picture.height as usize);
    let mut attributes = LayerAttributes::default();
    if let (Ok(num), den) = (i32::try_from(stream.fps.0), stream.fps.1) {
        attributes.frames_per_second = Some((num, den));
    }
    let layer = Layer::new(size, attributes, Encoding::SMALL_LOSSLESS, channels);
    let mut image = Image::from_layer(layer);
    image.attributes.pixel_aspect = stream.pixel_aspect.0 as f32 / stream.pixel_aspect.1 as f32;
    image
}

/// The light of an sRGB value (IEC 61966-2-1, the inverse of its transfer function), continued
/// above 1 and, mirrored, below 0.
fn linear(value: f32) -> f32 {
    let magnitude = f64::from(value.abs());
    let light = if magnitude <= 0.04045 {
        magnitude / 12.92
    } else {
        ((magnitude + 0.055) / 1.055).powf(2.4)
    };
    (light as f32).copysign(value)
}

#[cfg(test)]
mod tests {
    use super::linear;

    #[test]
    fn the_srgb_curve_at_points_of_the_standard() {
        for (value, light) in [
            (0.0, 0.0),
            (1.0, 1.0),
            (0.5, 0.214_041_14),
            (0.04045, 0.003_130_8),
            (-0.5, -0.214_041_14),
        ] {
            assert!((linear(value) - light).abs() < 1e-6, "{value}");
        }
        assert!((linear(0.04046) - linear(0.04045)).abs() < 1e-5, "the two pieces meet");
        assert!(linear(2.0) > 4.0);
    }
}
