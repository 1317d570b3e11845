//! Arguments as typed.

use std::ffi::OsString;
use std::path::PathBuf;

use super::dataset_args::DatasetArgs;
use super::directions_args::DirectionsArgs;
use super::measure_args::{AudioArgs, Diagnose, MetricsArgs, drawing};
use clap::{CommandFactory, Parser, Subcommand};
use sg3render::weights::Part;

use super::farm_args::Farm;
use super::film_args::{ChunkArgs, DeviceArgs, JoinArgs, OverrideArgs, RenderArgs};
use super::proof_args::{DiffArgs, EstimateArgs, SheetArgs, VerifyArgs};
use super::train_args::TrainArgs;

/// Video and animation from alias-free GANs (StyleGAN3)
#[derive(Parser)]
#[command(
    version,
    override_usage = "sg3render TIMELINE -o OUTPUT [OPTIONS]\n       sg3render COMMAND ...",
    after_help = "`sg3render COMMAND --help` tells more. Exit codes: 0 done, 1 unequal or below a limit, 64 usage, 65 bad timeline or\n\
                  network, 66 missing input, 75 try again (I/O, device lost, out of memory), 130 interrupted."
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Render a timeline to a video file or an image sequence (the default command)
    Render(RenderArgs),
    /// Render a part of a timeline to a folder of chunks, from which `join` makes the film
    Chunk(ChunkArgs),
    /// Verify the chunks of a folder and make the film of them
    Join(JoinArgs),
    /// Render a film on a render farm: plan, submit, look, cancel
    #[command(subcommand)]
    Farm(Farm),
    /// Render one moment of a timeline to an image
    Still(StillArgs),
    /// Check a timeline and report every mistake in it; nothing is rendered
    Check(CheckArgs),
    /// Draw the curves of a timeline over time, with its markers
    Plot(PlotArgs),
    /// Write a timeline's tracks, clips and markers as OpenTimelineIO, for editors
    Otio(OtioArgs),
    /// Draw the key moments of a timeline, or frames at equal distances, on one page
    Sheet(SheetArgs),
    /// Tell which frames change from one timeline to another: exit code 0 if none does, otherwise 1
    Diff(DiffArgs),
    /// Measure a few frames, and tell how long all will take and how much they will fill
    Estimate(EstimateArgs),
    /// Tell whether a film is that of a timeline, by rendering some of its frames again: exit code 0 if it
    /// is, otherwise 1
    Verify(VerifyArgs),
    /// Write a commented timeline to start from
    New(NewArgs),
    /// Print the JSON Schema of timelines, by which editors complete and check those in JSON
    Schema(SchemaArgs),
    /// Turn a network pickle into a .safetensors file
    Import(ImportArgs),
    /// Show what a network is made of
    Info(InfoArgs),
    /// Make a set of training images of videos and pictures
    Dataset(DatasetArgs),
    /// Measure how well a network's pictures move with their input: EQ-T and EQ-R
    Metrics(MetricsArgs),
    /// Make texture sticking visible: stripes, averages, spectra, limits for a shot
    #[command(subcommand)]
    Diagnose(Diagnose),
    /// Find directions of w along which pictures change, for timelines, and show what each does
    Directions(DirectionsArgs),
    /// Show what is heard in a piece of music: tempo, beats, loudness, bands, pitches
    Audio(AudioArgs),
    /// Train a network on a set of images
    Train(Box<TrainArgs>),
}

impl Command {
    /// Whether errors, too, are told on standard output for a program to read.
    pub fn json(&self) -> bool {
        match self {
            Self::Render(args) => args.film.show.json,
            Self::Chunk(args) => args.film.show.json,
            Self::Join(args) => args.show.json,
            Self::Dataset(args) => args.show.json,
            Self::Farm(args) => args.json(),
            Self::Metrics(args) => args.json,
            Self::Sheet(args) => args.film.show.json,
            Self::Estimate(args) => args.film.show.json,
            Self::Verify(args) => args.show.json,
            Self::Diff(args) => args.json,
            Self::Train(args) => args.show.json,
            _ => false,
        }
    }
}

