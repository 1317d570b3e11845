//! `sg3render diagnose shot`: whether a timeline or a finished video keeps within limits.

use sg3render::diagnostics::{Line, Plot, Sheet};
use sg3render::metrics::equivariance::{Draw, Measure, Sample, measure};
use sg3render::metrics::figure;
use sg3render::{Error, Result};

use super::diagnose::{finish, share, watch};
use super::footage::{Footage, Made, label};
use super::measure_args::ShotArgs;
use super::terminal::say;

/// Measures a shot; limits that it fails are the error.
pub fn run(args: &ShotArgs) -> Result<()> {
    let mut footage = Footage::open(&args.footage, &args.from)?;
    let eqt = match (&footage, args.min_eqt) {
        (_, None) => None,
        (Footage::Made(made), Some(_)) => Some(eqt(made, args.eqt_frames)?),
        (Footage::Video(_), Some(_)) => {
            return Err(Error::Usage(format!(
                "`{}` has no network to measure EQ-T of, expected a timeline; leave `--min-eqt` out",
                args.footage
            )));
        }
    };
    let seen = watch(&mut footage, &[0.5])?;
    let sticking = seen.total().share();
    let name = label(&args.footage);
    let limit = |limit: Option<f64>| limit.map_or("none".into(), |limit| limit.to_string());
    let mut rows = vec![["", "measured", "limit"].map(String::from).to_vec()];
    rows.push(vec!["sticking".into(), share(sticking), limit(args.max_sticking)]);
    say(&format!("{name}: sticking {} ({} frames)", share(sticking), seen.frames))?;
    let mut failed = Vec::new();
    if let Some(most) = args.max_sticking
        && sticking.is_some_and(|sticking| sticking > most)
    {
        failed.push(format!("sticking is {}, expected at most {most}", share(sticking)));
    }
    if let (Some((db, error)), Some(least)) = (eqt, args.min_eqt) {
        let error = error.map_or(String::new(), |error| format!(" +- {error:.2}"));
        say(&format!("{name}: EQ-T {db:.2}{error} dB ({} frames)", args.eqt_frames))?;
        rows.push(vec!["EQ-T".into(), format!("{db:.2}{error} dB"), format!("{least} dB")]);
        if db < least {
            failed.push(format!("EQ-T is {db:.2} dB, expected at least {least} dB"));
        }
    }
    let seconds = seen.by_second();
    let plot = Plot {
        title: "Sticking, second by second".into(),
        x_label: "time (s)".into(),
        y_label: "share that stands still".into(),
        x: Some((0.0, seen.frames as f64 / seen.fps)),
        y: Some((0.0, 1.0)),
        // A single second is no line.
        lines: vec![Line { name: "sticking".into(), dots: seconds.len() < 2, points: seconds }],
    };
    let heading = vec![name.clone(), format!("sticking {}", share(sticking))];
    let title = format!("The shot {name}");
    let sheet = Sheet { title: title.clone(), columns: vec![(heading, seen.tiles())] };
    let drawn = plot.svg()?;
    finish(&args.to, &title, &sheet, |page| {
        let verdict =
            if failed.is_empty() { "It keeps within its limits." } else { "It fails its limits." };
        page.text(verdict);
        page.table(&rows);
        page.drawing(&drawn, &plot.title);
    })?;
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::Unfit(format!("`{}` fails its limits: {}", args.footage, failed.join("; "))))
}

/// EQ-T at frames that are evenly spread, and its standard error.
fn eqt(made: &Made, frames: u32) -> Result<(f64, Option<f64>)> {
    if made.generator.is_stylegan2() {
        return Err(Error::Usage(
            "the network is StyleGAN2, whose input cannot be moved; leave `--min-eqt` out".into(),
        ));
    }
    let step = made.schedule.frames() as f64 / f64::from(frames);
    let sample = |i: u32| {
        let input = made.schedule.at((f64::from(i) * step).floor())?;
        Ok(Sample { ws: input.ws, transform: input.transform, draw: Draw::of_seed(i) })
    };
    let samples = (0..frames).map(sample).collect::<Result<Vec<_>>>()?;
    let side = made.generator.resolution() as usize;
    let mut sums = Vec::new();
    for sample in &samples {
        sums.extend(measure(
            &made.generator,
            side,
            &[Measure::Shift],
            std::slice::from_ref(sample),
        )?);
    }
    Ok(figure(&sums.into_iter().flatten().collect::<Vec<_>>()))
}
