//! What the commands that render films have in common.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use clap::ValueEnum;
use serde_json::json;
use sg3render::encode::Sink;
use sg3render::farm::Job as Film;
use sg3render::progress::Progress;
use sg3render::render::{Generator, Job, Outcome, Project, run as render};
use sg3render::schedule::{self, ranges};
use sg3render::timeline::Overrides;
use sg3render::{Error, Result};
use tch::Device;

use super::film_args::{Batch, FilmArgs, OverrideArgs};
use super::terminal::{Style, Terminal, show_report};

/// What the command line says instead of the timeline.
pub fn overrides(args: &OverrideArgs) -> Overrides {
    Overrides { size: args.size, fps: args.fps, ..Overrides::default() }
}

/// Opens the timeline that the arguments name, tells its warnings, and finds the frames that are asked
/// for.
pub fn open(args: &FilmArgs, out: Option<&Path>) -> Result<(Project, Range<u64>)> {
    open_as(args, out, args.preset.clone())
}

/// As [`open`], with another preset than the arguments'.
pub fn open_as(
    args: &FilmArgs,
    out: Option<&Path>,
    preset: Option<String>,
) -> Result<(Project, Range<u64>)> {
    let overrides = Overrides { preset, audio: args.audio.clone(), ..overrides(&args.overrides) };
    if let Some(path) = &args.audio {
        fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
    }
    let project = Project::open(&args.timeline, out, &overrides)?;
    if !args.show.quiet {
        show_report(&project.warnings);
    }
    let frames = match &args.frames {
        Some(text) => ranges::parse(text, project.resolved.frames)?,
        None => 0..project.resolved.frames,
    };
    if args.audio.is_some() && project.preset.is_images() {
        let message = format!(
            "images have no sound; leave `--audio` out, or choose another preset than `{}`",
            project.preset.name
        );
        return Err(Error::Usage(message));
    }
    Ok((project, frames))
}

/// What all chunks of the film have in common.
pub fn job(args: &FilmArgs, project: &Project) -> Result<Film> {
    let precision = args.device.precision.to_possible_value();
    let precision = precision.map_or_else(String::new, |value| value.get_name().to_owned());
    let (timeline, model) = (project.timeline_sha256(), project.model_sha256()?);
    Film::new(timeline, model, precision, &project.preset, project.stream())
}

/// How a device is named: `cpu`, `cuda(0)`.
pub fn device_name(device: Device) -> String {
    format!("{device:?}").to_lowercase()
}

/// A project with its networks on a device.
pub struct Engine<'a> {
    project: &'a Project,
    generators: Vec<Generator>,
    film: schedule::Film,
    batch: usize,
    stride: u64,
}

impl<'a> Engine<'a> {
    /// Reads the networks.
    pub fn load(args: &FilmArgs, project: &'a Project, device: Device) -> Result<Self> {
        let generators = project.generators(device, args.device.precision.into())?;
        measure(args, project, &generators)?;
        let smallest = generators.iter().map(Generator::auto_batch).min();
        let batch = match args.batch {
            Batch::Auto => smallest.unwrap_or(1),
            Batch::Frames(frames) => frames,
        };
        let film = project.film(&generators)?;
        Ok(Self { project, generators, film, batch, stride: 1 })
    }

    /// Renders every so manieth frame from now on.
    pub fn every(self, stride: u32) -> Self {
        Self { stride: stride.into(), ..self }
    }

    /// Frames synthesised at once.
    pub fn batch(&self) -> u64 {
        self.batch as u64
    }

    /// Renders frames into a sink.
    pub fn render(
        &self,
        frames: &Range<u64>,
        sink: Box<dyn Sink>,
        progress: &dyn Progress,
    ) -> Result<Outcome> {
        let resolved = &self.project.resolved;
        let job = Job {
            film: &self.film,
            generators: &self.generators,
            canvas: resolved.canvas,
            grid: resolved.grid.as_ref(),
            frames: frames.clone(),
            stride: self.stride,
            batch: self.batch,
        };
        render(&job, sink, progress)
    }
}

/// Measures paths of perceptual speed, which may take as long as many frames.
fn measure(args: &FilmArgs, project: &Project, generators: &[Generator]) -> Result<()> {
    let looks = project.looks(generators)?;
    if looks == 0 {
        return Ok(());
    }
    // Programs count frames.
    let style = if args.show.json { Style::Quiet } else { args.show.style() };
    let terminal = Terminal::new(&style, looks).counting("looks");
    project.measure(generators, &terminal)?;
    terminal.clear();
    Ok(())
}

/// Tells the end of a render of so many frames.
pub fn tell(outcome: &Outcome, total: u64, with: &str, terminal: &Terminal) {
    let Outcome { frames, interrupted, paths, stages } = outcome;
    let seconds = terminal.seconds();
    let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    let place = match paths.as_slice() {
        [] => "nowhere".into(),
        [one] => one.clone(),
        [first, .., last] => format!("{first} ... {last}"),
    };
    let speed = *frames as f64 / seconds.max(1e-9);
    let text = if *frames == 0 {
        "interrupted before the first frame: nothing is written".into()
    } else if *interrupted {
        format!("interrupted: {frames} of {total} frames are in {place}")
    } else {
        format!("{frames} frames in {seconds:.1} s ({speed:.2} fps, {with}): {place}")
    };
    let stages: BTreeMap<_, _> = stages.iter().copied().collect();
    let event = json!({"event": "done", "frames": frames, "interrupted": interrupted, "seconds": seconds,
                       "paths": paths, "stage_seconds": stages});
    terminal.finish(&text, &event);
}