#[derive(clap::Args)]
pub struct StillArgs {
    /// The timeline (RON, or `.json`)
    pub timeline: PathBuf,
    /// The moment: a frame (`48`), `1.5s`, `00:00:02:12`, `4b`, a marker of the timeline, or with a minus
    /// from the end (`-1s`)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: String,
    /// The image to write: `.png` (8 bits) or `.exr`
    #[arg(short, long)]
    pub output: PathBuf,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Replace the image if it is already there
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(clap::Args)]
pub struct CheckArgs {
    /// The timeline (RON, or `.json`)
    pub timeline: PathBuf,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Output preset instead of the timeline's: a name, or a file that ends in `.ron`
    #[arg(long)]
    pub preset: Option<String>,
    /// Print the findings on standard output as a JSON array
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct PlotArgs {
    /// The timeline (RON, or `.json`)
    pub timeline: PathBuf,
    /// The plot to write (`.svg` or `.png`)
    #[arg(short, long, value_name = "FILE", value_parser = drawing)]
    pub output: PathBuf,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Replace the plot if it is already there
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(clap::Args)]
pub struct OtioArgs {
    /// The timeline (RON, or `.json`)
    pub timeline: PathBuf,
    /// The file to write (`.otio`)
    #[arg(short, long, value_name = "FILE", value_parser = otio)]
    pub output: PathBuf,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Replace the file if it is already there
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(clap::Args)]
pub struct NewArgs {
    /// The timeline to write, in JSON if it ends in `.json`; an existing file is left alone
    pub timeline: PathBuf,
}

#[derive(clap::Args)]
pub struct SchemaArgs {
    /// The file to write instead
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is already there
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(clap::Args)]
pub struct ImportArgs {
    /// The network: a `.pkl` of the StyleGAN3 or StyleGAN2-ADA (PyTorch) releases, or a file of this program
    #[arg(value_name = "NETWORK")]
    pub network_file: PathBuf,
    /// The `.safetensors` file to write
    #[arg(short, long)]
    pub output: PathBuf,
    /// Which of the file's networks to take: `G_ema` (averaged over training) or `G`
    #[arg(long, value_name = "NAME", default_value = "G_ema", value_parser = part)]
    pub network: Part,
    /// Store weights in float16: half the size
    #[arg(long)]
    pub half: bool,
    /// Replace the file if it is already there
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(clap::Args)]
pub struct InfoArgs {
    /// The network: a `.pkl` or `.safetensors` file, or `builtin:NAME`
    #[arg(value_name = "NETWORK")]
    pub network_file: PathBuf,
    /// Which of the file's networks to show: `G_ema` (averaged over training) or `G`
    #[arg(long, value_name = "NAME", default_value = "G_ema", value_parser = part)]
    pub network: Part,
    /// Print a JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

fn part(text: &str) -> Result<Part, String> {
    match text {
        "G_ema" => Ok(Part::GEma),
        "G" => Ok(Part::G),
        _ => Err("expected `G_ema` or `G`".into()),
    }
}

/// `sg3render timeline.ron -o out.mp4` means `sg3render render timeline.ron -o out.mp4`: puts the
/// command in where the first argument is none.
pub fn with_command(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<_> = args.collect();
    let first = args.get(1).map(|first| first.to_string_lossy().into_owned());
    let own = ["help", "-h", "--help", "-V", "--version"];
    let known = |first: &str| {
        own.contains(&first) || Args::command().get_subcommands().any(|c| c.get_name() == first)
    };
    if first.is_some_and(|first| !known(&first)) {
        args.insert(1, "render".into());
    }
    args
}

/// The name of a timeline for editors.
fn otio(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let known = path.extension().is_some_and(|extension| extension == "otio");
    if known { Ok(path) } else { Err("expected a name that ends in .otio".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn rendering_is_the_default_command() {
        let full = |line: &str| {
            let args = with_command(line.split(' ').map(OsString::from));
            args.iter().map(|a| a.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(full("sg3render a.ron -o b.mp4"), "sg3render render a.ron -o b.mp4");
        assert_eq!(full("sg3render -o b.mp4 a.ron"), "sg3render render -o b.mp4 a.ron");
        assert_eq!(full("sg3render check a.ron"), "sg3render check a.ron");
        assert_eq!(full("sg3render"), "sg3render");
    }

    #[test]
    fn every_command_is_known_by_name() {
        for command in Args::command().get_subcommands() {
            let line = ["sg3render", command.get_name()].map(OsString::from);
            assert_eq!(with_command(line.clone().into_iter()), line);
        }
    }
}
