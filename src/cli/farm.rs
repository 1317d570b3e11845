//! `sg3render farm submit`, `status` and `cancel`, which drive Slurm.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sg3render::farm::slurm::Queue;
use sg3render::farm::{Batch, Claim, Overview, Queued, State, is_done};
use sg3render::progress::{Progress, Status};
use sg3render::{Error, Result};

use super::farm_args::{Farm, JobArgs, StatusArgs};
use super::farm_plan;
use super::stopping::{stop_on_ctrl_c, stopped};
use super::terminal::{Style, Terminal, say};

/// `--watch` asks Slurm this often.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// Lines of a failed task's log that are shown.
const TAIL: usize = 5;
/// So many failed tasks are shown.
const FAILED: usize = 10;

/// Runs the command that the arguments name.
pub fn run(args: &Farm) -> Result<()> {
    stop_on_ctrl_c()?;
    match args {
        Farm::Plan(args) => farm_plan::run(args),
        Farm::Submit(args) => submit(args),
        Farm::Status(args) => status(args),
        Farm::Cancel(args) => cancel(args),
    }
}

/// Refuses what must not happen while tasks are in the queue.
pub fn refuse_under_way(batch: &Batch, queue: &Queue) -> Result<()> {
    let now = Overview::new(batch, &queue.states()?, queue.since);
    if !now.is_under_way() {
        return Ok(());
    }
    Err(Error::Incomplete(format!(
        "tasks of `{}` are still in the queue; wait for them (`farm status --watch`) or take them out \
         (`farm cancel`)",
        batch.folder
    )))
}

fn submit(args: &JobArgs) -> Result<()> {
    let batch = Batch::read(&Batch::path(&args.job))?;
    let claim = Claim::open(&args.job, "submit")?;
    if !claim.take()? {
        let message = format!("another process submits `{}`; wait for its end", batch.folder);
        return Err(Error::Incomplete(message));
    }
    if let Some(queue) = Queue::read(&args.job)? {
        refuse_under_way(&batch, &queue)?;
    }
    let total = batch.tasks().count() as u64;
    let terminal = Terminal::new(&args.show.style(), total).counting("chunks");
    let (mut missing, mut verified) = (Vec::new(), 0);
    for (task, frames) in (0..).zip(batch.tasks()) {
        if !terminal.update(&Status { done: verified, total, bottleneck: None }) {
            return Err(Error::Interrupted);
        }
        match is_done(&batch.chunks(), &batch.job, &frames) {
            true => verified += 1,
            false => missing.push(task),
        }
    }
    let joined = batch.joined();
    if missing.is_empty() && joined.exists() {
        let event = json!({"event": "done", "submitted": 0, "film": batch.film});
        terminal.finish(&format!("nothing to do: {} is there", batch.film), &event);
        return Ok(());
    }
    match fs::remove_file(&joined) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("remove", joined, e));
        }
        _ => {}
    }
    Queue::submit(&args.job, &missing)?;
    let count = missing.len();
    let text = format!("submitted {count} of {total} tasks, and the join of {}", batch.film);
    let event = json!({"event": "done", "submitted": count, "tasks": total, "film": batch.film});
    terminal.finish(&text, &event);
    Ok(())
}

fn cancel(args: &JobArgs) -> Result<()> {
    let batch = Batch::read(&Batch::path(&args.job))?;
    let Some(queue) = Queue::read(&args.job)? else {
        return Err(Error::Usage(format!("nothing was submitted of `{}`", batch.folder)));
    };
    queue.cancel()?;
    let text = "cancelled; finished chunks stay, `farm submit` goes on from there";
    let terminal = Terminal::new(&args.show.style(), 0);
    terminal.finish(text, &json!({"event": "done", "cancelled": batch.folder}));
    Ok(())
}

