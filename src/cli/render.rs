//! `sg3render render`, the default command.

use sg3render::encode::provenance::check_sidecar;
use sg3render::encode::{self, NULL, Provenance, Sidecar, Stream};
use sg3render::{Error, Result};

use super::draft;
use super::film::{self, Engine, device_name};
use super::film_args::RenderArgs;
use super::forecast::Forecast;
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
    check_sidecar(&args.output, args.overwrite)?;
    let name = device_name(device);
    // Nowhere, and of a draft, nobody asks what it was.
    let provenance = match args.draft || args.output.as_os_str() == NULL {
        true => None,
        false => {
            let job = film::job(&args.film, &project)?;
            Some(job.provenance(&frames, std::slice::from_ref(&name)))
        }
    };
    if args.draft {
        project.shrink(draft::PART);
    }
    let comment = provenance.as_ref().map(Provenance::comment);
    let mut stream = Stream { comment, ..project.stream().part(&frames, args.overwrite) };
    if args.draft {
        stream = draft::thinned(stream);
    }
    let sink = encode::open(&args.output, &project.preset, &stream)?;

    let engine = Engine::load(&args.film, &project, device)?;
    let engine = if args.draft { engine.every(draft::PART) } else { engine };
    let terminal = Terminal::new(&args.film.show.style(), stream.frames);
    let forecast = Forecast::new(&terminal, &args.output, &project.preset, frames.start);
    let outcome = engine.render(&frames, sink, &forecast)?;
    if let Some(provenance) = provenance.filter(|_| outcome.frames > 0) {
        let written = provenance.with_frames(&(frames.start..frames.start + outcome.frames));
        let images = project.preset.is_images();
        Sidecar::new(&args.output, written, images, !outcome.interrupted)?.write(&args.output)?;
    }
    film::tell(&outcome, stream.frames, &format!("{name}, {}", project.preset.name), &terminal);
    if outcome.interrupted { Err(Error::Interrupted) } else { Ok(()) }
}
