//! Slurm's queue, through `sbatch`, `squeue`, `scontrol` and `scancel`.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{JOIN, TASK};
use crate::farm::batch;
use crate::farm::overview::{Queued, State};
use crate::{Error, Result};

/// States of Slurm in which a job has ended and does not come back.
const ENDED: [&str; 10] = [
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
];

/// What was submitted of a job the last time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// When, in seconds since 1970.
    pub since: u64,
    arrays: Vec<Array>,
    join: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Array {
    id: String,
    /// The task of its index 0.
    first: u64,
    /// One more than its greatest index may be.
    size: u64,
}

impl Queue {
    /// What was submitted of the job in a folder, if anything was.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Invalid`] for a file that is none of this program's.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = path(folder);
        let text = match fs::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|e| Error::io("read", &path, e))?,
        };
        serde_json::from_slice(&text).map(Some).map_err(|e| {
            Error::Invalid(format!("`{}` is no record of `farm submit`: {e}", path.display()))
        })
    }

    /// Submits tasks, in order, and the join, which waits for them.
    ///
    /// # Errors
    /// [`Error::Missing`] without Slurm's commands; [`Error::Device`] where they fail: nothing stays
    /// in the queue then.
    pub fn submit(folder: &Path, tasks: &[u64]) -> Result<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let mut queue = Self { since, arrays: Vec::new(), join: String::new() };
        let sent = queue.send(folder, tasks);
        let written = sent.and_then(|()| {
            let text = serde_json::to_string(&queue).map_err(|e| {
                Error::Invalid(format!("cannot write down what was submitted: {e}"))
            })?;
            batch::write(&path(folder), &(text + "\n"))
        });
        if let Err(error) = written {
            // The first error is the one to tell.
            let _ = call("scancel", &queue.ids());
            return Err(error);
        }
        Ok(queue)
    }

    fn send(&mut self, folder: &Path, tasks: &[u64]) -> Result<()> {
        let size = max_array_size()?;
        for block in tasks.chunk_by(|a, b| a / size == b / size) {
            let first = block[0] / size * size;
            let indices: Vec<_> = block.iter().map(|task| task - first).collect();
            let id = sbatch(&[
                format!("--array={}", list(&indices)),
                text(&folder.join(TASK))?,
                first.to_string(),
            ])?;
            self.arrays.push(Array { id, first, size });
        }
        let mut line = vec!["--kill-on-invalid-dep=yes".to_owned()];
        if !self.arrays.is_empty() {
            line.push(format!("--dependency=afterok:{}", self.ids().join(":")));
        }
        line.push(text(&folder.join(JOIN))?);
        self.join = sbatch(&line)?;
        Ok(())
    }

    /// What Slurm knows of the tasks and the join: it forgets those that have ended after a while.
    ///
    /// # Errors
    /// [`Error::Missing`] without Slurm's commands; [`Error::Device`] where they fail.
    pub fn states(&self) -> Result<BTreeMap<Queued, State>> {
        let columns = "ArrayJobID:|,ArrayTaskID:|,State:|,Reason:|,exit_code:|";
        let ids = self.ids().join(",");
        let line = ["-h", "-r", "-t", "all", "-j", &ids, "-O", columns].map(String::from);
        let said = match call("squeue", &line) {
            // All of them are forgotten.
            Err(Error::Device(why)) if why.contains("Invalid job id") => String::new(),
            said => said?,
        };
        Ok(said.lines().filter_map(|line| self.state(line)).collect())
    }

    /// A line of `squeue`.
    fn state(&self, line: &str) -> Option<(Queued, State)> {
        let fields: Vec<_> = line.split('|').map(str::trim).collect();
        let [id, index, state, reason, code, ..] = fields[..] else { return None };
        let queued = match self.arrays.iter().find(|array| array.id == id) {
            Some(array) => Queued::Task(array.first + index.parse::<u64>().ok()?),
            None => Queued::Join,
        };
        let state = match state {
            "PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "SPECIAL_EXIT" => State::Waiting,
            ended if ENDED.contains(&ended) => {
                State::Ended(match code.parse::<u32>().unwrap_or(0) {
                    0 if matches!(reason, "" | "None") => ended.to_owned(),
                    0 => format!("{ended}, {reason}"),
                    signal @ 1..=127 => format!("{ended}, signal {signal}"),
                    code => format!("{ended}, exit code {}", code >> 8),
                })
            }
            _ => State::Running,
        };
        Some((queued, state))
    }

    /// Takes tasks and the join out of the queue, and ends those that run.
    ///
    /// # Errors
    /// As [`Queue::states`].
    pub fn cancel(&self) -> Result<()> {
        let line = [vec!["--quiet".into()], self.ids()].concat();
        call("scancel", &line).map(drop)
    }

    /// Where a task's or the join's output lies.
    pub fn log(&self, folder: &Path, queued: Queued) -> Option<PathBuf> {
        let name = match queued {
            Queued::Join => format!("join-{}.log", self.join),
            Queued::Task(task) => {
                let own = |array: &&Array| (array.first..array.first + array.size).contains(&task);
                let array = self.arrays.iter().find(own)?;
                format!("{}_{}.log", array.id, task - array.first)
            }
        };
        Some(folder.join("logs").join(name))
    }

    fn ids(&self) -> Vec<String> {
        let arrays = self.arrays.iter().map(|array| &array.id);
        arrays.chain((!self.join.is_empty()).then_some(&self.join)).cloned().collect()
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("slurm.json")
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::Usage(format!("`{}` is not in UTF-8", path.display())))
}

