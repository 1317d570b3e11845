//! How far a job is.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Batch, is_there, manifest};

/// What an engine's queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queued {
    /// The task of this number.
    Task(u64),
    /// What makes the film of the chunks.
    Join,
}

/// What an engine says of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It will be run.
    Waiting,
    /// It is being run.
    Running,
    /// It has ended, and how.
    Ended(String),
}

/// How far a job is: what the chunks tell first, and of the others what the engine knows.
#[derive(Debug)]
pub struct Overview {
    /// Tasks in all.
    pub tasks: u64,
    /// Tasks whose chunk is there.
    pub done: u64,
    /// Tasks being run.
    pub running: u64,
    /// Tasks that will be run.
    pub waiting: u64,
    /// Those that neither are done nor will be, with their frames, and how they ended. All that are not
    /// done where nothing was submitted.
    pub failed: Vec<(u64, Range<u64>, String)>,
    /// Frames in all, and those in chunks.
    pub frames: u64,
    /// Frames in chunks.
    pub frames_done: u64,
    /// Frames a second that the whole farm made since the tasks were submitted.
    pub fps: f64,
    /// Whether the film is there.
    pub joined: bool,
    /// What the engine knows of the join.
    pub join: Option<State>,
}

impl Overview {
    /// Looks at the chunks, whose lengths must be right. `states` is what the engine knows, of tasks that
    /// were submitted at `since`, in seconds since 1970.
    pub fn new(batch: &Batch, states: &BTreeMap<Queued, State>, since: u64) -> Self {
        let mut all = Self {
            tasks: 0,
            done: 0,
            running: 0,
            waiting: 0,
            failed: Vec::new(),
            frames: batch.frames.1 + 1 - batch.frames.0,
            frames_done: 0,
            fps: 0.0,
            joined: batch.joined().exists(),
            join: states.get(&Queued::Join).cloned(),
        };
        let folder = batch.chunks();
        let since = UNIX_EPOCH + Duration::from_secs(since);
        let (mut new_frames, mut last) = (0, since);
        for (task, frames) in (0..).zip(batch.tasks()) {
            all.tasks += 1;
            let state = states.get(&Queued::Task(task));
            // The engine was asked before: a task that had ended has its chunk by now, or has failed.
            if is_there(&folder, &batch.job, &frames) {
                let count = frames.end - frames.start;
                all.done += 1;
                all.frames_done += count;
                let written = fs::metadata(manifest::path(&folder, &frames));
                let written = written.and_then(|file| file.modified()).unwrap_or(UNIX_EPOCH);
                if written >= since {
                    new_frames += count;
                    last = last.max(written);
                }
                continue;
            }
            match state {
                Some(State::Waiting) => all.waiting += 1,
                Some(State::Running) => all.running += 1,
                Some(State::Ended(how)) => all.failed.push((task, frames, how.clone())),
                None => all.failed.push((task, frames, "not in the queue".into())),
            }
        }
        let until = if all.is_under_way() { SystemTime::now() } else { last };
        let seconds = until.duration_since(since).map_or(0.0, |time| time.as_secs_f64());
        if seconds > 0.0 {
            all.fps = new_frames as f64 / seconds;
        }
        all
    }

    /// Whether the engine still works at it.
    pub fn is_under_way(&self) -> bool {
        let joins = matches!(self.join, Some(State::Waiting | State::Running)) && !self.joined;
        self.running + self.waiting > 0 || joins
    }

    /// Seconds until all frames are there, at the speed so far.
    pub fn eta_seconds(&self) -> Option<f64> {
        let left = (self.frames - self.frames_done) as f64;
        (self.fps > 0.0).then(|| left / self.fps)
    }
}
