//! What people and programs see: errors, warnings, progress.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sg3render::progress::{Progress, Status};
use sg3render::report::Report;
use sg3render::{Error, Result, unfinished};

/// Set by Ctrl-C and by SIGTERM.
static STOP: AtomicBool = AtomicBool::new(false);
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

/// Prints findings about a timeline as people read them.
pub fn show_report(report: &Report) {
    let _ = write!(stderr(), "{}", report.show(colour()));
}

fn colour() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// From here on the first Ctrl-C asks the work to stop cleanly, the second one ends the program.
pub fn stop_on_ctrl_c() -> Result<()> {
    on_ctrl_c(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            end_now();
        }
    })
}

/// From here on Ctrl-C ends the program, and leaves no unfinished file.
pub fn end_on_ctrl_c() -> Result<()> {
    on_ctrl_c(|| end_now())
}

fn on_ctrl_c(handler: impl FnMut() + Send + 'static) -> Result<()> {
    ctrlc::set_handler(handler).map_err(|e| Error::Device(format!("cannot listen for Ctrl-C: {e}")))
}

fn end_now() -> ! {
    unfinished::remove_all();
    std::process::exit(i32::from(Error::Interrupted.exit_code()));
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
        Self { view, unit: "frames", begun: Instant::now(), last_line: Mutex::new(None) }
    }

    /// Counts something else than frames.
    pub fn counting(self, unit: &'static str) -> Self {
        if let View::Bar(bar) = &self.view {
            bar.set_style(style(unit));
        }
        Self { unit, ..self }
    }

    /// The end: `text` for people, `event` for programs.
    pub fn finish(&self, text: &str, done: &serde_json::Value) {
        match &self.view {
            View::Quiet => {}
            View::Json => event(done),
            View::Lines => remark(text),
            View::Bar(bar) => {
                bar.finish_and_clear();
                remark(text);
            }
        }
    }

    /// Seconds since the beginning.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn show(&self, status: &Status) {
        let fps = status.done as f64 / self.seconds().max(1e-9);
        let eta = (status.total - status.done) as f64 / fps.max(1e-9);
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
        !STOP.load(Ordering::Relaxed)
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
