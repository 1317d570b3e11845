//! The frames of a film against the same frames rendered again.

use std::collections::BTreeSet;
use std::ops::Range;

use sg3render::encode::finished::{Loss, Rereading, is_lossless, own_loss, reread};
use sg3render::encode::{Picture, Preset, Stream};
use sg3render::progress::{Progress, Silent, Status};
use sg3render::render::Project;
use sg3render::{Error, Result};

use super::film::Engine;
use super::film_args::FilmArgs;
use super::gather;
use super::proof_args::VerifyArgs;
use super::terminal::Terminal;

/// How much worse than the preset's own loss of the same three pictures a frame of a film may be, in dB:
/// in a longer film encoders spend less on frames that few others are made from. x264's ratios between
/// the kinds of frames (1.4 and 1.3) are 3 and 2 steps of the quantiser, about 1 dB each.
const MARGIN: f64 = 6.0;
/// A neighbour fits better where its error is less than this share of the frame's own. What an encoder
/// takes over from the frame before is at most as far from this one as the loss itself: half of it all.
const BETTER: f64 = 0.5;

/// What is to be checked.
pub struct Wanted {
    /// The film's frames.
    pub frames: Range<u64>,
    /// Those that are rendered again.
    pub numbers: BTreeSet<u64>,
    /// The PSNR that does, instead of the preset's.
    pub within: Option<f64>,
}

/// What came of it.
#[derive(Default)]
pub struct Looked {
    /// What is wrong with the film as a whole.
    pub faults: Vec<String>,
    /// Frame by frame.
    pub checked: Vec<Checked>,
}

/// A frame that was rendered again.
pub struct Checked {
    /// Its number.
    pub number: u64,
    /// Whether no sample differs.
    pub exact: bool,
    /// PSNR of the film's frame, dB.
    pub decibels: f64,
    /// What it should be at least; none where it should be exact.
    pub expected: Option<f64>,
    /// What is wrong.
    pub fault: Option<String>,
}

/// Reads the film to its end, and renders the wanted frames again.
///
/// # Errors
/// Those of rendering. What is wrong with the film is no error.
pub fn check(
    args: &VerifyArgs,
    film_args: &FilmArgs,
    project: &Project,
    wanted: &Wanted,
    terminal: &Terminal,
) -> Result<Looked> {
    let device = film_args.device.open()?;
    let preset = &project.preset;
    let total = wanted.frames.end - wanted.frames.start;
    let stream = Stream { audio: None, ..project.stream().part(&wanted.frames, true) };
    let mut looked = Looked::default();
    let mut film = match reread(&args.film, preset, &stream, &wanted.frames) {
        Ok(film) => film,
        Err(error @ Error::Missing(_)) => return Err(error),
        Err(error) => {
            looked.faults.push(error.to_string());
            return Ok(looked);
        }
    };
    let engine = Engine::load(film_args, project, device)?;
    let judge = Judge { engine, preset, stream, wanted, length: project.resolved.frames };
    let mut count = 0;
    loop {
        match film.next() {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                looked.faults.push(format!("after {count} frames: {error}"));
                break;
            }
        }
        let number = wanted.frames.start + count;
        count += 1;
        if wanted.numbers.contains(&number) {
            looked.checked.push(judge.frame(film.as_mut(), number)?);
        }
        let status = Status { done: count, total: total.max(count), bottleneck: None };
        if !terminal.update(&status) {
            return Err(Error::Interrupted);
        }
    }
    if count != total {
        looked.faults.push(format!("it has {count} frames, expected {total}"));
    }
    Ok(looked)
}

/// What frames are held against.
struct Judge<'a> {
    engine: Engine<'a>,
    preset: &'a Preset,
    stream: Stream,
    wanted: &'a Wanted,
    /// Frames of the timeline.
    length: u64,
}

impl Judge<'_> {
    fn frame(&self, film: &mut dyn Rereading, number: u64) -> Result<Checked> {
        let around: Vec<u64> = (number.saturating_sub(1)..self.length.min(number + 2)).collect();
        let exact = is_lossless(self.preset);
        let mut pictures = match exact {
            true => self.pictures(&[number])?,
            false => self.pictures(&around)?,
        };
        let losses = |film: &mut dyn Rereading, pictures: &[Picture]| -> Result<Vec<Loss>> {
            pictures.iter().map(|picture| film.loss(picture)).collect()
        };
        let mut lost = losses(film, &pictures)?;
        let own = |pictures: &[Picture], lost: &[Loss]| {
            let at = pictures.iter().position(|picture| picture.index == number);
            at.and_then(|at| lost.get(at).copied()).unwrap_or_default()
        };
        let loss = own(&pictures, &lost);
        let expected = match (self.wanted.within, exact) {
            (Some(within), _) => Some(within),
            (None, true) => None,
            (None, false) => {
                Some(own_loss(self.preset, &self.stream, &pictures)?.decibels() - MARGIN)
            }
        };
        let decibels = loss.decibels();
        let wrong = match expected {
            Some(least) => decibels < least,
            None => !loss.is_none(),
        };
        if exact && wrong {
            pictures = self.pictures(&around)?;
            lost = losses(film, &pictures)?;
        }
        let nearest = pictures.iter().zip(&lost).min_by(|a, b| a.1.squares.total_cmp(&b.1.squares));
        let fault = match nearest {
            Some((picture, other))
                if picture.index != number && other.squares < BETTER * loss.squares =>
            {
                Some(format!("shows frame {} ({:.1} dB)", picture.index, other.decibels()))
            }
            _ if wrong => Some("differs".into()),
            _ => None,
        };
        Ok(Checked { number, exact: loss.is_none(), decibels, expected, fault })
    }

    fn pictures(&self, numbers: &[u64]) -> Result<Vec<Picture>> {
        let mut pictures = Vec::new();
        gather::each(&self.engine, numbers, self.preset.depth(), &Silent, &mut |picture| {
            pictures.push(picture);
            Ok(())
        })?;
        Ok(pictures)
    }
}
