//! `sg3render dataset`.

use std::path::Path;

use serde_json::json;
use sg3render::dataset::make::{Concern, Footage, Letterbox, Reason, Sample, Summary};
use sg3render::diagnostics::{Sheet, Tile, save};
use sg3render::progress::Progress;
use sg3render::{Error, Result};

use super::dataset_args::DatasetArgs;
use super::stopping::stop_on_ctrl_c;
use super::terminal::Terminal;

/// How many bad files are named; the report has all.
const NAMED: usize = 10;
/// Columns of a contact sheet, and how many pictures of the set it has at most.
const COLUMNS: usize = 8;
const SHOWN: usize = 48;

/// Makes a set of footage.
pub fn run(args: &DatasetArgs) -> Result<()> {
    stop_on_ctrl_c()?;
    for path in [&args.sheet, &args.report].into_iter().flatten() {
        if !args.overwrite && path.exists() {
            return Err(Error::Usage(format!(
                "`{}` is already there; use --overwrite to replace it",
                path.display()
            )));
        }
    }
    let recipe = args.recipe();
    let footage = Footage::list(&args.sources, args.classes)?;
    let terminal = Terminal::new(&args.show.style(), footage.steps()).counting("pictures");
    let summary = footage.make(&recipe, &args.output, args.overwrite, &terminal)?;
    for note in notes(&summary, recipe.letterbox) {
        terminal.note(&note);
    }
    if let Some(path) = &args.sheet {
        save(path, &sheet(&summary, &args.output).png()?, args.overwrite)?;
    }
    if let Some(path) = &args.report {
        let json =
            serde_json::to_vec_pretty(&summary).map_err(|e| Error::Invalid(e.to_string()))?;
        save(path, &json, args.overwrite)?;
    }
    let done = json!({
        "event": "done", "images": summary.images.len(), "size": summary.side,
        "classes": summary.class_counts.len(), "dropped": summary.dropped_counts,
        "bad": summary.bad.len(), "seconds": terminal.seconds(), "output": args.output,
    });
    terminal.finish(&told(&summary, &args.output), &done);
    Ok(())
}

/// What the user should know of.
fn notes(summary: &Summary, letterbox: Letterbox) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for bad in summary.bad.iter().take(NAMED) {
        notes.push(format!("skipped `{}`: {}", bad.name, bad.error));
    }
    let mut warn = |concern: &Concern, what: &str| {
        if concern.count > 0 {
            notes.push(format!("{} {what}, `{}` first", counted(concern.count), concern.first));
        }
    };
    match letterbox {
        Letterbox::Keep => warn(
            &summary.letterboxed,
            "with black bars: a network learns them as part of the scene; `--letterbox remove` cuts them off",
        ),
        Letterbox::Remove => warn(&summary.letterboxed, "with black bars, which were cut off"),
        Letterbox::Drop => {}
    }
    warn(
        &summary.low_quality_jpeg,
        "saved as JPEG of a quality below 75: a network learns the blocks, which stick to the pixels",
    );
    warn(
        &summary.pixel_graphics,
        "with few colours in hard blocks: an alias-free network cannot draw the edges of pixel graphics",
    );
    notes
}

fn counted(count: u64) -> String {
    if count == 1 { "1 picture".into() } else { format!("{count} pictures") }
}

/// The end in words.
fn told(summary: &Summary, out: &Path) -> String {
    let (count, side) = (summary.images.len(), summary.side);
    let mut text = format!("{}: {count} images of {side}x{side}", out.display());
    if !summary.class_counts.is_empty() {
        text += &format!(", {} classes", summary.class_counts.len());
    }
    text += &format!("; {} looked at", summary.seen);
    if summary.stills > 0 {
        text += &format!(", {} stills taken of {} scenes", summary.stills, summary.scenes);
    }
    if !summary.dropped.is_empty() {
        let reasons = summary.dropped_counts.iter().map(|(r, n)| format!("{n} {}", r.text()));
        let reasons: Vec<String> = reasons.collect();
        text += &format!("\nleft out {}: {}", summary.dropped.len(), reasons.join(", "));
    }
    if summary.passed_over > 0 {
        text += &format!("\npassed over {} files that are no pictures", summary.passed_over);
    }
    if !summary.bad.is_empty() {
        text += &format!("\nskipped {} files that cannot be read", summary.bad.len());
    }
    text
}

/// What was kept, row by row, and beside it what was left out.
fn sheet(summary: &Summary, out: &Path) -> Sheet {
    let samples = &summary.kept_samples;
    let count = samples.len().min(SHOWN);
    let side = summary.side;
    let shown: Vec<&Sample> = (0..count).map(|i| &samples[i * samples.len() / count]).collect();
    let mut columns: Vec<(Vec<String>, Vec<Tile>)> = (0..COLUMNS.min(count))
        .map(|column| {
            let own = shown.iter().skip(column).step_by(COLUMNS);
            let heading =
                if column == 0 { format!("kept {}", summary.images.len()) } else { String::new() };
            (vec![heading], own.map(|sample| tile(sample, side)).collect())
        })
        .collect();
    for (reason, samples) in &summary.dropped_samples {
        let count = summary.dropped_counts.get(reason).copied().unwrap_or_default();
        let heading = vec![format!("left out {count}: {}", Reason::text(*reason))];
        columns.push((heading, samples.iter().map(|sample| tile(sample, side)).collect()));
    }
    Sheet { title: out.display().to_string(), columns }
}

/// A picture at a size at which a sheet of them fits a screen.
fn tile(sample: &Sample, side: usize) -> Tile {
    const LARGEST: usize = 128;
    let step = (side / LARGEST).max(1);
    let small = side / step;
    let mean = |x: usize, y: usize, c: usize| {
        let cell = (0..step * step).map(|i| (y * step + i / step) * side + x * step + i % step);
        let sum: usize = cell.map(|at| usize::from(sample.pixels[3 * at + c])).sum();
        (sum / (step * step)) as u8
    };
    let pixels =
        (0..small * small).flat_map(|i| [0, 1, 2].map(|c| mean(i % small, i / small, c))).collect();
    // The end of a path says more than its beginning.
    let length = sample.name.chars().count();
    let caption: String = sample.name.chars().skip(length.saturating_sub(24)).collect();
    Tile { caption, width: small, height: small, pixels, x: None, y: None }
}
