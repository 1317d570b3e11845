//! Easings: how a value moves from one key to the next.

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
