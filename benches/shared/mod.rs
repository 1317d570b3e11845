//! What the benchmarks share.

#![allow(dead_code, reason = "no benchmark uses all of it")]

use std::time::Instant;

use sg3render::network::StyleGan3Config;

/// The published sets: T and R at a resolution, with the capacity that was published for it.
pub fn published(name: &str) -> Option<StyleGan3Config> {
    let (kind, resolution) = name.split_at_checked(1)?;
    let img_resolution = resolution.parse().ok()?;
    let channel_base = if img_resolution <= 256 { 16384 } else { 32768 };
    let t =
        StyleGan3Config { img_resolution, channel_base, channel_max: 512, ..Default::default() };
    match kind {
        "t" => Some(t),
        "r" => Some(StyleGan3Config {
            channel_base: 2 * t.channel_base,
            channel_max: 1024,
            conv_kernel: 1,
            use_radial_filters: true,
            ..t
        }),
        _ => None,
    }
}

/// The command line's names, or those given; cargo's own options are left out.
pub fn names(otherwise: &[&str]) -> Vec<String> {
    let names: Vec<String> =
        std::env::args().skip(1).filter(|name| !name.starts_with("--")).collect();
    if names.is_empty() { otherwise.iter().map(|&name| name.into()).collect() } else { names }
}

/// The value of an option `--name=value`.
pub fn option(name: &str) -> Option<String> {
    let prefix = format!("--{name}=");
    std::env::args().find_map(|argument| argument.strip_prefix(&prefix).map(String::from))
}

/// The least time of several calls, seconds.
pub fn least(calls: usize, mut call: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..calls {
        let start = Instant::now();
        call();
        least = least.min(start.elapsed().as_secs_f64());
    }
    least
}
