//! `sg3render metrics`.

use std::time::Instant;

use serde_json::json;
use sg3render::Result;
use sg3render::diagnostics::{Log, Page, save};
use sg3render::network::device::Precision;
use sg3render::render::{Generator, Network};
use sg3render::timeline::Model;

use super::film_args::PrecisionArg;
use super::footage::label;
use super::measure_args::{Measure, MetricsArgs};
use super::stopping::stop_on_ctrl_c;
use super::terminal::{Style, say};
use super::{distribution, equivariance};

/// A network that is measured, and where its figures go.
pub struct Measured {
    pub generator: Generator,
    /// The network's SHA-256.
    pub network: String,
    /// Device and precision.
    pub device: String,
    /// Pixels a side of its pictures.
    pub side: usize,
    pub log: Log,
    pub page: Page,
}

/// Measures a network.
pub fn run(args: &MetricsArgs) -> Result<()> {
    let device = args.device.open()?;
    stop_on_ctrl_c()?;
    let motion = asked(args, |m| if let Measure::Motion(m) = m { Some(m) } else { None });
    let likeness = asked(args, |m| if let Measure::Distribution(m) = m { Some(m) } else { None });
    let (network, config) = Network::open(&Model::named(&args.network))?;
    if !motion.is_empty() {
        equivariance::check(args, &config)?;
    }
    // Before the network is read: what is missing shows at once.
    let side = config.image().0;
    let real = (!likeness.is_empty())
        .then(|| distribution::Against::open(args, &likeness, side, device))
        .transpose()?;
    let precision = match args.device.precision {
        PrecisionArg::F32 => "f32",
        PrecisionArg::Tf32 => "tf32",
        PrecisionArg::F16 => "f16",
        PrecisionArg::Bf16 => "bf16",
    };
    let mut measured = Measured {
        network: network.sha256()?,
        device: format!("{device:?} {precision}").to_lowercase(),
        side,
        log: Log::open(&args.log)?,
        generator: network.generator(device, Precision::from(args.device.precision))?,
        page: Page::new(&format!("Measures of {}", label(&args.network))),
    };
    let begun = Instant::now();
    if !motion.is_empty() {
        equivariance::run(args, motion, &mut measured)?;
    }
    if let Some(real) = real {
        distribution::run(args, likeness, &real, &mut measured)?;
    }
    if args.json {
        let seconds = begun.elapsed().as_secs_f64();
        say(&json!({"event": "done", "seconds": seconds, "log": args.log}).to_string())?;
    }
    match &args.report {
        Some(path) => save(path, measured.page.html().as_bytes(), args.overwrite),
        None => Ok(()),
    }
}

/// The measures of a kind, each once.
fn asked<T: Ord>(args: &MetricsArgs, of: impl Fn(Measure) -> Option<T>) -> Vec<T> {
    let mut measures: Vec<T> = args.measures.iter().copied().filter_map(of).collect();
    measures.sort();
    measures.dedup();
    measures
}

/// How progress is shown.
pub fn style(args: &MetricsArgs) -> Style {
    if args.json { Style::Json } else { Style::Human }
}

/// A table as people read it in a terminal.
pub fn aligned(table: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(i, cell)| match i {
            0 => format!("{cell:<10}"),
            _ => format!("{cell:>15}"),
        });
        cells.collect::<String>()
    };
    table.iter().map(line).collect::<Vec<_>>().join("\n")
}
