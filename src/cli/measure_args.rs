//! Arguments of `metrics` and `diagnose` as typed.

use std::path::PathBuf;

use clap::Subcommand;
use sg3render::metrics::{distribution, equivariance};
use sg3render::network::device::Request;

use super::film_args::DeviceArgs;

#[derive(clap::Args)]
pub struct MetricsArgs {
    /// What to measure: `eq-t` (shifts by whole pixels), `eq-t-frac` (by parts of one), `eq-r`
    /// (rotation); `fid`, `kid`, `pr` (precision and recall), `is` (inception score), `ppl` (path
    /// length); or several with commas
    #[arg(value_name = "MEASURES", value_delimiter = ',', required = true, value_parser = measure)]
    pub measures: Vec<Measure>,
    /// The network: a `.pkl` or `.safetensors` file, or `builtin:NAME`
    pub network: String,
    /// How many seeds to measure: 64 where nothing is said, and 50000 for `fid`, `kid`, `pr`, `is`, `ppl`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub samples: Option<u32>,
    /// The real pictures, for `fid`, `kid` and `pr`: a set as `dataset` makes it
    #[arg(long, value_name = "SET")]
    pub data: Option<PathBuf>,
    /// Take the real pictures flipped, too
    #[arg(long)]
    pub mirror: bool,
    /// What turns pictures into features: a TorchScript file of the published detectors' form, InceptionV3's
    /// weights in .safetensors (all but `ppl`), or `random`, which is built in (`fid`, `kid` and `pr`)
    #[arg(long, value_name = "FILE")]
    pub detector: Option<PathBuf>,
    /// The first seed
    #[arg(long, value_name = "S", default_value = "0")]
    pub seed: u32,
    /// Seeds in a batch; the standard error is that of the batches' figures
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub batch: u32,
    /// The log, to which every batch is added, and from which a run goes on
    #[arg(long, value_name = "FILE", default_value = "metrics.jsonl")]
    pub log: PathBuf,
    /// Write a report with the figures by distance and angle
    #[arg(long, value_name = "HTML")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Replace a report that is already there
    #[arg(long)]
    pub overwrite: bool,
    /// Report progress and figures on standard output, one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// One of the measures.
#[derive(Debug, Clone, Copy)]
pub enum Measure {
    /// How pictures move with their input.
    Motion(equivariance::Measure),
    /// How close they come to real ones.
    Distribution(distribution::Measure),
}

/// A measure by its name.
pub fn measure(text: &str) -> Result<Measure, String> {
    let motion = equivariance::Measure::ALL.map(|m| (m.name(), Measure::Motion(m)));
    let distribution = distribution::Measure::ALL.map(|m| (m.name(), Measure::Distribution(m)));
    let mut all = motion.into_iter().chain(distribution);
    all.clone().find(|(name, _)| *name == text).map(|(_, measure)| measure).ok_or_else(|| {
        let names: Vec<&str> = all.by_ref().map(|(name, _)| name).collect();
        format!("expected {}", names.join(", "))
    })
}

#[derive(Subcommand)]
pub enum Diagnose {
    /// Columns and rows of pixels over time, and how much of the detail sticks to the screen
    Stripes(StripesArgs),
    /// The average of pictures with close latents: what stays sharp is glued to the pixels
    Average(AverageArgs),
    /// Average power spectra of networks, folders, zips and videos
    Spectrum(SpectrumArgs),
    /// Equivariance layer by layer: which of them breaks it
    Layers(LayersArgs),
    /// Measure a timeline or a finished video against limits; exit code 1 if it fails them
    Shot(ShotArgs),
}

#[derive(clap::Args)]
pub struct FootageArgs {
    /// For a network: the two seeds between which it goes
    #[arg(long, value_name = "A,B", default_value = "0,1", value_delimiter = ',', num_args = 1)]
    pub seeds: Vec<u32>,
    /// For a network: how many frames it takes for the way, at 24 a second
    #[arg(long, value_name = "N", default_value = "48", value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub frames: u32,
    /// For a network that was made for classes: which
    #[arg(long, value_name = "C")]
    pub class: Option<u32>,
    /// Follow the object: without the timeline's camera, and with the network's own learned motion
    /// cancelled, so that neither is mistaken for motion of the texture
    #[arg(long)]
    pub stabilise: bool,
    #[command(flatten)]
    pub device: DeviceArgs,
}

#[derive(clap::Args)]
pub struct OutputArgs {
    /// The picture to write (`.png`)
    #[arg(short, long, value_name = "PNG")]
    pub output: Option<PathBuf>,
    /// Write a report: one HTML file with everything in it
    #[arg(long, value_name = "HTML")]
    pub report: Option<PathBuf>,
    /// Replace files that are already there
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(clap::Args)]
pub struct StripesArgs {
    /// Timelines (`.ron`), networks, or finished videos; several stand side by side
    #[arg(value_name = "FOOTAGE", required = true)]
    pub footage: Vec<String>,
    /// Where the columns and rows lie, in percent of the picture
    #[arg(long, value_name = "P,P", default_value = "50", value_delimiter = ',', num_args = 1, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub positions: Vec<u8>,
    #[command(flatten)]
    pub from: FootageArgs,
    #[command(flatten)]
    pub to: OutputArgs,
}

#[derive(clap::Args)]
pub struct AverageArgs {
    /// The networks; several stand side by side
    #[arg(value_name = "NETWORK", required = true)]
    pub networks: Vec<String>,
    /// The seed whose neighbourhood is averaged
    #[arg(long, value_name = "S", default_value = "0")]
    pub seed: u32,
    /// How many neighbours
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u32).range(1..))]
    pub samples: u32,
    /// Standard deviation of the steps in w, as a share of w's distance from the average
    #[arg(long, value_name = "SHARE", default_value = "0.1", value_parser = share)]
    pub step: f64,
    #[command(flatten)]
    pub device: DeviceArgs,
    #[command(flatten)]
    pub to: OutputArgs,
}

