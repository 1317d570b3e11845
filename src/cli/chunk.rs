//! `sg3render chunk`.

use std::cell::OnceCell;
use std::ops::Range;
use std::path::Path;

use serde_json::json;
use sg3render::farm::{self, Batch, ChunkSink, Job, Work, is_done};
use sg3render::render::Project;
use sg3render::{Error, Result};
use tch::Device;

use super::film::{self, Engine};
use super::film_args::{ChunkArgs, FilmArgs};
use super::stopping::{leash, stop_on_ctrl_c, stopped};
use super::terminal::Terminal;

/// Renders one chunk, or its share of all of them.
pub fn run(args: &ChunkArgs) -> Result<()> {
    let device = args.film.device.open()?;
    stop_on_ctrl_c()?;
    if args.leash {
        leash();
    }
    let (project, frames) = film::open(&args.film, None)?;
    let job = film::job(&args.film, &project)?;
    if let Some(plan) = &args.plan {
        Batch::read(plan)?.check(&job)?;
    }
    let terminal = Terminal::new(&args.film.show.style(), frames.end - frames.start);
    let mut worker = Worker::new(&args.film, &project, &job, &args.output, device, &terminal);
    let done = if args.share {
        // Who holds a leash has verified them.
        worker.share(&frames, args.leash)
    } else if is_done(&args.output, &job, &frames) {
        worker.found(&frames);
        Ok(())
    } else {
        // Nobody else is expected at this chunk; where there is somebody, both make the same.
        worker.render(&frames)
    };
    done?;
    tell(&args.output, &terminal);
    Ok(())
}

fn tell(folder: &Path, terminal: &Terminal) {
    let (seconds, rendered) = (terminal.seconds(), terminal.rendered());
    let text = format!("{rendered} frames in {seconds:.1} s: {}", folder.display());
    let event = json!({"event": "done", "frames": rendered, "seconds": seconds, "paths": [folder.display().to_string()]});
    terminal.finish(&text, &event);
}

/// Renders chunks on one device; the network is read when the first is to be rendered.
pub struct Worker<'a> {
    args: &'a FilmArgs,
    project: &'a Project,
    job: &'a Job,
    folder: &'a Path,
    device: Device,
    terminal: &'a Terminal,
    engine: OnceCell<Engine<'a>>,
}

impl<'a> Worker<'a> {
    /// A worker that has not begun.
    pub fn new(
        args: &'a FilmArgs,
        project: &'a Project,
        job: &'a Job,
        folder: &'a Path,
        device: Device,
        terminal: &'a Terminal,
    ) -> Self {
        Self { args, project, job, folder, device, terminal, engine: OnceCell::new() }
    }

    /// Sees to it that all chunks of the frames are there; those that were are `verified` or not.
    pub fn share(&mut self, frames: &Range<u64>, verified: bool) -> Result<()> {
        farm::share(self.folder, self.job, frames.clone(), verified, self)
    }
}

impl Work for Worker<'_> {
    fn found(&mut self, chunk: &Range<u64>) {
        self.terminal.chunk(chunk, false);
    }

    fn stopped(&self) -> bool {
        stopped()
    }

    fn render(&mut self, chunk: &Range<u64>) -> Result<()> {
        let engine = match self.engine.get() {
            Some(engine) => engine,
            None => {
                let engine = Engine::load(self.args, self.project, self.device)?;
                self.engine.get_or_init(|| engine)
            }
        };
        let device = film::device_name(self.device);
        let preset = &self.project.preset;
        let sink = ChunkSink::open(self.folder, self.job, preset, chunk, device)?;
        let outcome = engine.render(chunk, Box::new(sink), self.terminal)?;
        if outcome.interrupted {
            return Err(Error::Interrupted);
        }
        self.terminal.chunk(chunk, true);
        Ok(())
    }
}
