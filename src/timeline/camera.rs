//! The camera's matrix.

use super::moment::Moment;
use super::resolved::Camera;

impl Camera {
    /// What the viewer sees at a time in frames, as a matrix that takes a point of the picture
    /// (canvas widths from the centre, x to the right, y down, and 1) to where it is seen: scaled
    /// and turned clockwise about the pivot, then moved.
    pub fn matrix(&self, moment: impl Into<Moment>) -> [[f64; 3]; 3] {
        let moment = moment.into();
        let [x, y] = self.translate.at(moment);
        let [pivot_x, pivot_y] = self.pivot.at(moment);
        let (sin, cos) = self.rotate.at(moment).to_radians().sin_cos();
        let scale = self.scale.at(moment);
        let (c, s) = (scale * cos, scale * sin);
        [
            [c, -s, pivot_x - c * pivot_x + s * pivot_y + x],
            [s, c, pivot_y - s * pivot_x - c * pivot_y + y],
            [0.0, 0.0, 1.0],
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::curve::Curve;

    #[test]
    fn the_pivot_stays_and_a_turn_is_clockwise() {
        let camera = Camera {
            translate: Curve::constant([0.25, -0.5]),
            rotate: Curve::constant(90.0),
            scale: Curve::constant(2.0),
            pivot: Curve::constant([0.125, 0.375]),
        };
        let matrix = camera.matrix(0.0);
        let see =
            |x: f64, y: f64| [0, 1].map(|i| matrix[i][0] * x + matrix[i][1] * y + matrix[i][2]);
        let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-15;
        assert!(near(see(0.125, 0.375), [0.375, -0.125]), "the pivot is only moved");
        // What lay right of the pivot by 0.1 is now below it (y down) by 0.2.
        assert!(near(see(0.225, 0.375), [0.375, 0.075]));
    }
}
