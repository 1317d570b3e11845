//! Rendering by way of chunks beside the output: `--resume` and `--devices`.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::json;
use sg3render::encode::provenance::check_sidecar;
use sg3render::encode::{self, NULL, Stream};
use sg3render::farm::{self, Claim};
use sg3render::progress::{Progress, Status};
use sg3render::{Error, Result};

use super::chunk::Worker;
use super::film_args::RenderArgs;
use super::stopping::{stop_on_ctrl_c, stopped};
use super::terminal::Terminal;
use super::{devices, film, join};

/// Renders what is missing of a film, and joins it.
pub fn run(args: &RenderArgs) -> Result<()> {
    let shared = !args.devices.is_empty();
    // The workers open theirs.
    let device = if shared { tch::Device::Cpu } else { args.film.device.open()? };
    stop_on_ctrl_c()?;
    if args.output.as_os_str() == NULL {
        let message =
            "`null:` keeps no chunks; leave `--resume` and `--devices` out, or name a file";
        return Err(Error::Usage(message.into()));
    }
    let (project, frames) = film::open(&args.film, Some(&args.output))?;
    let (folder, joined) =
        (beside(&args.output, ".chunks"), beside(&args.output, ".chunks.joined"));
    clear(&joined)?;
    // Where there are chunks, an earlier run has found the output's place free: what lies there
    // now is a film that this run's predecessor had just finished, or images of it.
    let overwrite = args.overwrite || folder.is_dir();
    let stream = Stream { overwrite, ..project.stream().part(&frames, overwrite) };
    // All that can be wrong with the output is better known before the first frame than after the last.
    drop(encode::open(&args.output, &project.preset, &stream)?);
    check_sidecar(&args.output, overwrite)?;
    let job = film::job(&args.film, &project)?;
    let claim = Claim::open(&folder, "film")?;
    if !claim.take()? {
        return Err(Error::Incomplete(format!(
            "another process renders `{}`; wait for its end, or end it",
            args.output.display()
        )));
    }
    encode::remove_unfinished(&args.output, &project.preset)?;
    let kept = farm::sweep(&folder, &job, job.chunks(frames.clone()))?;
    let terminal = Terminal::new(&args.film.show.style(), stream.frames);
    let worked = if shared {
        kept.iter().for_each(|chunk| terminal.chunk(chunk, false));
        devices::run(args, &project, &folder, &terminal)
    } else {
        Worker::new(&args.film, &project, &job, &folder, device, &terminal).share(&frames, true)
    };
    if let Err(Error::Interrupted) = worked {
        terminal.note(&format!(
            "the finished chunks are in `{}`; the same command goes on from there",
            folder.display()
        ));
    }
    worked?;
    let found = farm::survey(&folder, |_| Ok(frames))?;
    let (frames, paths) = join::film(&found, &args.output, overwrite, &Joining)?;
    // In one step: of a folder that is half removed the next run would render the other half.
    fs::rename(&folder, &joined).map_err(|e| Error::io("rename", &folder, e))?;
    clear(&joined)?;
    tell(frames, &args.output, &paths, &terminal);
    Ok(())
}

/// A path that begins with the output's.
fn beside(out: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(out.as_os_str());
    name.push(end);
    name.into()
}

/// Removes a folder of chunks that nobody needs any more.
fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", folder, e)),
        _ => Ok(()),
    }
}

/// Joining shows nothing: its frames were counted as they were rendered.
struct Joining;

impl Progress for Joining {
    fn update(&self, _: &Status) -> bool {
        !stopped()
    }
    fn note(&self, _: &str) {}
}

fn tell(frames: u64, out: &Path, paths: &[PathBuf], terminal: &Terminal) {
    let (seconds, rendered) = (terminal.seconds(), terminal.rendered());
    let text = format!(
        "{frames} frames, {rendered} of them rendered now, in {seconds:.1} s: {}",
        out.display()
    );
    let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    let event = json!({"event": "done", "frames": frames, "rendered": rendered, "interrupted": false, "seconds": seconds, "paths": paths});
    terminal.finish(&text, &event);
}
