//! Arguments of `directions` as typed.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::ValueEnum;

use super::film_args::DeviceArgs;

#[derive(clap::Args)]
pub struct DirectionsArgs {
    /// The network: a `.pkl` or `.safetensors` file, or `builtin:NAME`
    pub network: String,
    /// The directions to write (`.safetensors`), for `directions` of timelines
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// How to find them
    #[arg(long, value_enum, default_value = "pca")]
    pub method: Method,
    /// How many, the strongest first
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub count: u32,
    /// How many seeds are mapped, for the components and for the size of a step
    #[arg(long, value_name = "N", default_value = "20000", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub samples: u32,
    /// The first of them
    #[arg(long, value_name = "S", default_value = "0")]
    pub seed: u32,
    /// The layers that are looked at (`sefa`) and that the directions act on, as `info` counts the copies of
    /// w: `0-4`, or one; all where nothing is said
    #[arg(long, value_name = "A-B", value_parser = layers)]
    pub layers: Option<RangeInclusive<usize>>,
    /// For a network that was made for classes: this one alone, instead of one drawn for each seed
    #[arg(long, value_name = "C")]
    pub class: Option<usize>,
    /// Draw what each does, from -3 to 3 standard deviations (`.png`)
    #[arg(long, value_name = "PNG")]
    pub sheet: Option<PathBuf>,
    /// The seeds that are shown on the sheet
    #[arg(long, value_name = "A,B", default_value = "0", value_delimiter = ',', num_args = 1)]
    pub sheet_seeds: Vec<u32>,
    /// Their truncation
    #[arg(long, value_name = "PSI", default_value = "0.7", allow_hyphen_values = true)]
    pub psi: f32,
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Replace files that are already there
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// Principal components of mapped latents
    Pca,
    /// What the layers' styles change most with, from their weights alone
    Sefa,
}

impl Method {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pca => "pca",
            Self::Sefa => "sefa",
        }
    }
}

fn layers(text: &str) -> Result<RangeInclusive<usize>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok(first..=last),
        _ => Err("expected a layer's number, or a range such as `0-4`".into()),
    }
}
