//! `--draft`: a quick look at a film, of the same length and framing.

use sg3render::Result;
use sg3render::encode::Preset;
use sg3render::encode::Stream;

use super::film_args::RenderArgs;

/// Of a draft's frames, width and height one in so many is left.
pub const PART: u32 = 4;
/// The quick preset of those that write the usual videos.
const QUICK: &str = "h264-draft";

/// The preset of a draft: the one that the arguments name, or the quick one where it writes such a file; none
/// for the film's own.
pub fn preset(args: &RenderArgs) -> Result<Option<String>> {
    let named = args.film.preset.clone();
    if named.is_some() || !args.draft {
        return Ok(named);
    }
    let fits = Preset::find(QUICK)?.check_path(&args.output).is_ok();
    Ok(fits.then(|| QUICK.into()))
}

/// A film's stream with every fourth of its frames, each shown four times as long.
pub fn thinned(stream: Stream) -> Stream {
    let (frames, seconds) = stream.fps;
    let fps = if frames.is_multiple_of(PART) {
        (frames / PART, seconds)
    } else {
        (frames, seconds.saturating_mul(PART))
    };
    Stream { fps, frames: stream.frames.div_ceil(PART.into()), ..stream }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_lasts_as_long() {
        let stream = |fps, frames| Stream::new((64, 64), fps, frames);
        for (fps, frames) in [((24, 1), 96), ((30000, 1001), 100), ((25, 1), 101), ((3, 1), 1)] {
            let seconds = |s: &Stream| s.frames as f64 * f64::from(s.fps.1) / f64::from(s.fps.0);
            let whole = stream(fps, frames);
            let draft = thinned(whole.clone());
            let longer = seconds(&draft) - seconds(&whole);
            let frame = f64::from(draft.fps.1) / f64::from(draft.fps.0);
            assert!((-1e-9..frame).contains(&longer), "{fps:?} {frames}: {longer}");
            assert!(frames % 4 != 0 || longer.abs() < 1e-9);
        }
    }
}
