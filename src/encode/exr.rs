//! OpenEXR images in linear light.

use std::io::{self, Seek, Write};

use ::exr::error::{Error as ExrError, UnitResult};
use ::exr::prelude::*;

use super::preset::ExrSamples;
use super::sequence::other;
use super::{Picture, Samples, Stream};

/// Writes a float picture as linear light with BT.709 primaries (what a reader of OpenEXR assumes
/// where none are given), ZIP-compressed in blocks of 16 rows.
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
    let pixel = |position: Vec2<usize>| {
        let at = 3 * (position.y() * width + position.x());
        [values[at], values[at + 1], values[at + 2]].map(linear)
    };
    let written = match samples {
        ExrSamples::Half => write(out, picture, stream, |p| {
            let [r, g, b] = pixel(p).map(f16::from_f32);
            (r, g, b)
        }),
        ExrSamples::Float => write(out, picture, stream, |p| pixel(p).into()),
    };
    written.map_err(|error| match error {
        ExrError::Io(error) => error,
        error => other(error),
    })
}

fn write<T: IntoSample>(
    out: impl Write + Seek,
    picture: &Picture,
    stream: &Stream,
    pixel: impl Fn(Vec2<usize>) -> (T, T, T) + Sync,
) -> UnitResult {
    let size = (picture.width as usize, picture.height as usize);
    let mut attributes = LayerAttributes::default();
    if let (Ok(num), den) = (i32::try_from(stream.fps.0), stream.fps.1) {
        attributes.frames_per_second = Some((num, den));
    }
    let layer =
        Layer::new(size, attributes, Encoding::SMALL_LOSSLESS, SpecificChannels::rgb(pixel));
    let mut image = Image::from_layer(layer);
    image.attributes.pixel_aspect = stream.pixel_aspect.0 as f32 / stream.pixel_aspect.1 as f32;
    image.write().to_buffered(out)
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
