//! `sg3render sheet`: the key moments of a timeline on one page.

use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Rgb, Rgba};
use sg3render::diagnostics::{Sheet, Tile, save};
use sg3render::encode::{Depth, Picture, Samples};
use sg3render::render::Project;
use sg3render::timeline::key_moments::{KeyMoment, key_moments, timecode};
use sg3render::timeline::time::Time;
use sg3render::{Error, Result};

use super::film::{self, Engine};
use super::gather;
use super::proof_args::SheetArgs;
use super::stopping::stop_on_ctrl_c;
use super::terminal::{Terminal, say};

/// Letters of a caption that a column has space for, at least.
const LETTERS: usize = 30;
/// About the width of a letter, pixels.
const LETTER: usize = 8;
/// Side of the squares behind what is transparent, pixels, and their two greys.
const SQUARE: u32 = 8;
const SQUARES: [f32; 2] = [0.8, 0.6];
/// A sheet of more cells than that cannot be looked at.
const MOST: u64 = 5000;

/// Draws a contact sheet.
pub fn run(args: &SheetArgs) -> Result<()> {
    let device = args.film.device.open()?;
    stop_on_ctrl_c()?;
    let (project, frames) = film::open(&args.film, None)?;
    let shown = match &args.every {
        Some(every) => evenly(&project, &frames, every)?,
        None => key_moments(&project.resolved, frames, args.most as usize),
    };
    let engine = Engine::load(&args.film, &project, device)?;
    let terminal = Terminal::new(&args.film.show.style(), shown.len() as u64);
    let numbers: Vec<u64> = shown.iter().map(|moment| moment.frame).collect();
    let mut tiles = Vec::new();
    gather::each(&engine, &numbers, Depth::U8, &terminal, &mut |picture| {
        tiles.push(tile(&project, &shown[tiles.len()], picture, args.cell)?);
        Ok(())
    })?;
    terminal.clear();
    let count = tiles.len();
    let columns = args.columns.map_or((count as f64 * 1.5).sqrt().ceil() as usize, |n| n as usize);
    let mut sheet = Sheet { title: title(args, &project), columns: Vec::new() };
    sheet.columns.resize_with(columns.clamp(1, count.max(1)), Default::default);
    let columns = sheet.columns.len();
    for (i, tile) in tiles.into_iter().enumerate() {
        sheet.columns[i % columns].1.push(tile);
    }
    save(&args.output, &sheet.png_as_it_is()?, args.overwrite)?;
    say(&args.output.display().to_string())
}

fn title(args: &SheetArgs, project: &Project) -> String {
    let resolved = &project.resolved;
    let (fps, name) = (resolved.fps, args.film.timeline.file_name().unwrap_or_default());
    let seconds = resolved.clock().second(resolved.frames as f64);
    let rate = f64::from(fps.0) / f64::from(fps.1);
    let rate = format!("{rate:.3}");
    let rate = rate.trim_end_matches('0').trim_end_matches('.');
    format!("{}: {seconds:.2} s, {} frames, {rate} fps", name.display(), resolved.frames)
}

/// Frames at equal distances.
fn evenly(project: &Project, frames: &std::ops::Range<u64>, every: &str) -> Result<Vec<KeyMoment>> {
    let clock = project.resolved.clock();
    let time = Time::parse(every).map_err(Error::Usage)?;
    let wrong = |why: &str| Err(Error::Usage(format!("`--every {every}` {why}")));
    if time.counts_from_end() {
        return wrong("counts from the end; write a length such as `2s`");
    }
    let mut found: Vec<u64> = Vec::new();
    for n in 0..=MOST {
        let frame = time.repeated(n as f64, &clock).map_err(Error::Usage)?;
        if frame.is_nan() || frame >= frames.end as f64 {
            break;
        }
        let frame = (frame.round() as u64).min(frames.end - 1);
        if found.last() == Some(&frame) {
            return wrong("is less than a frame; write a longer time");
        }
        if frame >= frames.start {
            found.push(frame);
        }
        if n == MOST {
            return wrong(&format!("gives more than {MOST} cells; write a longer time"));
        }
    }
    let known = key_moments(&project.resolved, frames.clone(), usize::MAX);
    let moment = |frame: u64| {
        let same = known.iter().find(|moment| moment.frame == frame).cloned();
        same.unwrap_or(KeyMoment::at(frame))
    };
    match found.is_empty() {
        true => wrong("is longer than what is shown; write a shorter time"),
        false => Ok(found.into_iter().map(moment).collect()),
    }
}

