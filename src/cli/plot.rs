//! `sg3render plot`.

use sg3render::Result;
use sg3render::diagnostics::{Line, Panel, Panels, save};
use sg3render::render::Project;
use sg3render::timeline::Resolved;
use sg3render::timeline::curve::Curve;
use sg3render::timeline::number::Number;

use super::args::PlotArgs;
use super::film::overrides;
use super::terminal::{say, show_report};

/// The most moments that are drawn, evenly spread.
const MOST_POINTS: u64 = 2400;

/// Draws the curves of a timeline.
pub fn run(args: &PlotArgs) -> Result<()> {
    let project = Project::open(&args.timeline, None, &overrides(&args.overrides))?;
    show_report(&project.warnings);
    let drawn = panels(&project.resolved, &args.timeline.display().to_string());
    let svg = args.output.extension().is_some_and(|extension| extension == "svg");
    let bytes = if svg { drawn.svg()?.into_bytes() } else { drawn.png()? };
    save(&args.output, &bytes, args.overwrite)?;
    say(&args.output.display().to_string())
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
    panels.push(Panel { name: "keys".into(), lines: latents });
    let mut number = |name: &str, curve: &Curve<Number>| {
        if moves(curve) {
            panels.push(Panel {
                name: name.into(),
                lines: vec![line(name, &|frame| curve.at(frame))],
            });
        }
    };
    number("psi", &resolved.psi);
    for (i, mix) in resolved.mixes.iter().enumerate() {
        number(&format!("mix {}", i + 1), &mix.amount);
    }
    for direction in &resolved.directions {
        number(&direction.name, &direction.amount);
    }
    number("rotate", &resolved.camera.rotate);
    number("scale", &resolved.camera.scale);
    if let Some(stabilise) = &resolved.stabilise {
        number("stabilise", &stabilise.amount);
    }
    for (name, curve) in
        [("translate", &resolved.camera.translate), ("pivot", &resolved.camera.pivot)]
    {
        let still = curve.keys.len() == 1
            && curve.keys[0].value.0.iter().all(|number| matches!(number, Number::Constant(_)));
        if !still {
            let lines = ["x", "y"].iter().enumerate();
            let lines = lines.map(|(i, axis)| line(axis, &|frame| curve.at(frame)[i])).collect();
            panels.push(Panel { name: name.into(), lines });
        }
    }
    if let Some(cutoff) = &resolved.cutoff {
        panels.push(Panel {
            name: "cutoff".into(),
            lines: vec![line("cutoff", &|frame| cutoff.held(frame))],
        });
    }
    if let Some(class) = resolved.class.as_ref().filter(|class| class.keys.len() > 1) {
        let used = (0..class.keys[0].value.len())
            .filter(|&i| class.keys.iter().any(|key| key.value[i] > 0.0));
        let lines = used.map(|i| line(&i.to_string(), &|frame| class.at(frame)[i])).collect();
        panels.push(Panel { name: "class".into(), lines });
    }
    if let Some(tempo) = &resolved.tempo {
        let bpm = line("bpm", &|frame| tempo.bpm(clock.second(frame)));
        panels.push(Panel { name: "bpm".into(), lines: vec![bpm] });
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
