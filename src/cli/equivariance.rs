//! `sg3render metrics`: equivariance.

use serde_json::json;
use sg3render::diagnostics::equivariance::{self, Finding, Plan};
use sg3render::diagnostics::{Page, Published, published};
use sg3render::metrics::equivariance::Measure;
use sg3render::network::Config;
use sg3render::{Error, Result};

use super::measure_args::MetricsArgs;
use super::metrics::{Measured, aligned, style};
use super::terminal::{Terminal, say};

/// Seeds where nothing is said: the standard error tells what the figures are worth.
const SAMPLES: u32 = 64;

/// Refuses networks whose input cannot be moved.
pub fn check(args: &MetricsArgs, config: &Config) -> Result<()> {
    match config {
        Config::StyleGan3(_) => Ok(()),
        Config::StyleGan2(_) => Err(Error::Invalid(format!(
            "`{}` is StyleGAN2, whose input cannot be moved, expected an alias-free network",
            args.network
        ))),
    }
}

/// Measures a network's equivariance.
pub fn run(args: &MetricsArgs, measures: Vec<Measure>, measured: &mut Measured) -> Result<()> {
    let samples = args.samples.unwrap_or(SAMPLES);
    let plan = Plan {
        network: measured.network.clone(),
        device: measured.device.clone(),
        side: measured.side,
        measures,
        samples,
        seed: args.seed,
        batch: args.batch,
    };
    let terminal = Terminal::new(&style(args), samples.into()).counting("samples");
    let findings = equivariance::run(&plan, &measured.generator, &mut measured.log, &terminal)
        .inspect_err(|error| {
            if matches!(error, Error::Interrupted) {
                let text = format!(
                    "what was measured is in `{}`: run the same again to go on",
                    args.log.display()
                );
                terminal.finish(&text, &json!({"event": "note", "message": text}));
            }
        })?;
    for finding in &findings {
        let line = json!({
            "event": "figure", "measure": finding.measure.name(), "db": finding.decibels,
            "standard_error": finding.standard_error, "network": plan.network, "name": args.network,
            "device": plan.device, "seed": args.seed, "samples": samples, "batch": args.batch,
        });
        measured.log.tell(&line)?;
        if args.json {
            say(&line.to_string())?;
        }
    }
    let text = format!("{samples} samples in {:.1} s", terminal.seconds());
    terminal.finish(&text, &json!({"event": "note", "message": text}));
    let table = table(&findings, &published()?);
    if !args.json {
        say(&aligned(&table))?;
    }
    report(&mut measured.page, &plan, &findings, &table)
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

fn report(page: &mut Page, plan: &Plan, findings: &[Finding], table: &[Vec<String>]) -> Result<()> {
    page.heading("Equivariance");
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
    Ok(())
}
