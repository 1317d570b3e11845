//! `sg3render audio`: what the program hears in a piece of music.

use std::fs;

use serde_json::json;
use sg3render::audio::{Feature, HOP, Hearing, NAMED, PITCHES, RATE, Series, listen};
use sg3render::diagnostics::{Line, Page, Plot, Sheet, Tile, npz, save};
use sg3render::{Error, Result};

use super::diagnose::save_page;
use super::measure_args::AudioArgs;
use super::stopping::stop_on_ctrl_c;
use super::terminal::{Style, Terminal, say};

/// Points of a plotted line, at most: as many as a screen has pixels.
const POINTS: usize = 1500;
/// Pixels of a pitch class's row.
const ROW: usize = 14;

/// Hears a file, prints what was heard, and draws it where that is asked for.
pub fn run(args: &AudioArgs) -> Result<()> {
    stop_on_ctrl_c()?;
    let hearing = listen(&args.sound, &Terminal::new(&Style::Human, 1).counting("s"))?;
    let text = if args.json { summary(&hearing).to_string() } else { prose(args, &hearing) };
    say(&text)?;
    let plots = plots(&hearing);
    let pictures = [("bands", bands(&hearing).png()?), ("pitches", pitches(&hearing).png()?)];
    if let Some(folder) = &args.output {
        fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        let write = |name: &str, bytes: &[u8]| save(&folder.join(name), bytes, args.overwrite);
        for (name, plot) in &plots {
            write(&format!("{name}.svg"), plot.svg()?.as_bytes())?;
            write(&format!("{name}.png"), &plot.png()?)?;
        }
        for (name, png) in &pictures {
            write(&format!("{name}.png"), png)?;
        }
        write("signals.npz", &arrays(&hearing)?)?;
    }
    if let Some(path) = &args.report {
        let mut page = Page::new(&format!("What is heard in {}", args.sound.display()));
        page.table(&rows(&hearing));
        for (_, plot) in &plots {
            page.drawing(&plot.svg()?, &plot.title);
        }
        for (name, png) in &pictures {
            page.picture(png, name);
        }
        save_page(path, &page, args.overwrite)?;
    }
    Ok(())
}

/// Level of an amplitude, dB below full scale.
fn level(amplitude: f64) -> f64 {
    20.0 * amplitude.max(1e-6).log10()
}

fn root_mean_square(values: &[f32]) -> f64 {
    let sum: f64 = values.iter().map(|&v| f64::from(v).powi(2)).sum();
    (sum / values.len().max(1) as f64).sqrt()
}

fn largest(values: &[f32]) -> f64 {
    f64::from(values.iter().copied().fold(0.0, f32::max))
}

/// Name, mean and largest level (dB) of loudness and of the bands.
fn levels(hearing: &Hearing) -> Vec<(String, f64, f64)> {
    let of = |name: String, values: &[f32]| {
        (name, level(root_mean_square(values)), level(largest(values)))
    };
    let bands = NAMED.iter().map(|&(name, [low, high])| {
        of(format!("{name} ({low:.0}-{high:.0} Hz)"), &hearing.amplitudes([low, high]))
    });
    std::iter::once(of("rms".into(), &hearing.rms)).chain(bands).collect()
}

