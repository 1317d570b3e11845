//! Seconds a frame of whole networks on the CPU: our kernels against libtorch's operators, measured
//! in turn in one run.
//!
//!     cargo bench --bench network -- [NAME or FILE ...]
//!
//! Names are `t256`, `r256` ... to 1024: the published configurations with random weights. The
//! default is `t256 r256`. `SG3RENDER_CPU` lowers the kernels' level.

#![allow(clippy::print_stdout, reason = "a benchmark is a program, not the library")]

#[path = "shared/mod.rs"]
mod shared;
#[path = "../tests/untrained/mod.rs"]
mod untrained;

use std::path::Path;

use sg3render::network::device::Precision;
use sg3render::network::generator::{Synthesis, load, load_composed};
use sg3render::network::{Config, TensorSource};
use sg3render::weights::{NetworkFile, Part};
use tch::{Device, Kind, Tensor};

use shared::{least, names, published};
use untrained::Untrained;

const FRAMES: usize = 5;

fn main() -> sg3render::Result<()> {
    for name in names(&["t256", "r256"]) {
        match published(&name) {
            Some(config) => compare(&name, &Untrained::new(Config::StyleGan3(config)))?,
            None => {
                let file = NetworkFile::open(Path::new(&name), Part::default())?;
                compare(&name, &file.generator()?)?;
            }
        }
    }
    Ok(())
}

/// Medians of frames that take turns, so that whatever else the machine does meets all. As in a film a frame
/// follows one of its own kind: each turn's first is not timed.
fn compare(name: &str, source: &dyn TensorSource) -> sg3render::Result<()> {
    let (mapping, ours) = load(source, Device::Cpu, Precision::F32)?;
    let rounded = Precision::Bf16.check(Device::Cpu).is_ok();
    let rounded = rounded.then(|| load(source, Device::Cpu, Precision::Bf16)).transpose()?;
    let (_, composed) = load_composed(source, Device::Cpu, Precision::F32)?;
    let (z_dim, _, _) = source.config().dims();
    let z = Tensor::randn([1, z_dim as i64], (Kind::Float, Device::Cpu));
    let w = mapping.forward(&z, None)?;
    let ws = w.unsqueeze(1).repeat([1, source.config().num_ws() as i64, 1]);
    let upright = Tensor::eye(3, (Kind::Double, Device::Cpu)).unsqueeze(0);
    let frame = |synthesis: &Synthesis| -> sg3render::Result<f64> {
        let mut image = None;
        let mut call = || least(1, || image = Some(synthesis.forward(&ws, &upright)));
        call();
        let time = call();
        image.transpose()?;
        Ok(time)
    };
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..FRAMES {
        times[0].push(frame(&ours)?);
        times[1].push(rounded.as_ref().map_or(Ok(f64::NAN), |(_, bf16)| frame(bf16))?);
        times[2].push(frame(&composed)?);
    }
    let [f32, bf16, composed] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[FRAMES / 2]
    });
    let bf16 = match rounded {
        Some(_) => format!("bf16 {:.1} ms ({:.2} times as fast)", bf16 * 1e3, f32 / bf16),
        None => "no bf16 on this CPU".to_owned(),
    };
    println!(
        "{name}: f32 {:.1} ms a frame, {bf16}; composed of libtorch's operators {:.1} ms ({:.1} times \
         as long as f32)",
        f32 * 1e3,
        composed * 1e3,
        composed / f32
    );
    Ok(())
}