fn status(args: &StatusArgs) -> Result<()> {
    let folder = &args.job.job;
    let batch = Batch::read(&Batch::path(folder))?;
    let queue = Queue::read(folder)?;
    let look = || -> Result<Overview> {
        let states = queue.as_ref().map_or_else(|| Ok(BTreeMap::new()), Queue::states)?;
        Ok(Overview::new(&batch, &states, queue.as_ref().map_or(0, |queue| queue.since)))
    };
    let style = args.job.show.style();
    let mut now = look()?;
    if args.watch {
        let before = now.frames_done;
        let terminal = Terminal::new(&style, now.frames).with_found(before);
        while now.is_under_way() && !stopped() {
            let done = now.frames_done - before;
            terminal.update(&Status { done, total: now.frames, bottleneck: None });
            thread::sleep(ASK_EVERY);
            now = look()?;
        }
        terminal.clear();
    }
    let failed: Vec<_> =
        now.failed.iter().take(FAILED).map(|f| failure(folder, &queue, f)).collect();
    let join = join(&now, folder, &queue);
    match style {
        Style::Quiet => {}
        Style::Json => say(&event(&batch, &now, &failed, &join).to_string())?,
        Style::Human => show(&batch, &now, queue.is_some(), &failed, &join)?,
    }
    let is_lost = queue.is_some() && !now.joined && !now.is_under_way();
    if stopped() {
        return Err(Error::Interrupted);
    }
    if is_lost {
        return Err(Error::Incomplete(format!(
            "nothing is left in the queue, and `{}` is not there; `sg3render farm submit` sends what is \
             missing again",
            batch.film
        )));
    }
    Ok(())
}

/// A failed task for programs.
fn failure(
    folder: &Path,
    queue: &Option<Queue>,
    (task, frames, why): &(u64, std::ops::Range<u64>, String),
) -> Value {
    let (log, tail) = tail(folder, queue, Queued::Task(*task));
    json!({"task": task, "first": frames.start, "last": frames.end - 1, "why": why, "log": log, "tail": tail})
}

/// The film for programs.
fn join(now: &Overview, folder: &Path, queue: &Option<Queue>) -> Value {
    let state = match &now.join {
        _ if now.joined => "done".to_owned(),
        None => "not in the queue".into(),
        Some(State::Waiting) => "waiting".into(),
        Some(State::Running) => "running".into(),
        Some(State::Ended(how)) => how.clone(),
    };
    let ended = !now.joined && matches!(now.join, Some(State::Ended(_)));
    let (log, tail) = if ended { tail(folder, queue, Queued::Join) } else { (None, Vec::new()) };
    json!({"state": state, "log": log, "tail": tail})
}

/// The log of a task and its last lines.
fn tail(folder: &Path, queue: &Option<Queue>, queued: Queued) -> (Option<String>, Vec<String>) {
    let Some(path) = queue.as_ref().and_then(|queue| queue.log(folder, queued)) else {
        return (None, Vec::new());
    };
    let text = fs::read(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].iter().map(|line| line.to_string());
    (path.exists().then(|| path.display().to_string()), tail.collect())
}

fn event(batch: &Batch, now: &Overview, failed: &[Value], join: &Value) -> Value {
    json!({
        "event": "status",
        "tasks": {"total": now.tasks, "done": now.done, "running": now.running, "waiting": now.waiting,
                  "failed": now.failed.len()},
        "frames": {"total": now.frames, "done": now.frames_done},
        "fps": now.fps,
        "eta_seconds": now.eta_seconds(),
        "film": batch.film,
        "join": join,
        "failed": failed,
    })
}

fn show(
    batch: &Batch,
    now: &Overview,
    submitted: bool,
    failed: &[Value],
    join: &Value,
) -> Result<()> {
    let width = 30;
    let full = (now.done * width / now.tasks.max(1)) as usize;
    let bar = "#".repeat(full) + &"-".repeat(width as usize - full);
    let eta = now.eta_seconds().filter(|_| now.is_under_way());
    let eta = eta.map_or_else(String::new, |eta| format!(", {eta:.0} s to go"));
    say(&format!(
        "[{bar}] {} of {} tasks, {} of {} frames",
        now.done, now.tasks, now.frames_done, now.frames
    ))?;
    if !submitted {
        return say("not submitted: `sg3render farm submit` does it");
    }
    say(&format!(
        "{} running, {} waiting, {} failed; {:.2} fps{eta}",
        now.running,
        now.waiting,
        now.failed.len(),
        now.fps
    ))?;
    for one in failed {
        say(&format!(
            "task {} (frames {}-{}): {}",
            one["task"],
            one["first"],
            one["last"],
            one["why"].as_str().unwrap_or_default()
        ))?;
        show_tail(one)?;
    }
    if now.failed.len() > failed.len() {
        say(&format!("and {} more", now.failed.len() - failed.len()))?;
    }
    say(&format!("{}: {}", batch.film, join["state"].as_str().unwrap_or_default()))?;
    show_tail(join)
}

fn show_tail(of: &Value) -> Result<()> {
    let Some(log) = of["log"].as_str() else { return Ok(()) };
    say(&format!("  {log}"))?;
    let mut lines = of["tail"].as_array().into_iter().flatten().filter_map(Value::as_str);
    lines.try_for_each(|line| say(&format!("    {line}")))
}
