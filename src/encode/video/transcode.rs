//! Sound decoded and encoded again, cut to the sample.

use std::ffi::c_int;

use ffmpeg_next::codec::{Context, Parameters, decoder, encoder::Encoder};
use ffmpeg_next::{Packet, Rational, Rescale, codec, ffi, frame};

use super::fault::{Fault, ok};
use super::mux::Muxer;
use super::resample::Resampler;
use super::source::Source;
use crate::Result;

/// Samples per packet of encoders that take any number.
const PIECE: usize = 1024;
/// Sampling rates that AAC has (ISO/IEC 14496-3, table 1.18), Hz.
const AAC_RATES: [c_int; 13] =
    [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
/// Bits per second that AAC is given for a channel: transparent to nearly every ear.
const AAC_BIT_RATE: i64 = 128_000;

/// Decodes one stream of a file and encodes it for a container.
pub(super) struct Transcoder {
    decoder: decoder::Audio,
    encoder: Encoder,
    resampler: Resampler,
    /// Seconds within the sound at which the video begins.
    offset: f64,
    time_base: Rational,
    /// Samples of silence still to come before the sound, or, negative, of sound to be left out;
    /// none before the first of it is decoded.
    lead: Option<i64>,
    decoded: Option<frame::Audio>,
    drained: bool,
    /// Samples encoded.
    position: i64,
}

impl Transcoder {
    /// Opens the decoder of a stream and the encoder that suits the container: PCM of 24 bits for
    /// QuickTime, FLAC for Matroska, AAC for the others.
    pub fn new(
        parameters: Parameters,
        time_base: Rational,
        offset: f64,
        container: &str,
        global_header: bool,
    ) -> Result<Self, Fault> {
        let mut context = Context::from_parameters(parameters)?;
        // SAFETY: the context is ours and not yet open.
        unsafe { (*context.as_mut_ptr()).pkt_timebase = time_base.into() };
        let decoder = context.decoder().audio()?;
        let (id, format) = match container {
            "mov" => {
                (ffi::AVCodecID::AV_CODEC_ID_PCM_S24LE, ffi::AVSampleFormat::AV_SAMPLE_FMT_S32)
            }
            "matroska" => {
                (ffi::AVCodecID::AV_CODEC_ID_FLAC, ffi::AVSampleFormat::AV_SAMPLE_FMT_S32)
            }
            _ => (ffi::AVCodecID::AV_CODEC_ID_AAC, ffi::AVSampleFormat::AV_SAMPLE_FMT_FLTP),
        };
        let encoder = open_encoder(&decoder, id, format, global_header)?;
        let resampler = Resampler::new(&decoder, &encoder)?;
        Ok(Self {
            decoder,
            encoder,
            resampler,
            offset,
            time_base,
            lead: None,
            decoded: None,
            drained: false,
            position: 0,
        })
    }

    /// The encoder, for the container's stream.
    pub fn encoder(&self) -> &codec::Context {
        &self.encoder
    }

    /// Encodes up to `time` (in `time_base`); what fills no packet stays, unless it is the last.
    pub fn encode_to(
        &mut self,
        time: i64,
        time_base: Rational,
        last: bool,
        source: &mut Source,
        muxer: &mut Muxer,
        track: usize,
    ) -> Result<()> {
        let end = time.rescale(time_base, self.sample_time());
        // SAFETY: the encoder is open.
        let piece = match unsafe { (*self.encoder.as_ptr()).frame_size } {
            0 => PIECE,
            size => size as usize,
        };
        while self.position < end {
            let wanted = piece.min((end - self.position) as usize);
            if wanted < piece && !last {
                break;
            }
            self.fill(wanted, source)?;
            let there = wanted.min(self.resampler.len());
            if there == 0 {
                break;
            }
            let mut frame = self.resampler.pull(there).map_err(|f| source.failed(f))?;
            frame.set_pts(Some(self.position));
            self.position += there as i64;
            self.encoder.send_frame(&frame).map_err(|e| source.failed(e.into()))?;
            self.drain(source, muxer, track)?;
        }
        if last {
            self.encoder.send_eof().map_err(|e| source.failed(e.into()))?;
            self.drain(source, muxer, track)?;
        }
        Ok(())
    }

    fn sample_time(&self) -> Rational {
        // SAFETY: the encoder is open.
        Rational::new(1, unsafe { (*self.encoder.as_ptr()).sample_rate })
    }

    fn drain(&mut self, source: &Source, muxer: &mut Muxer, track: usize) -> Result<()> {
        loop {
            let mut packet = Packet::empty();
            match self.encoder.receive_packet(&mut packet).map_err(Fault::from) {
                Ok(()) => muxer.write(&mut packet, track, self.sample_time())?,
                Err(Fault::AGAIN | Fault::END) => return Ok(()),
                Err(fault) => return Err(source.failed(fault)),
            }
        }
    }

    /// Decodes until so many samples are there, or the sound has ended.
    fn fill(&mut self, samples: usize, source: &mut Source) -> Result<()> {
        while self.resampler.len() < samples && !self.drained {
            match (self.lead, self.decoded.take()) {
                (Some(lead @ 1..), decoded) => {
                    let silence = lead.min(samples as i64);
                    self.resampler.push_silence(silence as usize).map_err(|f| source.failed(f))?;
                    self.lead = Some(lead - silence);
                    self.decoded = decoded;
                }
                (_, Some(decoded)) => self.take(Some(&decoded)).map_err(|f| source.failed(f))?,
                (_, None) => match self.decode(source)? {
                    Some(decoded) => {
                        let lead = self.lead.unwrap_or_else(|| self.lead_of(&decoded));
                        (self.lead, self.decoded) = (Some(lead), Some(decoded));
                    }
                    None => {
                        self.take(None).map_err(|f| source.failed(f))?;
                        self.drained = true;
                    }
                },
            }
        }
        Ok(())
    }

    /// Samples from the video's beginning to the first sound.
    fn lead_of(&self, decoded: &frame::Audio) -> i64 {
        let seconds = decoded.pts().unwrap_or(0) as f64 * f64::from(self.time_base);
        // A cast from float saturates.
        ((seconds - self.offset) / f64::from(self.sample_time())).round() as i64
    }

    /// Converts decoded sound (or its end), and leaves out what lies before the video's beginning.
    fn take(&mut self, decoded: Option<&frame::Audio>) -> Result<(), Fault> {
        self.resampler.push(decoded)?;
        if let Some(lead @ ..=-1) = self.lead {
            let skipped =
                self.resampler.skip(usize::try_from(lead.unsigned_abs()).unwrap_or(usize::MAX))?;
            self.lead = Some(lead + skipped as i64);
        }
        Ok(())
    }

    /// The next piece of sound, none at the end.
    fn decode(&mut self, source: &mut Source) -> Result<Option<frame::Audio>> {
        loop {
            let mut decoded = frame::Audio::empty();
            match self.decoder.receive_frame(&mut decoded).map_err(Fault::from) {
                Ok(()) => return Ok(Some(decoded)),
                Err(Fault::END) => return Ok(None),
                Err(Fault::AGAIN) => {}
                Err(fault) => return Err(source.failed(fault)),
            }
            let sent = match source.packet()? {
                Some(packet) => self.decoder.send_packet(&packet),
                None => self.decoder.send_eof(),
            };
            match sent.map_err(Fault::from) {
                // A damaged packet, as files cut out of a stream begin with, is a short silence.
                Ok(()) | Err(Fault(ffi::AVERROR_INVALIDDATA)) => {}
                Err(fault) => return Err(source.failed(fault)),
            }
        }
    }
}

fn open_encoder(
    decoder: &codec::Context,
    id: ffi::AVCodecID,
    format: ffi::AVSampleFormat,
    global_header: bool,
) -> Result<Encoder, Fault> {
    // SAFETY: the codec is one of FFmpeg's constants, the decoder is open, and the context is ours;
    // `Encoder` frees it.
    unsafe {
        let codec = ffi::avcodec_find_encoder(id);
        if codec.is_null() {
            return Err(Fault(ffi::AVERROR_ENCODER_NOT_FOUND));
        }
        let context = ffi::avcodec_alloc_context3(codec);
        if context.is_null() {
            return Err(Fault(-ffmpeg_next::util::error::ENOMEM));
        }
        let mut encoder = Encoder(Context::wrap(context, None));
        let (from, to) = (&*decoder.as_ptr(), &mut *encoder.as_mut_ptr());
        to.sample_fmt = format;
        to.sample_rate = from.sample_rate;
        if id == ffi::AVCodecID::AV_CODEC_ID_AAC {
            to.bit_rate = AAC_BIT_RATE.saturating_mul(from.ch_layout.nb_channels.into());
            if !AAC_RATES.contains(&from.sample_rate) {
                to.sample_rate = 48000;
            }
        }
        match from.ch_layout.order {
            ffi::AVChannelOrder::AV_CHANNEL_ORDER_NATIVE => {
                ok(ffi::av_channel_layout_copy(&mut to.ch_layout, &from.ch_layout))?;
            }
            _ => ffi::av_channel_layout_default(&mut to.ch_layout, from.ch_layout.nb_channels),
        }
        to.time_base = Rational::new(1, to.sample_rate).into();
        to.flags |= ffi::AV_CODEC_FLAG_BITEXACT as c_int;
        if global_header {
            to.flags |= ffi::AV_CODEC_FLAG_GLOBAL_HEADER as c_int;
        }
        ok(ffi::avcodec_open2(to, codec, std::ptr::null_mut()))?;
        Ok(encoder)
    }
}
