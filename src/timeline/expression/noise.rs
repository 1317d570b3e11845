//! Noise that depends on nothing but its seed and place.

/// Gradient noise along one axis (Perlin 2002, in one dimension): smooth, 0 at whole places, about -1 to 1,
/// with a feature about each unit. A seed and a place that are no numbers give 0.
pub fn noise(seed: f64, x: f64) -> f64 {
    let cell = x.floor();
    let u = x - cell;
    let slope = |cell: f64| 2.0 * random(seed, cell) - 1.0;
    let fade = u * u * u * (u * (u * 6.0 - 15.0) + 10.0);
    let (left, right) = (slope(cell) * u, slope(cell + 1.0) * (u - 1.0));
    let value = 2.0 * (left + (right - left) * fade);
    if value.is_finite() { value } else { 0.0 }
}

/// A number from 0 (included) to 1 for each seed and whole part of a place.
pub fn random(seed: f64, place: f64) -> f64 {
    // The finalizer of splitmix64 (Steele et al. 2014), over both one after the other.
    let mix = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    // As integers these saturate; -0 is 0.
    let step = 0x9E37_79B9_7F4A_7C15u64;
    let seeded = mix((seed.floor() as i64 as u64).wrapping_add(step));
    let bits = mix(seeded
        .wrapping_add((place.floor() as i64 as u64).wrapping_mul(step))
        .wrapping_add(step));
    (bits >> 11) as f64 / (1u64 << 53) as f64
}
