//! Films in parts: files with some of the frames. What can be encoded for itself is: single frames where
//! the preset says so, elsewhere whole segments of the grid; other frames are kept as they were rendered,
//! to the bit.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::grid::{self, Form};
use super::pixel_format::PixelFormat;
use super::preset::{Output, Preset, Transfer, Video};
use super::{Depth, Picture, Samples, Sink, Stream, preset};
use crate::Result;
use crate::progress::Progress;

/// A file with some of a film's frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// Its frames.
    pub frames: Range<u64>,
    /// In what form it has them.
    pub form: Form,
}

/// What to keep some frames in: one part, or several one after the other. `film` is the number of the
/// film's frames.
pub fn pieces(preset: &Preset, film: u64, frames: &Range<u64>) -> Vec<(Range<u64>, Form)> {
    match &preset.output {
        Output::Video(video) if video.intra => vec![(frames.clone(), Form::Intra)],
        Output::Video(video) => grid::pieces(frames, film, video.segment),
        _ => vec![(frames.clone(), Form::Pictures)],
    }
}

/// The extension of a part's file, without the dot.
pub fn extension(preset: &Preset, form: Form) -> &str {
    match form {
        Form::Pictures => "mkv",
        Form::Segments => "segments",
        Form::Intra => &preset.extensions[0],
    }
}

/// Opens the sink of one part: `stream` is the film's, of which the part has the range of frames.
///
/// # Errors
/// What [`super::open`] says.
pub fn open(part: &Part, preset: &Preset, stream: &Stream) -> Result<Box<dyn Sink>> {
    preset.check_size(stream.width, stream.height)?;
    let preset = &*preset.with_alpha(stream.alpha)?;
    let stream = Stream { audio: None, ..stream.part(&part.frames, true) };
    match (part.form, &preset.output) {
        (Form::Intra, _) => super::open(&part.path, preset, &stream),
        #[cfg(feature = "video")]
        (Form::Segments, Output::Video(video)) => {
            stream.check()?;
            Ok(Box::new(super::video::SegmentSink::open(&part.path, preset, video, &stream)?))
        }
        _ => {
            let depth = preset.depth();
            let height = stream.height * rows(depth);
            let preset = lossless(depth, stream.alpha, stream.width.min(height));
            let inner = super::open(&part.path, &preset, &Stream { height, ..stream })?;
            Ok(Box::new(Lossless { inner, depth }))
        }
    }
}

