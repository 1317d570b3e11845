//! Walks: their period, and the moments at which they are at their seeds.

use super::super::curve::Key;
use super::super::document::{self, Loop, Spanned, Walk};
use super::super::easing::Easing;
use super::super::resolved::{Interpolation, Latent, LatentPoint, Speed};
use super::Check;

impl Check<'_> {
    pub fn walk(&mut self, latent: &document::Latent, walk: &Walk) -> Option<Latent> {
        let whole = Spanned { value: Loop::Whole, span: latent.span.clone() };
        let repeat = latent.repeat.as_ref().unwrap_or(&whole);
        if matches!(repeat.value, Loop::No | Loop::PingPong) {
            self.report
                .error(repeat.span.clone(), "a walk comes back to its beginning")
                .help("write the time that it takes, such as `loop: \"8s\"`, or leave `loop` out");
            return None;
        }
        let period = self.period(repeat, &[])?;
        let key = |(i, seed): (usize, &Spanned<u32>)| Key {
            at: i as f64 * period / 4.0,
            value: LatentPoint::Seed(seed.value),
            easing: Easing::Linear,
        };
        let keys = walk.seeds.iter().enumerate().map(key).collect();
        let interpolation = Interpolation::Walk(walk.waves);
        let speed = Speed::Keys;
        Some(Latent { keys, interpolation, period: Some(period), ping_pong: false, speed })
    }
}
