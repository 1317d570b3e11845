//! Renders a timeline into a sink of its own: raw 8-bit RGB frames on standard output, for another
//! program to take.
//!
//!     cargo run --release --example render_timeline -- timelines/demo.ron |
//!         ffplay -f rawvideo -pixel_format rgb24 -video_size 256x256 -framerate 24 -

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sg3render::encode::{self, Depth, Picture, Samples, Sink};
use sg3render::network::device::{Precision, Request};
use sg3render::progress::Silent;
use sg3render::render::{Job, Project, run};
use sg3render::timeline::Overrides;
use sg3render::{Error, Result};

/// Writes every picture's samples as they are.
struct Raw<W>(W);

impl<W: Write + Send> Sink for Raw<W> {
    fn depth(&self) -> Depth {
        Depth::U8
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        let Samples::U8(levels) = &picture.samples else {
            return Err(Error::Invalid("expected the 8-bit samples that were asked for".into()));
        };
        self.0.write_all(levels).map_err(|e| Error::io("write", "standard output", e))
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<PathBuf>> {
        self.0.flush().map_err(|e| Error::io("write", "standard output", e))?;
        Ok(Vec::new())
    }
}

fn main() -> ExitCode {
    encode::silence();
    let done = match env::args_os().nth(1) {
        Some(path) => render(Path::new(&path)),
        None => Err(Error::Usage("name the timeline to render".into())),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    #[allow(clippy::print_stderr, reason = "an example is a program, not the library")]
    {
        eprintln!("error: {error}");
    }
    ExitCode::from(error.exit_code())
}

fn render(timeline: &Path) -> Result<()> {
    // First of all: libtorch learns of CUDA only before it is used.
    let device = Request::Auto.open(Precision::F32)?;
    // The preset decides nothing but whether the size suits it: PNG suits any.
    let overrides = Overrides { preset: Some("png".into()), ..Overrides::default() };
    let project = Project::open(timeline, None, &overrides)?;
    let generators = [project.generator(device, Precision::F32)?];
    let job = Job {
        film: &project.film(&generators)?,
        generators: &generators,
        canvas: project.resolved.canvas,
        grid: project.resolved.grid.as_ref(),
        frames: 0..project.resolved.frames,
        stride: 1,
        batch: generators[0].auto_batch(),
    };
    run(&job, Box::new(Raw(io::stdout())), &Silent).map(drop)
}
