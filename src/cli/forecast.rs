//! How long a render will take and how much it will write, in honest figures.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sg3render::encode::finished::image_bytes;
use sg3render::encode::{NULL, Preset};
use sg3render::progress::{Progress, Status};
use sg3render::unfinished;

use super::terminal::Terminal;

/// Who waits shorter than this needs no forecast.
const LONG: Duration = Duration::from_secs(180);
/// What is measured until a forecast is made: so many frames, and so long.
const FRAMES: u64 = 4;
const MEASURED: Duration = Duration::from_secs(5);
/// Frames after which an encoder has written some of what it was given.
const WRITTEN: u64 = 96;

/// Hands progress on, and says once how long a long render will take, and when the disk is too small.
pub struct Forecast<'a> {
    terminal: &'a Terminal,
    out: &'a Path,
    images: bool,
    first: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    begun: Option<(Instant, u64)>,
    told: bool,
    /// The number of frames at which the disk is looked at again; none when that was told.
    look: Option<u64>,
}

impl<'a> Forecast<'a> {
    /// For an output whose first frame has this number.
    pub fn new(terminal: &'a Terminal, out: &'a Path, preset: &Preset, first: u64) -> Self {
        let look = (out.as_os_str() != NULL).then_some(WRITTEN);
        let state = Mutex::new(State { look, ..State::default() });
        Self { terminal, out, images: preset.is_images(), first, state }
    }

    /// Remarks at so many frames.
    fn remarks(&self, status: &Status) -> Vec<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (begun, before) = *state.begun.get_or_insert((Instant::now(), status.done));
        let (since, measured) = (begun.elapsed(), status.done - before);
        let mut remarks = Vec::new();
        if !state.told && measured >= FRAMES && since >= MEASURED {
            state.told = true;
            let left = (status.total - status.done) as f64 * since.as_secs_f64() / measured as f64;
            if left > LONG.as_secs_f64() {
                // Encoders take their first frames without writing them, and other programs come and go.
                let range = 0.9 * left..=1.3 * left;
                remarks.push(format!(
                    "about {} for the other {} frames",
                    time(&range),
                    status.total - status.done
                ));
            }
        }
        if state.look.is_some_and(|look| status.done >= look && status.done < status.total) {
            state.look = Some(2 * status.done);
            if let Some(remark) = self.disk(status) {
                state.look = None;
                remarks.push(remark);
            }
        }
        remarks
    }

    /// What is to be said where the disk cannot take the rest: what was written until now is at most
    /// what these frames take.
    fn disk(&self, status: &Status) -> Option<String> {
        let written = match self.images {
            true => image_bytes(self.out, self.first + status.done - 1)? * status.done,
            false => unfinished::bytes(),
        };
        let needed = written as f64 / status.done as f64 * (status.total - status.done) as f64;
        let free = free(self.out)? as f64;
        (needed > free).then(|| {
            format!(
                "the disk is too small: the other {} frames take at least {}, {} are free at `{}`",
                status.total - status.done,
                bytes(needed),
                bytes(free),
                self.out.display()
            )
        })
    }
}

impl Progress for Forecast<'_> {
    fn update(&self, status: &Status) -> bool {
        if status.done > 0 {
            self.remarks(status).iter().for_each(|remark| self.terminal.note(remark));
        }
        self.terminal.update(status)
    }

    fn note(&self, message: &str) {
        self.terminal.note(message);
    }
}

/// Bytes that are free where an output goes; none where that cannot be told.
pub fn free(out: &Path) -> Option<u64> {
    // Folders that are not there yet are made on the same disk as those above them.
    let there = out.ancestors().skip(1).find(|folder| folder.is_dir());
    let found = rustix::fs::statvfs(there.unwrap_or(Path::new("."))).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// A range of seconds with two digits.
pub fn time(seconds: &RangeInclusive<f64>) -> String {
    let (unit, length) = match *seconds.end() {
        end if end < 100.0 => ("s", 1.0),
        end if end < 6000.0 => ("min", 60.0),
        _ => ("h", 3600.0),
    };
    span(seconds, unit, length)
}

/// A range of bytes with two digits.
pub fn size(range: &RangeInclusive<f64>) -> String {
    let (unit, length) = unit(*range.end());
    span(range, unit, length)
}

/// A number of bytes with two digits.
pub fn bytes(count: f64) -> String {
    let (unit, length) = unit(count);
    format!("{} {unit}", digits(count / length))
}

fn unit(bytes: f64) -> (&'static str, f64) {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    units.into_iter().find(|(_, length)| bytes >= *length).unwrap_or(("bytes", 1.0))
}

fn span(range: &RangeInclusive<f64>, unit: &str, length: f64) -> String {
    let (low, high) = (digits(range.start() / length), digits(range.end() / length));
    if low == high { format!("{high} {unit}") } else { format!("{low} to {high} {unit}") }
}

/// Two digits: more would be a claim.
fn digits(value: f64) -> String {
    if value < 9.95 {
        return format!("{value:.1}").trim_end_matches(".0").to_owned();
    }
    let step = 10f64.powf((value.log10() - 1.0).floor().max(0.0));
    format!("{:.0}", (value / step).round() * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_claim_no_more_than_two_digits() {
        assert_eq!(time(&(42.0..=58.4)), "42 to 58 s");
        assert_eq!(time(&(100.0..=400.0)), "1.7 to 6.7 min");
        assert_eq!(time(&(8000.0..=13000.0)), "2.2 to 3.6 h");
        assert_eq!(time(&(9.96..=10.0)), "10 s");
        assert_eq!(size(&(1_234_567.0..=45_678_901.0)), "1.2 to 46 MB");
        assert_eq!(size(&(0.0..=0.0)), "0 bytes");
        assert_eq!(bytes(54_321_000_000.0), "54 GB");
        assert_eq!(bytes(987_654.0), "990 kB");
        assert_eq!(bytes(123_456_789.0), "120 MB");
    }

    #[test]
    fn free_space_is_that_of_the_nearest_folder() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/%05d.png");
        assert!(free(&deep).unwrap() > 0 && free(Path::new("film.mp4")).unwrap() > 0);
    }
}
