//! `sg3render diff`: which frames change from one timeline to another.

use std::path::Path;

use serde_json::{Value, json};
use sg3render::Result;
use sg3render::render::{Changed, Changes, Project, changes};
use sg3render::timeline::Overrides;
use sg3render::timeline::key_moments::timecode;

use super::film;
use super::proof_args::DiffArgs;
use super::stopping::end_on_ctrl_c;
use super::terminal::{say, show_report};

/// Tells what changes; whether anything does.
pub fn run(args: &DiffArgs) -> Result<bool> {
    end_on_ctrl_c()?;
    let overrides = Overrides { preset: args.preset.clone(), ..film::overrides(&args.overrides) };
    let open = |path: &Path| -> Result<Project> {
        let project = Project::open(path, None, &overrides)?;
        if !args.json {
            show_report(&project.warnings);
        }
        Ok(project)
    };
    let (a, b) = (open(&args.a)?, open(&args.b)?);
    let found = changes(&a, &b)?;
    let fps = b.resolved.fps;
    if args.json {
        say(&format!("{:#}", shown(&found, fps)))?;
    } else {
        for line in lines(args, &found, [a.resolved.fps, fps]) {
            say(&line)?;
        }
    }
    Ok(!found.is_none())
}

fn lines(args: &DiffArgs, found: &Changes, fps: [(u32, u32); 2]) -> Vec<String> {
    let names = [&args.a, &args.b].map(|path| path.display().to_string());
    let mut lines = Vec::new();
    lines.extend(found.everywhere.iter().map(|what| format!("every frame: {what}")));
    lines.extend(found.film.iter().map(|what| format!("the film, not its frames: {what}")));
    let place = |first: u64, last: u64, fps| {
        format!("{} - {}  {first}-{last}", timecode(first, fps), timecode(last, fps))
    };
    for Changed { frames, most, tracks } in &found.ranges {
        let mut line = place(frames.start, frames.end - 1, fps[1]);
        if most.w > 0.0 {
            line += &format!("  w by {}", figure(most.w));
        }
        if most.camera > 0.0 {
            line += &format!("  camera by {} px", figure(most.camera));
        }
        if !tracks.is_empty() {
            line += &format!("  ({})", tracks.join(", "));
        }
        lines.push(line);
    }
    if let Some((first, range)) = &found.only {
        let (name, fps) = if *first { (&names[0], fps[0]) } else { (&names[1], fps[1]) };
        lines.push(format!("{}  only in `{name}`", place(range.start, range.end - 1, fps)));
    }
    lines.push(match (found.is_none(), found.count()) {
        (true, _) => "nothing changes".into(),
        (false, count) => format!("{count} of {} frames change", found.frames[1]),
    });
    lines
}

/// Three digits, or the power of ten where it is tiny.
fn figure(value: f64) -> String {
    if value >= 0.001 { format!("{value:.3}") } else { format!("{value:.0e}") }
}

fn shown(found: &Changes, fps: (u32, u32)) -> Value {
    let range = |first: u64, last: u64| json!({"first": first, "last": last, "timecodes": [timecode(first, fps), timecode(last, fps)]});
    let ranges: Vec<Value> = found
        .ranges
        .iter()
        .map(|Changed { frames, most, tracks }| {
            let mut shown = range(frames.start, frames.end - 1);
            shown["w"] = json!(most.w);
            shown["camera_pixels"] = json!(most.camera.is_finite().then_some(most.camera));
            shown["tracks"] = json!(tracks);
            shown
        })
        .collect();
    let only = |which: bool| match &found.only {
        Some((first, frames)) if *first == which => json!([frames.start, frames.end - 1]),
        _ => Value::Null,
    };
    json!({
        "equal": found.is_none(), "frames": found.frames, "changed": found.count(),
        "everywhere": found.everywhere, "film": found.film, "ranges": ranges,
        "only_in_first": only(true), "only_in_second": only(false),
    })
}
