//! `sg3render directions`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::json;
use sg3render::diagnostics::{Sheet, Tile, save};
use sg3render::metrics::Image;
use sg3render::metrics::directions::{Axis, Moments};
use sg3render::metrics::equivariance::STILL;
use sg3render::progress::{Progress, Status};
use sg3render::render::{Generator, Network};
use sg3render::schedule::{FrameInput, Mapping};
use sg3render::timeline::Model;
use sg3render::weights::{self, Contents};
use sg3render::{Error, Result};

use super::directions_args::{DirectionsArgs, Method};
use super::footage::label;
use super::stopping::stop_on_ctrl_c;
use super::terminal::{Style, Terminal, say};

/// Columns of a sheet, in standard deviations.
const STEPS: [f32; 7] = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
/// Pixels of a picture on a sheet, at most.
const TILE: usize = 256;

/// Finds directions, writes them, and draws what they do.
pub fn run(args: &DirectionsArgs) -> Result<()> {
    stop_on_ctrl_c()?;
    let device = args.device.open()?;
    let (network, _) = Network::open(&Model::named(&args.network))?;
    let generator = network.generator(device, args.device.precision.into())?;
    let layers = layers(args, generator.mapping.num_ws())?;
    let moments = moments(args, &generator)?;
    let axes = match args.method {
        Method::Pca => moments.components(args.count as usize)?,
        Method::Sefa => {
            moments.style_directions(&network.affine_weights(&layers)?, args.count as usize)?
        }
    };
    write(args, &network, &generator, &layers, &moments, &axes)?;
    say(&table(args.method, &axes))?;
    say(&args.output.display().to_string())?;
    let Some(path) = &args.sheet else { return Ok(()) };
    let sheet = sheet(args, &generator, &layers, &axes)?;
    save(path, &sheet.png()?, args.overwrite)?;
    say(&path.display().to_string())
}

/// The layers that are chosen, all of which there are.
fn layers(args: &DirectionsArgs, num_ws: usize) -> Result<RangeInclusive<usize>> {
    match &args.layers {
        None => Ok(0..=num_ws - 1),
        Some(layers) if *layers.end() < num_ws => Ok(layers.clone()),
        Some(layers) => Err(Error::Usage(format!(
            "layer {} of `--layers` is out of range: the network takes layers 0 to {}",
            layers.end(),
            num_ws - 1
        ))),
    }
}

/// Maps the seeds. Of networks with classes, each draws its own, or all have the one that is asked for.
fn moments(args: &DirectionsArgs, generator: &Generator) -> Result<Moments> {
    let dim = generator.mapping.w_dim();
    let total = u64::from(args.samples);
    let terminal = Terminal::new(&Style::Human, total).counting("latents");
    let mut rows = Vec::with_capacity(args.samples as usize * dim);
    for i in 0..args.samples {
        if i.is_multiple_of(64) {
            told(&terminal, i.into(), total)?;
        }
        rows.extend_from_slice(&generator.latent(args.seed.wrapping_add(i), args.class)?);
    }
    terminal.clear();
    Moments::of(&rows, dim)
}

/// What a step of one standard deviation adds to each layer: `num_ws` times `w_dim` values.
fn step(axis: &Axis, layers: &RangeInclusive<usize>, num_ws: usize) -> Vec<f32> {
    let values = (0..num_ws).flat_map(|layer| {
        let size = if layers.contains(&layer) { axis.deviation } else { 0.0 };
        axis.vector.iter().map(move |value| (size * value) as f32)
    });
    values.collect()
}

/// Writes `directions [count, num_ws, w_dim]`, whose unit is the standard deviation, and `mean [w_dim]`.
fn write(
    args: &DirectionsArgs,
    network: &Network,
    generator: &Generator,
    layers: &RangeInclusive<usize>,
    moments: &Moments,
    axes: &[Axis],
) -> Result<()> {
    let (num_ws, w_dim) = (generator.mapping.num_ws(), generator.mapping.w_dim());
    let deviations: Vec<f64> = axes.iter().map(|axis| axis.deviation).collect();
    let shares: Vec<f64> = axes.iter().map(|axis| axis.share).collect();
    let class = args.class.map(|class| ("sg3render.class", class.to_string()));
    let metadata: BTreeMap<&'static str, String> = [
        ("sg3render.method", args.method.name().into()),
        ("sg3render.deviations", json!(deviations).to_string()),
        ("sg3render.shares", json!(shares).to_string()),
        ("sg3render.layers", format!("{}-{}", layers.start(), layers.end())),
        ("sg3render.seeds", format!("{}+{}", args.seed, args.samples)),
        ("sg3render.network_sha256", network.sha256()?),
    ]
    .into_iter()
    .chain(class)
    .collect();
    let shapes = BTreeMap::from([
        ("directions".to_owned(), vec![axes.len(), num_ws, w_dim]),
        ("mean".to_owned(), vec![w_dim]),
    ]);
    let contents = Contents { metadata, shapes, ..Contents::default() };
    weights::write(&args.output, contents, args.overwrite, |name, numbers| {
        if name == "mean" {
            return numbers(&moments.mean().iter().map(|&v| v as f32).collect::<Vec<_>>());
        }
        axes.iter().try_for_each(|axis| numbers(&step(axis, layers, num_ws)))
    })
}

