//! A farm of 1 to 1,000 workers on paper: the chunk with which a film is ready first, and what another
//! chunk or a wrong guess would cost. Needs neither network nor GPU.
//!
//!     cargo bench --bench farm -- [FRAMES [SECONDS_A_FRAME]]
//!
//! The default is an hour at 24 frames a second of a network that takes 2 s a frame. The model and its
//! figures are `farm::model`'s; tests there hold it against trials.

#![allow(clippy::print_stdout, reason = "a benchmark is a program, not the library")]

use std::num::NonZeroU64;

use sg3render::encode::SEGMENT;
use sg3render::farm::CHUNK;
use sg3render::farm::model::Farm;

fn main() {
    let mut numbers = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let frames = numbers.next().map_or(24 * 3600, |text| text.parse().expect("frames"));
    let frame = numbers.next().map_or(2.0, |text| text.parse().expect("seconds a frame"));
    println!("{frames} frames, {frame} s each on one worker; times in minutes");
    println!(
        "workers | best chunk | finish | of which join | chunks of {CHUNK} | of 250 | guessed for 8 | losses x 100"
    );
    for workers in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000] {
        let farm = Farm::new(count(workers), frame);
        let best = farm.best_chunk(frames, SEGMENT);
        let finish = farm.finish(frames, best);
        let cost = |chunk| format!("{:+.1} %", 100.0 * (farm.finish(frames, chunk) / finish - 1.0));
        let guessed = Farm::new(count(8), frame).best_chunk(frames, SEGMENT);
        let rough = Farm { losses: 100.0 * farm.losses, ..farm };
        println!(
            "{workers} | {best} | {:.1} | {:.1} | {} | {} | {} | {}",
            finish / 60.0,
            frames as f64 * farm.join / 60.0,
            cost(CHUNK),
            cost(count(250)),
            cost(guessed),
            rough.best_chunk(frames, SEGMENT),
        );
    }
}

fn count(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).expect("not 0")
}
