//! Arguments of the commands that render films, and what others share with them.

use std::ffi::OsString;
use std::path::{PathBuf, absolute};

use clap::ValueEnum;
use sg3render::Error;
use sg3render::network::device::{Precision, Request};
use sg3render::network::fused;
use sg3render::timeline::time;

use super::terminal::{Style, warn};

#[derive(clap::Args)]
pub struct RenderArgs {
    #[command(flatten)]
    pub film: FilmArgs,
    /// Where to write: a video (`film.mp4`, `film.mov`, `film.mkv`), images (`frames/%05d.png`,
    /// `frames/%05d.exr`), or `null:` for nowhere
    #[arg(short, long)]
    pub output: PathBuf,
    /// Replace the output if it is already there
    #[arg(long)]
    pub overwrite: bool,
    /// Keep finished chunks in the folder OUTPUT.chunks until the film is complete, and go on from
    /// what an interrupted run left there
    #[arg(long)]
    pub resume: bool,
    /// Render on several devices, one process each, and keep chunks as `--resume` does: `0,1,2` or
    /// `cuda:0,cuda:1`, `cpu,cpu`
    #[arg(long, value_name = "D,D", value_delimiter = ',', value_parser = numbered, conflicts_with = "device")]
    pub devices: Vec<String>,
    /// A quick look: every fourth frame at a quarter of width and height, without motion blur, with a
    /// quick preset; length and framing stay
    #[arg(long, conflicts_with_all = ["resume", "devices"])]
    pub draft: bool,
}

#[derive(clap::Args)]
pub struct ChunkArgs {
    #[command(flatten)]
    pub film: FilmArgs,
    /// The folder of the chunks
    #[arg(short, long)]
    pub output: PathBuf,
    /// Cut the frames into chunks of 48 and take one after another that no other process works on,
    /// until all are there
    #[arg(long)]
    pub share: bool,
    /// Stop when standard input ends, which it does when the process that started this one does
    #[arg(long, hide = true)]
    pub leash: bool,
    /// Render only what this plan (`plan.json` of `farm plan`) was made for: a timeline or network
    /// that has changed since is an error
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct JoinArgs {
    /// The folder of the chunks
    pub chunks: PathBuf,
    /// Where to write the film: a file or images such as the chunks' output preset makes
    #[arg(short, long)]
    pub output: PathBuf,
    /// The frames of the film, where it is a part of the timeline: `A-B` (both included, counted from
    /// 0), `A-` (to the end) or `A`
    #[arg(long, value_name = "RANGE")]
    pub frames: Option<String>,
    /// Replace the output if it is already there
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub show: ShowArgs,
}

/// What is rendered and how.
#[derive(clap::Args)]
pub struct FilmArgs {
    /// The timeline (RON, or `.json`)
    pub timeline: PathBuf,
    /// Render only these frames: `A-B` (both included, counted from 0), `A-` (to the end) or `A`
    #[arg(long, value_name = "RANGE")]
    pub frames: Option<String>,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Output preset instead of the timeline's: a name, or a file that ends in `.ron`
    #[arg(long)]
    pub preset: Option<String>,
    /// Audio instead of the timeline's
    #[arg(long, value_name = "FILE")]
    pub audio: Option<PathBuf>,
    /// Frames synthesised at once: a number up to 1024, or `auto`; the CPU always takes them one by one
    #[arg(long, value_name = "N", default_value = "auto", value_parser = batch)]
    pub batch: Batch,
    #[command(flatten)]
    pub device: DeviceArgs,
    #[command(flatten)]
    pub show: ShowArgs,
}

impl FilmArgs {
    /// How a film is rendered, for another process: options, all but the frames and the device.
    pub fn options(&self, preset: &str) -> sg3render::Result<Vec<OsString>> {
        let mut line = Vec::new();
        let mut option = |name: &str, value: OsString| {
            let mut both = OsString::from(format!("--{name}="));
            both.push(value);
            line.push(both);
        };
        option("preset", preset.into());
        if let Some(value) = self.device.precision.to_possible_value() {
            option("precision", value.get_name().into());
        }
        if let Some((width, height)) = self.overrides.size {
            option("size", format!("{width}x{height}").into());
        }
        if let Some((frames, seconds)) = self.overrides.fps {
            option("fps", format!("{frames}/{seconds}").into());
        }
        if let Some(audio) = &self.audio {
            let full = absolute(audio).map_err(|e| Error::io("find the folder of", audio, e))?;
            option("audio", full.into());
        }
        if let Batch::Frames(frames) = self.batch {
            option("batch", frames.to_string().into());
        }
        Ok(line)
    }
}

#[derive(clap::Args)]
pub struct ShowArgs {
    /// Show nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Report progress, the end and errors on standard output, one JSON object a line
    #[arg(long)]
    pub json: bool,
}

impl ShowArgs {
    /// How progress is shown.
    pub fn style(&self) -> Style {
        match (self.json, self.quiet) {
            (true, _) => Style::Json,
            (_, true) => Style::Quiet,
            _ => Style::Human,
        }
    }
}

#[derive(clap::Args)]
pub struct OverrideArgs {
    /// Size in pixels instead of the timeline's: `1920x1080`
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub size: Option<(u32, u32)>,
    /// Frame rate instead of the timeline's, at the same tempo: `30`, `29.97`, `30000/1001`
    #[arg(long, value_parser = time::rate_from_text)]
    pub fps: Option<(u32, u32)>,
}

#[derive(clap::Args)]
pub struct DeviceArgs {
    /// Where to synthesise: `auto` (CUDA where it works, otherwise the CPU), `cpu`, `cuda` or `cuda:N`
    #[arg(long, default_value = "auto")]
    pub device: Request,
    /// Precision of the synthesis
    #[arg(long, value_enum, default_value = "f32")]
    pub precision: PrecisionArg,
}

impl DeviceArgs {
    /// The device, if it can do the precision.
    pub fn open(&self) -> sg3render::Result<tch::Device> {
        let device = self.device.open(self.precision.into())?;
        if let Err(why) = fused::available(device) {
            warn(&why);
        }
        Ok(device)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    /// float32 throughout
    F32,
    /// float32 with convolutions in TF32 (CUDA only)
    Tf32,
    /// float16 in the layers that the network marks so (CUDA only)
    F16,
    /// float32 with convolutions in bfloat16 (CPUs with AVX512_BF16 only)
    Bf16,
}

impl From<PrecisionArg> for Precision {
    fn from(precision: PrecisionArg) -> Self {
        match precision {
            PrecisionArg::F32 => Self::F32,
            PrecisionArg::Tf32 => Self::Tf32,
            PrecisionArg::F16 => Self::F16,
            PrecisionArg::Bf16 => Self::Bf16,
        }
    }
}

/// A number of frames, or as many as suit the device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    Auto,
    Frames(usize),
}

fn batch(text: &str) -> Result<Batch, String> {
    match text.parse() {
        _ if text == "auto" => Ok(Batch::Auto),
        Ok(frames @ 1..=1024) => Ok(Batch::Frames(frames)),
        _ => Err("expected `auto` or a number from 1 to 1024".into()),
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed =
        text.split_once(['x', 'X']).and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match parsed {
        Some((width @ 1..=16384, height @ 1..=16384)) => Ok((width, height)),
        _ => Err("expected width and height in pixels from 1 to 16384, such as `1920x1080`".into()),
    }
}

/// A device by its name; a number alone is a CUDA device's.
fn numbered(text: &str) -> Result<String, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = if digits { format!("cuda:{text}") } else { text.to_owned() };
    name.parse::<Request>()?;
    Ok(name)
}
