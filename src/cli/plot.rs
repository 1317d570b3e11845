//! `sg3render plot`.

use std::path::Path;

use sg3render::Result;
use sg3render::audio::{HOP, RATE, listen};
use sg3render::diagnostics::{Band, Line, Panel, Panels, save};
use sg3render::render::Project;
use sg3render::timeline::Resolved;
use sg3render::timeline::alpha::Keyed;
use sg3render::timeline::curve::Curve;
use sg3render::timeline::number::Number;

use super::args::PlotArgs;
use super::audio;
use super::film::overrides;
use super::terminal::{Style, Terminal, say, show_report, warn};

/// The most moments that are drawn, evenly spread.
const MOST_POINTS: u64 = 2400;

/// Draws the curves of a timeline.
pub fn run(args: &PlotArgs) -> Result<()> {
    let project = Project::open(&args.timeline, None, &overrides(&args.overrides))?;
    show_report(&project.warnings);
    let mut drawn = panels(&project.resolved, &args.timeline.display().to_string());
    match project.resolved.audio.as_ref().map(|path| sound(&project.resolved, path)) {
        Some(Ok(panel)) => drawn.panels.push(panel),
        Some(Err(error)) => warn(&error),
        None => {}
    }
    let svg = args.output.extension().is_some_and(|extension| extension == "svg");
    let bytes = if svg { drawn.svg()?.into_bytes() } else { drawn.png()? };
    save(&args.output, &bytes, args.overwrite)?;
    say(&args.output.display().to_string())
}

/// The timeline's sound as far as the film goes, with the beats of its music, or those that are heard.
fn sound(resolved: &Resolved, path: &Path) -> Result<Panel> {
    let hearing = listen(path, &Terminal::new(&Style::Human, 1).counting("s"))?;
    let end = resolved.clock().second(resolved.frames as f64);
    let moments = (end * f64::from(RATE) / HOP as f64).ceil() as usize;
    let band = |name: &str, values: &[f32]| {
        let points = audio::line(name, &values[..moments.min(values.len())]).points;
        let points = points.into_iter().filter(|(second, _)| *second <= end);
        Band { name: name.into(), points: points.map(|(at, v)| (at, -v, v)).collect() }
    };
    let beats: Vec<f64> = match &resolved.tempo {
        Some(tempo) => {
            let [first, last] = [tempo.beat(0.0).ceil(), tempo.beat(end).floor()];
            let count = (last - first + 1.0).max(0.0) as u64;
            (0..count).map(|i| tempo.second(first + i as f64)).collect()
        }
        None => hearing.beats.times.clone(),
    };
    let loudest = hearing.peaks.iter().copied().fold(0.0, f32::max);
    let dots = beats.into_iter().filter(|beat| (0.0..=end).contains(beat));
    let points = dots.map(|beat| (beat, -1.15 * f64::from(loudest))).collect();
    Ok(Panel {
        name: "sound".into(),
        lines: vec![Line { name: "beats".into(), points, dots: true }],
        bands: vec![band("peak", &hearing.peaks), band("rms", &hearing.rms)],
    })
}

/// Lines that share a scale.
fn curves(name: &str, lines: Vec<Line>) -> Panel {
    Panel { name: name.into(), lines, bands: Vec::new() }
}

