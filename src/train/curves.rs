//! Curves of a training, drawn from its log.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::stats::{Log, TICK};
use crate::Result;
use crate::diagnostics::{Line, Plot, save};

/// What `losses.png` shows of the ticks.
const LOSSES: [&str; 3] = ["loss_g", "loss_d_real", "loss_d_generated"];
/// Ends the name of a figure that another one cannot go below, and is drawn with it.
const FLOOR: &str = "-floor";

/// Draws `losses.png`, and of each measure of the networks that were kept a plot of its name. One point is no
/// curve, and gets no plot.
///
/// # Errors
/// [`crate::Error::Io`].
pub fn draw(folder: &Path, log: &Log) -> Result<()> {
    let mut plots: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in curves(&log.lines()?) {
        let plot = match LOSSES.contains(&line.name.as_str()) {
            true => "losses",
            false => line.name.strip_suffix(FLOOR).unwrap_or(&line.name),
        };
        plots.entry(plot.to_owned()).or_default().push(line);
    }
    for (name, lines) in plots {
        let y_label = if lines.len() == 1 { name.clone() } else { String::new() };
        let x_label = "thousand images".to_owned();
        let title = format!("{} while training", name.replace('_', " "));
        let plot = Plot { title, x_label, y_label, x: None, y: None, lines };
        save(&folder.join(format!("{name}.png")), &plot.png()?, true)?;
    }
    Ok(())
}

/// The losses of ticks and all figures of networks, over thousands of images.
fn curves(lines: &[Value]) -> Vec<Line> {
    let mut curves: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for line in lines {
        let Some(figures) = line.as_object() else { continue };
        let Some(images) = line["images"].as_f64() else { continue };
        let is_tick = figures.contains_key(TICK);
        for (name, value) in figures {
            let shown = if is_tick { LOSSES.contains(&name.as_str()) } else { name != "images" };
            if let (true, Some(value)) = (shown, value.as_f64()) {
                curves.entry(name).or_default().push((images / 1e3, value));
            }
        }
    }
    curves.retain(|_, points| points.len() > 1);
    let line = |(name, points): (&str, _)| Line { name: name.to_owned(), points, dots: false };
    curves.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ticks_give_losses_and_networks_give_measures() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&folder.path().join("stats.jsonl"), 0).unwrap();
        for kimg in 1..4 {
            let images = 1000 * kimg;
            let tick =
                json!({"images": images, TICK: 200.0, "loss_g": 1.0 / f64::from(kimg), "r_t": 0.5});
            log.add(&tick).unwrap();
            let figures = json!({"images": images, "kid": kimg, "kid-floor": 0, "ppl": null});
            log.add(&figures).unwrap();
        }
        log.add(&json!({"images": 4000, "fid": 3.0})).unwrap();
        let lines = curves(&log.lines().unwrap());
        let line = |name: &str, points: [(f64, f64); 3]| Line {
            name: name.into(),
            points: points.into(),
            dots: false,
        };
        assert_eq!(
            lines,
            [
                line("kid", [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]),
                line("kid-floor", [(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]),
                line("loss_g", [(1.0, 1.0), (2.0, 0.5), (3.0, 1.0 / 3.0)]),
            ]
        );
        draw(folder.path(), &log).unwrap();
        let mut files: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, ["kid.png", "losses.png", "stats.jsonl"]);
    }
}
