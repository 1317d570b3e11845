//! Finished outputs, held against pictures: what a film or its images show, frame by frame.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ::exr::prelude::{ReadChannels, ReadLayers, read};

use super::pattern::Pattern;
use super::preset::{ExrSamples, Output, Preset};
use super::{Picture, Samples, Stream};
use crate::{Error, Result};

/// How far a stored picture is from one that it should show. Samples are shares of their range.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loss {
    /// Sum of the squared differences.
    pub squares: f64,
    /// Samples that were compared.
    pub samples: u64,
    /// The largest difference.
    pub most: f64,
}

impl Loss {
    /// Counts one difference.
    pub fn add(&mut self, difference: f64) {
        // What is compared with no number is as wrong as can be.
        let difference = if difference.is_nan() { f64::INFINITY } else { difference };
        self.squares += difference * difference;
        self.samples += 1;
        self.most = self.most.max(difference.abs());
    }

    /// Whether no sample differs.
    pub fn is_none(&self) -> bool {
        self.most == 0.0
    }

    /// Peak signal-to-noise ratio in dB; infinite where no sample differs.
    pub fn decibels(&self) -> f64 {
        -10.0 * (self.squares / self.samples.max(1) as f64).log10()
    }
}

/// A finished output that is read from its first frame to its last.
pub trait Rereading {
    /// Goes on to the next frame; false at the end.
    ///
    /// # Errors
    /// What cannot be read or decoded.
    fn next(&mut self) -> Result<bool>;

    /// Holds the present frame against a picture, brought into the form in which the frame is stored.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a frame of another form or size.
    fn loss(&mut self, picture: &Picture) -> Result<Loss>;
}

/// Opens what a sink of this preset has written at `out`: of images, those of a range of frames.
///
/// # Errors
/// Where there is no such film, or none of this preset.
pub fn reread(
    out: &Path,
    preset: &Preset,
    stream: &Stream,
    frames: &Range<u64>,
) -> Result<Box<dyn Rereading>> {
    let preset = &*preset.with_alpha(stream.alpha)?;
    let exr = match &preset.output {
        #[cfg(feature = "video")]
        Output::Video(video) => {
            return Ok(Box::new(super::video::Finished::open(out, preset, video, stream)?));
        }
        #[cfg(not(feature = "video"))]
        Output::Video(_) => {
            return Err(Error::Missing(
                "reading films needs FFmpeg, which this program was built without; build it with \
                 `cargo build --features video`"
                    .into(),
            ));
        }
        Output::Png { .. } => None,
        Output::Exr { samples } => Some(*samples),
    };
    let pattern = Pattern::parse(out)?;
    Ok(Box::new(Images {
        pattern,
        exr,
        stream: stream.clone(),
        rest: frames.clone(),
        present: None,
    }))
}

/// Numbered images. One that is missing is the end.
struct Images {
    pattern: Pattern,
    exr: Option<ExrSamples>,
    stream: Stream,
    rest: Range<u64>,
    present: Option<PathBuf>,
}

impl Rereading for Images {
    fn next(&mut self) -> Result<bool> {
        let path = self.rest.next().map(|index| self.pattern.path(index));
        self.present = path.filter(|path| path.is_file());
        Ok(self.present.is_some())
    }

