//! Video files, through FFmpeg.

use std::path::{Path, PathBuf};

use ffmpeg_next::codec::encoder::Encoder;

mod audio;
mod codec;
mod fault;
mod film;
mod finished;
mod mux;
mod options;
mod reader;
mod resample;
mod scale;
mod segmented;
mod source;
mod transcode;

use self::fault::{Fault, listen};
use self::film::Film;
pub(super) use self::finished::{Finished, frame_sizes};
pub(super) use self::reader::Reader;
use self::scale::Scaler;
use self::segmented::Segmented;
use self::source::Source;
use super::preset::{Preset, Video};
use super::segments::{self, Segment};
use super::{Depth, Picture, Sink, Stream};
use crate::{Error, Result};

/// A video file that is being written.
pub(super) struct VideoSink {
    film: Film,
    coder: Coder,
    depth: Depth,
    stream: Stream,
    pictures: i64,
}

/// What makes packets of pictures.
enum Coder {
    /// One encoder from beginning to end: every frame is encoded for itself.
    Intra { encoder: Encoder, scaler: Scaler },
    /// One encoder for each segment.
    Segmented(Box<Segmented>),
}

impl VideoSink {
    /// Creates the file and opens everything that writes into it.
    pub fn open(out: &Path, preset: &Preset, video: &Video, stream: &Stream) -> Result<Self> {
        listen();
        let mut film = Film::create(out, preset, video, stream)?;
        let header = film.wants_global_header();
        let coder = if video.intra {
            let encoder = codec::open(preset, video, stream, header)?;
            film.begin(&encoder, preset, video, stream)?;
            Coder::Intra { encoder, scaler: Scaler::new(preset, video, stream)? }
        } else {
            let coder = Segmented::open(preset, video, stream, header, out)?;
            if let Some(encoder) = coder.encoder() {
                film.begin(encoder, preset, video, stream)?;
            }
            Coder::Segmented(Box::new(coder))
        };
        Ok(Self { film, coder, depth: preset.depth(), stream: stream.clone(), pictures: 0 })
    }

    /// Takes the pictures of a file that another sink of the same preset and size has written,
    /// without encoding them again; `each` is told of every one.
    ///
    /// Fails where a frame is not encoded for itself, and where the encoder's headers differ.
    pub fn append(&mut self, part: &Path, each: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let mut source = Source::pictures(part)?;
        let Coder::Intra { encoder, .. } = &self.coder else {
            return Err(unlike(part, "not every frame is encoded for itself here"));
        };
        // Matroska fills up to an even length with a zero.
        let own = codec::extradata(encoder);
        let padding = source.extradata().strip_prefix(own);
        if !own.is_empty() && !padding.is_some_and(|rest| rest.iter().all(|&byte| byte == 0)) {
            return Err(unlike(part, OTHER_HEADERS));
        }
        while let Some(mut packet) = source.packet()? {
            if !packet.is_key() {
                return Err(unlike(part, "not every frame in it is encoded for itself"));
            }
            packet.set_pts(Some(self.pictures));
            self.film.packet(packet)?;
            self.pictures += 1;
            each()?;
        }
        Ok(())
    }

    /// The same with the segments of a file, which begins with the frame `first`.
    ///
    /// Fails also where segments do not follow each other.
    pub fn append_segments(
        &mut self,
        part: &Path,
        first: u64,
        each: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let mut reader = segments::Reader::open(part)?;
        let Coder::Segmented(coder) = &mut self.coder else {
            return Err(unlike(part, "every frame is encoded for itself here"));
        };
        if reader.headers() != coder.headers() {
            return Err(unlike(part, OTHER_HEADERS));
        }
        let before = coder.finish()?;
        before.iter().try_for_each(|segment| self.film.segment(segment))?;
        let mut next = first;
        while let Some(segment) = reader.segment()? {
            if segment.first != next {
                return Err(unlike(
                    part,
                    &format!("the frame {} follows on the frame {next}", segment.first),
                ));
            }
            self.film.segment(&segment)?;
            for _ in &segment.packets {
                next += 1;
                self.pictures += 1;
                each()?;
            }
        }
        Ok(())
    }
}

const OTHER_HEADERS: &str = "its encoder was set up in another way than the one here";

fn unlike(part: &Path, what: &str) -> Error {
    Error::Invalid(format!(
        "`{}` cannot be joined as it is: {what}; render it again here",
        part.display()
    ))
}

impl Sink for VideoSink {
    fn depth(&self) -> Depth {
        self.depth
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        let film = &mut self.film;
        match &mut self.coder {
            Coder::Intra { encoder, scaler } => {
                picture.check(&self.stream, self.depth)?;
                let failed = |fault: Fault, film: &Film| fault.of("encode", film.target());
                let mut frame = scaler.convert(picture).map_err(|fault| failed(fault, film))?;
                frame.set_pts(Some(self.pictures));
                encoder.send_frame(&frame).map_err(|error| failed(error.into(), film))?;
                drain(encoder, film)?;
            }
            Coder::Segmented(coder) => {
                let ready = coder.write(picture)?;
                ready.iter().try_for_each(|segment| film.segment(segment))?;
            }
        }
        self.pictures += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        let Self { mut film, mut coder, pictures, .. } = *self;
        match &mut coder {
            Coder::Intra { encoder, .. } => {
                let sent = encoder.send_eof().map_err(Fault::from);
                sent.map_err(|fault| fault.of("encode", film.target()))?;
                drain(encoder, &mut film)?;
            }
            Coder::Segmented(coder) => {
                let ready = coder.finish()?;
                ready.iter().try_for_each(|segment| film.segment(segment))?;
            }
        }
        Ok(vec![film.finish(pictures)?])
    }
}

/// Writes what the encoder has ready.
fn drain(encoder: &mut Encoder, film: &mut Film) -> Result<()> {
    loop {
        let received = codec::receive(encoder);
        match received.map_err(|fault| fault.of("encode", film.target()))? {
            Some(packet) => film.packet(packet)?,
            None => return Ok(()),
        }
    }
}

/// Whole segments of a film in a file of their own.
pub(super) struct SegmentSink {
    coder: Segmented,
    file: segments::Writer,
    depth: Depth,
}

impl SegmentSink {
    /// Creates the file and opens the encoder.
    pub fn open(out: &Path, preset: &Preset, video: &Video, stream: &Stream) -> Result<Self> {
        let header = mux::wants_global_header(&video.container)?;
        let coder = Segmented::open(preset, video, stream, header, out)?;
        let file = segments::Writer::create(out, coder.headers())?;
        Ok(Self { coder, file, depth: preset.depth() })
    }

    fn put(&mut self, ready: Vec<Segment>) -> Result<()> {
        ready.iter().try_for_each(|segment| self.file.write(segment))
    }
}

impl Sink for SegmentSink {
    fn depth(&self) -> Depth {
        self.depth
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        let ready = self.coder.write(picture)?;
        self.put(ready)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<PathBuf>> {
        let ready = self.coder.finish()?;
        self.put(ready)?;
        Ok(vec![self.file.finish()?])
    }
}

/// Keeps SVT-AV1 from writing its settings to stderr, which only the environment can tell it.
pub(super) fn silence() {
    crate::environment::set_default("SVT_LOG", "1");
}
