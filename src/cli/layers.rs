//! `sg3render diagnose layers`.

use std::path::{Path, PathBuf};

use serde_json::json;
use sg3render::Result;
use sg3render::diagnostics::layers::{self, Finding};
use sg3render::diagnostics::{Page, Plot, save};
use sg3render::network::device::Precision;
use sg3render::render::Network;
use sg3render::timeline::Model;

use super::diagnose::save_page;
use super::footage::label;
use super::measure_args::LayersArgs;
use super::terminal::{Style, Terminal, say};

/// Measures the layers of networks and draws them.
pub fn run(args: &LayersArgs) -> Result<()> {
    let device = args.device.open(Precision::F32)?;
    let mut networks: Vec<(String, Vec<Finding>)> = Vec::new();
    for name in &args.networks {
        let inner = Network::open(&Model::named(name))?.0.inner(device)?;
        let style = if args.json { Style::Quiet } else { Style::Human };
        let terminal = Terminal::new(&style, args.samples.into()).counting("samples");
        let findings = layers::run(&inner, args.seed, args.samples, &terminal)?;
        terminal.finish(&format!("{name}: {:.1} s", terminal.seconds()), &json!(null));
        for finding in findings.iter().filter(|_| args.json) {
            let mut line = finding.json();
            line["network"] = json!(name);
            say(&line.to_string())?;
        }
        if !args.json {
            say(&lines(&label(name), &findings))?;
        }
        networks.push((label(name), findings));
    }
    let plots = [false, true].map(|rotation| layers::plot(&networks, rotation));
    if let Some(path) = &args.output {
        for (path, plot) in [path.clone(), beside(path)].iter().zip(&plots) {
            draw(path, plot, args.overwrite)?;
        }
    }
    let Some(path) = &args.report else { return Ok(()) };
    let mut page = Page::new("Equivariance by layer");
    page.text(
        "The power of each layer's signal over that of its error, when the network's input is moved and \
         the signal compared with the one that is moved after the layer, on the canvas alone. The layer \
         that breaks it is where the curve falls. Dots: the signal shifted there and back, which is what \
         the shifting filter itself errs.",
    );
    for plot in &plots {
        page.drawing(&plot.svg()?, &plot.title);
    }
    for (name, findings) in &networks {
        page.heading(name);
        page.table(&table(findings));
    }
    save_page(path, &page, args.overwrite)
}

fn draw(path: &Path, plot: &Plot, overwrite: bool) -> Result<()> {
    let svg = path.extension().is_some_and(|extension| extension == "svg");
    let bytes = if svg { plot.svg()?.into_bytes() } else { plot.png()? };
    save(path, &bytes, overwrite)?;
    say(&path.display().to_string())
}

/// `plot.svg` to `plot-rotation.svg`.
fn beside(path: &Path) -> PathBuf {
    let part =
        |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (stem, extension) = (part(path.file_stem()), part(path.extension()));
    path.with_file_name(format!("{stem}-rotation.{extension}"))
}

fn table(findings: &[Finding]) -> Vec<Vec<String>> {
    let head = ["layer", "samples a canvas", "shifts, dB", "filter's own", "rotation, dB"];
    let row = |finding: &Finding| {
        let figures = finding.decibels().map(|db| format!("{db:.1}"));
        [vec![finding.name.clone(), finding.rate.to_string()], figures.to_vec()].concat()
    };
    std::iter::once(head.map(str::to_owned).to_vec()).chain(findings.iter().map(row)).collect()
}

/// A table as people read it in a terminal.
fn lines(name: &str, findings: &[Finding]) -> String {
    let line = |row: Vec<String>| {
        let cells = row[1..].iter().map(|cell| format!("{cell:>17}"));
        format!("{:<14}{}", row[0], cells.collect::<String>())
    };
    let lines = table(findings).into_iter().map(line);
    std::iter::once(name.to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}