/// A cell: when it is, what is there, and the picture.
fn tile(project: &Project, moment: &KeyMoment, picture: Picture, cell: u32) -> Result<Tile> {
    let resolved = &project.resolved;
    let clock = resolved.clock();
    let mut first = format!("{}  #{}", timecode(moment.frame, resolved.fps), moment.frame);
    if let Some(tempo) = &clock.tempo {
        let beat = tempo.beat(clock.second(moment.frame as f64));
        // Half a frame: keys on beats are at the frame that is nearest.
        let slack = tempo.bpm(clock.second(moment.frame as f64)) / 60.0 * clock.second(0.5);
        let whole = beat.round();
        if (beat - whole).abs() <= slack && whole >= 0.0 {
            let bar = tempo.bar(whole + 1e-9).floor();
            let in_bar = whole - tempo.bar_start(bar);
            first += &format!("  {}:{}", bar + 1.0, in_bar.round() + 1.0);
        }
    }
    let names: Vec<&str> = moment.markers.iter().chain(&moment.keys).map(String::as_str).collect();
    let mut second = names.join(", ");
    let letters = LETTERS.max(cell as usize / LETTER);
    if second.chars().count() > letters {
        second = second.chars().take(letters - 3).collect::<String>() + "...";
    }
    let (width, height, pixels) = scaled(picture, resolved.canvas.pixel_aspect, cell)?;
    let caption = if second.is_empty() { first } else { format!("{first}\n{second}") };
    Ok(Tile { caption, width, height, pixels, x: None, y: None })
}

/// The picture with square pixels and this longer side.
fn scaled(picture: Picture, aspect: (u32, u32), cell: u32) -> Result<(usize, usize, Vec<u8>)> {
    let (size, has_alpha) = ((picture.width, picture.height), picture.has_alpha());
    let Samples::U8(samples) = picture.samples else {
        return Err(Error::Invalid("a picture of 8 bits was asked for".into()));
    };
    let seen = f64::from(size.0) * f64::from(aspect.0) / f64::from(aspect.1);
    let scale = f64::from(cell) / seen.max(f64::from(size.1));
    let side = |pixels: f64| (pixels * scale).round().max(1.0) as u32;
    let (width, height) = (side(seen), side(f64::from(size.1)));
    if has_alpha {
        return Ok((
            width as usize,
            height as usize,
            upon_squares(size, samples, (width, height))?,
        ));
    }
    let Some(whole) = ImageBuffer::<Rgb<u8>, _>::from_raw(size.0, size.1, samples) else {
        return Err(Error::Invalid("a picture has too few samples".into()));
    };
    let small = if (width, height) == size {
        whole
    } else {
        resize(&whole, width, height, FilterType::Lanczos3)
    };
    Ok((width as usize, height as usize, small.into_raw()))
}

/// Pixels with alpha, scaled, upon the squares that show what is transparent.
fn upon_squares(size: (u32, u32), samples: Vec<u8>, to: (u32, u32)) -> Result<Vec<u8>> {
    let shares: Vec<f32> = samples.iter().map(|&level| f32::from(level) / 255.0).collect();
    let Some(mut whole) = ImageBuffer::<Rgba<f32>, _>::from_raw(size.0, size.1, shares) else {
        return Err(Error::Invalid("a picture has too few samples".into()));
    };
    // What is transparent has no part in the colours of its neighbours.
    whole.pixels_mut().for_each(|Rgba([r, g, b, a])| [r, g, b].into_iter().for_each(|v| *v *= *a));
    let small = if to == size { whole } else { resize(&whole, to.0, to.1, FilterType::Lanczos3) };
    let pixel = |(x, y, Rgba([r, g, b, a])): (u32, u32, &Rgba<f32>)| {
        let light = (x / SQUARE + y / SQUARE).is_multiple_of(2);
        let ground = if light { SQUARES[0] } else { SQUARES[1] } * (1.0 - a.clamp(0.0, 1.0));
        [*r, *g, *b].map(|v| ((v + ground) * 255.0).round() as u8)
    };
    Ok(small.enumerate_pixels().flat_map(pixel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transparent_shows_squares() {
        let pixel = |x: u32, _: u32| if x < 16 { [255, 0, 0, 255] } else { [9, 9, 9, 0] };
        let samples = (0..32).flat_map(|y| (0..32).flat_map(move |x| pixel(x, y))).collect();
        let made = upon_squares((32, 32), samples, (32, 32)).unwrap();
        let at = |x: usize, y: usize| &made[3 * (32 * y + x)..][..3];
        assert_eq!((at(0, 0), at(15, 31)), ([255, 0, 0].as_slice(), [255, 0, 0].as_slice()));
        assert_eq!(
            (at(16, 0), at(24, 0), at(16, 8)),
            ([204; 3].as_slice(), [153; 3].as_slice(), [153; 3].as_slice())
        );
    }
}