#[derive(clap::Args)]
pub struct SpectrumArgs {
    /// Networks, folders or zips of PNG and JPEG images, or videos; the first one's mean and deviation scale all
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,
    /// The folder to write: plots as .svg and .png, `spectra.npz`
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// How many pictures of a network, and at most of the others
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u32).range(1..))]
    pub samples: u32,
    /// Write a report: one HTML file with everything in it
    #[arg(long, value_name = "HTML")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Replace files that are already there
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(clap::Args)]
pub struct LayersArgs {
    /// The networks; several are drawn into one plot
    #[arg(value_name = "NETWORK", required = true)]
    pub networks: Vec<String>,
    /// How many seeds to measure
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u32).range(1..))]
    pub samples: u32,
    /// The first seed
    #[arg(long, value_name = "S", default_value = "0")]
    pub seed: u32,
    /// The plot to write (`.svg` or `.png`): under shifts; under rotation beside it, as `NAME-rotation`
    #[arg(short, long, value_name = "FILE", value_parser = drawing)]
    pub output: Option<PathBuf>,
    /// Write a report: one HTML file with everything in it
    #[arg(long, value_name = "HTML")]
    pub report: Option<PathBuf>,
    /// Where to synthesise: `auto`, `cpu`, `cuda` or `cuda:N`; in float32
    #[arg(long, default_value = "auto")]
    pub device: Request,
    /// Replace files that are already there
    #[arg(long)]
    pub overwrite: bool,
    /// Print the figures on standard output, one JSON object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct ShotArgs {
    /// A timeline (`.ron`), a network, or a finished video
    pub footage: String,
    /// Fail where more of the gradient energy than this stands still: 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub max_sticking: Option<f64>,
    /// Fail where EQ-T at this shot's frames is below this many dB
    #[arg(long, value_name = "DB")]
    pub min_eqt: Option<f64>,
    /// At how many of the frames EQ-T is measured, evenly spread
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u32).range(1..))]
    pub eqt_frames: u32,
    #[command(flatten)]
    pub from: FootageArgs,
    #[command(flatten)]
    pub to: OutputArgs,
}

/// The name of a drawing.
pub fn drawing(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let known = path.extension().is_some_and(|extension| extension == "svg" || extension == "png");
    if known { Ok(path) } else { Err("expected a name that ends in .svg or .png".into()) }
}

fn share(text: &str) -> Result<f64, String> {
    let parsed: Option<f64> = text.parse().ok();
    parsed.filter(|share| (0.0..=1.0).contains(share)).ok_or("expected a number from 0 to 1".into())
}

#[derive(clap::Args)]
pub struct AudioArgs {
    /// The sound: any file that FFmpeg decodes
    #[arg(value_name = "SOUND")]
    pub sound: PathBuf,
    /// A folder to write: plots as .svg and .png, `signals.npz`
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Write a report: one HTML file with everything in it
    #[arg(long, value_name = "HTML")]
    pub report: Option<PathBuf>,
    /// Print JSON, with the time of every beat
    #[arg(long)]
    pub json: bool,
    /// Replace files that are already there
    #[arg(long)]
    pub overwrite: bool,
}
