//! Video files, through FFmpeg.

use std::path::{Path, PathBuf};

use ffmpeg_next::codec::encoder::Encoder;
use ffmpeg_next::{Packet, Rational};

mod audio;
mod codec;
mod fault;
mod finished;
mod mux;
mod options;
mod reader;
mod resample;
mod scale;
mod source;
mod transcode;

use self::audio::Audio;
use self::fault::{Fault, listen};
pub(super) use self::finished::{Finished, frame_sizes};
use self::mux::Muxer;
pub(super) use self::reader::Reader;
use self::scale::Scaler;
use self::source::Source;
use super::preset::{Preset, Video};
use super::{Depth, Picture, Sink, Stream};
use crate::aside::{Aside, sync_folder};
use crate::{Error, Result};

/// A video file that is being written.
pub(super) struct VideoSink {
    encoder: Encoder,
    scaler: Scaler,
    audio: Option<Audio>,
    muxer: Muxer,
    // Below the muxer: dropped after it, so that the file is closed before it is removed.
    aside: Aside,
    depth: Depth,
    stream: Stream,
    track: usize,
    pictures: i64,
    packets: i64,
}

impl VideoSink {
    /// Creates the file and opens everything that writes into it.
    pub fn open(out: &Path, preset: &Preset, video: &Video, stream: &Stream) -> Result<Self> {
        listen();
        let aside = Aside::create(out, stream.overwrite)?;
        let mut muxer = Muxer::create(aside.path(), out, preset, video)?;
        let encoder = codec::open(preset, video, stream, muxer.wants_global_header())?;
        let scaler = Scaler::new(preset, video, stream)?;
        let track = muxer.add_encoded(&encoder)?;
        let audio = match &stream.audio {
            Some((path, offset)) => Some(Audio::open(
                path,
                *offset,
                codec::frame_time(stream),
                &video.container,
                &mut muxer,
            )?),
            None => None,
        };
        if let Some(comment) = &stream.comment {
            muxer.set_comment(comment);
        }
        muxer.write_header(preset, video)?;
        let (depth, stream) = (preset.depth(), stream.clone());
        Ok(Self {
            encoder,
            scaler,
            audio,
            muxer,
            aside,
            depth,
            stream,
            track,
            pictures: 0,
            packets: 0,
        })
    }

    /// Takes the pictures of a file that another sink of the same preset and size has written,
    /// without encoding them again; `each` is told of every one.
    ///
    /// Fails where a frame is not encoded for itself, and where the encoder's headers differ.
    pub fn append(&mut self, part: &Path, each: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let mut source = Source::pictures(part)?;
        let unlike = |what: &str| {
            Error::Invalid(format!(
                "`{}` cannot be joined as it is: {what}; render it again here",
                part.display()
            ))
        };
        // Matroska fills up to an even length with a zero.
        let padding = source.extradata().strip_prefix(codec::extradata(&self.encoder));
        let headers = !codec::extradata(&self.encoder).is_empty();
        if headers && !padding.is_some_and(|rest| rest.iter().all(|&byte| byte == 0)) {
            return Err(unlike("its encoder was set up in another way than the one here"));
        }
        while let Some(mut packet) = source.packet()? {
            if !packet.is_key() {
                return Err(unlike("not every frame in it is encoded for itself"));
            }
            packet.set_pts(Some(self.pictures));
            packet.set_dts(Some(self.pictures));
            packet.set_duration(1);
            self.muxer.write(&mut packet, self.track, self.frame_time())?;
            self.pictures += 1;
            self.packets += 1;
            if let Some(audio) = &mut self.audio {
                audio.advance(self.pictures, &mut self.muxer)?;
            }
            each()?;
        }
        Ok(())
    }

    /// Writes what the encoder has ready.
    fn drain(&mut self) -> Result<()> {
        loop {
            let mut packet = Packet::empty();
            match self.encoder.receive_packet(&mut packet).map_err(Fault::from) {
                Ok(()) => {}
                Err(Fault::AGAIN | Fault::END) => return Ok(()),
                Err(fault) => return Err(self.failed(fault)),
            }
            if packet.duration() == 0 {
                packet.set_duration(1);
            }
            self.muxer.write(&mut packet, self.track, self.frame_time())?;
            self.packets += 1;
        }
    }

    fn frame_time(&self) -> Rational {
        codec::frame_time(&self.stream)
    }

    fn failed(&self, fault: Fault) -> Error {
        fault.of("encode", self.aside.target())
    }
}

impl Sink for VideoSink {
    fn depth(&self) -> Depth {
        self.depth
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        picture.check(&self.stream, self.depth)?;
        let mut frame = self.scaler.convert(picture).map_err(|fault| self.failed(fault))?;
        frame.set_pts(Some(self.pictures));
        self.encoder.send_frame(&frame).map_err(|error| self.failed(error.into()))?;
        self.pictures += 1;
        self.drain()?;
        match &mut self.audio {
            Some(audio) => audio.advance(self.pictures, &mut self.muxer),
            None => Ok(()),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<PathBuf>> {
        let path = self.aside.target().to_path_buf();
        if self.pictures == 0 {
            return Err(Error::Usage(format!(
                "no frame was rendered, `{}` is not written",
                path.display()
            )));
        }
        self.encoder.send_eof().map_err(|error| self.failed(error.into()))?;
        self.drain()?;
        if let Some(audio) = &mut self.audio {
            audio.finish(self.pictures, &mut self.muxer)?;
        }
        if self.packets != self.pictures {
            return Err(Error::Device(format!(
                "the encoder made {} packets of {} frames; `{}` is not written",
                self.packets,
                self.pictures,
                path.display()
            )));
        }
        let Self { muxer, aside, .. } = *self;
        muxer.finish()?;
        aside.commit()?;
        sync_folder(&path);
        Ok(vec![path])
    }
}

/// Keeps SVT-AV1 from writing its settings to stderr, which only the environment can tell it.
pub(super) fn silence() {
    crate::environment::set_default("SVT_LOG", "1");
}
