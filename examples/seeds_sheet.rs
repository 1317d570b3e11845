//! A contact sheet of a network's seeds, to choose from:
//!
//!     cargo run --release --example seeds_sheet -- sheet.png [NETWORK [COLUMNS ROWS [PSI [FIRST_SEED]]]]
//!
//! `NETWORK` is a network file or `builtin:NAME`. The seeds count up along the rows.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use sg3render::encode::{self, Picture, Preset, Samples, Stream};
use sg3render::network::device::{Precision, Request};
use sg3render::progress::Silent;
use sg3render::render::{Generator, Network};
use sg3render::schedule::{FrameInput, Mapping};
use sg3render::signal::randn;
use sg3render::timeline::Model;
use sg3render::{Error, Result};
use tch::{Kind, Tensor};

/// Pixels between the pictures.
const GAP: usize = 4;

/// What is drawn.
struct Sheet {
    columns: usize,
    rows: usize,
    psi: f32,
    first_seed: u32,
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
    let out = args.first().ok_or_else(|| Error::Usage("name the PNG image to write".into()))?;
    let sheet = Sheet {
        columns: number(args, 2, 6)?,
        rows: number(args, 3, 4)?,
        psi: number(args, 4, 0.7)?,
        first_seed: number(args, 5, 0)?,
    };
    if ![sheet.columns, sheet.rows].iter().all(|count| (1..=100).contains(count)) {
        return Err(Error::Usage("a sheet has 1 to 100 columns and rows".into()));
    }
    let (generator, class) = load(args.get(1).map_or("builtin:default", String::as_str))?;
    save(Path::new(out), &sheet.draw(&generator, class)?)
}

/// The argument of an index, or what stands for it.
fn number<T: std::str::FromStr>(args: &[String], index: usize, otherwise: T) -> Result<T> {
    let Some(text) = args.get(index) else { return Ok(otherwise) };
    text.parse().map_err(|_| Error::Usage(format!("`{text}` is not the number expected there")))
}

/// A network on CUDA where there is one, otherwise on the CPU, and the class to show: the first,
/// where it has classes.
fn load(name: &str) -> Result<(Generator, Option<usize>)> {
    // First of all: libtorch learns of CUDA only before it is used.
    let device = Request::Auto.open(Precision::F32)?;
    let (network, config) = Network::open(&Model::named(name))?;
    let (_, classes, _) = config.dims();
    Ok((network.generator(device, Precision::F32)?, (classes > 0).then_some(0)))
}

impl Sheet {
    /// All pictures, drawn row by row.
    fn draw(&self, generator: &Generator, class: Option<usize>) -> Result<Picture> {
        let side = generator.resolution() as usize;
        let pitch = side + GAP;
        let (width, height) = (self.columns * pitch - GAP, self.rows * pitch - GAP);
        let mut levels = vec![0; 3 * width * height];
        for row in 0..self.rows {
            let seeds = (0..self.columns)
                .map(|column| self.first_seed.wrapping_add((row * self.columns + column) as u32));
            let inputs =
                seeds.map(|seed| self.input(generator, seed, class)).collect::<Result<Vec<_>>>()?;
            let mut batch = generator.auto_batch();
            let images = generator.images(&inputs, &mut batch, &Silent)?;
            for (column, image) in pixels(&images)?.chunks_exact(3 * side * side).enumerate() {
                for (y, line) in image.chunks_exact(3 * side).enumerate() {
                    let at = 3 * ((row * pitch + y) * width + column * pitch);
                    levels[at..at + line.len()].copy_from_slice(line);
                }
            }
        }
        let (width, height) = (width as u32, height as u32);
        Ok(Picture { index: 0, width, height, samples: Samples::U8(levels) })
    }

    /// What the network is given for a seed: z, mapped, truncated, once for each layer.
    fn input(&self, generator: &Generator, seed: u32, class: Option<usize>) -> Result<FrameInput> {
        let mapping = &generator.mapping;
        let z: Vec<f32> = randn(seed, mapping.z_dim()).into_iter().map(|x| x as f32).collect();
        let w = mapping.map(&z, class)?;
        let truncated = w.iter().zip(mapping.w_avg()).map(|(w, avg)| avg + self.psi * (w - avg));
        let ws = truncated.collect::<Vec<_>>().repeat(mapping.num_ws());
        let transform = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        Ok(FrameInput { index: u64::from(seed), ws, transform })
    }
}

/// Images `[N, 1, 3 or 4, R, R]` of -1..1 as 8-bit RGB pixels, one image after the other; alpha is left out.
fn pixels(images: &Tensor) -> Result<Vec<u8>> {
    let colours = images.size4()?.1.min(3);
    let levels = ((images.f_narrow(1, 0, colours)? * 127.5) + 128.0)
        .f_clamp(0.0, 255.0)?
        .f_to_kind(Kind::Uint8)?;
    let rgb = levels.f_expand([-1, 3, -1, -1], false)?.f_permute([0, 2, 3, 1])?;
    let flat = rgb.f_contiguous()?.f_reshape([-1])?.f_to_device(tch::Device::Cpu)?;
    Ok(Vec::try_from(&flat)?)
}

/// Writes the sheet through the sink that also writes `sg3render still`.
fn save(out: &Path, picture: &Picture) -> Result<()> {
    let stream =
        Stream { overwrite: true, ..Stream::new((picture.width, picture.height), (1, 1), 1) };
    let mut sink = encode::open(out, &Preset::find("png")?, &stream)?;
    sink.write(picture)?;
    sink.finish().map(drop)
}
