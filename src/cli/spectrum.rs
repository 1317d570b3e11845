//! `sg3render diagnose spectrum`.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::json;
use sg3render::decode::Video;
use sg3render::diagnostics::{Page, npz, save, spectrum};
use sg3render::metrics::equivariance::{STILL, Subject};
use sg3render::metrics::{Image, Power, Spectrum};
use sg3render::network::device::Precision;
use sg3render::progress::{Progress, Status};
use sg3render::render::Network;
use sg3render::timeline::Model;
use sg3render::{Error, Result};

use super::diagnose::save_page;
use super::footage::{is_network, label, planes};
use super::measure_args::SpectrumArgs;
use super::terminal::{Style, Terminal, say};

/// Gathers spectra and draws them.
pub fn run(args: &SpectrumArgs) -> Result<()> {
    let mut gathered = Vec::new();
    for source in &args.sources {
        gathered.push((label(source), gather(source, args)?));
    }
    let (mean, deviation) = gathered.first().map_or((0.0, 1.0), |(_, s)| s.mean_and_deviation());
    if deviation <= 0.0 {
        return Err(Error::Invalid(format!(
            "the pictures of `{}` are all of one colour, expected some that differ",
            args.sources[0]
        )));
    }
    let power = |(name, s): &(String, Spectrum)| (name.clone(), s.power(mean, deviation));
    let spectra: Vec<(String, Power)> = gathered.iter().map(power).collect();
    fs::create_dir_all(&args.output).map_err(|e| Error::io("create", &args.output, e))?;
    let write = |name: &str, bytes: &[u8]| save(&args.output.join(name), bytes, args.overwrite);
    let mut page = Page::new("Power spectra");
    page.text(&format!(
        "Scaled to the mean {mean:.1} and the deviation {deviation:.1} of {}: white noise of that \
         deviation is at 0 dB.",
        gathered[0].0
    ));
    for (file, diagonal) in [("slice-0", false), ("slice-45", true)] {
        let plot = spectrum::slices(&spectra, diagonal);
        let svg = plot.svg()?;
        write(&format!("{file}.svg"), svg.as_bytes())?;
        write(&format!("{file}.png"), &plot.png()?)?;
        page.drawing(&svg, &plot.title);
    }
    for (i, (name, power)) in spectra.iter().enumerate() {
        let map = spectrum::heat_map(name, power);
        let png = map.png()?;
        write(&format!("heat-{}.svg", i + 1), map.svg()?.as_bytes())?;
        write(&format!("heat-{}.png", i + 1), &png)?;
        page.picture(&png, &map.title);
    }
    let arrays: Vec<_> = spectra
        .iter()
        .enumerate()
        .map(|(i, (_, p))| (format!("power_{}", i + 1), vec![p.side as u64; 2], &p.values[..]))
        .collect();
    write("spectra.npz", &npz(&arrays)?)?;
    say(&args.output.display().to_string())?;
    match &args.report {
        Some(path) => save_page(path, &page, args.overwrite),
        None => Ok(()),
    }
}

fn gather(source: &str, args: &SpectrumArgs) -> Result<Spectrum> {
    let terminal = Terminal::new(&Style::Human, args.samples.into()).counting("pictures");
    let mut spectrum: Option<Spectrum> = None;
    let (mut done, total) = (0, u64::from(args.samples));
    let mut take = |image: &Image| -> Result<bool> {
        let image = spectrum::square(image);
        let own = spectrum.get_or_insert_with(|| Spectrum::new(image.width));
        spectrum::add(own, &image)?;
        done += 1;
        if !terminal.update(&Status { done, total, bottleneck: None }) {
            return Err(Error::Interrupted);
        }
        Ok(done < total)
    };
    let path = Path::new(source);
    if is_network(source) {
        let (network, _) = Network::open(&Model::named(source))?;
        let generator =
            network.generator(args.device.open()?, Precision::from(args.device.precision))?;
        let generator: &dyn Subject = &generator;
        for seed in 0..args.samples {
            let ws = generator.latents(seed)?;
            for image in generator.images(&[(&ws, STILL)])? {
                take(&image)?;
            }
        }
    } else if path.is_dir() {
        folder(path, &mut take)?;
    } else if path.extension().is_some_and(|extension| extension == "zip") {
        archive(path, &mut take)?;
    } else {
        let mut video = Video::open(path)?;
        while let Some(frame) = video.frame()? {
            if !take(&planes(frame.width, frame.height, &frame.pixels))? {
                break;
            }
        }
    }
    terminal.finish(&format!("{source}: {done} pictures"), &json!(null));
    spectrum.ok_or_else(|| {
        Error::Invalid(format!(
            "`{source}` holds no pictures, expected PNG or JPEG images, or a video"
        ))
    })
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg"))
}

/// The PNG and JPEG images of a folder and of those in it, by name.
fn folder(path: &Path, take: &mut dyn FnMut(&Image) -> Result<bool>) -> Result<()> {
    let (mut folders, mut found) = (vec![path.to_path_buf()], Vec::<PathBuf>::new());
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|e| Error::io("read", &folder, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| Error::io("read", &folder, e))?;
            // Links are not followed: they may lead in circles.
            let kind = entry.file_type().map_err(|e| Error::io("read", &folder, e))?;
            match entry.path() {
                inner if kind.is_dir() => folders.push(inner),
                image if is_image(&image) => found.push(image),
                _ => {}
            }
        }
    }
    found.sort();
    for image in found {
        let bytes = fs::read(&image).map_err(|e| Error::io("read", &image, e))?;
        if !take(&decode(&bytes, &image.display().to_string())?)? {
            break;
        }
    }
    Ok(())
}

/// The PNG and JPEG images of a zip, in its order.
fn archive(path: &Path, take: &mut dyn FnMut(&Image) -> Result<bool>) -> Result<()> {
    /// No image of a data set is larger; what unpacks to more is none.
    const LARGEST: u64 = 1 << 28;
    let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
    let unreadable = |e: &dyn std::fmt::Display| {
        Error::Invalid(format!("cannot read the zip `{}`: {e}", path.display()))
    };
    let mut zip = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| unreadable(&e))?;
    for i in 0..zip.len() {
        let entry = zip.by_index(i).map_err(|e| unreadable(&e))?;
        let name = entry.name().to_owned();
        if !is_image(Path::new(&name)) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.take(LARGEST).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
        if !take(&decode(&bytes, &name)?)? {
            break;
        }
    }
    Ok(())
}

fn decode(bytes: &[u8], name: &str) -> Result<Image> {
    let image = image::load_from_memory(bytes).map_err(|e| {
        Error::Invalid(format!("`{name}` is no PNG or JPEG image that can be read: {e}"))
    })?;
    // What is transparent has a colour all the same, as in the published tools.
    let pixels = image.into_rgb8();
    Ok(planes(pixels.width() as usize, pixels.height() as usize, &pixels))
}
