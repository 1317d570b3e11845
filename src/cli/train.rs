//! `sg3render train`.

use std::path::Path;

use serde_json::json;
use sg3render::dataset::Dataset;
use sg3render::progress::{Progress, Status};
use sg3render::train::settings::Augment;
use sg3render::train::stats::Tick;
use sg3render::train::transfer::Fitted;
use sg3render::train::{Options, Preset, Request, Watch, run as train};
use sg3render::weights::{NetworkFile, Part};
use sg3render::{Error, Result};

use super::film_args::PrecisionArg;
use super::stopping::stop_on_ctrl_c;
use super::terminal::Terminal;
use super::train_args::{Aug, Gamma, TrainArgs};

/// Trains a network.
pub fn run(args: &TrainArgs) -> Result<()> {
    let half = match args.device.precision {
        PrecisionArg::F32 | PrecisionArg::Tf32 => false,
        PrecisionArg::F16 => true,
        PrecisionArg::Bf16 => {
            return Err(Error::Usage(
                "`--precision bf16` is for rendering; train with `f32`".into(),
            ));
        }
    };
    let preset = Preset::find(&args.config)?;
    let device = args.device.open()?;
    stop_on_ctrl_c()?;
    let images = Dataset::open(&args.images)?;
    let transfer = args.transfer.as_deref().map(sha256).transpose()?;
    let request = Request {
        preset,
        batch: args.batch as usize,
        batch_gpu: args.batch_gpu.map(|n| n as usize),
        gamma: match args.gamma {
            Gamma::Auto => None,
            Gamma::Given(gamma) => Some(gamma),
        },
        augment: match args.aug {
            Aug::Ada => Augment::Ada,
            Aug::Fixed => Augment::Fixed(args.p),
            Aug::None => Augment::None,
        },
        pipe: args.augmentations.clone(),
        mirror: args.mirror,
        freeze_d: args.freeze_d,
        seed: args.seed,
        channels: (args.channel_base.map(|n| n as usize), args.channel_max.map(|n| n as usize)),
        conditional: args.cond,
        transfer,
        half,
    };
    let settings = request.resolve(&images)?;
    let count = |kimg: f64| (kimg * 1e3).round().max(1.0) as u64;
    let options = Options {
        out: args.output.clone(),
        images: count(args.kimg),
        tick: count(args.tick),
        snap: count(args.snap),
        keep: args.keep.into(),
        resume: args.resume,
        transfer: args.transfer.clone(),
    };
    let show = Show(Terminal::new(&args.show.style(), options.images).counting("images"));
    show.0.tell(
        &format!(
            "{} on {} images of {}, batch {}, gamma {:.4}",
            settings.generator.name(),
            images.len(),
            args.images.display(),
            settings.batch,
            settings.gamma
        ),
        &json!({"event": "settings", "settings": settings}),
    );
    let outcome = train(&images, &settings, &options, device, &show).inspect_err(|error| {
        if matches!(error, Error::Interrupted) {
            let text = "stopped; the same command with --resume goes on";
            show.0.finish(text, &json!({"event": "done", "interrupted": true}));
        }
    })?;
    let seconds = show.0.seconds();
    let text =
        format!("{} images in {seconds:.0} s: {}", outcome.images, outcome.network.display());
    let done = json!({
        "event": "done", "images": outcome.images, "network": outcome.network, "seconds": seconds,
    });
    show.0.finish(&text, &done);
    Ok(())
}

/// What a network file is known by.
fn sha256(path: &Path) -> Result<String> {
    NetworkFile::open(path, Part::GEma).or_else(|_| NetworkFile::open(path, Part::G))?.sha256()
}

/// Shows a training.
struct Show(Terminal);

impl Progress for Show {
    fn update(&self, status: &Status) -> bool {
        self.0.update(status)
    }
    fn note(&self, message: &str) {
        self.0.note(message);
    }
}

impl Watch for Show {
    fn tick(&self, tick: &Tick) {
        let mean = |name: &str| tick.means.get(name).copied();
        let losses = mean("loss_d_generated").zip(mean("loss_d_real")).map(|(a, b)| a + b);
        let number = |name: &str, value: Option<f64>| match value {
            Some(value) => format!(", {name} {value:.3}"),
            None => String::new(),
        };
        let (images, total) = tick.images;
        let left = (total.saturating_sub(images)) as f64 / 1e3 * tick.seconds_per_kimg;
        let line = format!(
            "{:.3} kimg, {:.1} s/kimg, {} to go{}{}, p {:.3}{}{}{}",
            images as f64 / 1e3,
            tick.seconds_per_kimg,
            span(left),
            number("G", mean("loss_g")),
            number("D", losses),
            tick.p,
            number("r_t", tick.r_t),
            number("R1", mean("r1_penalty")),
            number("GB", tick.memory.map(|bytes| bytes as f64 / 1e9)),
        );
        let mut event = tick.json();
        event["event"] = json!("tick");
        self.0.tell(&line, &event);
    }

    fn saved(&self, images: u64, path: &Path) {
        let event = json!({"event": "saved", "images": images, "path": path});
        self.0.tell(&format!("saved {}", path.display()), &event);
    }

    fn fitted(&self, fitted: &Fitted) {
        let event = json!({
            "event": "transfer", "network": fitted.part.name(), "from": fitted.from.map(Part::name),
            "tensors": fitted.tensors, "numbers": fitted.numbers, "left": fitted.left,
        });
        self.0.tell(&fitted.describe(), &event);
    }
}

/// A time as people say it.
fn span(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes {
        0 => format!("{seconds:.0} s"),
        1..=99 => format!("{minutes} min"),
        _ if minutes < 48 * 60 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        _ => format!("{} days {} h", minutes / 1440, minutes % 1440 / 60),
    }
}
