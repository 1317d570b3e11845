//! Arguments of `farm` as typed.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::Subcommand;

use super::film_args::{FilmArgs, ShowArgs};

#[derive(Subcommand)]
pub enum Farm {
    /// Cut a film into tasks and write what engines need to render them: scripts for Slurm, a template
    /// of Open Job Description
    Plan(Box<PlanArgs>),
    /// Submit to Slurm what is missing of a planned film: tasks whose chunks are not there or spoilt,
    /// and the join
    Submit(JobArgs),
    /// Show how far a film is, and which tasks have failed; exit code 75 where all have ended and the
    /// film is not there
    Status(StatusArgs),
    /// Take a film out of Slurm's queue; finished chunks stay
    Cancel(JobArgs),
}

impl Farm {
    /// Whether errors, too, are told on standard output for a program to read.
    pub fn json(&self) -> bool {
        match self {
            Self::Plan(args) => args.film.show.json,
            Self::Submit(args) | Self::Cancel(args) => args.show.json,
            Self::Status(args) => args.job.show.json,
        }
    }
}

#[derive(clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub film: FilmArgs,
    /// The job's folder, on a file system that all machines share
    #[arg(short, long)]
    pub output: PathBuf,
    /// Where the film goes [default: `film` in the job's folder, with the preset's extension]
    #[arg(long, value_name = "FILE", id = "film-file")]
    pub film_file: Option<PathBuf>,
    /// Frames of a task: a number, or `auto` for the shortest expected time
    #[arg(long, value_name = "N", default_value = "auto", value_parser = chunk)]
    pub chunk: Chunk,
    /// How many tasks will run at once, for `--chunk auto`
    #[arg(long, value_name = "N", default_value = "8")]
    pub workers: NonZeroU64,
    /// Seconds that a worker takes for a frame, for `--chunk auto` [default: as measured on two cores,
    /// by the network's size]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub frame_seconds: Option<f64>,
    #[command(flatten)]
    pub slurm: SlurmArgs,
    /// Plan anew where a job is already planned, or where the film is already there; chunks that fit
    /// stay
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Slurm")]
pub struct SlurmArgs {
    /// What each task needs, such as `gpu:1`
    #[arg(long, value_parser = word)]
    pub gres: Option<String>,
    /// Most time of a task, such as `30` (minutes) or `2:00:00`
    #[arg(long, value_parser = word)]
    pub time: Option<String>,
    /// The partition
    #[arg(long, value_parser = word)]
    pub partition: Option<String>,
    /// Who is charged
    #[arg(long, value_parser = word)]
    pub account: Option<String>,
    /// Any other option of `sbatch`, for tasks and join: `--sbatch=--mem=16G`; may be repeated
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true, value_parser = option)]
    pub sbatch: Vec<String>,
}

impl SlurmArgs {
    /// Options of `sbatch` for the tasks alone.
    pub fn task_options(&self) -> Vec<String> {
        let both = [("gres", &self.gres), ("time", &self.time)];
        both.into_iter().filter_map(given).collect()
    }

    /// Options of `sbatch` for the join as well.
    pub fn options(&self) -> Vec<String> {
        let both = [("partition", &self.partition), ("account", &self.account)];
        both.into_iter().filter_map(given).chain(self.sbatch.clone()).collect()
    }
}

fn given((name, value): (&str, &Option<String>)) -> Option<String> {
    value.as_ref().map(|value| format!("--{name}={value}"))
}

#[derive(clap::Args)]
pub struct JobArgs {
    /// The job's folder, as `farm plan` made it
    pub job: PathBuf,
    #[command(flatten)]
    pub show: ShowArgs,
}

#[derive(clap::Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub job: JobArgs,
    /// Stay and show progress until the film is there or nothing is left in the queue
    #[arg(long)]
    pub watch: bool,
}

/// Frames of a task.
#[derive(Clone, Copy)]
pub enum Chunk {
    Auto,
    Frames(NonZeroU64),
}

fn chunk(text: &str) -> Result<Chunk, String> {
    match text.parse() {
        _ if text == "auto" => Ok(Chunk::Auto),
        Ok(frames) => Ok(Chunk::Frames(frames)),
        Err(_) => Err("expected `auto` or a number from 1".into()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|s: &f64| s.is_finite() && *s > 0.0);
    seconds.ok_or_else(|| "expected a number of seconds above 0".into())
}

fn word(text: &str) -> Result<String, String> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '\\');
    if text.is_empty() || text.contains(odd) {
        return Err("expected a word without spaces and quotation marks".into());
    }
    Ok(text.into())
}

fn option(text: &str) -> Result<String, String> {
    if !text.starts_with('-') || text.contains(char::is_control) {
        return Err("expected an option of `sbatch`, such as `--mem=16G`".into());
    }
    Ok(text.into())
}
