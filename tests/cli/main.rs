//! The program as a user has it: the built binary, the four tiny networks of `tests/golden`, and the
//! `ffmpeg` and `ffprobe` programs to see what it made.
#![cfg(all(feature = "cli", feature = "torch", feature = "video"))]

mod alpha;
mod audio;
mod check;
mod dataset;
mod diagnose;
mod directions;
mod failures;
mod farm;
mod hear;
mod hostile;
mod info;
mod interrupt;
mod memory;
mod networks;
mod output;
mod picture;
mod presets;
mod processes;
mod proof;
mod provenance;
mod report;
mod resume;
mod splits;
mod tools;
mod train;
mod verify;
