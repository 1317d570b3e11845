//! `sg3render check`.

use serde_json::Value;
use sg3render::render::Project;
use sg3render::timeline::Overrides;
use sg3render::{Error, Result};

use super::args::CheckArgs;
use super::film::overrides;
use super::forecast::bytes;
use super::terminal::{say, show_report};

/// Checks a timeline; its mistakes are the error.
pub fn run(args: &CheckArgs) -> Result<()> {
    let overrides = Overrides { preset: args.preset.clone(), ..overrides(&args.overrides) };
    let opened = Project::open(&args.timeline, None, &overrides);
    if args.json {
        let findings = match &opened {
            Ok(project) => project.warnings.json(),
            Err(Error::Timeline(report)) => report.json(),
            Err(_) => Value::Null,
        };
        if findings != Value::Null {
            say(&format!("{findings:#}"))?;
        }
    }
    let project = opened?;
    if !args.json {
        show_report(&project.warnings);
        let (resolved, fps) = (&project.resolved, project.resolved.fps);
        let seconds = resolved.frames as f64 * f64::from(fps.1) / f64::from(fps.0);
        let (width, height) = project.size();
        let clips: usize = resolved.tracks.iter().map(|track| track.clips.len()).sum();
        let clips = match (clips, resolved.tracks.len(), project.networks().count()) {
            (0, ..) => String::new(),
            (clips, tracks, networks) => {
                format!(
                    ", {}, {}, {}",
                    counted(clips, "clip"),
                    counted(tracks, "track"),
                    counted(networks, "network")
                )
            }
        };
        let canvas = match (resolved.canvas.extent, project.memory()) {
            (Some((width, height)), Some(memory)) => {
                format!(", canvas {width}x{height} (about {})", bytes(memory as f64))
            }
            _ => String::new(),
        };
        say(&format!(
            "{}: {} frames, {seconds:.2} s, {width}x{height}{clips}, preset {}{canvas}",
            args.timeline.display(),
            resolved.frames,
            project.preset.name
        ))?;
    }
    Ok(())
}

/// So many of a thing.
fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
