//! Arguments of `train` as typed.

use std::path::PathBuf;

use clap::ValueEnum;
use sg3render::train::augment::Pipe;

use super::film_args::{DeviceArgs, ShowArgs};
use super::measure_args::{Measure, measure};

#[derive(clap::Args)]
pub struct TrainArgs {
    /// The images: a folder or a zip of equal squares, as `sg3render dataset` makes it
    pub images: PathBuf,
    /// The folder of the run: checkpoints, networks, samples, figures
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Settings: `stylegan3-t`, `stylegan3-r`, `stylegan2`, or a file that ends in `.ron`
    #[arg(long, value_name = "PRESET", default_value = "stylegan3-t")]
    pub config: String,
    /// How long: thousands of images that the discriminator is shown
    #[arg(long, value_name = "KIMG", default_value = "25000", value_parser = kimg)]
    pub kimg: f64,
    /// Images in an iteration
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch: u32,
    /// Images that the device holds at once, a divisor of the batch; gradients are summed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch_gpu: Option<u32>,
    /// R1's weight: a number, or `auto` for the preset's at this image size and batch
    #[arg(long, value_name = "X", default_value = "auto", value_parser = gamma)]
    pub gamma: Gamma,
    /// Augmentation: adaptive, with a fixed probability, or none
    #[arg(long, value_enum, default_value = "ada")]
    pub aug: Aug,
    /// With `--aug fixed`: the probability, 0 to 1
    #[arg(long, value_name = "P", default_value = "0.2", value_parser = probability)]
    pub p: f64,
    /// Which augmentations: groups such as `bgc` or `bgcfnc`, or names such as `xflip,xint,hue`
    #[arg(long, value_name = "NAMES", default_value = "bgc")]
    pub augmentations: Pipe,
    /// Show every image flipped left to right, too
    #[arg(long)]
    pub mirror: bool,
    /// Images that are not trained on, drawn at random: of each network that is kept they tell r_v, how much
    /// the discriminator knows its images by heart, from 0 to 1
    #[arg(long, value_name = "N", default_value = "0")]
    pub hold_out: u32,
    /// Train a network for the images' classes
    #[arg(long)]
    pub cond: bool,
    /// Begin with the tensors of this network that fit: a `.pkl`, or a `.safetensors` or checkpoint of this
    /// program
    #[arg(long, value_name = "NETWORK")]
    pub transfer: Option<PathBuf>,
    /// Leave the discriminator's first layers as they are; 10 is usual, with `--transfer`
    #[arg(long, value_name = "LAYERS", default_value = "0")]
    pub freeze_d: usize,
    /// The discriminator's channels times its resolution, instead of the preset's; the generator's keep
    /// their ratio to them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub channel_base: Option<u32>,
    /// The discriminator's most channels, likewise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 14))]
    pub channel_max: Option<u32>,
    /// Everything random follows from it
    #[arg(long, value_name = "S", default_value = "0")]
    pub seed: u64,
    /// Tell figures every so many thousand images
    #[arg(long, value_name = "KIMG", default_value = "4", value_parser = kimg)]
    pub tick: f64,
    /// Keep a checkpoint, a network and samples every so many thousand images
    #[arg(long, value_name = "KIMG", default_value = "200", value_parser = kimg)]
    pub snap: f64,
    /// What to measure of each network that is kept, with commas: as `metrics` does, or `none`. `fid`, or
    /// else `kid`, also tells which network is the best
    #[arg(long, value_name = "MEASURES", default_value = "none", value_parser = measures)]
    pub metrics: Measures,
    /// For `fid`, `kid` and the like: a TorchScript file of the published detectors' form, InceptionV3's
    /// weights in .safetensors, or `random`
    #[arg(long, value_name = "FILE", default_value = "random")]
    pub detector: PathBuf,
    /// Pictures for these measures: figures compare only with those of as many
    #[arg(long, value_name = "N", default_value = "2000", value_parser = clap::value_parser!(u32).range(2..))]
    pub samples: u32,
    /// Seconds of the video that walks through the latents of each network that is kept; 0 for none
    #[arg(long, value_name = "S", default_value = "4", value_parser = seconds)]
    pub walk: f64,
    /// Checkpoints to keep, besides that of the best network; networks and samples stay
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: u16,
    /// Go on from the newest checkpoint of the folder, to the bit as if nothing had happened
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub device: DeviceArgs,
    #[command(flatten)]
    pub show: ShowArgs,
}

#[derive(Clone, Copy)]
pub enum Gamma {
    Auto,
    Given(f64),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Aug {
    Ada,
    Fixed,
    None,
}

fn kimg(text: &str) -> Result<f64, String> {
    let parsed: Option<f64> = text.parse().ok();
    let found = parsed.filter(|kimg| *kimg > 0.0 && *kimg <= 1e9);
    found.ok_or("expected a number of thousands above 0".into())
}

fn gamma(text: &str) -> Result<Gamma, String> {
    match (text, text.parse::<f64>()) {
        ("auto", _) => Ok(Gamma::Auto),
        (_, Ok(gamma)) if (0.0..=1e6).contains(&gamma) => Ok(Gamma::Given(gamma)),
        _ => Err("expected `auto` or a number from 0 on".into()),
    }
}

/// Measures, each once.
#[derive(Clone)]
pub struct Measures(pub Vec<Measure>);

fn measures(text: &str) -> Result<Measures, String> {
    match text {
        "none" => Ok(Measures(Vec::new())),
        _ => text.split(',').map(measure).collect::<Result<_, _>>().map(Measures),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let parsed: Option<f64> = text.parse().ok();
    parsed.filter(|s| (0.0..=3600.0).contains(s)).ok_or("expected seconds from 0 to 3600".into())
}

fn probability(text: &str) -> Result<f64, String> {
    let parsed: Option<f64> = text.parse().ok();
    parsed.filter(|p| (0.0..=1.0).contains(p)).ok_or("expected a number from 0 to 1".into())
}
