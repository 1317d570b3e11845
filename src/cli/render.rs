//! `sg3render render`, the default command.

use std::fs;

use serde_json::json;
use sg3render::encode;
use sg3render::render::{Job, Outcome, Project, run as render};
use sg3render::schedule::ranges;
use sg3render::timeline::Overrides;
use sg3render::{Error, Result};

use super::args::{Batch, OverrideArgs, RenderArgs};
use super::terminal::{Style, Terminal, show_report, stop_on_ctrl_c};

/// Renders a timeline.
pub fn run(args: &RenderArgs) -> Result<()> {
    // Before libtorch is touched: see `Request::open`.
    let device = args.device.open()?;
    // Before any file is begun: none is left behind.
    stop_on_ctrl_c()?;
    let overrides = Overrides {
        preset: args.preset.clone(),
        audio: args.audio.clone(),
        ..overrides(&args.overrides)
    };
    if let Some(path) = &args.audio {
        fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
    }
    let project = Project::open(&args.timeline, Some(&args.output), &overrides)?;
    if !args.quiet {
        show_report(&project.warnings);
    }
    let frames = match &args.frames {
        Some(text) => ranges::parse(text, project.resolved.frames)?,
        None => 0..project.resolved.frames,
    };
    let stream = project.stream(&frames, args.overwrite);
    if args.audio.is_some() && project.preset.is_images() {
        let message = format!(
            "images have no sound; leave `--audio` out, or choose another preset than `{}`",
            project.preset.name
        );
        return Err(Error::Usage(message));
    }
    let sink = encode::open(&args.output, &project.preset, &stream)?;

    let generator = project.generator(device, args.device.precision.into())?;
    let schedule = project.schedule(&generator)?;
    let batch = match args.batch {
        Batch::Auto => generator.auto_batch(),
        Batch::Frames(frames) => frames,
    };
    let style = match (args.json, args.quiet) {
        (true, _) => Style::Json,
        (_, true) => Style::Quiet,
        _ => Style::Human,
    };
    let terminal = Terminal::new(&style, stream.frames);
    let canvas = project.resolved.canvas;
    let job = Job { schedule: &schedule, generator: &generator, canvas, frames, batch };
    let outcome = render(&job, sink, &terminal)?;
    let with = format!("{device:?}, {}", project.preset.name);
    tell(&outcome, stream.frames, &with, &terminal);
    if outcome.interrupted { Err(Error::Interrupted) } else { Ok(()) }
}

/// What the command line says instead of the timeline.
pub fn overrides(args: &OverrideArgs) -> Overrides {
    Overrides { size: args.size, fps: args.fps, ..Overrides::default() }
}

fn tell(outcome: &Outcome, total: u64, with: &str, terminal: &Terminal) {
    let Outcome { frames, interrupted, paths } = outcome;
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
    let event = json!({"event": "done", "frames": frames, "interrupted": interrupted, "seconds": seconds, "paths": paths});
    terminal.finish(&text, &event);
}
