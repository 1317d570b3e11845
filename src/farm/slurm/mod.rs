//! Slurm: scripts for an array of tasks and a join after it, and a queue that is driven by Slurm's
//! own commands. Nothing is asked of the cluster's configuration: what may pass is tried again by the
//! scripts themselves.

mod queue;

use super::{Batch, Engine};

pub use queue::Queue;

/// Writes `slurm-chunk.sh` and `slurm-join.sh`.
pub struct Slurm {
    /// Options of `sbatch` for the tasks alone, such as `--gres=gpu:1`.
    pub task_options: Vec<String>,
    /// Options of `sbatch` for the join as well.
    pub options: Vec<String>,
}

impl Engine for Slurm {
    fn files(&self, batch: &Batch) -> Vec<(&'static str, String)> {
        let all = [&self.options[..], &self.task_options].concat();
        vec![
            (TASK, script(batch, "logs/%A_%a.log", &all, &task_body(batch))),
            (JOIN, script(batch, "logs/join-%j.log", &self.options, &join_body(batch))),
        ]
    }
}

const TASK: &str = "slurm-chunk.sh";
const JOIN: &str = "slurm-join.sh";

/// A task is tried so many times.
const TRIES: u32 = 3;

fn script(batch: &Batch, log: &str, options: &[String], body: &str) -> String {
    let options: String = options.iter().map(|option| format!("#SBATCH {option}\n")).collect();
    // A per cent sign begins a pattern there.
    let folder = batch.folder.replace('%', "%%");
    format!(
        r#"#!/bin/bash
#SBATCH --job-name="{name}"
#SBATCH --output="{folder}/{log}"
#SBATCH --open-mode=append
#SBATCH --requeue
{options}
# Written by `sg3render farm plan`. SG3RENDER names another program than the one that planned.
program=${{SG3RENDER:-{program}}}
folder={quoted}

# Runs the program, hands a cancel on to it, and waits until it has put its things away.
run() {{
    trap 'stopped=yes; kill -TERM "$child"' TERM
    "$program" "$@" &
    child=$!
    while wait "$child"; code=$?; kill -0 "$child" 2>/dev/null; do :; done
}}

{body}"#,
        name = batch.name,
        program = quote(&batch.program),
        quoted = quote(&batch.folder),
    )
}

fn task_body(batch: &Batch) -> String {
    let options: String =
        batch.options.iter().map(|option| format!(" {}", quote(option))).collect();
    format!(
        r#"# Arrays that are too long for the cluster are cut: the argument is the number of this one's first task.
task=$((${{1:-0}} + SLURM_ARRAY_TASK_ID))
frames=$(sed -n "$((task + 1))p" "$folder/plan.txt")
try=$((${{SLURM_RESTART_COUNT:-0}} + 1))
echo "task $task: frames $frames, try $try, on $(hostname)"
run chunk{options} --plan "$folder/plan.json" --output "$folder/chunks" --frames "$frames" -- {timeline}

# 75 means "try again"; 128 and above that the program was killed or crashed.
if [ -z "$stopped" ] && [ "$try" -lt {TRIES} ] && {{ [ "$code" -eq 75 ] || [ "$code" -ge 128 ]; }}; then
    echo "task $task: exit code $code, goes back to the queue"
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
fi
exit "$code"
"#,
        timeline = quote(&batch.timeline),
    )
}

fn join_body(batch: &Batch) -> String {
    let (first, last) = batch.frames;
    format!(
        r#"run join --frames {first}-{last} --overwrite --output {film} -- "$folder/chunks"
[ "$code" -eq 0 ] && touch "$folder/joined"
exit "$code"
"#,
        film = quote(&batch.film),
    )
}

/// One word of a shell's line.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
