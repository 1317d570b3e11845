//! `sg3render estimate`: how long a render takes and how much it writes, from a few of its frames.

use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::json;
use sg3render::encode::finished::{Scratch, frame_sizes, image_bytes};
use sg3render::encode::{self, NULL, Preset, Stream};
use sg3render::environment::peak_memory;
use sg3render::progress::{Progress, Status};
use sg3render::{Error, Result};

use super::film::{self, Engine, device_name};
use super::forecast::{bytes, free, size, time};
use super::proof_args::EstimateArgs;
use super::stopping::{stop_on_ctrl_c, stopped};
use super::terminal::say;

/// Places in the film that are measured.
const SPANS: u64 = 3;

/// What rendering some neighbouring frames took.
struct Span {
    /// Seconds a frame: while frames came, and with what the encoder had left at the end.
    seconds: [f64; 2],
    /// The stage that worked longest.
    stage: &'static str,
    /// Bytes of each frame, and whether it stands for itself.
    sizes: Vec<(u64, bool)>,
}

/// Measures a few frames and tells what all will take.
pub fn run(args: &EstimateArgs) -> Result<()> {
    let device = args.film.device.open()?;
    stop_on_ctrl_c()?;
    let begun = Instant::now();
    let (project, frames) = film::open(&args.film, args.output.as_deref())?;
    let preset = &project.preset;
    let out = args.output.clone().unwrap_or_else(|| beside(&args.film.timeline, preset));
    let engine = Engine::load(&args.film, &project, device)?;
    let count = frames.end - frames.start;
    let stream = Stream { audio: None, ..project.stream().part(&frames, true) };

    // Kernels are compiled and memory is taken with the first frames.
    let warm = frames.start..frames.end.min(frames.start + engine.batch());
    let nowhere = encode::open(Path::new(NULL), preset, &stream)?;
    engine.render(&warm, nowhere, &Watch::default())?;
    let start = begun.elapsed().as_secs_f64();
    let mut spans = Vec::new();
    for range in places(&frames, (2 * engine.batch()).max(u64::from(args.samples))) {
        spans.push(measure(&engine, preset, &stream, &range)?);
    }

    let seconds = all_seconds(&spans, start, count);
    let written = all_bytes(&spans, count, preset.segment().get());
    let (memory, left) = (peak_memory(), free(&out));
    let fits = left.map(|left| *written.end() <= left as f64);
    let longest = spans.iter().map(|span| span.stage).next_back().unwrap_or_default();
    let name = device_name(device);
    if args.film.show.json {
        let measured: usize = spans.iter().map(|span| span.sizes.len()).sum();
        return say(&format!(
            "{:#}",
            json!({"frames": count, "measured_frames": measured, "device": name, "preset": preset.name,
                   "seconds": [seconds.start(), seconds.end()], "bottleneck": longest,
                   "bytes": [written.start().round() as u64, written.end().round() as u64], "peak_memory_bytes": memory,
                   "free_bytes": left, "fits": fits})
        ));
    }
    let (width, height) = project.size();
    say(&format!(
        "{}: {count} frames of {width}x{height}, {}, {name}",
        args.film.timeline.display(),
        preset.name
    ))?;
    let each = frame_seconds(&spans);
    let each = 1.0 / each.end()..=1.0 / each.start();
    say(&format!(
        "time    {} ({:.2} to {:.2} fps, {longest}-bound)",
        time(&seconds),
        each.start(),
        each.end()
    ))?;
    let sound = if project.stream().audio.is_some() { ", and the sound" } else { "" };
    say(&format!("size    {}{sound}", size(&written)))?;
    if let Some(memory) = memory {
        say(&format!("memory  {} at least", bytes(memory as f64)))?;
    }
    if let Some(left) = left {
        let enough = match left as f64 {
            left if left < *written.start() => ": TOO LITTLE",
            left if left < *written.end() => ": perhaps too little",
            _ => "",
        };
        say(&format!("disk    {} free at {}{enough}", bytes(left as f64), out.display()))?;
    }
    Ok(())
}

/// Where the film would lie that nobody has named.
fn beside(timeline: &Path, preset: &Preset) -> PathBuf {
    let extension = &preset.extensions[0];
    let name = Path::new(timeline.file_name().unwrap_or_default());
    match preset.is_images() {
        true => name.with_extension("").join(format!("%05d.{extension}")),
        false => name.with_extension(extension),
    }
}

/// Ranges of `length` frames, spread over the film; all of it where that is not much more.
fn places(frames: &Range<u64>, length: u64) -> Vec<Range<u64>> {
    let count = frames.end - frames.start;
    if count <= SPANS * length {
        return vec![frames.clone()];
    }
    let place = |i: u64| {
        // The middle of each part.
        let start = frames.start + count * (2 * i + 1) / (2 * SPANS) - length / 2;
        start..start + length
    };
    (0..SPANS).map(place).collect()
}

/// When frames came.
#[derive(Default)]
struct Watch(Mutex<Vec<Instant>>);

