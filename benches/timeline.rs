//! What a timeline costs beside the network's work: checking and resolving a long one, and the inputs of
//! its frames with a mapping that costs next to nothing.
//!
//!     cargo bench --no-default-features --bench timeline

#![allow(clippy::print_stdout, reason = "a benchmark is a program, not the library")]

#[path = "../tests/facts/mod.rs"]
mod facts;

use std::sync::Arc;
use std::time::Instant;

use sg3render::Result;
use sg3render::schedule::{Film, Mapping};
use sg3render::timeline::{Document, NetworkFacts, Overrides, Resolved};

const Z_DIM: usize = 512;
const W_DIM: usize = 512;
const NUM_WS: usize = 16;
/// Ten minutes at 60 frames a second.
const FRAMES: u64 = 36_000;
const KEYS: u64 = 200;
/// The bars: milliseconds to check and resolve, microseconds for a frame.
const BARS: (f64, f64) = (100.0, 20.0);

struct Fake(Vec<f32>);

impl Mapping for Fake {
    fn z_dim(&self) -> usize {
        Z_DIM
    }
    fn w_dim(&self) -> usize {
        W_DIM
    }
    fn num_ws(&self) -> usize {
        NUM_WS
    }
    fn w_avg(&self) -> &[f32] {
        &self.0
    }
    fn map(&self, z: &[f32], _: Option<usize>) -> Result<Vec<f32>> {
        Ok(z.to_vec())
    }
    fn pose(&self, w: &[f32]) -> Option<[f64; 4]> {
        let (sin, cos) = f64::from(w[0]).sin_cos();
        Some([cos, sin, f64::from(w[1]), f64::from(w[2])])
    }
}

/// Keys spread over the film, each written by a function of its number.
fn keys(key: impl Fn(u64) -> String) -> String {
    let step = FRAMES / KEYS;
    let keys = (0..KEYS).map(|i| format!("(at: {}, {}, ease: in_out_sine)", i * step, key(i)));
    keys.collect::<Vec<_>>().join(",\n")
}

/// Everything moves, and expressions follow the music.
fn timelines() -> [(&'static str, String); 3] {
    let head = "model: \"builtin:a\", fps: 60, duration: \"600s\", music: (bpm: 120),";
    let look = format!(
        "psi: \"0.7 + 0.2 * sin(tau * beat / 4)\",
         camera: (scale: [{}], translate: (\"0.02 * noise(1, t)\", \"0.02 * noise(2, t)\")),
         stabilise: (amount: 0.5),
         mix: [(layers: fine, seeds: [7, 8, 9], amount: [{}])],",
        keys(|i| format!("value: {}", 1.0 + (i % 3) as f64 / 10.0)),
        keys(|i| format!("value: {}", (i % 2) as f64 / 2.0)),
    );
    let latent =
        format!("latent: (keys: [{}], interpolate: cubic),", keys(|i| format!("seed: {i}")));
    let length = FRAMES / KEYS;
    let clips: Vec<String> = (0..KEYS - 1)
        .map(|i| {
            let by = ["latent", "pixels"][i as usize % 2];
            let fade =
                if i == 0 { String::new() } else { format!("fade: (duration: 20, by: {by})") };
            format!("(source: (seeds: [{i}, 1, 2], psi: 0.7), duration: {length}, {fade})")
        })
        .collect();
    let ramp = keys(|i| format!("value: {}", 0.5 + (i % 4) as f64 / 4.0));
    [
        ("200 keys a track", format!("({head} {latent} {look})")),
        ("and a speed of 200 keys", format!("({head} {latent} {look} speed: [{ramp}])")),
        ("199 clips that cross-fade", format!("({head} tracks: [[{}]])", clips.join(",\n"))),
    ]
}

fn resolve(text: &str) -> Resolved {
    let document = Document::parse("bench.ron", text).unwrap_or_else(|report| panic!("{report}"));
    let network = NetworkFacts {
        resolution: 1024,
        z_dim: Z_DIM,
        w_dim: W_DIM,
        num_ws: NUM_WS,
        ..facts::network()
    };
    let facts = facts::facts(&document, |_| network.clone());
    let checked = document.check(&facts, &Overrides::default());
    checked.unwrap_or_else(|report| panic!("{report}")).0
}

/// The median of an odd number of runs, seconds.
fn median(runs: usize, mut run: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[runs / 2]
}

fn main() {
    let verdict = |value: f64, bar: f64| if value < bar { "below" } else { "ABOVE" };
    for (name, text) in timelines() {
        let check = 1e3
            * median(11, || {
                resolve(&text);
            });
        let resolved = resolve(&text);
        let mapping: Arc<dyn Mapping> = Arc::new(Fake(vec![0.1; W_DIM]));
        let start = Instant::now();
        let film = Film::new(&resolved, &[mapping]).unwrap();
        let ready = 1e3 * start.elapsed().as_secs_f64();
        let count = 4000u32;
        let frames = 1e6 / f64::from(count)
            * median(5, || {
                for i in 0..u64::from(count) {
                    // Anywhere in the film.
                    film.frame(i * 7919 % FRAMES).unwrap();
                }
            });
        println!(
            "{name}: {} KB checked and resolved in {check:.1} ms ({} {} ms), keys drawn in {ready:.1} ms, \
             a frame in {frames:.1} us ({} {} us)",
            text.len() / 1000,
            verdict(check, BARS.0),
            BARS.0,
            verdict(frames, BARS.1),
            BARS.1
        );
    }
}
