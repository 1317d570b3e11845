//! What is looked at, frame by frame: timelines, networks between two seeds, finished videos.

use std::path::Path;

use sg3render::decode::Video;
use sg3render::metrics::Image;
use sg3render::progress::{Progress, Status};
use sg3render::render::{Generator, Project};
use sg3render::schedule::Schedule;
use sg3render::timeline::curve::Curve;
use sg3render::timeline::resolved::{Anchor, Camera, Stabilise};
use sg3render::timeline::{Overrides, is_json};
use sg3render::{Error, Result};

use super::measure_args::FootageArgs;

/// Footage that is ready to be looked at.
pub enum Footage {
    /// Frames that a network makes.
    Made(Box<Made>),
    /// A finished file.
    Video(Box<Video>),
}

/// A timeline, or the way between two seeds, and its network.
pub struct Made {
    pub generator: Generator,
    pub schedule: Schedule,
    fps: (u32, u32),
}

/// Whether a name is that of a network.
pub fn is_network(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|e| e.to_str());
    name.starts_with("builtin:") || matches!(extension, Some("pkl" | "safetensors"))
}

/// How a file or network is called in pictures.
pub fn label(name: &str) -> String {
    let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    if name.starts_with("builtin:") { name.into() } else { stem.unwrap_or_else(|| name.into()) }
}

impl Footage {
    /// Opens what a name stands for.
    pub fn open(name: &str, args: &FootageArgs) -> Result<Self> {
        let path = Path::new(name);
        let is_timeline =
            path.extension().is_some_and(|extension| extension == "ron") || is_json(name);
        let project = if is_network(name) {
            Project::read(Path::new("seeds.ron"), between(name, args)?, None, &Overrides::default())
        } else if is_timeline {
            Project::open(path, None, &Overrides::default())
        } else if args.stabilise {
            return Err(Error::Usage(format!(
                "the camera of `{name}` is not known, expected a timeline or a network; leave `--stabilise` out"
            )));
        } else {
            return Ok(Self::Video(Box::new(Video::open(path)?)));
        };
        let mut project = project?;
        if args.stabilise {
            project.resolved.camera = Camera {
                translate: Curve::constant([0.0; 2]),
                rotate: Curve::constant(0.0),
                scale: Curve::constant(1.0),
                pivot: Curve::constant([0.0; 2]),
            };
            project.resolved.stabilise =
                Some(Stabilise { to: Anchor::Average, amount: Curve::constant(1.0) });
        }
        let device = args.device.open()?;
        let generator = project.generator(device, args.device.precision.into())?;
        let schedule = project.schedule(&generator)?;
        Ok(Self::Made(Box::new(Made { generator, schedule, fps: project.resolved.fps })))
    }

    /// Frames a second.
    pub fn fps(&self) -> f64 {
        let (n, d) = match self {
            Self::Made(made) => made.fps,
            Self::Video(video) => video.fps,
        };
        f64::from(n) / f64::from(d)
    }

    /// How many frames there are; a guess for a video that does not say.
    pub fn frames(&self) -> u64 {
        match self {
            Self::Made(made) => made.schedule.frames(),
            Self::Video(video) => video.frames.unwrap_or(0),
        }
    }

    /// Shows every frame in turn.
    pub fn each(
        &mut self,
        progress: &dyn Progress,
        mut see: impl FnMut(&Image) -> Result<()>,
    ) -> Result<()> {
        let total = self.frames();
        let told = |done: u64| {
            let status = Status { done, total: total.max(done), bottleneck: None };
            if progress.update(&status) { Ok(()) } else { Err(Error::Interrupted) }
        };
        told(0)?;
        let mut done = 0;
        match self {
            Self::Made(made) => {
                let batch = made.generator.auto_batch() as u64;
                while done < total {
                    let range = done..(done + batch).min(total);
                    let inputs = range.clone().map(|i| made.schedule.frame(i));
                    for image in made.generator.planes(&inputs.collect::<Result<Vec<_>>>()?)? {
                        see(&image)?;
                    }
                    done = range.end;
                    told(done)?;
                }
            }
            Self::Video(video) => {
                while let Some(frame) = video.frame()? {
                    see(&planes(frame.width, frame.height, &frame.pixels))?;
                    done += 1;
                    told(done)?;
                }
            }
        }
        Ok(())
    }
}

/// RGB pixels as samples from -1 to 1.
pub fn planes(width: usize, height: usize, pixels: &[u8]) -> Image {
    Image::from_fn([3, height, width], |c, y, x| {
        (f32::from(pixels[3 * (y * width + x) + c]) - 127.5) / 127.5
    })
}

/// The timeline of a network that goes from one seed to another.
fn between(name: &str, args: &FootageArgs) -> Result<String> {
    let &[from, to] = args.seeds.as_slice() else {
        return Err(Error::Usage(format!(
            "`--seeds` has {} numbers, expected two, such as `--seeds 85,265`",
            args.seeds.len()
        )));
    };
    let class = args.class.map_or(String::new(), |class| format!("class: {class}, "));
    let frames = args.frames;
    Ok(format!(
        "(model: {name:?}, fps: 24, duration: {frames}, {class}\
         latent: (keys: [(at: 0, seed: {from}), (at: {frames}, seed: {to})]))"
    ))
}
