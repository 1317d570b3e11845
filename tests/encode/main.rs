//! Everything that is written, read back with the `ffmpeg` and `ffprobe` programs.
#![cfg(feature = "video")]

mod alpha;
mod audio;
mod colour;
mod failures;
mod order;
mod segments;
mod tools;
