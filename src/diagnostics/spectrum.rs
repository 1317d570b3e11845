//! Spectra drawn: heat maps and slices.

use super::heat::HeatMap;
use super::plot::{Line, Plot};
use crate::metrics::{Image, Power, Spectrum};
use crate::{Error, Result};

/// Adds the channels of a picture, in the levels that a file would hold.
///
/// # Errors
/// [`Error::Invalid`] for a picture of another size.
pub fn add(spectrum: &mut Spectrum, image: &Image) -> Result<()> {
    let side = spectrum.side();
    if (image.width, image.height) != (side, side) {
        return Err(Error::Invalid(format!(
            "a picture has {}x{} pixels, expected {side}x{side} as the first one",
            image.width, image.height
        )));
    }
    for plane in image.planes() {
        let levels: Vec<u8> = plane.iter().map(|&v| super::strip::byte(v)).collect();
        spectrum.add(&levels);
    }
    Ok(())
}

/// The middle square of a picture.
pub fn square(image: &Image) -> Image {
    let side = image.width.min(image.height);
    let (left, top) = ((image.width - side) / 2, (image.height - side) / 2);
    let planes: Vec<&[f32]> = image.planes().collect();
    Image::from_fn([image.channels, side, side], |c, y, x| {
        planes[c][(y + top) * image.width + x + left]
    })
}

/// The spectrum with frequency 0 in the middle, -40 to 20 dB.
pub fn heat_map(name: &str, power: &Power) -> HeatMap {
    let (side, half) = (power.side, power.side as i64 / 2);
    let at = |i: usize| power.decibels((i / side) as i64 - half, (i % side) as i64 - half);
    HeatMap {
        title: format!("Power of {name}"),
        label: "frequency (cycles a pixel)".into(),
        unit: "dB".into(),
        range: (-0.5, 0.5),
        levels: (-40.0, 20.0),
        side,
        values: (0..side * side).map(at).collect(),
    }
}

/// The slices at 0 or 45 degrees of several spectra on one plot.
pub fn slices(spectra: &[(String, Power)], diagonal: bool) -> Plot {
    let line = |(name, power): &(String, Power)| {
        let points = if diagonal { power.slice_45() } else { power.slice_0() };
        let points = points.into_iter().filter(|(_, db)| db.is_finite()).collect();
        Line { name: name.clone(), points, dots: false }
    };
    Plot {
        title: format!("Power at {} degrees", if diagonal { 45 } else { 0 }),
        x_label: "frequency (cycles a pixel)".into(),
        y_label: "dB".into(),
        x: None,
        y: Some((-60.0, 40.0)),
        lines: spectra.iter().map(line).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_shows_where_its_frequency_is() {
        let mut spectrum = Spectrum::new(32);
        let wave = |_, _, x: usize| (std::f32::consts::TAU * x as f32 / 4.0).sin();
        add(&mut spectrum, &square(&Image::from_fn([1, 32, 40], wave))).unwrap();
        let (mean, deviation) = spectrum.mean_and_deviation();
        let power = spectrum.power(mean, deviation);
        let peak =
            |points: &[(f64, f64)]| points.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let plot = slices(&[("a wave".into(), power.clone())], false);
        let (frequency, _) = peak(&plot.lines[0].points).unwrap();
        assert_eq!(frequency, 0.25);
        let map = heat_map("a wave", &power);
        let brightest =
            (0..map.values.len()).max_by(|&a, &b| map.values[a].total_cmp(&map.values[b]));
        // The middle row, a quarter of the side from the middle column, either way.
        let at = brightest.map(|i| (i / 128, (i % 128).abs_diff(64)));
        assert_eq!(at, Some((64, 32)));
        let error = add(&mut spectrum, &Image::from_fn([1, 8, 8], wave)).unwrap_err();
        assert!(error.to_string().contains("8x8"), "{error}");
    }
}
