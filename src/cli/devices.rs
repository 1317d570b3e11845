//! One worker process for each device.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;
use sg3render::progress::Progress;
use sg3render::render::Project;
use sg3render::{Error, Result};

use super::film_args::{FilmArgs, RenderArgs};
use super::stopping::{hold, stopped};
use super::terminal::Terminal;

/// Renders what is missing of the chunks in `folder` on all devices that are asked for. Where a worker
/// fails the others do its share; it is an error when all have ended and chunks are missing.
pub fn run(args: &RenderArgs, project: &Project, folder: &Path, terminal: &Terminal) -> Result<()> {
    let mut workers = Vec::new();
    for device in &args.devices {
        let mut worker = start(&arguments(&args.film, project, folder, device)?)?;
        if let Some(pipe) = worker.stdin.take() {
            hold(pipe);
        }
        workers.push((device, worker));
    }
    let failed: Vec<_> = thread::scope(|scope| {
        let ends: Vec<_> = workers
            .into_iter()
            .map(|(device, worker)| (device, scope.spawn(|| follow(worker, terminal))))
            .collect();
        ends.into_iter()
            .filter_map(|(device, end)| {
                let end = end.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                end.err().map(|why| format!("the worker on `{device}` ended early: {why}"))
            })
            .collect()
    });
    if stopped() {
        return Err(Error::Interrupted);
    }
    if failed.len() < args.devices.len() {
        // The last that worked saw to it that every chunk is there.
        failed.iter().for_each(|why| terminal.note(why));
        return Ok(());
    }
    Err(Error::Incomplete(failed.join("; ")))
}

fn start(arguments: &[OsString]) -> Result<Child> {
    let program = std::env::current_exe().map_err(|e| Error::io("find", "this program", e))?;
    let mut command = Command::new(&program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().map_err(|e| Error::io("start", program, e))
}

/// The command line of a worker.
fn arguments(
    args: &FilmArgs,
    project: &Project,
    folder: &Path,
    device: &str,
) -> Result<Vec<OsString>> {
    let mut line: Vec<OsString> =
        ["chunk", "--share", "--leash", "--json", "--quiet", "--device", device]
            .map(Into::into)
            .into();
    line.extend(args.options(&project.preset.name)?);
    if let Some(frames) = &args.frames {
        line.push(format!("--frames={frames}").into());
    }
    line.extend(["--output".into(), folder.into(), "--".into(), args.timeline.clone().into()]);
    Ok(line)
}

/// Shows what a worker does, to its end.
fn follow(mut worker: Child, terminal: &Terminal) -> Result<(), String> {
    let mut message = None;
    for line in worker.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let event: Value = line.map_or(Value::Null, |line| line.parse().unwrap_or_default());
        match event["event"].as_str() {
            Some("chunk") => {
                if let (Some(first), Some(last)) = (event["first"].as_u64(), event["last"].as_u64())
                    && event["rendered"] == true
                {
                    terminal.chunk(&(first..last + 1), true);
                    terminal.show_chunks();
                }
            }
            Some("note") => terminal.note(event["message"].as_str().unwrap_or_default()),
            Some("error") => message = event["message"].as_str().map(str::to_owned),
            _ => {}
        }
    }
    match worker.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(message.unwrap_or_else(|| status.to_string())),
        Err(error) => Err(error.to_string()),
    }
}
