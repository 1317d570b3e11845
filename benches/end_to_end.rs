//! Whole renders: frames a second by precision and batch, into nowhere and into H.264 in turn, the
//! share of the time that each stage works, and the peak memory.
//!
//!     cargo bench --bench end_to_end -- [--device=cpu|cuda] [--frames=N] [NAME ...]
//!
//! Names are `t256`, `r256` ... to 1024: the published configurations with random weights. The
//! default is `t256 r256` on the CPU, 12 frames a run.

#![allow(clippy::print_stdout, reason = "a benchmark is a program, not the library")]

#[path = "shared/mod.rs"]
mod shared;
#[path = "../tests/untrained/mod.rs"]
mod untrained;

use std::fs;
use std::path::Path;
use std::time::Instant;

use sg3render::encode::{self, Preset, Stream};
use sg3render::environment::peak_memory;
use sg3render::network::Config;
use sg3render::network::device::{Precision, Request};
use sg3render::progress::Silent;
use sg3render::render::{Generator, Job, Project, run};
use sg3render::timeline::Overrides;
use sg3render::{Error, Result};
use tch::Device;

use shared::{names, option, published};
use untrained::Untrained;

const TIMELINE: &str =
    r#"(model: "builtin:untrained", duration: 1000, seeds: (list: [1, 2, 3], every: "1s"))"#;
const PRECISIONS: [(&str, Precision); 4] = [
    ("f32", Precision::F32),
    ("bf16", Precision::Bf16),
    ("tf32", Precision::Tf32),
    ("f16", Precision::F16),
];
/// Runs of each kind; they take turns, so that whatever else the machine does meets both.
const TURNS: usize = 3;

fn main() -> Result<()> {
    encode::silence();
    let request: Request =
        option("device").as_deref().unwrap_or("cpu").parse().map_err(Error::Usage)?;
    let frames = option("frames").map_or(Ok(12), |n| n.parse());
    let frames = frames.map_err(|e| Error::Usage(format!("`--frames`: {e}")))?;
    // TF32 is decided once for a process: measure it in a run of its own.
    let first = if option("precision").as_deref() == Some("tf32") {
        Precision::Tf32
    } else {
        Precision::F32
    };
    let device = request.open(first)?;
    for name in names(&["t256", "r256"]) {
        let config = published(&name)
            .ok_or_else(|| Error::Usage(format!("`{name}` is no published configuration")))?;
        let network = Untrained::new(Config::StyleGan3(config));
        for (written, precision) in PRECISIONS {
            let tf32 = precision == Precision::Tf32;
            if tf32 != (first == Precision::Tf32) || precision.check(device).is_err() {
                continue;
            }
            let batches: &[usize] = if device == Device::Cpu { &[1] } else { &[1, 8] };
            for &batch in batches {
                let generators = [Generator::load(&network, device, precision)?];
                compare(&format!("{name} {written}, batch {batch}"), &generators, batch, frames)?;
            }
        }
    }
    Ok(())
}

fn compare(what: &str, generators: &[Generator; 1], batch: usize, frames: u64) -> Result<()> {
    let path = Path::new("end_to_end.ron");
    let project = Project::read(path, TIMELINE.into(), None, &Overrides::default())?;
    let film = project.film(generators)?;
    let folder = std::env::temp_dir().join(format!("sg3render-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|e| Error::io("make", &folder, e))?;
    let path = folder.join("film.mp4");
    let side = generators[0].resolution();
    let stream = Stream { width: side, height: side, frames, overwrite: true, ..project.stream() };
    let render = |out: &Path| -> Result<(f64, Vec<(&str, f64)>)> {
        let canvas = project.resolved.canvas;
        let (frames, grid, stride) = (0..frames, None, 1);
        let job = Job { film: &film, generators, canvas, grid, frames, stride, batch };
        let sink = encode::open(out, &Preset::find("h264")?, &stream)?;
        let begun = Instant::now();
        let outcome = run(&job, sink, &Silent)?;
        Ok((begun.elapsed().as_secs_f64(), outcome.stages))
    };
    // Compiles, caches, records.
    render(Path::new(encode::NULL))?;
    let (mut nowhere, mut encoded, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        nowhere.push(render(Path::new(encode::NULL))?.0);
        if cfg!(feature = "video") {
            let (seconds, stages) = render(&path)?;
            encoded.push(seconds);
            shares = stages
                .iter()
                .map(|(name, s)| format!("{name} {:.0} %", s / seconds * 100.0))
                .collect();
        }
    }
    let _ = fs::remove_dir_all(&folder);
    let fps = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(TURNS / 2).map_or(f64::NAN, |time| frames as f64 / time)
    };
    println!(
        "{what}: {:.2} fps into nowhere, {:.2} into h264 (working: {}); peak memory of this process {:.2} GB",
        fps(&mut nowhere),
        fps(&mut encoded),
        shares.join(", "),
        peak_memory().map_or(f64::NAN, |bytes| bytes as f64 / 1e9)
    );
    Ok(())
}
