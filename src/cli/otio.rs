//! `sg3render otio`.

use sg3render::diagnostics::save;
use sg3render::otio::export;
use sg3render::render::Project;
use sg3render::{Error, Result};

use super::args::OtioArgs;
use super::film::overrides;
use super::terminal::{say, show_report};

/// Writes a timeline for editors.
pub fn run(args: &OtioArgs) -> Result<()> {
    let project = Project::open(&args.timeline, None, &overrides(&args.overrides))?;
    show_report(&project.warnings);
    let name = args.timeline.file_stem().unwrap_or_default().to_string_lossy();
    let timeline = export(&project.resolved, &name, &args.timeline);
    let text = serde_json::to_string_pretty(&timeline).map_err(|e| {
        Error::Invalid(format!("`{}` cannot be written as JSON: {e}", args.output.display()))
    })?;
    save(&args.output, text.as_bytes(), args.overwrite)?;
    say(&args.output.display().to_string())
}
