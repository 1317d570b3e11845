//! `sg3render diagnose`: stripes and averages; the others in files of their own.

use std::path::Path;

use serde_json::json;
use sg3render::diagnostics::{Page, Sheet, Stripes, Watch, average, save};
use sg3render::network::device::Precision;
use sg3render::render::Network;
use sg3render::schedule::Mapping;
use sg3render::timeline::Model;
use sg3render::{Error, Result};

use super::footage::{Footage, label};
use super::measure_args::{AverageArgs, Diagnose, OutputArgs, StripesArgs};
use super::stopping::stop_on_ctrl_c;
use super::terminal::{Style, Terminal, say};
use super::{layers, shot, spectrum};

/// Runs one of the diagnoses.
pub fn run(command: &Diagnose) -> Result<()> {
    stop_on_ctrl_c()?;
    match command {
        Diagnose::Stripes(args) => stripes(args),
        Diagnose::Average(args) => averages(args),
        Diagnose::Spectrum(args) => spectrum::run(args),
        Diagnose::Layers(args) => layers::run(args),
        Diagnose::Shot(args) => shot::run(args),
    }
}

fn stripes(args: &StripesArgs) -> Result<()> {
    let positions: Vec<f64> = args.positions.iter().map(|&p| f64::from(p) / 100.0).collect();
    let mut sheet = Sheet { title: "Stripes: time to the right".into(), columns: Vec::new() };
    let mut rows =
        vec![["footage", "frames", "sticking", "columns", "rows"].map(String::from).to_vec()];
    for name in &args.footage {
        let mut footage = Footage::open(name, &args.from)?;
        let seen = watch(&mut footage, &positions)?;
        let total = seen.total();
        let [all, columns, lines] = [total.share(), total.columns.share(), total.rows.share()];
        say(&format!("{}: sticking {} ({} frames)", label(name), share(all), seen.frames))?;
        sheet.columns.push((vec![label(name), format!("sticking {}", share(all))], seen.tiles()));
        rows.push(vec![
            label(name),
            seen.frames.to_string(),
            share(all),
            share(columns),
            share(lines),
        ]);
    }
    let text = "Sticking is the share of the stripes' gradient energy that has no time component: 1 is a \
                picture that stands still, horizontal streaks are detail that does.";
    finish(&args.to, "Stripes", &sheet, |page| {
        page.text(text);
        page.table(&rows);
    })
}

/// Looks at all frames.
pub fn watch(footage: &mut Footage, positions: &[f64]) -> Result<Stripes> {
    let terminal = Terminal::new(&Style::Human, footage.frames());
    let mut watch = Watch::new(footage.fps(), positions);
    footage.each(&terminal, |image| {
        watch.add(image);
        Ok(())
    })?;
    let seen = watch.finish();
    if seen.frames < 2 {
        return Err(Error::Invalid(format!(
            "there are {} frames, expected two at least",
            seen.frames
        )));
    }
    let text = format!("{} frames in {:.1} s", seen.frames, terminal.seconds());
    terminal.finish(&text, &json!(null));
    Ok(seen)
}

/// A share as it is shown.
pub fn share(share: Option<f64>) -> String {
    share.map_or("none".into(), |share| format!("{share:.3}"))
}

fn averages(args: &AverageArgs) -> Result<()> {
    let device = args.device.open()?;
    let mut sheet = Sheet { title: "Neighbourhood averages".into(), columns: Vec::new() };
    let mut rows = vec![["network", "neighbours", "sharpness ratio"].map(String::from).to_vec()];
    let plan = average::Plan { seed: args.seed, samples: args.samples, step: args.step };
    for name in &args.networks {
        let (network, _) = Network::open(&Model::named(name))?;
        let generator = network.generator(device, Precision::from(args.device.precision))?;
        let terminal = Terminal::new(&Style::Human, args.samples.into()).counting("pictures");
        let w_avg = generator.mapping.w_avg().to_vec();
        let finding = average::run(&plan, &generator, &w_avg, &terminal)?;
        terminal.finish(&format!("{:.1} s", terminal.seconds()), &json!(null));
        let ratio = share(finding.sharpness_ratio);
        say(&format!("{}: sharpness ratio {ratio}", label(name)))?;
        sheet
            .columns
            .push((vec![label(name), format!("sharpness ratio {ratio}")], finding.tiles()));
        rows.push(vec![label(name), args.samples.to_string(), ratio]);
    }
    let text = "The mean of pictures whose latents are close to one another. Detail that moves with the \
                object blurs; what stays sharp is glued to the pixels. The ratio is the share of energy \
                above a quarter of the sampling rate that the mean keeps.";
    finish(&args.to, "Neighbourhood averages", &sheet, |page| {
        page.text(text);
        page.table(&rows);
    })
}

/// Writes the picture and the report that were asked for.
pub fn finish(
    to: &OutputArgs,
    title: &str,
    sheet: &Sheet,
    fill: impl FnOnce(&mut Page),
) -> Result<()> {
    if to.output.is_none() && to.report.is_none() {
        return Ok(());
    }
    let png = sheet.png()?;
    if let Some(path) = &to.output {
        save(path, &png, to.overwrite)?;
        say(&path.display().to_string())?;
    }
    if let Some(path) = &to.report {
        let mut page = Page::new(title);
        fill(&mut page);
        page.picture(&png, &sheet.title);
        save_page(path, &page, to.overwrite)?;
    }
    Ok(())
}

/// Writes a report.
pub fn save_page(path: &Path, page: &Page, overwrite: bool) -> Result<()> {
    save(path, page.html().as_bytes(), overwrite)?;
    say(&path.display().to_string())
}
