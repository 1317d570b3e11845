//! `sg3render still`.

use sg3render::encode::{self, Preset};
use sg3render::network::device::Precision;
use sg3render::render::{Project, still};
use sg3render::timeline::Overrides;
use sg3render::{Error, Result};

use super::args::StillArgs;
use super::film::overrides;
use super::stopping::end_on_ctrl_c;
use super::terminal::{say, show_report};

/// Renders one moment.
pub fn run(args: &StillArgs) -> Result<()> {
    let device = args.device.open()?;
    let preset = Preset::default_for(&args.output)?;
    if !preset.is_images() {
        let message = format!("`{}` is no image; end it in .png or .exr", args.output.display());
        return Err(Error::Usage(message));
    }
    let overrides = Overrides { preset: Some(preset.name.clone()), ..overrides(&args.overrides) };
    end_on_ctrl_c()?;
    let project = Project::open(&args.timeline, None, &overrides)?;
    show_report(&project.warnings);
    let time = project.time(&args.at)?;
    let generators = project.generators(device, Precision::from(args.device.precision))?;
    let picture = still(&project, &generators, time, preset.depth())?;
    let mut sink =
        encode::open(&args.output, &project.preset, &project.still_stream(args.overwrite))?;
    sink.write(&picture)?;
    for path in sink.finish()? {
        say(&path.display().to_string())?;
    }
    Ok(())
}
