//! Latents: seeds spread over the timeline, keys, and arrays out of files.

use std::ops::Range;
use std::rc::Rc;

use super::super::arrays::{self, Array};
use super::super::curve::Key;
use super::super::document::{self, ArrayItem, Loop, Point, Seeds, Source, Spanned};
use super::super::easing::Easing;
use super::super::resolved::{Interpolation, Latent, LatentPoint, Speed};
use super::super::time::Time;
use super::Check;
use super::keys::frames_text;
use crate::report::Span;

impl Check<'_> {
    pub fn source(&mut self, source: &Source) -> Option<Latent> {
        match source {
            Source::Seeds(seeds) => self.seeds(seeds),
            Source::Latent(latent) => self.latent(latent),
        }
    }

    /// The timeline's exact length in output frames.
    fn whole(&self) -> Option<f64> {
        self.end.map(|end| end * self.stretch)
    }

    fn seeds(&mut self, seeds: &Seeds) -> Option<Latent> {
        let count = seeds.list.len() as f64;
        let repeat = seeds.repeat && seeds.list.len() > 1;
        let whole = self.whole();
        // The time of each seed, and of one more.
        let times: Vec<f64> = match &seeds.every {
            Some(every) => self.repeated(every, seeds.list.len())?,
            None => {
                // A loop comes back to the first seed; a way with an end reaches the last one there.
                let step = whole? / if repeat { count } else { (count - 1.0).max(1.0) };
                (0..=seeds.list.len()).map(|i| i as f64 * step).collect()
            }
        };
        if let (Some(every), Some(whole)) = (&seeds.every, whole)
            && times[times.len().saturating_sub(2)] > whole
        {
            let reached = times.iter().filter(|time| **time <= whole).count();
            let message =
                format!("only the first {reached} of {count} seeds are reached before the end");
            self.report.warning(every.span.clone(), message);
        }
        let default = if repeat { Interpolation::LoopCubic } else { Interpolation::NaturalCubic };
        let interpolation = seeds.interpolation.as_ref().map_or(default, |i| i.value);
        self.loop_cubic(seeds.interpolation.as_ref(), repeat, seeds.list.len());
        let key = |(seed, at): (&Spanned<u32>, &f64)| Key {
            at: *at,
            value: LatentPoint::Seed(seed.value),
            easing: Easing::Linear,
        };
        let keys: Vec<_> = seeds.list.iter().zip(&times).map(key).collect();
        (!keys.is_empty()).then_some(Latent {
            keys,
            interpolation,
            period: repeat.then_some(times[times.len() - 1] - times[0]),
            ping_pong: false,
            speed: self.speed(seeds.speed.as_ref(), interpolation),
        })
    }

    /// The times, in output frames, at which a length has passed 0 to `count` times.
    fn repeated(&mut self, every: &Spanned<Time>, count: usize) -> Option<Vec<f64>> {
        if self.length(every)? <= 0.0 {
            let message = "`every` is 0: expected the time from one seed to the next";
            self.report.error(every.span.clone(), message);
            return None;
        }
        let times = (0..=count).map(|n| every.value.repeated(n as f64, &self.clock));
        // The length was sound, and so is what is made of it.
        times.map(|time| time.ok().map(|frame| frame * self.stretch)).collect()
    }

    fn latent(&mut self, latent: &document::Latent) -> Option<Latent> {
        if let Some(walk) = &latent.walk {
            return self.walk(latent, walk);
        }
        let interpolation =
            latent.interpolation.as_ref().map_or(Interpolation::Linear, |i| i.value);
        let keys = self.keys(&latent.keys, |check, point, span| {
            if interpolation == Interpolation::Slerp
                && matches!(point, Point::W(_) | Point::Average)
            {
                let message =
                    "`slerp` goes through z, and this key is a mapped w: expected `seed` or `z`";
                check
                    .report
                    .error(span.clone(), message)
                    .help("choose `linear` or `cubic`, which go through w");
            }
            check.point(point, span)
        });
        let period = latent.repeat.as_ref().and_then(|repeat| self.period(repeat, &keys));
        let value = latent.repeat.as_ref().map_or(Loop::No, |repeat| repeat.value);
        let (ping_pong, repeats) =
            (value == Loop::PingPong, !matches!(value, Loop::No | Loop::PingPong));
        if let Some(repeat) = latent.repeat.as_ref().filter(|_| ping_pong && keys.len() < 2) {
            self.report.error(repeat.span.clone(), "a loop of keys needs two of them at least");
        }
        let speed = self.speed(latent.speed.as_ref(), interpolation);
        let eased = latent.keys.iter().find(|key| key.easing != Easing::Linear);
        if let Some(key) = eased.filter(|_| speed != Speed::Keys) {
            let span = key.at.as_ref().map_or(latent.span.clone(), |at| at.span.clone());
            self.report.warning(
                span,
                format!(
                    "this key's `ease` has no effect: `speed: {}` is the same all the way",
                    if speed == Speed::Even { "even" } else { "perceptual" }
                ),
            );
        }
        self.loop_cubic(latent.interpolation.as_ref(), repeats, latent.keys.len());
        (!keys.is_empty()).then_some(Latent { keys, interpolation, period, ping_pong, speed })
    }

    /// The speed that is asked for, of a path that can have it.
    fn speed(&mut self, speed: Option<&Spanned<Speed>>, interpolation: Interpolation) -> Speed {
        let Some(Spanned { value: speed, span }) = speed else { return Speed::Keys };
        if *speed == Speed::Even && interpolation == Interpolation::Slerp {
            self.report
                .error(span.clone(), "an even speed is one in w, and `slerp` goes through z")
                .help("choose `linear`, `cubic` or `catmull_rom`, or `speed: perceptual`");
        }
        *speed
    }

    /// The published tool's cubic is defined for loops only.
    fn loop_cubic(
        &mut self,
        interpolation: Option<&Spanned<Interpolation>>,
        repeats: bool,
        keys: usize,
    ) {
        let Some(span) =
            interpolation.filter(|i| i.value == Interpolation::LoopCubic).map(|i| i.span.clone())
        else {
            return;
        };
        if keys < 2 {
            self.report.error(span, "`loop_cubic` needs at least two keys to go through");
        } else if !repeats {
            self.report
                .error(span, "`loop_cubic` needs a loop")
                .help("write `loop: true`, or choose `cubic`");
        }
    }

    pub fn period(&mut self, repeat: &Spanned<Loop>, keys: &[Key<LatentPoint>]) -> Option<f64> {
        let period = match repeat.value {
            Loop::No | Loop::PingPong => return None,
            Loop::Whole => self.whole()?,
            Loop::Period(time) => {
                self.length(&Spanned { value: time, span: repeat.span.clone() })?
            }
        };
        let reach = keys.last().zip(keys.first()).map_or(0.0, |(last, first)| last.at - first.at);
        if period > reach {
            return Some(period);
        }
        let message = format!(
            "the loop comes back to its first key after {} frames, but the last key lies {} frames after the first",
            frames_text(period),
            frames_text(reach)
        );
        let help = "leave out the last key (the loop leads back to the first by itself), or write a longer `loop`";
        self.report.error(repeat.span.clone(), message).help(help);
        None
    }

    fn point(&mut self, point: &Point, span: Span) -> Option<LatentPoint> {
        match point {
            Point::Seed(seed) => Some(LatentPoint::Seed(*seed)),
            Point::Average => Some(LatentPoint::Average),
            Point::Z(item) => {
                let array = self.array(item, span.clone(), &[])?;
                let network = self.network?;
                let wanted =
                    Wanted { what: "z", many: "latents", dim: network.z_dim, num_ws: None };
                let (values, _) = self.pick(&array, item, span, wanted)?;
                Some(LatentPoint::Z(values))
            }
            Point::W(item) => {
                let array = self.array(item, span.clone(), &[])?;
                let network = self.network?;
                let wanted = Wanted {
                    what: "w",
                    many: "latents",
                    dim: network.w_dim,
                    num_ws: Some(network.num_ws),
                };
                let (values, per_layer) = self.pick(&array, item, span, wanted)?;
                Some(if per_layer { LatentPoint::Ws(values) } else { LatentPoint::W(values) })
            }
        }
    }

    /// The array that an item names; without a name the first of the usual ones that the file has.
    pub fn array(&mut self, item: &ArrayItem, span: Span, usual: &[&str]) -> Option<Rc<Array>> {
        let path = self.document.path(&item.file, &span);
        let meant = usual.iter().copied().map(String::from).collect();
        let cached = (path.clone(), item.array.clone(), meant);
        if let Some(array) = self.arrays.get(&cached) {
            return array.clone();
        }
        let array = if path.is_file() {
            arrays::read(&path, item.array.as_deref(), usual)
                .map_err(|message| self.report.error(span, message))
                .ok()
        } else {
            self.missing("array", &path, span);
            None
        };
        let array = array.map(Rc::new);
        self.arrays.insert(cached, array.clone());
        array
    }

    /// The values of one latent, and whether they are one w for each layer.
    pub fn pick(
        &mut self,
        array: &Array,
        item: &ArrayItem,
        span: Span,
        wanted: Wanted,
    ) -> Option<(Vec<f32>, bool)> {
        let picked = place(&array.shape, item.index, wanted).and_then(|(range, per_layer)| {
            let values = array.data.get(range).unwrap_or_default();
            match values.iter().position(|x| !x.is_finite()) {
                Some(i) => Err(format!(
                    "value {i} of this {} is {}: expected finite numbers",
                    wanted.many.trim_end_matches('s'),
                    values[i]
                )),
                None => Ok((values.to_vec(), per_layer)),
            }
        });
        let shown = self.document.path(&item.file, &span);
        picked
            .map_err(|message| self.report.error(span, format!("`{}`: {message}", shown.display())))
            .ok()
    }
}

