//! `sg3render metrics`.

use serde_json::json;
use sg3render::diagnostics::equivariance::{self, Finding, Plan};
use sg3render::diagnostics::{Log, Page, Published, published, save};
use sg3render::network::Config;
use sg3render::network::device::Precision;
use sg3render::render::Network;
use sg3render::timeline::Model;
use sg3render::{Error, Result};

use super::film_args::PrecisionArg;
use super::footage::label;
use super::measure_args::MetricsArgs;
use super::terminal::{Style, Terminal, say, stop_on_ctrl_c};

/// Measures a network's equivariance.
pub fn run(args: &MetricsArgs) -> Result<()> {
    let device = args.device.open()?;
    stop_on_ctrl_c()?;
    let (network, config) = Network::open(&Model::named(&args.network))?;
    if let Config::StyleGan2(_) = config {
        return Err(Error::Invalid(format!(
            "`{}` is StyleGAN2, whose input cannot be moved, expected an alias-free network",
            args.network
        )));
    }
    let precision = match args.device.precision {
        PrecisionArg::F32 => "f32",
        PrecisionArg::Tf32 => "tf32",
        PrecisionArg::F16 => "f16",
        PrecisionArg::Bf16 => "bf16",
    };
    let mut measures = args.measures.clone();
    measures.sort();
    measures.dedup();
    let plan = Plan {
        network: network.sha256()?,
        device: format!("{device:?} {precision}").to_lowercase(),
        side: config.image().0,
        measures,
        samples: args.samples,
        seed: args.seed,
        batch: args.batch,
    };
    let mut log = Log::open(&args.log)?;
    let generator = network.generator(device, Precision::from(args.device.precision))?;
    let style = if args.json { Style::Json } else { Style::Human };
    let terminal = Terminal::new(&style, args.samples.into()).counting("samples");
    let findings =
        equivariance::run(&plan, &generator, &mut log, &terminal).inspect_err(|error| {
            if matches!(error, Error::Interrupted) {
                let text = format!(
                    "what was measured is in `{}`: run the same again to go on",
                    args.log.display()
                );
                terminal.finish(&text, &json!({"event": "note", "message": text}));
            }
        })?;
    let seconds = terminal.seconds();
    for finding in &findings {
        let line = json!({
            "event": "figure", "measure": finding.measure.name(), "db": finding.decibels,
            "standard_error": finding.standard_error, "network": plan.network, "name": args.network,
            "device": plan.device, "seed": args.seed, "samples": args.samples, "batch": args.batch,
        });
        log.tell(&line)?;
        if args.json {
            say(&line.to_string())?;
        }
    }
    let done = json!({"event": "done", "seconds": seconds, "log": args.log});
    terminal.finish(&format!("{} samples in {seconds:.1} s", args.samples), &done);
    let table = table(&findings, &published()?);
    if !args.json {
        say(&aligned(&table))?;
    }
    if let Some(path) = &args.report {
        save(path, report(args, &plan, &findings, &table)?.as_bytes(), args.overwrite)?;
    }
    Ok(())
}

/// The figures, and beside them the paper's.
fn table(findings: &[Finding], published: &[Published]) -> Vec<Vec<String>> {
    let row = |config: &str| published.iter().find(|row| row.config == config);
    let decibels = |figure: Option<f64>| figure.map_or("-".into(), |db| format!("{db:.2}"));
    let head = ["measure", "dB", "standard error", "paper T", "paper R"].map(str::to_owned);
    let figure = |finding: &Finding| {
        let paper = |config| decibels(row(config).and_then(|row| row.of(finding.measure)));
        vec![
            finding.measure.name().to_uppercase(),
            decibels(Some(finding.decibels)),
            decibels(finding.standard_error),
            paper("T"),
            paper("R"),
        ]
    };
    std::iter::once(head.to_vec()).chain(findings.iter().map(figure)).collect()
}

/// A table as people read it in a terminal.
fn aligned(table: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(i, cell)| match i {
            0 => format!("{cell:<10}"),
            _ => format!("{cell:>15}"),
        });
        cells.collect::<String>()
    };
    table.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn report(
    args: &MetricsArgs,
    plan: &Plan,
    findings: &[Finding],
    table: &[Vec<String>],
) -> Result<String> {
    let mut page = Page::new(&format!("Equivariance of {}", label(&args.network)));
    page.text(&format!(
        "{} seeds from {} on, in batches of {}; {}; network {}.",
        plan.samples, plan.seed, plan.batch, plan.device, plan.network
    ));
    page.table(table);
    page.text("The paper's figures are of FFHQ-U at 256x256, from 50,000 samples.");
    for finding in findings {
        let plot = equivariance::by_extent(finding);
        page.drawing(&plot.svg()?, &plot.title);
    }
    Ok(page.html())
}
