//! The film's file: packets of pictures and sound, and what they are counted by.

use std::path::{Path, PathBuf};

use ffmpeg_next::codec::encoder::Encoder;
use ffmpeg_next::packet::Flags;
use ffmpeg_next::{Packet, Rational};

use super::audio::Audio;
use super::codec;
use super::mux::Muxer;
use crate::aside::{Aside, sync_folder};
use crate::encode::Stream;
use crate::encode::preset::{Preset, Video};
use crate::encode::segments::Segment;
use crate::{Error, Result};

/// A file that is being written.
pub(super) struct Film {
    audio: Option<Audio>,
    muxer: Muxer,
    // Below the muxer: dropped after it, so that the file is closed before it is removed.
    aside: Aside,
    track: usize,
    frame_time: Rational,
    /// Frames by which decoding begins before showing.
    delay: i64,
    packets: i64,
}

impl Film {
    /// Creates the file, without streams yet.
    pub fn create(out: &Path, preset: &Preset, video: &Video, stream: &Stream) -> Result<Self> {
        let aside = Aside::create(out, stream.overwrite)?;
        let muxer = Muxer::create(aside.path(), out, preset, video)?;
        let frame_time = codec::frame_time(stream);
        Ok(Self { audio: None, muxer, aside, track: 0, frame_time, delay: 0, packets: 0 })
    }

    /// Whether encoders must put their headers into the container's.
    pub fn wants_global_header(&self) -> bool {
        self.muxer.wants_global_header()
    }

    /// Adds the pictures of an encoder and the sound, and writes the header.
    pub fn begin(
        &mut self,
        encoder: &Encoder,
        preset: &Preset,
        video: &Video,
        stream: &Stream,
    ) -> Result<()> {
        self.track = self.muxer.add_encoded(encoder)?;
        self.delay = codec::delay(encoder) as i64;
        if let Some((path, offset)) = &stream.audio {
            let container = &video.container;
            let audio = Audio::open(path, *offset, self.frame_time, container, &mut self.muxer)?;
            self.audio = Some(audio);
        }
        if let Some(comment) = &stream.comment {
            self.muxer.set_comment(comment);
        }
        self.muxer.write_header(preset, video)
    }

    /// Where the file will be.
    pub fn target(&self) -> &Path {
        self.aside.target()
    }

    /// Writes a segment behind what is there.
    pub fn segment(&mut self, segment: &Segment) -> Result<()> {
        let first = self.packets;
        for coded in &segment.packets {
            let mut packet = Packet::copy(&coded.bytes);
            packet.set_flags(Flags::from_bits_truncate(coded.flags as i32));
            packet.set_pts(Some(first + i64::from(coded.place)));
            self.packet(packet)?;
        }
        Ok(())
    }

    /// Writes the packet of a frame, of which the time is known at which it is shown. Frames come at
    /// an even rate, so that the times of decoding follow from their count.
    pub fn packet(&mut self, mut packet: Packet) -> Result<()> {
        packet.set_dts(Some(self.packets - self.delay));
        packet.set_duration(1);
        self.muxer.write(&mut packet, self.track, self.frame_time)?;
        self.packets += 1;
        match &mut self.audio {
            Some(audio) => audio.advance(self.packets, &mut self.muxer),
            None => Ok(()),
        }
    }

    /// Completes the file of so many pictures.
    pub fn finish(mut self, pictures: i64) -> Result<PathBuf> {
        let path = self.aside.target().to_path_buf();
        if pictures == 0 {
            return Err(Error::Usage(format!(
                "no frame was rendered, `{}` is not written",
                path.display()
            )));
        }
        if let Some(audio) = &mut self.audio {
            audio.finish(pictures, &mut self.muxer)?;
        }
        if self.packets != pictures {
            return Err(Error::Device(format!(
                "the encoder made {} packets of {pictures} frames; `{}` is not written",
                self.packets,
                path.display()
            )));
        }
        let Self { muxer, aside, .. } = self;
        muxer.finish()?;
        aside.commit()?;
        sync_folder(&path);
        Ok(path)
    }
}
