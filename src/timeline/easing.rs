//! Easings: how a value moves from one key to the next.

use std::f64::consts::{FRAC_PI_2, TAU};

/// The way from one key to the next, as progress 0..1 over time 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Easing {
    /// Stays at the key's value until the next key.
    Hold,
    /// Even speed.
    Linear,
    /// A named family with its direction.
    Family(Family, Direction),
    /// CSS's cubic Bezier: x1, y1, x2, y2 with x1 and x2 in 0..=1.
    Bezier([f64; 4]),
    /// So many equal jumps (at the end of each interval, as CSS's `steps(n, end)`); at least 1.
    Steps(u32),
    /// A spring that is let go: how many times it swings on the way (above 0), and its damping ratio
    /// (above 0, below 1).
    Spring(f64, f64),
}

/// The usual easing families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A quarter of a sine wave.
    Sine,
    /// Second power.
    Quad,
    /// Third power.
    Cubic,
    /// Power of two, 10 octaves.
    Expo,
    /// Overshoots by 10 %.
    Back,
    /// Swings like a spring.
    Elastic,
    /// Bounces like a ball.
    Bounce,
}

/// Which end of the way is eased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Starts slowly.
    In,
    /// Ends slowly.
    Out,
    /// Both.
    InOut,
}

impl Easing {
    /// Progress at `t`, both 0..1. Times outside are taken as the nearest end, and the ends are
    /// exact: 0 at 0 and 1 at 1, for every easing. In between, [`Family::Back`],
    /// [`Family::Elastic`], a Bezier and a spring may leave 0..1.
    pub fn eval(&self, t: f64) -> f64 {
        if t.is_nan() || t <= 0.0 {
            return 0.0;
        }
        if t >= 1.0 {
            return 1.0;
        }
        match *self {
            Self::Hold => 0.0,
            Self::Linear => t,
            Self::Family(family, Direction::In) => family.ease_in(t),
            Self::Family(family, Direction::Out) => 1.0 - family.ease_in(1.0 - t),
            Self::Family(family, Direction::InOut) if t < 0.5 => family.half(2.0 * t) / 2.0,
            Self::Family(family, Direction::InOut) => 1.0 - family.half(2.0 - 2.0 * t) / 2.0,
            Self::Bezier(points) => bezier(points, t),
            Self::Steps(n) => {
                let n = f64::from(n.max(1));
                // A frame on a jump shows it, although t and the product were rounded.
                (t * n + 1e-9).floor() / n
            }
            Self::Spring(swings, damping) => spring(swings, damping, t),
        }
    }
}

/// A damped harmonic oscillator that starts at rest a unit away from where it comes to rest. What is
/// left of its swing at `t` = 1 is taken away evenly, so that it ends where it should.
fn spring(swings: f64, damping: f64, t: f64) -> f64 {
    let turned = TAU * swings;
    let decay = turned * damping / (1.0 - damping * damping).sqrt();
    let rest =
        |t: f64| (-decay * t).exp() * ((turned * t).cos() + decay / turned * (turned * t).sin());
    1.0 - rest(t) + t * rest(1.0)
}

/// What [`Family::Back`] overshoots by, so that it goes 10 % beyond (Penner 2002).
const OVERSHOOT: f64 = 1.70158;

impl Family {
    /// Penner's "in" form at 0 < `t` < 1; "out" is the same turned by half a turn.
    fn ease_in(self, t: f64) -> f64 {
        match self {
            Self::Sine => 1.0 - (t * FRAC_PI_2).cos(),
            Self::Quad => t * t,
            Self::Cubic => t * t * t,
            Self::Expo => (10.0 * t - 10.0).exp2(),
            Self::Back => back(t, OVERSHOOT),
            Self::Elastic => elastic(t, 0.3),
            Self::Bounce => 1.0 - bounce_out(1.0 - t),
        }
    }

    /// The first half of the "in-out" form, stretched to 0..1. Penner's back and elastic swing
    /// wider there, so that half of the way still overshoots as much as the whole way did.
    fn half(self, t: f64) -> f64 {
        match self {
            Self::Back => back(t, OVERSHOOT * 1.525),
            Self::Elastic => elastic(t, 0.45),
            family => family.ease_in(t),
        }
    }
}

fn back(t: f64, overshoot: f64) -> f64 {
    t * t * ((overshoot + 1.0) * t - overshoot)
}

/// A sine of the given period that grows by ten octaves and has a peak of 1 at `t` = 1.
fn elastic(t: f64, period: f64) -> f64 {
    -(10.0 * t - 10.0).exp2() * ((t - 1.0 - period / 4.0) * TAU / period).sin()
}

/// Four parabolas, each bounce a quarter as high as the one before.
fn bounce_out(t: f64) -> f64 {
    const GRAVITY: f64 = 7.5625; // (11/4)^2: the first fall takes 4/11 of the time.
    let (landing, height) = match t * 2.75 {
        x if x < 1.0 => (0.0, 0.0),
        x if x < 2.0 => (1.5, 0.75),
        x if x < 2.5 => (2.25, 0.9375),
        _ => (2.625, 0.984375),
    };
    let t = t - landing / 2.75;
    GRAVITY * t * t + height
}

/// y of the CSS cubic Bezier (0,0) (x1,y1) (x2,y2) (1,1) where its x is `x`.
fn bezier([x1, y1, x2, y2]: [f64; 4], x: f64) -> f64 {
    // With both x in 0..=1 the curve's x never falls, so that there is one solution to bracket.
    let (x1, x2) = (x1.clamp(0.0, 1.0), x2.clamp(0.0, 1.0));
    let (mut low, mut high) = (0.0, 1.0);
    let mut s = x;
    // Newton's method, and bisection where it would leave the bracket (a slope near 0). Halving
    // alone ends within 53 steps, Newton at worst (a triple root) gains a third at each.
    for _ in 0..128 {
        let error = bernstein(x1, x2, s) - x;
        if error > 0.0 {
            high = s
        } else {
            low = s
        }
        let newton = s - error / bernstein_slope(x1, x2, s);
        let next = if newton > low && newton < high { newton } else { (low + high) / 2.0 };
        if error == 0.0 || next == s {
            break;
        }
        s = next;
    }
    bernstein(y1, y2, s)
}

/// Cubic Bernstein polynomial with coefficients 0, `a`, `b`, 1.
fn bernstein(a: f64, b: f64, s: f64) -> f64 {
    let r = 1.0 - s;
    s * (3.0 * r * (r * a + s * b) + s * s)
}

fn bernstein_slope(a: f64, b: f64, s: f64) -> f64 {
    let r = 1.0 - s;
    3.0 * (r * r * a + 2.0 * r * s * (b - a) + s * s * (1.0 - b))
}

#[cfg(test)]
mod tests;
