//! `sg3render join`.

use std::path::{Path, PathBuf};

use sg3render::Result;
use sg3render::encode::provenance::check_sidecar;
use sg3render::encode::{Sidecar, Stream, parts};
use sg3render::farm;
use sg3render::progress::Progress;
use sg3render::render::Outcome;
use sg3render::schedule::ranges;

use super::film::tell;
use super::film_args::JoinArgs;
use super::stopping::stop_on_ctrl_c;
use super::terminal::Terminal;

/// Makes a film of a folder of chunks.
pub fn run(args: &JoinArgs) -> Result<()> {
    stop_on_ctrl_c()?;
    let found = farm::survey(&args.chunks, |total| match &args.frames {
        Some(text) => ranges::parse(text, total),
        None => Ok(0..total),
    })?;
    let length = found.frames.end - found.frames.start;
    let terminal = Terminal::new(&args.show.style(), length);
    let (frames, paths) = film(&found, &args.output, args.overwrite, &terminal)?;
    let outcome = Outcome { frames, interrupted: false, paths, stages: Vec::new() };
    tell(&outcome, frames, &format!("joined, {}", found.job.preset), &terminal);
    Ok(())
}

/// Makes the film of verified chunks; returns the number of its frames and its files.
pub fn film(
    found: &farm::Parts,
    out: &Path,
    overwrite: bool,
    progress: &dyn Progress,
) -> Result<(u64, Vec<PathBuf>)> {
    let farm::Parts { job, frames, files, devices } = found;
    check_sidecar(out, overwrite)?;
    let (provenance, preset) = (job.provenance(frames, devices), job.find_preset()?);
    let comment = Some(provenance.comment());
    let stream = Stream { comment, ..job.stream.part(frames, overwrite) };
    let paths = parts::join(files, out, &preset, &stream, progress)?;
    Sidecar::new(out, provenance, preset.is_images(), true)?.write(out)?;
    Ok((stream.frames, paths))
}
