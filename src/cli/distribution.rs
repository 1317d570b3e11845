//! `sg3render metrics`: how close pictures come to real ones.

use serde_json::json;
use sg3render::dataset::Dataset;
use sg3render::diagnostics::distribution::{self, Figure, Plan};
use sg3render::metrics::distribution::{Detector, Measure};
use sg3render::render::open_detector;
use sg3render::{Error, Result};
use tch::Device;

use super::measure_args::MetricsArgs;
use super::metrics::{Measured, aligned, style};
use super::terminal::{Terminal, say};

/// Pictures where nothing is said: figures compare only with those of as many, which is 50000 everywhere.
const SAMPLES: u32 = 50_000;

/// The detector, and the set that pictures are held against.
pub struct Against {
    detector: Box<dyn Detector>,
    set: Option<Dataset>,
}

impl Against {
    /// Opens what the measures need.
    pub fn open(
        args: &MetricsArgs,
        measures: &[Measure],
        side: usize,
        device: Device,
    ) -> Result<Self> {
        let Some(file) = &args.detector else {
            return Err(Error::Usage(
                "name what turns pictures into features: `--detector FILE` (TorchScript, or InceptionV3's \
                 weights in safetensors), or `--detector random`"
                    .into(),
            ));
        };
        let needing = measures.iter().find(|measure| measure.needs_real());
        let set = match (needing, &args.data) {
            (None, _) => None,
            (Some(_), Some(path)) => Some(Dataset::open(path)?),
            (Some(measure), None) => {
                return Err(Error::Usage(format!(
                    "`{}` holds pictures against real ones; name them with `--data SET`",
                    measure.name()
                )));
            }
        };
        if let Some(set) = &set
            && set.side() != side
        {
            return Err(Error::Invalid(format!(
                "the set has images of {0}x{0} pixels, the network makes {side}x{side}, expected the same; \
                 make another with `sg3render dataset --size {side}`",
                set.side()
            )));
        }
        let set = set.map(|set| if args.mirror { set.mirrored() } else { set });
        let detector = open_detector(file, device)?;
        Ok(Self { detector, set })
    }
}

/// Measures how close a network's pictures come to those of a set.
pub fn run(
    args: &MetricsArgs,
    measures: Vec<Measure>,
    against: &Against,
    measured: &mut Measured,
) -> Result<()> {
    let samples = args.samples.unwrap_or(SAMPLES);
    let plan = Plan { measures, samples, seed: args.seed, batch: args.batch };
    let set = against.set.as_ref();
    let terminal = Terminal::new(&style(args), plan.total(set)).counting("pictures");
    let detector = against.detector.as_ref();
    let figures = distribution::run(&plan, &measured.generator, set, detector, &terminal)?;
    let text = format!("{samples} samples in {:.1} s", terminal.seconds());
    terminal.finish(&text, &json!({"event": "note", "message": text}));
    let data = set.map(Dataset::sha256).transpose()?;
    for figure in &figures {
        let line = json!({
            "event": "figure", "measure": figure.name, "value": figure.value, "spread": figure.spread,
            "network": measured.network, "name": args.network, "device": measured.device,
            "seed": args.seed, "samples": samples, "detector": detector.id(), "data": data,
            "images": set.map(Dataset::len),
        });
        measured.log.tell(&line)?;
        if args.json {
            say(&line.to_string())?;
        }
    }
    let table = table(&figures);
    if !args.json {
        say(&aligned(&table))?;
    }
    let page = &mut measured.page;
    page.heading("Distribution");
    let real = match (set, &args.data) {
        (Some(set), Some(path)) => format!("; {} images of {}", set.len(), path.display()),
        _ => String::new(),
    };
    page.text(&format!(
        "{samples} seeds from {} on{real}; detector {}; {}; network {}.",
        plan.seed,
        detector.id(),
        measured.device,
        measured.network
    ));
    page.table(&table);
    Ok(())
}

/// The figures; what stands beside them is a standard error (KID) or a deviation (IS).
fn table(figures: &[Figure]) -> Vec<Vec<String>> {
    let number =
        |value: f64| if value.abs() < 0.1 { format!("{value:.6}") } else { format!("{value:.4}") };
    let row = |figure: &Figure| {
        let spread = figure.spread.map_or("-".into(), number);
        vec![figure.name.to_uppercase(), number(figure.value), spread]
    };
    let head = ["measure", "figure", "spread"].map(str::to_owned).to_vec();
    std::iter::once(head).chain(figures.iter().map(row)).collect()
}
