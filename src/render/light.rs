//! Light and its display: the sRGB transfer functions (IEC 61966-2-1), continued above 1 and,
//! mirrored, below 0.

/// The light of a network's value: -1 is black and 1 white in both.
pub fn linear(value: f32) -> f32 {
    let encoded = value * 0.5 + 0.5;
    let magnitude = encoded.abs();
    let light = if magnitude <= 0.04045 {
        magnitude / 12.92
    } else {
        ((magnitude + 0.055) / 1.055).powf(2.4)
    };
    light.copysign(encoded)
}

/// The network's value of a light: the inverse of [`linear`].
pub fn encoded(light: f32) -> f32 {
    let magnitude = light.abs();
    let encoded = if magnitude <= 0.003_130_8 {
        magnitude * 12.92
    } else {
        1.055 * magnitude.powf(1.0 / 2.4) - 0.055
    };
    encoded.copysign(light) * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_each_others_inverse_and_have_srgbs_figures() {
        for i in -300..=300 {
            let value = i as f32 / 100.0;
            let back = encoded(linear(value));
            assert!((back - value).abs() < 3e-6, "{value} {back}");
        }
        // 50 % grey of sRGB holds 21.4 % of the light, and half the light is seen as 73.5 %.
        assert!((linear(0.0) - 0.214_041).abs() < 1e-6);
        assert!((encoded(0.5) * 0.5 + 0.5 - 0.735_357).abs() < 1e-6);
        assert_eq!((linear(-1.0), linear(1.0)), (0.0, 1.0));
        assert!(linear(f32::NAN).is_nan() && encoded(f32::NAN).is_nan());
    }
}