impl Progress for Watch {
    fn update(&self, status: &Status) -> bool {
        if status.done > 0 {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        }
        !stopped()
    }
    fn note(&self, _: &str) {}
}

/// Renders a few frames as the film would be, into a file that goes again.
fn measure(engine: &Engine, preset: &Preset, stream: &Stream, range: &Range<u64>) -> Result<Span> {
    let out = Scratch::new(preset, "estimate");
    let stream = stream.part(&(0..range.end - range.start), true);
    let watch = Watch::default();
    let begun = Instant::now();
    let outcome = engine.render(range, encode::open(&out.0, preset, &stream)?, &watch)?;
    let end = Instant::now();
    if outcome.interrupted {
        return Err(Error::Interrupted);
    }
    let came = watch.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    // What comes before the first frame fills the stages, and is there once a film.
    let (first, last) = (came.first().unwrap_or(&begun), came.last().unwrap_or(&end));
    let seconds = match came.len() {
        0 | 1 => [(end - begun).as_secs_f64(); 2],
        n => [(*last - *first).as_secs_f64(), (end - *first).as_secs_f64()]
            .map(|seconds| seconds / (n - 1) as f64),
    };
    let stage =
        outcome.stages.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map_or("", |stage| stage.0);
    let sizes = match preset.is_images() {
        false => frame_sizes(&out.0)?,
        true => range.clone().filter_map(|i| Some((image_bytes(&out.0, i)?, true))).collect(),
    };
    Ok(Span { seconds, stage, sizes })
}

/// Seconds a frame, from the quickest place without the encoder's end to the slowest with it.
fn frame_seconds(spans: &[Span]) -> RangeInclusive<f64> {
    let low = spans.iter().map(|span| span.seconds[0]).fold(f64::INFINITY, f64::min);
    let high = spans.iter().map(|span| span.seconds[1]).fold(0.0, f64::max);
    low.max(1e-6)..=high.max(1e-6)
}

fn all_seconds(spans: &[Span], start: f64, count: u64) -> RangeInclusive<f64> {
    let each = frame_seconds(spans);
    let all = |seconds: f64| start + seconds * count as f64;
    // A few frames do not see what a machine does over a long time.
    0.95 * all(*each.start())..=1.1 * all(*each.end())
}

/// Where frames stand on others, the first of a place is a key frame, as is the first of each segment of the
/// film, and the next ones are not.
fn all_bytes(spans: &[Span], count: u64, segment: u64) -> RangeInclusive<f64> {
    let sizes = || spans.iter().flat_map(|span| &span.sizes);
    let mean = |key: bool| {
        let own: Vec<f64> =
            sizes().filter(|size| size.1 == key).map(|size| size.0 as f64).collect();
        (!own.is_empty()).then(|| own.iter().sum::<f64>() / own.len() as f64)
    };
    let keys = count.div_ceil(segment) as f64;
    let count = count as f64;
    match (mean(true), mean(false)) {
        (Some(key), Some(other)) => {
            let all = key * keys + other * (count - keys);
            0.6 * all..=1.5 * all
        }
        (Some(key), None) => {
            let of_span = |span: &Span| {
                span.sizes.iter().map(|size| size.0 as f64).sum::<f64>() / span.sizes.len() as f64
            };
            let low = spans.iter().map(of_span).fold(key, f64::min);
            let high = spans.iter().map(of_span).fold(key, f64::max);
            0.95 * low * count..=1.05 * high * count
        }
        _ => 0.0..=0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_spread_and_do_not_overlap() {
        assert_eq!(places(&(0..100), 8), [12..20, 46..54, 79..87]);
        assert_eq!(places(&(10..34), 8), std::slice::from_ref(&(10..34)));
        for count in 25..60 {
            let places = places(&(5..5 + count), 8);
            assert_eq!(places.len(), 3);
            assert!(places[0].start >= 5 && places[2].end <= 5 + count);
            assert!(places.windows(2).all(|pair| pair[0].end <= pair[1].start), "{places:?}");
        }
    }

    #[test]
    fn sizes_tell_key_frames_from_others() {
        let span = |sizes: Vec<(u64, bool)>| Span { seconds: [1.0, 1.5], stage: "", sizes };
        let spans = [span(vec![(1000, true), (100, false), (100, false)])];
        let all = all_bytes(&spans, 500, 24);
        let expected = 21.0 * 1000.0 + 479.0 * 100.0;
        assert!((all.start() - 0.6 * expected).abs() < 1e-6, "{all:?}");
        assert!((all.end() - 1.5 * expected).abs() < 1e-6, "{all:?}");
        let spans = [span(vec![(100, true); 4]), span(vec![(200, true); 4])];
        let all = all_bytes(&spans, 10, 1);
        assert!((all.start() - 950.0).abs() < 1e-6 && (all.end() - 2100.0).abs() < 1e-6);
        let seconds = all_seconds(&spans, 2.0, 100);
        assert!((seconds.start() - 96.9).abs() < 1e-9 && (seconds.end() - 167.2).abs() < 1e-9);
    }
}