/// Makes the film of its parts, in the order of their frames: the same that rendering it in one go
/// would have made. Only pictures are encoded. `stream` is that of all the frames.
///
/// # Errors
/// What [`super::open`] says, [`crate::Error::Incomplete`] where a part has more or fewer frames than
/// it says, [`crate::Error::Invalid`] where one was encoded in another way,
/// [`crate::Error::Interrupted`] where the listener asks to stop; no film is written then.
#[cfg(feature = "video")]
pub fn join(
    parts: &[Part],
    out: &Path,
    preset: &Preset,
    stream: &Stream,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>> {
    use crate::{Error, progress::Status};

    let mut done = 0;
    let mut tick = || {
        done += 1;
        let status = Status { done, total: stream.frames.max(done), bottleneck: None };
        if progress.update(&status) { Ok(()) } else { Err(Error::Interrupted) }
    };
    let mut film = Joined::open(out, preset, stream)?;
    for part in parts {
        let mut frames = 0;
        film.append(part, &mut || {
            frames += 1;
            tick()
        })?;
        let expected = part.frames.end - part.frames.start;
        if frames != expected {
            return Err(Error::Incomplete(format!(
                "`{}` has {frames} frames, expected {expected}; `{}` is not written, render the chunk \
                 again",
                part.path.display(),
                out.display()
            )));
        }
    }
    if done != stream.frames {
        return Err(Error::Incomplete(format!(
            "the parts have {done} frames, expected {}; `{}` is not written, render the parts again",
            stream.frames,
            out.display()
        )));
    }
    film.finish()
}

/// Without FFmpeg there are no parts to join.
#[cfg(not(feature = "video"))]
pub fn join(
    _: &[Part],
    _: &Path,
    _: &Preset,
    _: &Stream,
    _: &dyn Progress,
) -> Result<Vec<PathBuf>> {
    Err(crate::Error::Missing(
        "joining needs FFmpeg, which this program was built without; build it with \
         `cargo build --features video`"
            .into(),
    ))
}

/// What parts are joined to.
#[cfg(feature = "video")]
enum Joined {
    Film(Box<super::video::VideoSink>),
    /// Images, or nowhere.
    Pictures(Box<dyn Sink>),
}

#[cfg(feature = "video")]
impl Joined {
    fn open(out: &Path, preset: &Preset, stream: &Stream) -> Result<Self> {
        let preset = &*preset.with_alpha(stream.alpha)?;
        match &preset.output {
            Output::Video(video) if out.as_os_str() != super::NULL => {
                stream.check()?;
                preset.check_path(out)?;
                preset.check_size(stream.width, stream.height)?;
                let sink = super::video::VideoSink::open(out, preset, video, stream)?;
                Ok(Self::Film(Box::new(sink)))
            }
            _ => Ok(Self::Pictures(super::open(out, preset, stream)?)),
        }
    }

    /// Adds a part; `each` is told of every frame.
    fn append(&mut self, part: &Part, each: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let sink: &mut dyn Sink = match (self, part.form) {
            (Self::Film(film), Form::Intra) => return film.append(&part.path, each),
            (Self::Film(film), Form::Segments) => {
                return film.append_segments(&part.path, part.frames.start, each);
            }
            (Self::Film(film), Form::Pictures) => film.as_mut(),
            (Self::Pictures(sink), Form::Pictures) => sink.as_mut(),
            // Nowhere takes what is encoded as it is.
            (Self::Pictures(_), Form::Intra | Form::Segments) => {
                return part.frames.clone().try_for_each(|_| each());
            }
        };
        let depth = sink.depth();
        let mut reader = super::video::Reader::open(&part.path)?;
        let mut index = part.frames.start;
        while let Some((samples, width, height)) = reader.picture()? {
            let (samples, height) = (unpacked(samples, depth), height / rows(depth));
            sink.write(&Picture { index, width, height, samples })?;
            index += 1;
            each()?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<PathBuf>> {
        match self {
            Self::Film(film) => film.finish(),
            Self::Pictures(sink) => sink.finish(),
        }
    }
}

/// What a part is made of that holds pictures as they were rendered, of this shorter side.
fn lossless(depth: Depth, alpha: bool, side: u32) -> Preset {
    let pixel_format = match (depth, alpha) {
        (Depth::U8, false) => PixelFormat::STORED_8,
        (Depth::U8, true) => PixelFormat::STORED_ALPHA_8,
        (_, false) => PixelFormat::STORED_16,
        (_, true) => PixelFormat::STORED_ALPHA_16,
    };
    // Level 3 has slices, which several threads encode at once. FFmpeg's spoils pictures that are too
    // small to be cut into its four: seen below 3x3.
    let level = if side < 16 { "1" } else { "3" };
    Preset {
        name: "lossless part".into(),
        description: "pictures as rendered".into(),
        extensions: vec!["mkv".into()],
        output: Output::Video(Video {
            container: "matroska".into(),
            container_options: Default::default(),
            codec: "ffv1".into(),
            tag: None,
            pixel_format,
            alpha: None,
            transfer: Transfer::Srgb,
            range: preset::Range::Full,
            threads: 0,
            intra: true,
            segment: grid::SEGMENT,
            options: [("level", level), ("g", "1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }),
    }
}

/// Rows of a stored picture for each of the rendered one: float32 is stored as two pictures of 16
/// bits, the upper halves of all samples above the lower ones.
fn rows(depth: Depth) -> u32 {
    if depth == Depth::F32 { 2 } else { 1 }
}

/// Stores pictures as they are.
struct Lossless {
    inner: Box<dyn Sink>,
    depth: Depth,
}

impl Sink for Lossless {
    fn depth(&self) -> Depth {
        self.depth
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        let Samples::F32(samples) = &picture.samples else { return self.inner.write(picture) };
        let halves = |shift| samples.iter().map(move |x| (x.to_bits() >> shift) as u16);
        let samples = Samples::U16(halves(16).chain(halves(0)).collect());
        self.inner.write(&Picture { height: 2 * picture.height, samples, ..*picture })
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        self.inner.finish()
    }
}

/// The samples that were stored.
#[cfg(feature = "video")]
fn unpacked(stored: Samples, depth: Depth) -> Samples {
    match stored {
        Samples::U16(stored) if depth == Depth::F32 => {
            let (upper, lower) = stored.split_at(stored.len() / 2);
            let joined = upper.iter().zip(lower);
            Samples::F32(
                joined.map(|(&u, &l)| f32::from_bits(u32::from(u) << 16 | u32::from(l))).collect(),
            )
        }
        stored => stored,
    }
}

#[cfg(all(test, feature = "video"))]
mod tests {
    use super::*;
    use crate::progress::Silent;

    /// Any bits, NaNs and infinities too.
    fn picture(index: u64, (width, height): (u32, u32), depth: Depth) -> Picture {
        let mut state = index + 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 32) as u32
        };
        let count = 3 * (width * height) as usize;
        let samples = match depth {
            Depth::U8 => Samples::U8((0..count).map(|_| next() as u8).collect()),
            Depth::U16 => Samples::U16((0..count).map(|_| next() as u16).collect()),
            Depth::F32 => Samples::F32((0..count).map(|_| f32::from_bits(next())).collect()),
        };
        Picture { index, width, height, samples }
    }

    #[test]
    fn what_is_stored_comes_back_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let presets =
            [("h264", (64, 48)), ("h265", (64, 64)), ("png16", (33, 17)), ("png16", (1, 40))];
        for (name, size) in presets.into_iter().chain([("exr", (5, 3)), ("png", (1, 1))]) {
            let preset = Preset::find(name).unwrap();
            let depth = preset.depth();
            let stream = Stream::new(size, (24, 1), 7);
            let path = folder.path().join(format!("{name}.mkv"));
            let part = Part { path: path.clone(), frames: 2..5, form: Form::Pictures };
            let mut sink = open(&part, &preset, &stream).unwrap();
            let given: Vec<_> = (2..5).map(|i| picture(i, size, depth)).collect();
            given.iter().for_each(|picture| sink.write(picture).unwrap());
            sink.finish().unwrap();
            let mut reader = super::super::video::Reader::open(&path).unwrap();
            for given in given {
                let (samples, width, height) = reader.picture().unwrap().unwrap();
                assert_eq!((width, height), (size.0, size.1 * rows(depth)));
                let bits = |samples: &Samples| match samples {
                    Samples::U8(s) => s.iter().map(|&s| s.into()).collect::<Vec<u32>>(),
                    Samples::U16(s) => s.iter().map(|&s| s.into()).collect(),
                    Samples::F32(s) => s.iter().map(|s| s.to_bits()).collect(),
                };
                assert!(bits(&unpacked(samples, depth)) == bits(&given.samples), "{name}");
            }
            assert!(reader.picture().unwrap().is_none());
            let name = format!("{}x{}-%d.{}", size.0, size.1, preset.extensions[0]);
            let out = folder.path().join(name);
            let error = join(&[part], &out, &preset, &stream, &Silent);
            assert_eq!(error.unwrap_err().exit_code(), 75, "three frames are not seven");
        }
    }
}
