//! Pictures encoded in segments, each by an encoder of its own on a thread of its own.

use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};
use ffmpeg_next::codec::encoder::Encoder;
use ffmpeg_next::frame;

use super::codec;
use super::fault::{Fault, listen};
use super::scale::Scaler;
use crate::encode::grid::end_of_segment;
use crate::encode::preset::{Preset, Video};
use crate::encode::segments::{Packet, Segment};
use crate::encode::{Picture, Stream};
use crate::{Error, Result};

/// Frames that may wait for a segment's thread.
const WAITING: usize = 2;

/// Takes pictures and gives encoded segments, in order.
///
/// While one segment is filled the one before it may still be encoded (encoders look far ahead, and so
/// do most of their work when a segment has ended); a third waits for that. So two encoders are open
/// at most, and they hold at most two segments of pictures, 2 × 24 of the encoder's format: 0.15 GB at
/// 1920x1080, which is what x264's lookahead alone keeps in one long encode.
pub(super) struct Segmented {
    setup: Arc<Setup>,
    scaler: Scaler,
    /// Opened to know its headers, and not used yet.
    spare: Option<Encoder>,
    filling: Option<Running>,
    ending: Option<Running>,
}

/// What every encoder is opened with.
struct Setup {
    preset: Preset,
    video: Video,
    stream: Stream,
    global_header: bool,
    headers: Vec<u8>,
    /// Frames by which decoding begins before showing.
    delay: u64,
    /// The output, for messages.
    target: PathBuf,
}

impl Segmented {
    /// Opens the first encoder.
    pub fn open(
        preset: &Preset,
        video: &Video,
        stream: &Stream,
        global_header: bool,
        target: &Path,
    ) -> Result<Self> {
        listen();
        let encoder = codec::open(preset, video, stream, global_header)?;
        let setup = Setup {
            preset: preset.clone(),
            video: video.clone(),
            stream: stream.clone(),
            global_header,
            headers: codec::extradata(&encoder).to_vec(),
            delay: codec::delay(&encoder),
            target: target.to_path_buf(),
        };
        let scaler = Scaler::new(preset, video, stream)?;
        let (filling, ending) = (None, None);
        Ok(Self { setup: Arc::new(setup), scaler, spare: Some(encoder), filling, ending })
    }

    /// The first encoder, until its first picture.
    pub fn encoder(&self) -> Option<&Encoder> {
        self.spare.as_ref()
    }

    /// The headers of all encoders.
    pub fn headers(&self) -> &[u8] {
        &self.setup.headers
    }

    /// Takes the next picture; gives the segments that are complete by then.
    pub fn write(&mut self, picture: &Picture) -> Result<Vec<Segment>> {
        picture.check(&self.setup.stream, self.setup.preset.depth())?;
        let mut ready = Vec::new();
        let index = picture.index;
        if self.filling.as_ref().is_some_and(|running| index >= running.end) {
            ready.extend(self.turn()?);
        }
        let frame = self.scaler.convert(picture).map_err(|fault| self.setup.failed(fault))?;
        let running = match self.filling.take() {
            Some(running) => running,
            None => Running::start(&self.setup, index, self.spare.take())?,
        };
        let running = self.filling.insert(running);
        if !running.send(frame) {
            // The thread has ended, and says why.
            ready.extend(self.turn()?);
            ready.extend(self.turn()?);
        } else if index + 1 >= running.end {
            // At once, so that it is encoded while the next picture is rendered.
            ready.extend(self.turn()?);
        }
        Ok(ready)
    }

    /// Gives the segments that are left, the last one as short as it is.
    pub fn finish(&mut self) -> Result<Vec<Segment>> {
        let ready = [self.turn()?, self.turn()?];
        Ok(ready.into_iter().flatten().collect())
    }

    /// Ends the segment that is being filled; gives the one before it.
    fn turn(&mut self) -> Result<Option<Segment>> {
        let filled = self.filling.take().map(|mut running| {
            running.end();
            running
        });
        let ended = mem::replace(&mut self.ending, filled);
        ended.map(Running::result).transpose()
    }
}

impl Drop for Segmented {
    fn drop(&mut self) {
        // SVT-AV1 1.4 never returns from closing an encoder that was given no frame: it stays open.
        if self.setup.video.codec == "libsvtav1" {
            mem::forget(self.spare.take());
        }
    }
}

impl Setup {
    fn failed(&self, fault: Fault) -> Error {
        fault.of("encode", &self.target)
    }