/// The share of the time that each pitch class is the strongest, most first.
fn strongest(hearing: &Hearing) -> Vec<(&'static str, f64)> {
    let moments = hearing.chroma.chunks_exact(12);
    let heard: Vec<usize> =
        moments.filter_map(|classes| classes.iter().position(|&share| share >= 1.0)).collect();
    let share =
        |class| heard.iter().filter(|&&c| c == class).count() as f64 / heard.len().max(1) as f64;
    let mut shares: Vec<_> =
        PITCHES.iter().enumerate().map(|(i, &name)| (name, share(i))).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

fn prose(args: &AudioArgs, hearing: &Hearing) -> String {
    let beats = &hearing.beats;
    let tempo = match (beats.tempo, beats.times.first()) {
        (Some(tempo), Some(first)) => {
            format!("{tempo:.1} bpm, {} beats from {first:.2} s on", beats.times.len())
        }
        _ => "no beat".into(),
    };
    let seconds = hearing.seconds();
    let mut text = format!(
        "{}: {}:{:04.1} min, {tempo}\n",
        args.sound.display(),
        (seconds / 60.0) as u64,
        seconds % 60.0
    );
    for row in rows(hearing) {
        text += &format!("{:<28}{:>10}{:>10}\n", row[0], row[1], row[2]);
    }
    let pitches: Vec<_> = strongest(hearing)[..3]
        .iter()
        .map(|(name, share)| format!("{name} ({:.0} % of the time)", 100.0 * share))
        .collect();
    text + "strongest pitches: " + &pitches.join(", ")
}

fn rows(hearing: &Hearing) -> Vec<Vec<String>> {
    let head = ["signal", "mean", "peak"].map(String::from).to_vec();
    let rows = levels(hearing)
        .into_iter()
        .map(|(name, mean, peak)| vec![name, format!("{mean:.1} dB"), format!("{peak:.1} dB")]);
    std::iter::once(head).chain(rows).collect()
}

fn summary(hearing: &Hearing) -> serde_json::Value {
    let levels = levels(hearing)
        .into_iter()
        .map(|(name, mean, peak)| json!({"signal": name, "mean_db": mean, "peak_db": peak}));
    let pitches: serde_json::Map<_, _> =
        strongest(hearing).into_iter().map(|(name, share)| (name.into(), json!(share))).collect();
    json!({
        "seconds": hearing.seconds(), "tempo": hearing.beats.tempo, "beats": hearing.beats.times,
        "levels": levels.collect::<Vec<_>>(), "strongest_pitches": pitches,
    })
}

fn seconds(moment: usize) -> f64 {
    (moment * HOP) as f64 / f64::from(RATE)
}

/// A line of at most [`POINTS`] points: of those between two, the largest.
pub(super) fn line(name: &str, values: &[f32]) -> Line {
    let every = values.len().div_ceil(POINTS).max(1);
    let points = values.chunks(every).enumerate();
    let points = points.map(|(i, values)| (seconds(i * every), largest(values))).collect();
    Line { name: name.into(), points, dots: false }
}

fn plots(hearing: &Hearing) -> Vec<(&'static str, Plot)> {
    let plot = |title: &str, y_label: &str, lines| Plot {
        title: title.into(),
        x_label: "seconds".into(),
        y_label: y_label.into(),
        x: Some((0.0, hearing.seconds())),
        y: None,
        lines,
    };
    let loudness = vec![line("peak", &hearing.peaks), line("rms", &hearing.rms)];
    let onset = hearing.series(Feature::Onset);
    let beats = hearing.beats.times.iter().map(|&time| (time, onset.at(time))).collect();
    let onsets = vec![
        line("onset", onset.values()),
        Line { name: "beats".into(), points: beats, dots: true },
    ];
    vec![
        ("loudness", plot("Loudness", "amplitude", loudness)),
        ("onsets", plot("Onsets and beats", "strength", onsets)),
    ]
}

fn bands(hearing: &Hearing) -> Sheet {
    let rows = NAMED.map(|(name, ends)| (name, hearing.series(Feature::Band(ends))));
    rows_over_time("Bands, each to its own largest", &rows, hearing.seconds())
}

fn pitches(hearing: &Hearing) -> Sheet {
    let row = |(i, name)| (name, hearing.series(Feature::Chroma(i)));
    let rows: Vec<_> = PITCHES.into_iter().enumerate().map(row).collect();
    rows_over_time("Pitch classes", &rows, hearing.seconds())
}

/// Signals as rows over time, black to white, the first at the bottom.
fn rows_over_time(title: &str, rows: &[(&str, Series)], length: f64) -> Sheet {
    let moments = rows.first().map_or(0, |(_, series)| series.values().len());
    let every = moments.div_ceil(POINTS).max(1);
    let level = |values: &[f32]| (255.0 * largest(values)) as u8;
    let row = |series: &Series| series.values().chunks(every).flat_map(|v| [level(v); 3]).collect();
    let names: Vec<&str> = rows.iter().map(|&(name, _)| name).collect();
    let pixels = rows.iter().rev().flat_map(|(_, series)| {
        let row: Vec<u8> = row(series);
        std::iter::repeat_n(row, ROW).flatten()
    });
    let tile = Tile {
        caption: format!("from the bottom: {}", names.join(", ")),
        width: moments.div_ceil(every),
        height: rows.len() * ROW,
        pixels: pixels.collect(),
        x: Some((length, "seconds")),
        y: None,
    };
    Sheet { title: title.into(), columns: vec![(Vec::new(), vec![tile])] }
}

/// Every signal as the timeline takes it, 0 to 1.
fn arrays(hearing: &Hearing) -> Result<Vec<u8>> {
    let plain = [("rms", Feature::Rms), ("onset", Feature::Onset), ("beat", Feature::Beat)];
    let bands = NAMED.map(|(name, ends)| (name, Feature::Band(ends)));
    let pitches = PITCHES.iter().enumerate().map(|(i, &name)| (name, Feature::Chroma(i)));
    let wide = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
    let mut named: Vec<(String, Vec<f64>)> = plain
        .into_iter()
        .chain(bands)
        .chain(pitches)
        .map(|(name, feature)| (name.to_owned(), wide(hearing.series(feature).values())))
        .collect();
    named.push(("seconds".into(), (0..hearing.rms.len()).map(seconds).collect()));
    named.push(("beats".into(), hearing.beats.times.clone()));
    let arrays: Vec<_> = named
        .iter()
        .map(|(name, values)| (name.clone(), vec![values.len() as u64], values.as_slice()))
        .collect();
    npz(&arrays)
}
