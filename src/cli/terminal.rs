//! What people and programs see: errors, warnings, progress.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sg3render::progress::{Progress, Status};
use sg3render::report::Report;
use sg3render::{Error, Result};

use super::stopping::stopped;

/// Plain progress lines and JSON objects come at most this often.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Prints what the user asked for, and a line's end, on standard output. A reader that has seen
/// enough (`| head`) is no error.
pub fn say(text: &str) -> Result<()> {
    match writeln!(stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("write", "standard output", error))
        }
        _ => Ok(()),
    }
}

/// Prints an event for programs. Rendering is worth more than its reports: where nobody can read
/// them it goes on.
fn event(event: &serde_json::Value) {
    let _ = writeln!(stdout(), "{event}");
}

/// Prints a remark on standard error. If that fails there is no other place to say so.
fn remark(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}

/// Prints an error, on standard error for people, on standard output for programs.
pub fn show_error(error: &Error, json: bool) {
    match error {
        Error::Timeline(report) if json => {
            event(
                &json!({"event": "error", "findings": report.json(), "exit_code": error.exit_code()}),
            );
        }
        Error::Timeline(report) => show_report(report),
        _ if json => {
            event(
                &json!({"event": "error", "message": error.to_string(), "exit_code": error.exit_code()}),
            );
        }
        _ => {
            let label = if colour() { "\x1b[1;31merror:\x1b[0m" } else { "error:" };
            remark(&format!("{label} {error}"));
        }
    }
}

/// Prints why something works worse than it could.
pub fn warn(why: &Error) {
    let label = if colour() { "\x1b[1;33mwarning:\x1b[0m" } else { "warning:" };
    remark(&format!("{label} {why}"));
}

/// Prints findings about a timeline as people read them.
pub fn show_report(report: &Report) {
    let _ = write!(stderr(), "{}", report.show(colour()));
}

fn colour() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// How progress is shown.
pub enum Style {
    /// Not at all.
    Quiet,
    /// JSON objects, one a line, on standard output.
    Json,
    /// A bar on a terminal, plain lines elsewhere, on standard error.
    Human,
}

/// Shows progress, and hands on the wish to stop.
pub struct Terminal {
    view: View,
    /// What is counted.
    unit: &'static str,
    begun: Instant,
    total: u64,
    /// Frames of chunks that are there, and those of them that were before this run.
    before: AtomicU64,
    found: AtomicU64,
    last_line: Mutex<Option<Instant>>,
}

enum View {
    Quiet,
    Json,
    Bar(ProgressBar),
    Lines,
}

impl Terminal {
    /// Begins with nothing done of `total` frames.
    pub fn new(style: &Style, total: u64) -> Self {
        let view = match style {
            Style::Quiet => View::Quiet,
            Style::Json => View::Json,
            Style::Human if stderr().is_terminal() => View::Bar(bar(total)),
            Style::Human => View::Lines,
        };
        Self {
            view,
            unit: "frames",
            begun: Instant::now(),
            total,
            before: AtomicU64::new(0),
            found: AtomicU64::new(0),
            last_line: Mutex::new(None),
        }
    }

    /// Counts something else than frames.
    pub fn counting(self, unit: &'static str) -> Self {
        if let View::Bar(bar) = &self.view {
            bar.set_style(style(unit));
        }
        Self { unit, ..self }
    }

    /// So many frames are there already.
    pub fn with_found(self, frames: u64) -> Self {
        self.before.store(frames, Ordering::Relaxed);
        self.found.store(frames, Ordering::Relaxed);
        self
    }

    /// So much of what is counted was done before this run.
    pub fn done_before(&self, count: u64) {
        self.found.store(count, Ordering::Relaxed);
    }

    /// The end: `text` for people, `event` for programs.
    pub fn finish(&self, text: &str, done: &serde_json::Value) {
        match &self.view {
            View::Quiet => {}
            View::Json => event(done),
            View::Lines => remark(text),
            View::Bar(_) => {
                self.clear();
                remark(text);
            }
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }

    /// A line between: `text` for people, `event` for programs.
    pub fn tell(&self, text: &str, line: &serde_json::Value) {
        match &self.view {
            View::Quiet => {}
            View::Json => event(line),
            View::Lines => remark(text),
            View::Bar(bar) => bar.suspend(|| remark(text)),
        }
    }

    /// A chunk is there, rendered now or found.
    pub fn chunk(&self, frames: &Range<u64>, rendered: bool) {
        let count = frames.end - frames.start;
        self.before.fetch_add(count, Ordering::Relaxed);
        if !rendered {
            self.found.fetch_add(count, Ordering::Relaxed);
        }
        if let View::Json = self.view {
            event(
                &json!({"event": "chunk", "first": frames.start, "last": frames.end - 1, "rendered": rendered}),
            );
        }
    }

    /// Frames of the chunks that were rendered in this run.
    pub fn rendered(&self) -> u64 {
        self.before.load(Ordering::Relaxed) - self.found.load(Ordering::Relaxed)
    }

    /// Shows how many frames there are in chunks.
    pub fn show_chunks(&self) {
        self.show(&Status { done: 0, total: self.total, bottleneck: None });
    }

    /// Seconds since the beginning.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn show(&self, status: &Status) {
        let done = self.before.load(Ordering::Relaxed) + status.done;
        let status = &Status { done, total: self.total, ..*status };
        let new = done - self.found.load(Ordering::Relaxed);
        let fps = new as f64 / self.seconds().max(1e-9);
        let eta = status.total.saturating_sub(status.done) as f64 / fps.max(1e-9);
        let unit = self.unit;
        let speed = match status.bottleneck {
            Some(stage) => format!("{fps:.2} fps, {stage}-bound"),
            None => format!("{fps:.2} {unit}/s"),
        };
        match &self.view {
            View::Bar(bar) => {
                bar.set_message(speed);
                bar.set_position(status.done);
            }
            View::Json if self.due(status) => event(
                &json!({"event": "progress", "done": status.done, "total": status.total, "fps": fps,
                       "eta_seconds": eta, "bottleneck": status.bottleneck}),
            ),
            View::Lines if self.due(status) => remark(&format!(
                "{}/{} {unit}, {speed}, {eta:.0} s to go",
                status.done, status.total
            )),
            View::Quiet | View::Json | View::Lines => {}
        }
    }

    /// Whether it is time for another line: the first and the last always are.
    fn due(&self, status: &Status) -> bool {
        let Ok(mut last) = self.last_line.lock() else { return false };
        let due =
            status.done == status.total || last.is_none_or(|last| last.elapsed() >= LINE_EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

fn bar(total: u64) -> ProgressBar {
    ProgressBar::new(total).with_style(style("frames"))
}

fn style(unit: &str) -> ProgressStyle {
    let template = format!("{{wide_bar}} {{pos}}/{{len}} {unit}, {{msg}}, {{elapsed}} + {{eta}}");
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Terminal {
    fn update(&self, status: &Status) -> bool {
        if status.done > 0 {
            self.show(status);
        }
        !stopped()
    }

    fn note(&self, message: &str) {
        match &self.view {
            View::Quiet => {}
            View::Json => event(&json!({"event": "note", "message": message})),
            View::Bar(bar) => bar.suspend(|| remark(&format!("note: {message}"))),
            View::Lines => remark(&format!("note: {message}")),
        }
    }
}
