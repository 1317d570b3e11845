//! The command line: the only place that prints.

mod args;
mod audio;
mod check;
mod chunk;
mod dataset;
mod dataset_args;
mod devices;
mod diagnose;
mod diff;
mod directions;
mod directions_args;
mod distribution;
mod draft;
mod equivariance;
mod estimate;
mod farm;
mod farm_args;
mod farm_plan;
mod film;
mod film_args;
mod footage;
mod forecast;
mod gather;
mod import;
mod info;
mod join;
mod layers;
mod measure_args;
mod metrics;
mod new;
mod otio;
mod plot;
mod proof_args;
mod render;
mod resume;
mod schema;
mod sheet;
mod shot;
mod snapshots;
mod spectrum;
mod still;
mod stopping;
mod terminal;
mod train;
mod train_args;
mod verify;
mod verify_frames;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Args, Command};
use sg3render::Error;

/// Usage errors of the command line itself (BSD's sysexits).
const USAGE: u8 = 64;
/// What was compared is not the same: no error, and not equality either.
const DIFFERENT: u8 = 1;

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    sg3render::encode::silence();
    let args = match Args::try_parse_from(args::with_command(std::env::args_os())) {
        Ok(args) => args,
        Err(error) => {
            let asked_for =
                matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nothing can be done about a closed terminal.
            let _ = error.print();
            return if asked_for { ExitCode::SUCCESS } else { ExitCode::from(USAGE) };
        }
    };
    let json = args.command.json();
    let done = match args.command {
        Command::Render(args) => render::run(&args),
        Command::Chunk(args) => chunk::run(&args),
        Command::Join(args) => join::run(&args),
        Command::Farm(args) => farm::run(&args),
        Command::Still(args) => still::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Sheet(args) => sheet::run(&args),
        Command::Diff(args) => match diff::run(&args) {
            Ok(true) => return ExitCode::from(DIFFERENT),
            done => done.map(drop),
        },
        Command::Estimate(args) => estimate::run(&args),
        Command::Verify(args) => match verify::run(&args) {
            Ok(true) => return ExitCode::from(DIFFERENT),
            done => done.map(drop),
        },
        Command::New(args) => new::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Otio(args) => otio::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Dataset(args) => dataset::run(&args),
        Command::Metrics(args) => metrics::run(&args),
        Command::Diagnose(args) => diagnose::run(&args),
        Command::Directions(args) => directions::run(&args),
        Command::Audio(args) => audio::run(&args),
        Command::Train(args) => train::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = match error {
                Error::Interrupted => stopping::interruption(),
                other => other,
            };
            terminal::show_error(&error, json);
            ExitCode::from(error.exit_code())
        }
    }
}
