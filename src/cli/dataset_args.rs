//! Arguments of `dataset` as typed.

use std::path::PathBuf;

use sg3render::dataset::make::{Classes, Crop, Letterbox, Pick, Recipe};

use super::film_args::ShowArgs;

/// Stills a minute where nothing is said of which to take.
const PER_MINUTE: f64 = 120.0;

#[derive(clap::Args)]
pub struct DatasetArgs {
    /// Videos, folders (of pictures and videos), zips of pictures, single pictures (PNG, JPEG, WebP)
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<PathBuf>,
    /// The set to write (`.zip`)
    #[arg(short, long, value_name = "ZIP")]
    pub output: PathBuf,
    /// Width and height of its images: a power of two
    #[arg(long, value_name = "PIXELS", default_value = "256", value_parser = side)]
    pub size: usize,
    /// Which squares are taken of a picture: `centre`, `tiles` (side by side, as large as its shorter
    /// side), `tiles:PIXELS`, or `several:N` (the centre and others anywhere)
    #[arg(long, value_name = "HOW", default_value = "centre", value_parser = crop)]
    pub crop: Crop,
    /// Black bars: `remove` them, `keep` them, or `drop` the picture
    #[arg(long, value_name = "HOW", default_value = "remove", value_parser = letterbox)]
    pub letterbox: Letterbox,
    /// Enlarge what has fewer pixels than the images, which is otherwise left out
    #[arg(long)]
    pub enlarge: bool,
    /// Of videos, look at every n-th frame only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub every: Option<u64>,
    /// Of videos, take at most so many stills a minute, the sharpest of each stretch; 120 where nothing
    /// is said of which to take
    #[arg(long, value_name = "N", value_parser = budget)]
    pub per_minute: Option<f64>,
    /// Of videos, take the sharpest still of each scene; with `--per-minute`, several of long ones
    #[arg(long)]
    pub scenes: bool,
    /// How many of 64 bits of their hashes near duplicates differ in at most, or `off`
    #[arg(long, value_name = "BITS", default_value = "4", value_parser = duplicates)]
    pub duplicates: Duplicates,
    /// Leave out what is less sharp: variance of the Laplacian, 0 for all
    #[arg(long, value_name = "X", default_value = "4", value_parser = sharpness)]
    pub sharpness: f64,
    /// Leave out what is darker or brighter in the mean, 0 to 255
    #[arg(long, value_name = "LEAST,MOST", default_value = "12,243", value_parser = exposure)]
    pub exposure: (f64, f64),
    /// Classes: `auto` (those of the sources' `dataset.json`, if all have one), `none`, `folders` (the
    /// first folder within the source) or `sources` (each is one)
    #[arg(long, value_name = "BY", default_value = "auto", value_parser = classes)]
    pub classes: Classes,
    /// Write a contact sheet of what was kept, and of what was left out and why
    #[arg(long, value_name = "PNG")]
    pub sheet: Option<PathBuf>,
    /// Write a report: where each image comes from, and what became of everything else
    #[arg(long, value_name = "JSON")]
    pub report: Option<PathBuf>,
    /// Stop at the first file that cannot be read, instead of skipping it
    #[arg(long)]
    pub strict: bool,
    /// Replace files that are already there
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Bits in which near duplicates differ, or none where they are kept.
#[derive(Debug, Clone, Copy)]
pub struct Duplicates(Option<u32>);

impl DatasetArgs {
    /// What the arguments mean.
    pub fn recipe(&self) -> Recipe {
        let unsaid = self.every.is_none() && self.per_minute.is_none() && !self.scenes;
        Recipe {
            side: self.size,
            crop: self.crop,
            letterbox: self.letterbox,
            enlarge: self.enlarge,
            pick: Pick {
                every: self.every.unwrap_or(1),
                per_minute: if unsaid { Some(PER_MINUTE) } else { self.per_minute },
                scenes: self.scenes,
            },
            duplicates: self.duplicates.0,
            sharpness: self.sharpness,
            exposure: self.exposure,
            classes: self.classes,
            strict: self.strict,
        }
    }
}

fn side(text: &str) -> Result<usize, String> {
    let side = text.parse().ok().filter(|side: &usize| side.is_power_of_two());
    side.filter(|side| (4..=4096).contains(side)).ok_or("expected a power of two, 4 to 4096".into())
}

fn crop(text: &str) -> Result<Crop, String> {
    let number = |text: &str, most: usize| text.parse().ok().filter(|n| (1..=most).contains(n));
    let parsed = match text.split_once(':') {
        None if text == "centre" => Some(Crop::Centre),
        None if text == "tiles" => Some(Crop::Tiles(None)),
        Some(("tiles", side)) => number(side, 1 << 16).map(|side| Crop::Tiles(Some(side))),
        Some(("several", count)) => number(count, 1000).map(Crop::Several),
        _ => None,
    };
    parsed.ok_or("expected `centre`, `tiles`, `tiles:PIXELS` or `several:N` (N up to 1000)".into())
}

fn letterbox(text: &str) -> Result<Letterbox, String> {
    match text {
        "remove" => Ok(Letterbox::Remove),
        "keep" => Ok(Letterbox::Keep),
        "drop" => Ok(Letterbox::Drop),
        _ => Err("expected `remove`, `keep` or `drop`".into()),
    }
}

fn classes(text: &str) -> Result<Classes, String> {
    match text {
        "auto" => Ok(Classes::Auto),
        "none" => Ok(Classes::None),
        "folders" => Ok(Classes::Folders),
        "sources" => Ok(Classes::Sources),
        _ => Err("expected `auto`, `none`, `folders` or `sources`".into()),
    }
}

fn duplicates(text: &str) -> Result<Duplicates, String> {
    if text == "off" {
        return Ok(Duplicates(None));
    }
    let bits = text.parse().ok().filter(|bits| *bits < 32);
    bits.map(|bits| Duplicates(Some(bits))).ok_or("expected 0 to 31, or `off`".into())
}

fn budget(text: &str) -> Result<f64, String> {
    let budget = text.parse().ok().filter(|n: &f64| *n > 0.0 && *n <= 60_000.0);
    budget.ok_or("expected a number above 0, at most 60000".into())
}

fn sharpness(text: &str) -> Result<f64, String> {
    let parsed = text.parse().ok().filter(|x: &f64| x.is_finite() && *x >= 0.0);
    parsed.ok_or("expected a number from 0 on".into())
}

fn exposure(text: &str) -> Result<(f64, f64), String> {
    let parsed = text.split_once(',').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let parsed =
        parsed.filter(|(least, most): &(f64, f64)| 0.0 <= *least && least < most && *most <= 255.0);
    parsed.ok_or("expected two numbers, 0 to 255, such as `12,243`".into())
}