fn table(method: Method, axes: &[Axis]) -> String {
    let whole = if method == Method::Pca { "of the variance" } else { "of the styles" };
    let mut text = format!("{:>5} {:>18} {:>16}", "index", "standard deviation", whole);
    for (i, axis) in axes.iter().enumerate() {
        text += &format!("\n{i:>5} {:>18.4} {:>14.2} %", axis.deviation, 100.0 * axis.share);
    }
    text
}

/// A row for each direction and seed, a column for each step.
fn sheet(
    args: &DirectionsArgs,
    generator: &Generator,
    layers: &RangeInclusive<usize>,
    axes: &[Axis],
) -> Result<Sheet> {
    let num_ws = generator.mapping.num_ws();
    let mut columns: Vec<(Vec<String>, Vec<Tile>)> =
        STEPS.iter().map(|&step| (vec![heading(step)], Vec::new())).collect();
    let mut seeds = Vec::new();
    for &seed in &args.sheet_seeds {
        let ws =
            truncated(generator, &generator.latent(seed, args.class)?, args.psi).repeat(num_ws);
        let still = pictures(generator, std::slice::from_ref(&ws))?;
        seeds.push((seed, ws, still));
    }
    let total = (axes.len() * seeds.len()) as u64;
    let terminal = Terminal::new(&Style::Human, total).counting("rows");
    let mut done = 0;
    for (i, axis) in axes.iter().enumerate() {
        let step = step(axis, layers, num_ws);
        for (seed, ws, still) in &seeds {
            told(&terminal, done, total)?;
            let moved = |amount: f32| -> Vec<f32> {
                ws.iter().zip(&step).map(|(w, step)| w + amount * step).collect()
            };
            let moves: Vec<_> =
                STEPS.iter().filter(|step| **step != 0.0).map(|&s| moved(s)).collect();
            let mut row = pictures(generator, &moves)?;
            // The picture itself is the same in every row.
            row.splice(STEPS.len() / 2..STEPS.len() / 2, still.iter().cloned());
            for ((_, tiles), image) in columns.iter_mut().zip(&row) {
                tiles.push(Tile::of(image, format!("{i}, seed {seed}")));
            }
            done += 1;
        }
    }
    told(&terminal, total, total)?;
    terminal.clear();
    let title = format!(
        "{} of {}, layers {} to {}",
        if args.method == Method::Pca {
            "Principal components"
        } else {
            "Directions of the styles"
        },
        label(&args.network),
        layers.start(),
        layers.end()
    );
    Ok(Sheet { title, columns })
}

fn heading(step: f32) -> String {
    if step == 0.0 { "0".into() } else { format!("{step:+} σ") }
}

/// `w_avg + psi (w - w_avg)`.
fn truncated(generator: &Generator, w: &[f32], psi: f32) -> Vec<f32> {
    let average = generator.mapping.w_avg();
    w.iter().zip(average).map(|(w, average)| average + psi * (w - average)).collect()
}

/// The pictures of latents, no larger than a sheet needs them.
fn pictures(generator: &Generator, latents: &[Vec<f32>]) -> Result<Vec<Image>> {
    let input = |ws: &Vec<f32>| FrameInput { index: 0, ws: ws.clone(), transform: STILL };
    let images = generator.planes(&latents.iter().map(input).collect::<Vec<_>>())?;
    Ok(images.into_iter().map(|image| image.halved_to(TILE)).collect())
}

fn told(terminal: &Terminal, done: u64, total: u64) -> Result<()> {
    let status = Status { done, total, bottleneck: None };
    if terminal.update(&status) { Ok(()) } else { Err(Error::Interrupted) }
}
