//! Footage to train on that needs no camera. Whatever it shows moves through the picture, so that texture
//! that stuck to the pixels would show at once.
//!
//!     cargo run --release --example procedural_footage -- silk silk/%05d.png 64 8000 1.7
//!     cargo run --release --example procedural_footage -- creature fur.mp4 256 2400
//!
//! The arguments are the scene, the video or images to write, their size, how many, the seconds from one to
//! the next (default 1/24: a film; more for stills that differ) and the second it begins with.

mod creature;
mod silk;
mod space;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use rayon::prelude::*;
use sg3render::encode::{self, Picture, Preset, Samples, Stream};
use sg3render::{Error, Result};

use space::V;

/// What is to be seen at a moment.
trait Scene: Sync {
    /// Linear light at a place of the picture, from -1 to 1, y down.
    fn light_at(&self, x: f32, y: f32) -> V;
}

fn main() -> ExitCode {
    encode::silence();
    let Err(error) = run(&env::args().skip(1).collect::<Vec<_>>()) else {
        return ExitCode::SUCCESS;
    };
    #[allow(clippy::print_stderr, reason = "an example is a program, not the library")]
    {
        eprintln!("error: {error}");
    }
    ExitCode::from(error.exit_code())
}

fn run(args: &[String]) -> Result<()> {
    let scene = |time: f64| -> Result<Box<dyn Scene>> {
        match args.first().map(String::as_str) {
            Some("creature") => Ok(Box::new(creature::Creature::at(time))),
            Some("silk") => Ok(Box::new(silk::Silk::at(time))),
            _ => Err(Error::Usage("name the scene first: `creature` or `silk`".into())),
        }
    };
    let out =
        args.get(1).ok_or_else(|| Error::Usage("name the video or images to write".into()))?;
    let (size, frames): (u32, u64) = (number(args, 2, 256)?, number(args, 3, 240)?);
    let (step, begin): (f64, f64) = (number(args, 4, 1.0 / 24.0)?, number(args, 5, 0.0)?);
    if !(8..=4096).contains(&size) {
        return Err(Error::Usage(format!("the size is {size}, expected 8 to 4096")));
    }
    let stream = Stream { overwrite: true, ..Stream::new((size, size), (24, 1), frames) };
    scene(begin)?;
    let out = Path::new(out);
    let mut sink = encode::open(out, &Preset::default_for(out)?, &stream)?;
    let side = size as usize;
    for index in 0..frames {
        let scene = scene(begin + step * index as f64)?;
        let mut levels = vec![0; 3 * side * side];
        levels.par_chunks_exact_mut(3 * side).enumerate().for_each(|(y, row)| {
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                pixel.copy_from_slice(&level(scene.as_ref(), x, y, side));
            }
        });
        sink.write(&Picture { index, width: size, height: size, samples: Samples::U8(levels) })?;
    }
    sink.finish().map(drop)
}

/// The argument of an index, or what stands for it.
fn number<T: std::str::FromStr>(args: &[String], index: usize, otherwise: T) -> Result<T> {
    let Some(text) = args.get(index) else { return Ok(otherwise) };
    text.parse().map_err(|_| Error::Usage(format!("`{text}` is not the number expected there")))
}

/// sRGB of a pixel: the mean of four places in it, taken in linear light.
fn level(scene: &dyn Scene, x: usize, y: usize, side: usize) -> [u8; 3] {
    let place = |i: usize, shift: f32| (i as f32 + shift) * 2.0 / side as f32 - 1.0;
    let shifts = [(0.125, 0.375), (0.625, 0.125), (0.375, 0.875), (0.875, 0.625)];
    let sum = shifts
        .iter()
        .fold(V(0.0, 0.0, 0.0), |sum, &(dx, dy)| sum + scene.light_at(place(x, dx), place(y, dy)));
    let level = |v: f32| (255.0 * (v / 4.0).clamp(0.0, 1.0).powf(1.0 / 2.2)).round() as u8;
    [level(sum.0), level(sum.1), level(sum.2)]
}
