//! `sg3render verify`: whether a film is that of a timeline.

use std::collections::BTreeSet;
use std::ops::Range;

use clap::ValueEnum;
use serde_json::json;
use sg3render::decode::Video;
use sg3render::encode::{Preset, Provenance, Sidecar};
use sg3render::farm::preset_sha256;
use sg3render::render::Project;
use sg3render::{Error, Result};

use super::film;
use super::film_args::{Batch, DeviceArgs, FilmArgs, OverrideArgs, PrecisionArg, ShowArgs};
use super::proof_args::VerifyArgs;
use super::stopping::stop_on_ctrl_c;
use super::terminal::{Terminal, say};
use super::verify_frames::{Checked, Wanted, check};

/// What is wrong with a film, and what is only to be known.
#[derive(Default)]
struct Findings {
    faults: Vec<String>,
    notes: Vec<String>,
}

/// Tells whether the film is that of the timeline, frame by frame; whether it is not.
pub fn run(args: &VerifyArgs) -> Result<bool> {
    stop_on_ctrl_c()?;
    std::fs::metadata(folder_or_film(args)).map_err(|e| Error::io("read", &args.film, e))?;
    let mut found = Findings::default();
    let (provenance, rate) = provenance(args, &mut found)?;
    let (film_args, project) = open(args, &provenance)?;
    found.compare(args, &provenance, &project, rate)?;

    let first = provenance.frames.0;
    // Written so that no number of a damaged description overflows.
    let frames = first..provenance.frames.1.saturating_add(1);
    let mut checked = Vec::new();
    if frames.is_empty() || frames.end > project.resolved.frames {
        found.faults.push(format!(
            "it has the frames {first} to {}, the timeline 0 to {}",
            provenance.frames.1,
            project.resolved.frames - 1
        ));
    } else {
        let wanted = Wanted { numbers: wanted(args, &frames)?, frames, within: args.within };
        let style = ShowArgs { quiet: args.show.quiet || args.show.json, json: false }.style();
        let terminal = Terminal::new(&style, wanted.frames.end - wanted.frames.start);
        let looked = check(args, &film_args, &project, &wanted, &terminal)?;
        terminal.clear();
        found.faults.extend(looked.faults);
        checked = looked.checked;
    }
    let wrong = !found.faults.is_empty() || checked.iter().any(|frame| frame.fault.is_some());
    tell(args, &provenance, &found, &checked, wrong)?;
    Ok(wrong)
}

/// What must be there: the film, or the folder of images.
fn folder_or_film(args: &VerifyArgs) -> &std::path::Path {
    let images = Preset::default_for(&args.film).is_ok_and(|preset| preset.is_images());
    let folder = args.film.parent().filter(|folder| !folder.as_os_str().is_empty());
    if images { folder.unwrap_or(".".as_ref()) } else { &args.film }
}

/// What the film says of itself, and its frames a second as the container has them.
fn provenance(args: &VerifyArgs, found: &mut Findings) -> Result<(Provenance, Option<f64>)> {
    let path = &args.film;
    let sidecar = Sidecar::read(path)?;
    let images = Preset::default_for(path).is_ok_and(|preset| preset.is_images());
    let (mut inside, mut rate) = (None, None);
    if !images {
        match Video::open(path) {
            Ok(video) => {
                rate = Some(f64::from(video.fps.0) / f64::from(video.fps.1));
                inside = video.comment().as_deref().and_then(Provenance::of_comment);
            }
            Err(error @ Error::Missing(_)) => return Err(error),
            Err(error) => found.faults.push(error.to_string()),
        }
    }
    if let Some(sidecar) = &sidecar {
        found.faults.extend(sidecar.fault(path)?);
        if !sidecar.complete {
            found.notes.push("the render was interrupted; what is there is verified".into());
        }
        let own = &sidecar.provenance;
        if let Some(inside) = &inside
            && inside.with_frames(&(0..1)) != own.with_frames(&(0..1))
        {
            found.faults.push("its description beside it is that of another film".into());
            return Ok((inside.clone(), rate));
        }
        return Ok((own.clone(), rate));
    }
    match inside {
        Some(inside) => Ok((inside, rate)),
        None if !found.faults.is_empty() => Err(Error::Invalid(found.faults.remove(0))),
        None => Err(Error::Invalid(format!(
            "`{}` does not say what it was made of, and there is no `{}.json`; expected a film that this \
             program has rendered",
            path.display(),
            path.display()
        ))),
    }
}

