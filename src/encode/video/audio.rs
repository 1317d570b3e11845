//! Sound beside the picture: copied where that is possible, encoded anew where not.

use std::path::Path;

use ffmpeg_next::codec::Id;
use ffmpeg_next::{Rational, ffi};

use super::mux::Muxer;
use super::source::Source;
use super::transcode::Transcoder;
use crate::{Error, Result};

/// The sound of a video that is being written. It ends with the video, to the sample where it is
/// encoded anew and to the packet where it is copied.
pub(super) struct Audio {
    source: Source,
    way: Way,
    track: usize,
    frame_time: Rational,
}

enum Way {
    Copy,
    Encode(Box<Transcoder>),
}

impl Audio {
    /// Adds the sound of the file at `path` to a container, so that the sound at `offset` seconds
    /// is heard with the first picture; before the sound's beginning there is silence.
    pub fn open(
        path: &Path,
        offset: f64,
        frame_time: Rational,
        container: &str,
        muxer: &mut Muxer,
    ) -> Result<Self> {
        let source = Source::sound(path)?;
        if !offset.is_finite() || source.seconds().is_some_and(|length| offset >= length) {
            return Err(Error::Usage(format!(
                "the sound of `{}` cannot start at {offset} s, it is {:.3} s long",
                path.display(),
                source.seconds().unwrap_or_default()
            )));
        }
        let (parameters, time_base) = (source.parameters(), source.time_base());
        let (way, track) = if offset == 0.0 && copies(&source, container, muxer) {
            (Way::Copy, muxer.add_copied(&parameters, time_base)?)
        } else {
            let header = muxer.wants_global_header();
            let transcoder = Transcoder::new(parameters, time_base, offset, container, header)
                .map_err(|fault| source.failed(fault))?;
            let track = muxer.add_encoded(transcoder.encoder())?;
            (Way::Encode(Box::new(transcoder)), track)
        };
        Ok(Self { source, way, track, frame_time })
    }

    /// Writes the sound of the first `frames` pictures, as far as it fills packets.
    pub fn advance(&mut self, frames: i64, muxer: &mut Muxer) -> Result<()> {
        self.write(frames, false, muxer)
    }

    /// Writes the rest of the sound of a video of that many pictures.
    pub fn finish(&mut self, frames: i64, muxer: &mut Muxer) -> Result<()> {
        self.write(frames, true, muxer)
    }

    fn write(&mut self, frames: i64, last: bool, muxer: &mut Muxer) -> Result<()> {
        let Self { source, way, track, frame_time } = self;
        match way {
            Way::Copy => copy(source, frames, *frame_time, muxer, *track),
            Way::Encode(transcoder) => {
                transcoder.encode_to(frames, *frame_time, last, source, muxer, *track)
            }
        }
    }
}

/// Whether the packets can be put into the container as they are.
fn copies(source: &Source, container: &str, muxer: &Muxer) -> bool {
    let id = source.parameters().id();
    let quicktime = ["mov", "mp4"].contains(&container);
    // Few players know PCM in MP4. Sound that begins before 0, as AAC's priming does, would push
    // the video back where there is no edit list.
    let playable = container != "mp4" || !id.name().starts_with("pcm_");
    let in_time = quicktime || source.next_time().is_none_or(|time| time >= 0);
    id != Id::None && playable && in_time && muxer.takes(id.into())
}

fn copy(
    source: &mut Source,
    frames: i64,
    frame_time: Rational,
    muxer: &mut Muxer,
    track: usize,
) -> Result<()> {
    let time_base = source.time_base();
    while let Some(mut packet) = source.packet()? {
        let begins = packet.pts().or(packet.dts()).unwrap_or(0);
        // SAFETY: compares numbers.
        if unsafe { ffi::av_compare_ts(begins, time_base.into(), frames, frame_time.into()) } >= 0 {
            source.hold(packet);
            break;
        }
        muxer.write(&mut packet, track, time_base)?;
    }
    Ok(())
}