    fn loss(&mut self, picture: &Picture) -> Result<Loss> {
        let Some(path) = &self.present else {
            return Err(Error::Usage("there is no frame any more".into()));
        };
        let unfit = |why: String| Error::Invalid(format!("`{}` {why}", path.display()));
        let none = |e: &dyn std::fmt::Display| unfit(format!("is no image: {e}"));
        let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
        let file = BufReader::new(file);
        let (found, expected) = match (self.exr, &picture.samples) {
            (Some(samples), _) => {
                let mut made = Cursor::new(Vec::new());
                super::exr::encode(&mut made, picture, samples, &self.stream)
                    .map_err(|e| Error::io("encode", path, e))?;
                made.set_position(0);
                (light(file).map_err(|e| none(&e))?, light(made).map_err(|e| none(&e))?)
            }
            (None, samples) => {
                let image = shown(file).map_err(|e| none(&e))?;
                if (image.width(), image.height()) != (picture.width, picture.height) {
                    return Err(unfit(format!("has {}x{} pixels", image.width(), image.height())));
                }
                let bytes =
                    |samples: &[u8]| samples.iter().map(|&s| f64::from(s) / 256.0).collect();
                let words =
                    |samples: &[u16]| samples.iter().map(|&s| f64::from(s) / 65536.0).collect();
                let alpha = picture.has_alpha();
                if alpha != image.color().has_alpha() {
                    return Err(unfit(if alpha { "has no alpha" } else { "has alpha" }.into()));
                }
                match samples {
                    Samples::U8(expected) if alpha => {
                        (bytes(image.to_rgba8().as_raw()), bytes(expected))
                    }
                    Samples::U8(expected) => (bytes(image.to_rgb8().as_raw()), bytes(expected)),
                    Samples::U16(expected) if alpha => {
                        (words(image.to_rgba16().as_raw()), words(expected))
                    }
                    Samples::U16(expected) => (words(image.to_rgb16().as_raw()), words(expected)),
                    Samples::F32(_) => return Err(unfit("cannot hold floating point".into())),
                }
            }
        };
        if found.len() != expected.len() {
            let (found, expected) = (found.len(), expected.len());
            return Err(unfit(format!("has {found} samples, expected {expected}")));
        }
        let mut loss = Loss::default();
        // Values that are no numbers are what they are, too.
        let same = |a: &f64, b: &f64| a.to_bits() == b.to_bits();
        let difference = |(a, b)| if same(a, b) { 0.0 } else { a - b };
        found.iter().zip(&expected).map(difference).for_each(|difference| loss.add(difference));
        Ok(loss)
    }
}

/// The samples of an EXR image, channel by channel.
fn light(file: impl Read + Seek + Send + Sync) -> ::exr::error::Result<Vec<f64>> {
    let layers = read().no_deep_data().largest_resolution_level().all_channels();
    let image = layers.first_valid_layer().all_attributes().from_buffered(file)?;
    let channels = image.layer_data.channel_data.list;
    Ok(channels.iter().flat_map(|c| c.sample_data.values_as_f32().map(f64::from)).collect())
}

/// A PNG image.
fn shown(file: impl BufRead + Seek) -> image::ImageResult<image::DynamicImage> {
    image::load(file, image::ImageFormat::Png)
}

/// Whether a preset stores pictures as they are rendered, to the bit: images, and FFV1 of RGB.
pub fn is_lossless(preset: &Preset) -> bool {
    match &preset.output {
        Output::Video(video) => video.codec == "ffv1" && video.pixel_format.rgb,
        Output::Png { .. } | Output::Exr { .. } => true,
    }
}

/// What a preset loses of neighbouring pictures: the most that it does of one of them when it encodes
/// just these, into a file that goes again.
///
/// # Errors
/// What the sink and reading it back say.
pub fn own_loss(preset: &Preset, stream: &Stream, pictures: &[Picture]) -> Result<Loss> {
    let Some(first) = pictures.first() else { return Ok(Loss::default()) };
    let frames = first.index..first.index + pictures.len() as u64;
    let out = Scratch::new(preset, "loss");
    let stream = Stream {
        frames: pictures.len() as u64,
        audio: None,
        comment: None,
        overwrite: true,
        ..stream.clone()
    };
    let mut sink = super::open(&out.0, preset, &stream)?;
    pictures.iter().try_for_each(|picture| sink.write(picture))?;
    sink.finish()?;
    let mut film = reread(&out.0, preset, &stream, &frames)?;
    let mut worst = Loss::default();
    for picture in pictures {
        if film.next()? {
            let loss = film.loss(picture)?;
            worst = if loss.squares >= worst.squares { loss } else { worst };
        }
    }
    Ok(worst)
}

/// The sizes of a film's frames in bytes, and whether each stands for itself.
///
/// # Errors
/// What cannot be read; [`Error::Missing`] without FFmpeg.
#[cfg(feature = "video")]
pub fn frame_sizes(film: &Path) -> Result<Vec<(u64, bool)>> {
    super::video::frame_sizes(film)
}

/// The sizes of a film's frames: none can be read.
///
/// # Errors
/// Always [`Error::Missing`].
#[cfg(not(feature = "video"))]
pub fn frame_sizes(_: &Path) -> Result<Vec<(u64, bool)>> {
    Err(Error::Missing("reading films needs FFmpeg, which this program was built without".into()))
}

