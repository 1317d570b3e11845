//! Cancelling of the network's own learned rotation and translation.

use std::f64::consts::TAU;

use super::Mapping;
use super::matrix::{Matrix, product, rotation, translation};
use crate::timeline::curve::Curve;
use crate::timeline::moment::Moment;
use crate::timeline::number::Number;
use crate::timeline::resolved::{Anchor, Stabilise};

/// Holds the picture at an anchor, by a keyed amount.
///
/// A network turns and moves the transform U that it is given by the pose that its input's w has
/// learned: `M = R T U` with `R = R(c, s)` and `T = T(-tx, -ty)`. Wanted is `M' = R' T' U` with a
/// pose between that one and the anchor's. Since the network applies `R T` in any case, it is
/// given `(R T)^-1 R' T' U` instead.
pub struct Stabiliser {
    anchor: [f64; 4],
    amount: Curve<Number>,
}

impl Stabiliser {
    /// None if the network learns no pose, so that there is nothing to cancel.
    pub fn new(stabilise: &Stabilise, mapping: &dyn Mapping) -> Option<Self> {
        let average = mapping.pose(mapping.w_avg())?;
        let anchor = match stabilise.to {
            Anchor::Centre => [1.0, 0.0, 0.0, 0.0],
            Anchor::Average => average,
        };
        Some(Self { anchor, amount: stabilise.amount.clone() })
    }

    /// The transform to give to a network which will add the pose `own`: (cos, sin, tx, ty).
    ///
    /// The angle goes the shorter way. A pose that comes to face away from its anchor changes
    /// sides, which an amount of 1 or 0 does not show.
    pub fn fold(&self, moment: impl Into<Moment>, own: [f64; 4], transform: &Matrix) -> Matrix {
        let amount = self.amount.at(moment);
        let [cos, sin, x, y] = own;
        let [anchor_cos, anchor_sin, anchor_x, anchor_y] = self.anchor;
        let turn = anchor_sin.atan2(anchor_cos) - sin.atan2(cos);
        let turn = turn - TAU * (turn / TAU).round();
        // (R T)^-1 R' T' = T^-1 (R^-1 R') T', and R^-1 R' turns by the blended difference. Joined
        // before U, so that an amount of 0 leaves U untouched to the last bit.
        let still = translation(-(x + amount * (anchor_x - x)), -(y + amount * (anchor_y - y)));
        let turned = product(&rotation(amount * turn), &still);
        product(&product(&translation(x, y), &turned), transform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::fake::{Fake, spread};
    use crate::schedule::matrix::inverse;

    /// What the network makes of a transform: section 3 of its description.
    fn network([c, s, x, y]: [f64; 4], u: &Matrix) -> Matrix {
        let r = [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]];
        product(&r, &product(&translation(-x, -y), u))
    }

    fn pose(angle: f64, x: f64, y: f64) -> [f64; 4] {
        [angle.cos(), angle.sin(), x, y]
    }

    fn difference(a: &Matrix, b: &Matrix) -> f64 {
        let pairs = a.iter().flatten().zip(b.iter().flatten());
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    fn stabiliser(anchor: [f64; 4], amount: f64) -> Stabiliser {
        Stabiliser { anchor, amount: Curve::constant(amount) }
    }

    #[test]
    fn the_network_ends_up_at_the_blended_pose() {
        for seed in 0..200 {
            let r = spread(seed, 12);
            let angles = [r[0] * TAU - 3.0, r[1] * TAU - 3.0];
            let own = pose(angles[0], 4.0 * r[2] - 2.0, 4.0 * r[3] - 2.0);
            let anchor = pose(angles[1], 4.0 * r[4] - 2.0, 4.0 * r[5] - 2.0);
            let u = [[r[6] - 0.5, r[7], r[8]], [r[9], r[10] - 0.5, r[11]], [0.0, 0.0, 1.0]];
            for amount in [0.0, 0.25, 0.5, 0.9, 1.0, 1.2, -0.1] {
                let folded = stabiliser(anchor, amount).fold(0.0, own, &u);
                // The shorter way, found by trying all.
                let ways = [-TAU, 0.0, TAU].map(|turn| angles[1] + turn - angles[0]);
                let shorter = ways.into_iter().min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
                let angle = angles[0] + amount * shorter;
                let blend = |i: usize| own[i] + amount * (anchor[i] - own[i]);
                let wanted = network(pose(angle, blend(2), blend(3)), &u);
                let got = network(own, &folded);
                assert!(difference(&got, &wanted) < 1e-12, "seed {seed}, amount {amount}");
                if amount == 0.0 {
                    assert_eq!(folded, u, "seed {seed}");
                }
            }
            let centred = stabiliser([1.0, 0.0, 0.0, 0.0], 1.0).fold(0.0, own, &u);
            assert!(difference(&network(own, &centred), &u) < 1e-12, "seed {seed}");
        }
    }

    #[test]
    fn without_a_pose_there_is_nothing_to_fold() {
        let stabilise = Stabilise { to: Anchor::Average, amount: Curve::constant(1.0) };
        assert!(Stabiliser::new(&stabilise, &Fake { has_pose: false }).is_none());
        let fake = Fake { has_pose: true };
        let stabiliser = Stabiliser::new(&stabilise, &fake).unwrap();
        assert_eq!(Some(stabiliser.anchor), fake.pose(fake.w_avg()));
    }

    #[test]
    fn inverses() {
        for seed in 0..50 {
            let r = spread(seed, 6);
            let m = [[1.0 + r[0], -r[1], r[2]], [r[3], 1.0 + r[4], r[5]], [0.0, 0.0, 1.0]];
            let unit = product(&inverse(&m).unwrap(), &m);
            assert!(difference(&unit, &rotation(0.0)) < 1e-14, "seed {seed}");
        }
        assert_eq!(inverse(&rotation(0.0)), Some(rotation(0.0)));
        for flat in [0.0, f64::NAN, f64::INFINITY, 1e-320] {
            assert_eq!(inverse(&[[flat, 0.0, 0.0], [0.0, flat, 0.0], [0.0, 0.0, 1.0]]), None);
        }
    }
}