/// What is looked for in an array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// One of them, and several, as messages call them.
    pub what: &'static str,
    pub many: &'static str,
    /// Its length.
    pub dim: usize,
    /// How many of them may stand for one, each for a layer.
    pub num_ws: Option<usize>,
}

/// Where what is wanted lies in an array, and whether it is one for each layer.
fn place(
    shape: &[usize],
    index: Option<usize>,
    wanted: Wanted,
) -> Result<(Range<usize>, bool), String> {
    let Wanted { what, many, dim, num_ws } = wanted;
    let row = |rows: usize, length: usize, per_layer: bool| match index {
        None if rows > 1 => {
            Err(format!("holds {rows} {many}: choose one by `index` (0 to {})", rows - 1))
        }
        index => {
            let i = index.unwrap_or(0);
            if i < rows {
                Ok((i * length..(i + 1) * length, per_layer))
            } else {
                Err(format!("index {i} is out of range: it holds {rows} {many}"))
            }
        }
    };
    match (shape, num_ws) {
        (&[d], _) if d == dim && index.is_none() => Ok((0..dim, false)),
        (&[d], _) if d == dim => {
            Err(format!("holds a single {}: leave out `index`", many.trim_end_matches('s')))
        }
        (&[n, d], Some(num_ws)) if d == dim && n == num_ws && index.is_none() => {
            Ok((0..n * dim, true))
        }
        (&[n, d], _) if d == dim => row(n, dim, false),
        (&[n, k, d], Some(num_ws)) if d == dim && k == num_ws => row(n, num_ws * dim, true),
        (_, None) => {
            Err(format!("an array of shape {shape:?} is no {what}: expected [{dim}] or [n, {dim}]"))
        }
        (_, Some(k)) => Err(format!(
            "an array of shape {shape:?} is no {what}: expected [{dim}], [n, {dim}], [{k}, {dim}] or [n, {k}, {dim}]"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(
        shape: &[usize],
        index: Option<usize>,
        dim: usize,
        num_ws: Option<usize>,
    ) -> Result<(Range<usize>, bool), String> {
        super::place(shape, index, Wanted { what: "w", many: "latents", dim, num_ws })
    }

    #[test]
    fn each_documented_shape_has_its_place() {
        assert_eq!(place(&[8], None, 8, None), Ok((0..8, false)));
        assert_eq!(place(&[3, 8], Some(2), 8, None), Ok((16..24, false)));
        assert_eq!(place(&[1, 8], None, 8, None), Ok((0..8, false)));
        assert_eq!(place(&[4, 8], None, 8, Some(4)), Ok((0..32, true)));
        assert_eq!(place(&[4, 8], Some(3), 8, Some(4)), Ok((24..32, false)));
        assert_eq!(place(&[2, 4, 8], Some(1), 8, Some(4)), Ok((32..64, true)));
        assert_eq!(place(&[1, 4, 8], None, 8, Some(4)), Ok((0..32, true)));
    }

    #[test]
    fn other_shapes_and_indices_are_refused() {
        for (shape, index, num_ws) in [
            (&[7][..], None, None),
            (&[8], Some(0), None),
            (&[3, 8], None, None),
            (&[3, 8], Some(3), Some(4)),
            (&[3, 5, 8], Some(0), Some(4)),
            (&[1, 4, 8], None, None),
            (&[], None, None),
            (&[0, 8], None, None),
        ] {
            assert!(place(shape, index, 8, num_ws).is_err(), "{shape:?}");
        }
    }
}