/// Indices of an array cannot reach this number.
fn max_array_size() -> Result<u64> {
    let said = call("scontrol", &["show".into(), "config".into()])?;
    let line = said.lines().find_map(|line| line.strip_prefix("MaxArraySize"));
    let number = line.and_then(|rest| rest.trim_start_matches([' ', '=']).trim().parse().ok());
    number.filter(|&size| size > 0).ok_or_else(|| {
        Error::Device("`scontrol show config` does not tell a MaxArraySize above 0".into())
    })
}

/// Submits a script; returns the job's number.
fn sbatch(line: &[String]) -> Result<String> {
    let said = call("sbatch", &[&["--parsable".to_owned()], line].concat())?;
    // With several clusters the cluster's name follows.
    Ok(said.trim().split(';').next().unwrap_or_default().to_owned())
}

/// Numbers, in order, as Slurm writes lists: `0,3-5`.
fn list(numbers: &[u64]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        _ => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    runs.collect::<Vec<_>>().join(",")
}

/// What a command of Slurm prints.
fn call(program: &str, line: &[String]) -> Result<String> {
    let output = Command::new(program).args(line).stdin(Stdio::null()).output();
    let output = output.map_err(|e| match e.kind() {
        ErrorKind::NotFound => Error::Missing(format!(
            "`{program}` is not here; run this where Slurm's commands are on the PATH"
        )),
        _ => Error::io("run", program, e),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(Error::Device(format!("`{program}` failed ({}): {}", output.status, said.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        let array = |id: &str, first| Array { id: id.into(), first, size: 1001 };
        Queue { since: 0, arrays: vec![array("7", 0), array("8", 1001)], join: "9".into() }
    }

    #[test]
    fn lists_of_numbers() {
        for (numbers, text) in [
            (&[0][..], "0"),
            (&[0, 1, 2], "0-2"),
            (&[0, 2, 3, 7], "0,2-3,7"),
            (&[5, 6, 8, 9, 1000], "5-6,8-9,1000"),
        ] {
            assert_eq!(list(numbers), text);
        }
    }

    #[test]
    fn lines_of_squeue() {
        let state = |line: &str| queue().state(line);
        let ended = |text: &str| State::Ended(text.into());
        for (line, task, expected) in [
            ("7|3|PENDING|Resources|0|", 3, State::Waiting),
            ("8|3|RUNNING|None|0|", 1004, State::Running),
            ("8|0|COMPLETING|None|0|", 1001, State::Running),
            ("7|0|FAILED|NonZeroExitCode|19200|", 0, ended("FAILED, exit code 75")),
            ("7|0|FAILED|RaisedSignal:9(Killed)|9|", 0, ended("FAILED, signal 9")),
            ("7|0|TIMEOUT|TimeLimit|0|", 0, ended("TIMEOUT, TimeLimit")),
            ("7|0|COMPLETED|None|0|", 0, ended("COMPLETED")),
        ] {
            assert_eq!(state(line), Some((Queued::Task(task), expected)), "{line}");
        }
        let join = state("9|N/A|PENDING|Dependency|0|");
        assert_eq!(join, Some((Queued::Join, State::Waiting)));
        for line in ["", "slurm_load_jobs error", "7|N/A|RUNNING|None|0|"] {
            assert_eq!(state(line), None, "{line}");
        }
    }

    #[test]
    fn logs_are_those_of_the_array_that_has_the_task() {
        let log = |queued| queue().log(Path::new("job"), queued);
        assert_eq!(log(Queued::Task(5)), Some("job/logs/7_5.log".into()));
        assert_eq!(log(Queued::Task(1001)), Some("job/logs/8_0.log".into()));
        assert_eq!(log(Queued::Task(2002)), None);
        assert_eq!(log(Queued::Join), Some("job/logs/join-9.log".into()));
    }
}
