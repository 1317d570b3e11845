//! Arguments of the commands that look at a film before or after it is rendered.

use std::path::PathBuf;

use sg3render::network::device::Request;

use super::film_args::{FilmArgs, OverrideArgs, ShowArgs};

#[derive(clap::Args)]
pub struct SheetArgs {
    #[command(flatten)]
    pub film: FilmArgs,
    /// The sheet to write (`.png`)
    #[arg(short, long, value_name = "FILE.png", value_parser = png)]
    pub output: PathBuf,
    /// Show a frame every so often (`2s`, `48f`, `4b`) instead of the key moments
    #[arg(long, value_name = "TIME", conflicts_with = "most", allow_hyphen_values = true)]
    pub every: Option<String>,
    /// How many key moments at most: those that lie nearest to others are joined with them
    #[arg(long, value_name = "N", default_value = "24", value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub most: u32,
    /// Columns; by default about as many as make a sheet of 3 by 2
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub columns: Option<u32>,
    /// The longer side of a cell, pixels
    #[arg(long, value_name = "PIXELS", default_value = "256", value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub cell: u32,
    /// Replace the sheet if it is already there
    #[arg(long)]
    pub overwrite: bool,
}

fn png(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("png") => Ok(path),
        _ => Err("expected a name that ends in `.png`".into()),
    }
}

#[derive(clap::Args)]
pub struct DiffArgs {
    /// The timeline as it was (RON, or `.json`)
    pub a: PathBuf,
    /// The timeline as it is now
    pub b: PathBuf,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Output preset instead of both timelines'
    #[arg(long)]
    pub preset: Option<String>,
    /// Print a JSON object instead of lines
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct EstimateArgs {
    #[command(flatten)]
    pub film: FilmArgs,
    /// Where the film would be written: chooses the preset as `render` does, and the disk
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// Frames that are measured at each of three places
    #[arg(long, value_name = "N", default_value = "6", value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub samples: u32,
}

#[derive(clap::Args)]
pub struct VerifyArgs {
    /// The film, or the images by their pattern (`frames/%05d.png`)
    pub film: PathBuf,
    /// The timeline that it should be of
    pub timeline: PathBuf,
    /// How many frames to render again, evenly spread: the first, the last and others between
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u32).range(2..))]
    pub frames: u32,
    /// Render these frames again, besides the first and the last: numbers of the timeline
    #[arg(long, value_name = "FRAME,FRAME", value_delimiter = ',', conflicts_with = "frames")]
    pub at: Vec<u64>,
    /// The output preset, where it is a file that the timeline does not name
    #[arg(long)]
    pub preset: Option<String>,
    /// The sound that the film was rendered with instead of the timeline's
    #[arg(long, value_name = "FILE")]
    pub audio: Option<PathBuf>,
    /// Where to synthesise: `auto` (CUDA where it works, otherwise the CPU), `cpu`, `cuda` or `cuda:N`
    #[arg(long, default_value = "auto")]
    pub device: Request,
    /// Accept frames whose PSNR against the new ones is at least so many dB: for other devices, whose
    /// last bits differ
    #[arg(long, value_name = "DB")]
    pub within: Option<f64>,
    #[command(flatten)]
    pub show: ShowArgs,
}