/// Every track that is not one number all the time, over seconds.
fn panels(resolved: &Resolved, name: &str) -> Panels {
    let clock = resolved.clock();
    let count = resolved.frames.min(MOST_POINTS);
    let frames: Vec<f64> =
        (0..=count).map(|i| i as f64 * resolved.frames as f64 / count as f64).collect();
    let line = |name: &str, value: &dyn Fn(f64) -> f64| Line {
        name: name.into(),
        points: frames.iter().map(|&frame| (clock.second(frame), value(frame))).collect(),
        dots: false,
    };
    let keys = |keys: &mut dyn Iterator<Item = f64>, name: &str, height: f64| Line {
        name: name.into(),
        points: keys.map(|frame| (clock.second(frame), height)).collect(),
        dots: true,
    };
    let mut panels = Vec::new();
    let mut latents = vec![keys(&mut resolved.latent.keys.iter().map(|key| key.at), "latent", 0.0)];
    for (i, mix) in resolved.mixes.iter().enumerate() {
        let own = &mut mix.latent.keys.iter().map(|key| key.at);
        latents.push(keys(own, &format!("mix {}", i + 1), -(i as f64) - 1.0));
    }
    if resolved.network.is_some() {
        panels.push(curves("keys", latents));
    }
    let number = |panels: &mut Vec<Panel>, name: &str, curve: &Curve<Number>| {
        if moves(curve) {
            panels.push(curves(name, vec![line(name, &|frame| curve.at(frame))]));
        }
    };
    number(&mut panels, "psi", &resolved.psi);
    for (i, mix) in resolved.mixes.iter().enumerate() {
        number(&mut panels, &format!("mix {}", i + 1), &mix.amount);
    }
    for direction in &resolved.directions {
        number(&mut panels, &direction.name, &direction.amount);
    }
    number(&mut panels, "rotate", &resolved.camera.rotate);
    number(&mut panels, "scale", &resolved.camera.scale);
    if let Some(stabilise) = &resolved.stabilise {
        number(&mut panels, "stabilise", &stabilise.amount);
    }
    for (name, curve) in resolved.alpha.iter().flat_map(Keyed::numbers) {
        number(&mut panels, name, curve);
    }
    for (name, curve) in
        [("translate", &resolved.camera.translate), ("pivot", &resolved.camera.pivot)]
    {
        let still = curve.keys.len() == 1
            && curve.keys[0].value.0.iter().all(|number| matches!(number, Number::Constant(_)));
        if !still {
            let lines = ["x", "y"].iter().enumerate();
            let lines = lines.map(|(i, axis)| line(axis, &|frame| curve.at(frame)[i])).collect();
            panels.push(curves(name, lines));
        }
    }
    if let Some(cutoff) = &resolved.cutoff {
        panels.push(curves("cutoff", vec![line("cutoff", &|frame| cutoff.held(frame))]));
    }
    if let Some(class) = resolved.class.as_ref().filter(|class| class.keys.len() > 1) {
        let used = (0..class.keys[0].value.len())
            .filter(|&i| class.keys.iter().any(|key| key.value[i] > 0.0));
        let lines = used.map(|i| line(&i.to_string(), &|frame| class.at(frame)[i])).collect();
        panels.push(curves("class", lines));
    }
    if let Some(time) = &resolved.time {
        let shown = line("time (s)", &|frame| clock.second(time.at(frame)));
        panels.push(curves("time", vec![shown]));
    }
    for track in &resolved.tracks {
        // Each clip from its start to its end, every other one higher.
        let clips = track.clips.iter().enumerate().map(|(i, clip)| Line {
            name: clip.name.clone(),
            points: [clip.start, clip.end].map(|at| (clock.second(at), (i % 2) as f64)).to_vec(),
            dots: false,
        });
        panels.push(curves(&track.name, clips.collect()));
        number(&mut panels, &format!("{} opacity", track.name), &track.opacity);
    }
    if let Some(tempo) = &resolved.tempo {
        let bpm = line("bpm", &|frame| tempo.bpm(clock.second(frame)));
        panels.push(curves("bpm", vec![bpm]));
    }
    let marks = resolved.markers.iter();
    Panels {
        title: name.into(),
        x: (0.0, clock.second(resolved.frames as f64)),
        x_label: "time (s)".into(),
        marks: marks.map(|marker| (clock.second(marker.frame), marker.name.clone())).collect(),
        panels,
    }
}

/// Whether a curve is more than one number.
fn moves(curve: &Curve<Number>) -> bool {
    curve.keys.len() > 1 || matches!(curve.keys[0].value, Number::Expression(..))
}
