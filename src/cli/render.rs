//! `sg3render render`, the default command.

use sg3render::encode;
use sg3render::{Error, Result};

use super::draft;
use super::film::{self, Engine};
use super::film_args::RenderArgs;
use super::resume;
use super::stopping::stop_on_ctrl_c;
use super::terminal::Terminal;

/// Renders a timeline.
pub fn run(args: &RenderArgs) -> Result<()> {
    if args.resume || !args.devices.is_empty() {
        return resume::run(args);
    }
    // Before libtorch is touched: see `Request::open`.
    let device = args.film.device.open()?;
    // Before any file is begun: none is left behind.
    stop_on_ctrl_c()?;
    let (mut project, frames) =
        film::open_as(&args.film, Some(&args.output), draft::preset(args)?)?;
    if args.draft {
        project.shrink(draft::PART);
    }
    let mut stream = project.stream().part(&frames, args.overwrite);
    if args.draft {
        stream = draft::thinned(stream);
    }
    let sink = encode::open(&args.output, &project.preset, &stream)?;

    let engine = Engine::load(&args.film, &project, device)?;
    let engine = if args.draft { engine.every(draft::PART) } else { engine };
    let terminal = Terminal::new(&args.film.show.style(), stream.frames);
    let outcome = engine.render(&frames, sink, &terminal)?;
    let with = format!("{device:?}, {}", project.preset.name);
    film::tell(&outcome, stream.frames, &with, &terminal);
    if outcome.interrupted { Err(Error::Interrupted) } else { Ok(()) }
}
