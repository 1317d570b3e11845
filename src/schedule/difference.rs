//! What changes between two frames' inputs.

use super::FrameInput;
use super::matrix::{inverse, product};

/// How far one input is from another.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Distance {
    /// The largest Euclidean distance between the two w of a layer.
    pub w: f64,
    /// How far a point of the picture is moved at most, in canvas widths: of the corners, the middles of
    /// the edges and the centre. Infinite where one of the transforms flattens the picture.
    pub camera: f64,
}

impl Distance {
    /// The larger of both, each for itself.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { w: self.w.max(other.w), camera: self.camera.max(other.camera) }
    }
}

impl FrameInput {
    /// Whether the network is given the very same, to the bit, whatever the frames' numbers are.
    pub fn is_same(&self, other: &Self) -> bool {
        let bits = |input: &Self| {
            let transform = input.transform.as_flattened().iter();
            transform.map(|entry| entry.to_bits()).collect::<Vec<_>>()
        };
        self.ws.len() == other.ws.len()
            && self.ws.iter().zip(&other.ws).all(|(a, b)| a.to_bits() == b.to_bits())
            && bits(self) == bits(other)
    }

    /// How far it is from another one of a network whose w have `w_dim` values.
    pub fn distance(&self, other: &Self, w_dim: usize) -> Distance {
        let layers = self.ws.chunks(w_dim.max(1)).zip(other.ws.chunks(w_dim.max(1)));
        let length = |(a, b): (&[f32], &[f32])| {
            let squares = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let w = layers.map(length).fold(0.0, f64::max);
        // What the first shows at p, the second shows where its transform comes from the same place.
        let moved = inverse(&other.transform).map(|back| product(&back, &self.transform));
        let camera = moved.map_or(f64::INFINITY, |moved| {
            let halves = [-0.5, 0.0, 0.5];
            let points = halves.iter().flat_map(|&x| halves.map(|y| (x, y)));
            let step = |(x, y): (f64, f64)| {
                let to = [0, 1].map(|i| moved[i][0] * x + moved[i][1] * y + moved[i][2]);
                (to[0] - x).hypot(to[1] - y)
            };
            points.map(step).fold(0.0, f64::max)
        });
        Distance { w, camera }
    }
}

#[cfg(test)]
mod tests {
    use super::super::matrix::{rotation, translation};
    use super::*;

    fn input(ws: &[f32], transform: [[f64; 3]; 3]) -> FrameInput {
        FrameInput { index: 0, ws: ws.to_vec(), transform }
    }

    #[test]
    fn distances_are_those_of_the_farthest_layer_and_point() {
        let a = input(&[0.0, 0.0, 1.0, 1.0], translation(0.0, 0.0));
        let b = input(&[3.0, 4.0, 1.0, 2.0], translation(0.03, -0.04));
        let distance = a.distance(&b, 2);
        assert!((distance.w - 5.0).abs() < 1e-12);
        assert!((distance.camera - 0.05).abs() < 1e-12);
        let back = b.distance(&a, 2);
        assert!((back.camera - 0.05).abs() < 1e-12);
        // A turn moves the corners most: 2 sin(angle / 2) times their distance from the centre.
        let turned = input(&a.ws, rotation(0.2));
        let corner = 2.0 * 0.1f64.sin() * 0.5f64.hypot(0.5);
        assert!((a.distance(&turned, 2).camera - corner).abs() < 1e-12);
        let flat = input(&a.ws, [[0.0; 3]; 3]);
        assert_eq!(a.distance(&flat, 2).camera, f64::INFINITY);
        assert_eq!(a.distance(&a, 2), Distance::default());
    }

    #[test]
    fn sameness_is_that_of_bits() {
        let a = input(&[0.0, 1.0], translation(0.0, 0.0));
        assert!(a.is_same(&FrameInput { index: 7, ..a.clone() }));
        assert!(!a.is_same(&input(&[-0.0, 1.0], a.transform)));
        assert!(!a.is_same(&input(&[0.0, 1.0, 2.0], a.transform)));
        assert!(!a.is_same(&input(&[0.0, 1.0], translation(f64::MIN_POSITIVE, 0.0))));
    }
}