/// The timeline as the film was rendered: with its size, rate, preset and precision.
fn open(args: &VerifyArgs, provenance: &Provenance) -> Result<(FilmArgs, Project)> {
    let built_in = Preset::names().any(|name| name == provenance.preset);
    let precision = PrecisionArg::from_str(&provenance.precision, false).map_err(|_| {
        Error::Invalid(format!(
            "`{}` was rendered with the precision `{}`, which this version does not have",
            args.film.display(),
            provenance.precision
        ))
    })?;
    let mut film_args = FilmArgs {
        timeline: args.timeline.clone(),
        frames: None,
        overrides: OverrideArgs { size: Some(provenance.size), fps: None },
        preset: args.preset.clone().or_else(|| built_in.then(|| provenance.preset.clone())),
        audio: args.audio.clone(),
        batch: Batch::Auto,
        device: DeviceArgs { device: args.device, precision },
        show: ShowArgs { quiet: true, json: false },
    };
    let (project, _) = film::open(&film_args, Some(&args.film))?;
    if project.resolved.fps == provenance.fps {
        return Ok((film_args, project));
    }
    film_args.overrides.fps = Some(provenance.fps);
    let (project, _) = film::open(&film_args, Some(&args.film))?;
    Ok((film_args, project))
}

impl Findings {
    /// Holds what the film says of itself against the timeline.
    fn compare(
        &mut self,
        args: &VerifyArgs,
        provenance: &Provenance,
        project: &Project,
        rate: Option<f64>,
    ) -> Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        if provenance.sg3render != version {
            self.notes.push(format!(
                "it was rendered by version {}, this is {version}: timelines may not compare",
                provenance.sg3render
            ));
        }
        let mut same = |what: &str, now: &str, then: &str| {
            if now != then {
                let short = |sha256: &str| sha256.chars().take(12).collect::<String>();
                let (now, then) = (short(now), short(then));
                self.faults.push(format!("{what}: the film has {then}, this one is {now}"));
            }
        };
        let timeline = format!("`{}` is another timeline", args.timeline.display());
        same(&timeline, &project.timeline_sha256(), &provenance.timeline_sha256);
        same("the network is another one", &project.model_sha256()?, &provenance.model_sha256);
        let preset = format!("the preset `{}` is another one", project.preset.name);
        same(&preset, &preset_sha256(&project.preset), &provenance.preset_sha256);
        let expected = f64::from(provenance.fps.0) / f64::from(provenance.fps.1);
        if let Some(rate) = rate
            && (rate / expected - 1.0).abs() > 1e-3
        {
            self.faults.push(format!("it runs at {rate:.3} fps, expected {expected:.3}"));
        }
        Ok(())
    }
}

/// The numbers of the frames that are rendered again.
fn wanted(args: &VerifyArgs, frames: &Range<u64>) -> Result<BTreeSet<u64>> {
    let last = frames.end - 1;
    if let Some(other) = args.at.iter().find(|frame| !frames.contains(frame)) {
        return Err(Error::Usage(format!(
            "frame {other} is not in the film, which has the frames {} to {last}",
            frames.start
        )));
    }
    let mut numbers = BTreeSet::from([frames.start, last]);
    numbers.extend(&args.at);
    if args.at.is_empty() {
        let length = last - frames.start;
        let steps = u64::from(args.frames - 1).min(length).max(1);
        let place = |i: u64| u128::from(length) * u128::from(i) / u128::from(steps);
        numbers.extend((0..=steps).map(|i| frames.start + place(i) as u64));
    }
    Ok(numbers)
}

fn tell(
    args: &VerifyArgs,
    provenance: &Provenance,
    found: &Findings,
    checked: &[Checked],
    wrong: bool,
) -> Result<()> {
    let Findings { faults, notes } = found;
    if args.show.json {
        let frames: Vec<_> = checked
            .iter()
            .map(|frame| {
                json!({"frame": frame.number, "same": frame.fault.is_none(), "exact": frame.exact,
                       "psnr": frame.decibels.is_finite().then_some(frame.decibels),
                       "expected_psnr": frame.expected, "fault": frame.fault})
            })
            .collect();
        return say(&format!(
            "{:#}",
            json!({"verified": !wrong, "faults": faults, "notes": notes, "frames": frames,
                   "provenance": provenance})
        ));
    }
    for frame in checked.iter().filter(|frame| !args.show.quiet || frame.fault.is_some()) {
        let seen = match (frame.exact, frame.expected) {
            (true, _) => "the same to the bit".into(),
            (_, Some(expected)) => format!("{:.1} dB, at least {expected:.1}", frame.decibels),
            (_, None) => format!("{:.1} dB", frame.decibels),
        };
        let verdict = frame.fault.as_ref().map_or(String::new(), |fault| format!(": {fault}"));
        say(&format!("frame {}  {seen}{verdict}", frame.number))?;
    }
    for note in notes.iter().filter(|_| !args.show.quiet) {
        say(&format!("note: {note}"))?;
    }
    for fault in faults {
        say(&format!("wrong: {fault}"))?;
    }
    if args.show.quiet {
        return Ok(());
    }
    let (film, timeline) = (args.film.display(), args.timeline.display());
    let (first, last) = provenance.frames;
    say(&match wrong {
        false => format!(
            "{film} is {timeline}, frames {first} to {last}: {} rendered again",
            checked.len()
        ),
        true => format!("{film} is not {timeline} as it should be"),
    })
}