/// The size in bytes of a frame's image, where it is there.
pub fn image_bytes(out: &Path, frame: u64) -> Option<u64> {
    let path = Pattern::parse(out).ok()?.path(frame);
    path.metadata().ok().map(|found| found.len())
}

/// A name in the system's folder for such files, for what is removed when this goes.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// One for an output of a preset; images need a place for their number in `name`.
    pub fn new(preset: &Preset, name: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let number = if preset.is_images() { "-%d" } else { "" };
        let name = format!("sg3render-{name}-{process}-{next}{number}.{}", preset.extensions[0]);
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Ok(pattern) = Pattern::parse(&self.0) else { return };
        let Ok(entries) = std::fs::read_dir(pattern.folder()) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_some_and(|name| pattern.matches(name)) {
                // Where removing fails nobody is left to tell.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::open;
    use super::*;

    fn stream(frames: u64) -> Stream {
        Stream::new((34, 18), (24, 1), frames)
    }

    /// A ramp that moves, with a sample of the depth that is asked for.
    fn picture(index: u64, preset: &Preset) -> Picture {
        use super::super::Depth;
        let value = |i: usize| ((i * 7 + 13 * index as usize) % 256) as f64 / 256.0;
        let values = (0..3 * 34 * 18).map(value);
        let samples = match preset.depth() {
            Depth::U8 => Samples::U8(values.map(|v| (v * 256.0) as u8).collect()),
            Depth::U16 => Samples::U16(values.map(|v| (v * 65536.0) as u16).collect()),
            Depth::F32 => Samples::F32(values.map(|v| v as f32 * 3.0 - 1.0).collect()),
        };
        Picture { index, width: 34, height: 18, samples }
    }

    #[test]
    fn what_is_stored_without_loss_is_found_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        let films = ["a.mkv", "a.mp4", "a.mov"].map(|name| (name, None));
        let images = [("8/%d.png", Some("png")), ("16/%d.png", Some("png16")), ("%d.exr", None)];
        for (name, preset) in films.into_iter().chain(images) {
            let out = folder.path().join(name);
            let preset = match preset {
                Some(name) => Preset::find(name).unwrap(),
                None => Preset::default_for(&out).unwrap(),
            };
            if !preset.is_images() && !cfg!(feature = "video") {
                continue;
            }
            let mut sink = open(&out, &preset, &stream(3)).unwrap();
            (4..7).for_each(|i| sink.write(&picture(i, &preset)).unwrap());
            sink.finish().unwrap();
            let mut film = reread(&out, &preset, &stream(3), &(4..7)).unwrap();
            let mut worst = Loss::default();
            for i in 4..7 {
                assert!(film.next().unwrap(), "{name}");
                let loss = film.loss(&picture(i, &preset)).unwrap();
                assert!(loss.samples > 0);
                assert_eq!(loss.is_none(), is_lossless(&preset), "{name}");
                worst = if loss.squares > worst.squares { loss } else { worst };
                let other = film.loss(&picture(i + 5, &preset)).unwrap();
                assert!(loss.decibels() > other.decibels() + 6.0, "{name}: {loss:?} {other:?}");
            }
            assert!(!film.next().unwrap(), "{name}");
            // The same pictures lose the same again.
            let pictures = [4, 5, 6].map(|i| picture(i, &preset));
            let own = own_loss(&preset, &stream(3), &pictures).unwrap();
            assert_eq!(own.squares, worst.squares, "{name}");
        }
    }

    #[test]
    fn losses_follow_the_definition() {
        let mut loss = Loss::default();
        [0.1, -0.1, 0.0, 0.0].into_iter().for_each(|difference| loss.add(difference));
        assert!((loss.decibels() - (20.0 + 10.0 * 2f64.log10())).abs() < 1e-9);
        assert_eq!((loss.most, loss.is_none()), (0.1, false));
        loss.add(f64::NAN);
        assert_eq!(loss.decibels(), f64::NEG_INFINITY);
        let mut exact = Loss::default();
        exact.add(0.0);
        assert!(exact.is_none() && exact.decibels() == f64::INFINITY);
    }
}
