//! `sg3render train`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use serde_json::json;
use sg3render::dataset::Dataset;
use sg3render::network::device::Request as DeviceRequest;
use sg3render::network::processes::{Group, Place};
use sg3render::progress::{Progress, Status};
use sg3render::train::settings::Augment;
use sg3render::train::stats::Tick;
use sg3render::train::transfer::Fitted;
use sg3render::train::{Options, Preset, Request, Watch, launch, run as train};
use sg3render::weights::{NetworkFile, Part};
use sg3render::{Error, Result};
use tch::Device;

use super::film_args::{DeviceArgs, PrecisionArg};
use super::snapshots::Snapshots;
use super::stopping::stop_on_ctrl_c;
use super::terminal::{Style, Terminal};
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
    let place = launch::place(|name| std::env::var(name).ok())?;
    let device = open_device(args, place.as_ref())?;
    stop_on_ctrl_c()?;
    let mut group = place.as_ref().map_or_else(|| Ok(Group::alone()), Group::join)?;
    let detour = group.between_devices(device)?;
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
        hold_out: args.hold_out as usize,
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
    let style = if group.rank() == 0 { args.show.style() } else { Style::Quiet };
    let snapshots = Snapshots::new(args, &images, &settings.generator, device)?;
    let show = Show(Terminal::new(&style, options.images).counting("images"), snapshots);
    show.0.tell(
        &format!(
            "{} on {} images of {}, batch {}{}, gamma {:.4}",
            settings.generator.name(),
            images.len(),
            args.images.display(),
            settings.batch,
            if group.size() > 1 {
                format!(" over {} processes", group.size())
            } else {
                String::new()
            },
            settings.gamma
        ),
        &json!({"event": "settings", "settings": settings, "processes": group.size()}),
    );
    if let Some(why) = detour {
        show.0.note(&format!(
            "sums of the processes' devices go through the machine's memory, which is slower: {why}"
        ));
    }
    let outcome =
        train(&images, &settings, &options, device, &group, &show).inspect_err(|error| {
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

/// The device of this process: of several processes on a machine, each takes a CUDA device of its own, or its
/// part of the cores.
fn open_device(args: &TrainArgs, place: Option<&Place>) -> Result<Device> {
    let Some(place) = place else { return args.device.open() };
    let (rank, size) = (place.local_rank, place.local_size);
    let request = match args.device.device {
        DeviceRequest::Cuda(first) => DeviceRequest::Cuda(first + rank),
        other => other,
    };
    let device = DeviceArgs { device: request, ..args.device }.open()?;
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = (cores / size).max(1);
    tch::set_num_threads(i32::try_from(threads).unwrap_or(1));
    // Fails only where threads were begun before, which then stay.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    match device {
        // What `auto` has found.
        Device::Cuda(0) => Ok(Device::Cuda(rank % (tch::Cuda::device_count().max(1) as usize))),
        device => Ok(device),
    }
}

/// What a network file is known by.
fn sha256(path: &Path) -> Result<String> {
    NetworkFile::open(path, Part::GEma).or_else(|_| NetworkFile::open(path, Part::G))?.sha256()
}

/// Shows a training.
struct Show(Terminal, Snapshots);

impl Progress for Show {
    fn update(&self, status: &Status) -> bool {
        self.0.update(status)
    }
    fn note(&self, message: &str) {
        self.0.note(message);
    }
}

impl Watch for Show {
    fn begun(&self, images: u64) {
        self.0.done_before(images);
    }

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

    fn look(&self, images: u64, network: &Path) -> Result<Vec<(String, f64)>> {
        self.1.look(network, images)
    }

    fn measured(&self, images: u64, network: &Path, figures: &[(String, f64)]) {
        let all = figures.iter().map(|(name, value)| format!("{name} {value:.4}"));
        let text = format!("{}: {}", network.display(), all.collect::<Vec<_>>().join(", "));
        let named: BTreeMap<_, _> = figures.iter().cloned().collect();
        let event = json!({"event": "figures", "images": images, "figures": named});
        self.0.tell(&text, &event);
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