    /// The frames of one segment, encoded.
    fn encode(
        &self,
        spare: Option<Encoder>,
        frames: &Receiver<frame::Video>,
        stop: &AtomicBool,
    ) -> Result<Vec<Packet>> {
        listen();
        let mut encoder = match spare {
            Some(encoder) => encoder,
            None => codec::open(&self.preset, &self.video, &self.stream, self.global_header)?,
        };
        if codec::extradata(&encoder) != self.headers {
            return Err(self.unfit("writes other headers each time it is opened"));
        }
        let mut packets = Vec::new();
        let mut sent = 0;
        for mut frame in frames {
            frame.set_pts(Some(sent));
            encoder.send_frame(&frame).map_err(|error| self.failed(error.into()))?;
            sent += 1;
            self.drain(&mut encoder, &mut packets, stop)?;
        }
        encoder.send_eof().map_err(|error| self.failed(error.into()))?;
        self.drain(&mut encoder, &mut packets, stop)?;
        self.check(&packets, sent as usize)?;
        Ok(packets)
    }

    fn drain(
        &self,
        encoder: &mut Encoder,
        packets: &mut Vec<Packet>,
        stop: &AtomicBool,
    ) -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let received = codec::receive(encoder).map_err(|fault| self.failed(fault))?;
            let Some(packet) = received else { return Ok(()) };
            let place = packet.pts().and_then(|place| u32::try_from(place).ok());
            let place = place.ok_or_else(|| self.unfit("tells no time of a frame"))?;
            let bytes = packet.data().unwrap_or_default().to_vec();
            packets.push(Packet { place, flags: packet.flags().bits() as u32, bytes });
        }
        Err(Error::Interrupted)
    }

    /// Whether the packets can follow those of any other segment.
    fn check(&self, packets: &[Packet], frames: usize) -> Result<()> {
        if packets.len() != frames {
            return Err(Error::Device(format!(
                "the encoder made {} packets of {frames} frames; `{}` is not written",
                packets.len(),
                self.target.display()
            )));
        }
        let mut places: Vec<_> = packets.iter().map(|packet| packet.place as usize).collect();
        let is_late = |(i, &place): (usize, &usize)| i as u64 > place as u64 + self.delay;
        if places.iter().enumerate().any(is_late) {
            return Err(self.unfit("decodes frames later than it says"));
        }
        let key = ffmpeg_next::ffi::AV_PKT_FLAG_KEY as u32;
        let begins = packets.first().is_none_or(|first| first.place == 0 && first.flags & key != 0);
        places.sort_unstable();
        if !begins || !places.into_iter().eq(0..frames) {
            return Err(self.unfit("does not begin with a key frame, or tells wrong times"));
        }
        Ok(())
    }

    /// The error for encoders whose segments cannot be put one after the other.
    fn unfit(&self, what: &str) -> Error {
        Error::Invalid(format!(
            "the encoder `{}` of preset `{}` {what}, expected segments that can be joined; use another \
             encoder",
            self.video.codec, self.preset.name
        ))
    }
}

/// A segment that is being encoded. Dropped before its end, it is given up.
struct Running {
    first: u64,
    /// The frame after the last one that may be in it.
    end: u64,
    frames: Option<Sender<frame::Video>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Vec<Packet>>>>,
}

impl Running {
    fn start(setup: &Arc<Setup>, first: u64, spare: Option<Encoder>) -> Result<Self> {
        let (sender, receiver) = bounded(WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let (own, stopped) = (Arc::clone(setup), Arc::clone(&stop));
        let thread = thread::Builder::new().name("segment".into());
        let thread = thread
            .spawn(move || own.encode(spare, &receiver, &stopped))
            .map_err(|e| Error::Device(format!("cannot start a thread for the encoder: {e}")))?;
        let end = end_of_segment(first, setup.video.segment);
        Ok(Self { first, end, frames: Some(sender), stop, thread: Some(thread) })
    }

    /// Whether the thread took it.
    fn send(&self, frame: frame::Video) -> bool {
        self.frames.as_ref().is_some_and(|frames| frames.send(frame).is_ok())
    }

    /// No more frames come.
    fn end(&mut self) {
        self.frames = None;
    }

    /// Waits for the end.
    fn result(mut self) -> Result<Segment> {
        let ended = self.thread.take().map(JoinHandle::join);
        match ended {
            Some(Ok(packets)) => Ok(Segment { first: self.first, packets: packets? }),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(Error::Interrupted),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.frames = None;
        if let Some(thread) = self.thread.take() {
            // Nobody asks any more how it ends.
            let _ = thread.join();
        }
    }
}
