//! What people and programs see: errors, warnings, progress.

use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sg3render::progress::{Progress, Status};
use sg3render::report::Report;
use sg3render::{Error, Result};

/// Set by Ctrl-C and by SIGTERM.
static STOP: AtomicBool = AtomicBool::new(false);
/// Plain progress lines and JSON objects come at most this often.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Prints an error, on standard error for people, on standard output for programs.
pub fn show_error(error: &Error, json: bool) {
    match error {
        Error::Timeline(report) if json => {
            println!(
                "{}",
                json!({"event": "error", "findings": report.json(), "exit_code": error.exit_code()})
            );
        }
        Error::Timeline(report) => show_report(report),
        _ if json => {
            println!(
                "{}",
                json!({"event": "error", "message": error.to_string(), "exit_code": error.exit_code()})
            );
        }
        _ => eprintln!("{} {error}", if colour() { "\x1b[1;31merror:\x1b[0m" } else { "error:" }),
    }
}

/// Prints findings about a timeline as people read them.
pub fn show_report(report: &Report) {
    eprint!("{}", report.show(colour()));
}

fn colour() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// From here on the first Ctrl-C asks the work to stop cleanly, the second one ends the program.
pub fn stop_on_ctrl_c() -> Result<()> {
    let handler = || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    ctrlc::set_handler(handler).map_err(|e| Error::Device(format!("cannot listen for Ctrl-C: {e}")))
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
        Self { view, begun: Instant::now(), last_line: Mutex::new(None) }
    }

    /// The end: `text` for people, `event` for programs.
    pub fn finish(&self, text: &str, event: &serde_json::Value) {
        match &self.view {
            View::Quiet => {}
            View::Json => println!("{event}"),
            View::Lines => eprintln!("{text}"),
            View::Bar(bar) => {
                bar.finish_and_clear();
                eprintln!("{text}");
            }
        }
    }

    /// Seconds since the beginning.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
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
    let template = "{wide_bar} {pos}/{len} frames, {msg}, {elapsed} + {eta}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}

impl Progress for Terminal {
    fn update(&self, status: &Status) -> bool {
        let fps = status.done as f64 / self.seconds().max(1e-9);
        let eta = (status.total - status.done) as f64 / fps.max(1e-9);
        let bottleneck = status.bottleneck.unwrap_or("-");
        match &self.view {
            View::Bar(bar) => {
                bar.set_message(format!("{fps:.2} fps, {bottleneck}-bound"));
                bar.set_position(status.done);
            }
            View::Json if self.due(status) => println!(
                "{}",
                json!({"event": "progress", "done": status.done, "total": status.total, "fps": fps,
                       "eta_seconds": eta, "bottleneck": status.bottleneck})
            ),
            View::Lines if self.due(status) => eprintln!(
                "{}/{} frames, {fps:.2} fps, {bottleneck}-bound, {eta:.0} s to go",
                status.done, status.total
            ),
            View::Quiet | View::Json | View::Lines => {}
        }
        !STOP.load(Ordering::Relaxed)
    }

    fn note(&self, message: &str) {
        match &self.view {
            View::Quiet => {}
            View::Json => println!("{}", json!({"event": "note", "message": message})),
            View::Bar(bar) => bar.suspend(|| eprintln!("note: {message}")),
            View::Lines => eprintln!("note: {message}"),
        }
    }
}
