//! Opening the video encoder that a preset describes.

use std::ffi::{CString, c_int};

use ffmpeg_next::codec::{Context, Parameters, encoder::Encoder};
use ffmpeg_next::{Packet, Rational, ffi};

use super::fault::{Fault, c_string, heard, ok};
use super::options::{Options, not_accepted, refused};
use crate::encode::Stream;
use crate::encode::preset::{Preset, Range, Transfer, Video};
use crate::{Error, Result};

/// How the samples of a stream are to be understood (ITU-T H.273).
#[derive(Debug, Clone, Copy)]
pub(super) struct Tags {
    pub primaries: ffi::AVColorPrimaries,
    pub transfer: ffi::AVColorTransferCharacteristic,
    pub matrix: ffi::AVColorSpace,
    pub range: ffi::AVColorRange,
    pub chroma: ffi::AVChromaLocation,
}

impl Tags {
    /// The tags that a preset asks for.
    pub fn of(video: &Video) -> Self {
        let format = &video.pixel_format;
        let rgb = format.rgb;
        Self {
            primaries: ffi::AVColorPrimaries::AVCOL_PRI_BT709,
            transfer: match video.transfer {
                Transfer::Bt709 => ffi::AVColorTransferCharacteristic::AVCOL_TRC_BT709,
                Transfer::Srgb => ffi::AVColorTransferCharacteristic::AVCOL_TRC_IEC61966_2_1,
            },
            matrix: match rgb {
                true => ffi::AVColorSpace::AVCOL_SPC_RGB,
                false => ffi::AVColorSpace::AVCOL_SPC_BT709,
            },
            range: match video.range {
                _ if rgb => ffi::AVColorRange::AVCOL_RANGE_JPEG,
                Range::Full => ffi::AVColorRange::AVCOL_RANGE_JPEG,
                Range::Limited => ffi::AVColorRange::AVCOL_RANGE_MPEG,
            },
            chroma: match format.chroma_shift {
                (0, _) => ffi::AVChromaLocation::AVCHROMA_LOC_UNSPECIFIED,
                _ => ffi::AVChromaLocation::AVCHROMA_LOC_LEFT,
            },
        }
    }
}

/// FFmpeg's number of the preset's pixel format.
pub(super) fn pixel_format(preset: &Preset, video: &Video) -> Result<ffi::AVPixelFormat> {
    let name = c_string(video.pixel_format.name)?;
    // SAFETY: the name is terminated and only read.
    match unsafe { ffi::av_get_pix_fmt(name.as_ptr()) } {
        ffi::AVPixelFormat::AV_PIX_FMT_NONE => Err(Error::Missing(format!(
            "preset `{}` needs the pixel format `{}`, which this FFmpeg does not have",
            preset.name, video.pixel_format.name
        ))),
        format => Ok(format),
    }
}

/// Opens the encoder of a preset, with a time base of one frame. `global_header` is what the
/// container wants.
///
/// Fails when this FFmpeg lacks the encoder, and when the encoder does not know an option or does
/// not accept its value or the size.
pub(super) fn open(
    preset: &Preset,
    video: &Video,
    stream: &Stream,
    global_header: bool,
) -> Result<Encoder> {
    let codec = find(preset, video)?;
    let format = pixel_format(preset, video)?;
    let tags = Tags::of(video);
    // SAFETY: the codec is one of FFmpeg's constants.
    let raw = unsafe { ffi::avcodec_alloc_context3(codec) };
    if raw.is_null() {
        return Err(Error::Device("FFmpeg has no memory for an encoder".into()));
    }
    // SAFETY: a fresh context that nothing else owns.
    let mut encoder = Encoder(unsafe { Context::wrap(raw, None) });
    // SAFETY: the context is ours and not yet open; only plain fields are set.
    unsafe {
        let context = &mut *encoder.as_mut_ptr();
        context.width = stream.width as c_int;
        context.height = stream.height as c_int;
        context.pix_fmt = format;
        context.time_base = frame_time(stream).into();
        context.framerate = frame_time(stream).invert().into();
        context.sample_aspect_ratio = pixel_aspect(stream).into();
        context.color_primaries = tags.primaries;
        context.color_trc = tags.transfer;
        context.colorspace = tags.matrix;
        context.color_range = tags.range;
        context.chroma_sample_location = tags.chroma;
        context.thread_count = c_int::from(video.threads);
        context.flags |= ffi::AV_CODEC_FLAG_BITEXACT as c_int;
        if global_header {
            context.flags |= ffi::AV_CODEC_FLAG_GLOBAL_HEADER as c_int;
        }
        if let Some(tag) = video.tag {
            context.codec_tag = u32::from_le_bytes(tag.0);
        }
    }
    let mut options = Options::new(&video.options)?;
    let what = format!("the encoder `{}`", video.codec);
    heard();
    // SAFETY: context and codec belong together, and the options are ours.
    ok(unsafe { ffi::avcodec_open2(encoder.as_mut_ptr(), codec, options.as_mut_ptr()) }).map_err(
        |fault| {
            unopened(
                preset,
                &format!("{what} at {}x{}", stream.width, stream.height),
                &options,
                fault,
            )
        },
    )?;
    if let Some(name) = options.left() {
        return Err(refused(&preset.name, &what, &name));
    }
    // Options within options (`x264-params`) are only warned of.
    match heard().into_iter().find(|line| line.contains("option") || line.contains("Invalid value"))
    {
        Some(line) => {
            Err(Error::Invalid(format!("{what} does not accept preset `{}`: {line}", preset.name)))
        }
        None => Ok(encoder),
    }
}

fn unopened(preset: &Preset, what: &str, options: &Options, fault: Fault) -> Error {
    match options.left() {
        // Some encoders fail for other reasons before the unknown is looked for.
        Some(name) if fault == Fault(ffi::AVERROR_OPTION_NOT_FOUND) => {
            refused(&preset.name, what, &name)
        }
        _ => not_accepted(&preset.name, what, fault),
    }
}

fn find(preset: &Preset, video: &Video) -> Result<*const ffi::AVCodec> {
    let name: CString = c_string(video.codec.as_str())?;
    // SAFETY: the name is terminated and only read; FFmpeg's codecs are constants.
    let codec = unsafe { ffi::avcodec_find_encoder_by_name(name.as_ptr()).as_ref() };
    match codec {
        None => Err(Error::Missing(format!(
            "preset `{}` needs the encoder `{}`, which this FFmpeg does not have; Debian's package \
             `libavcodec-extra` has the usual ones, `ffmpeg -encoders` lists yours",
            preset.name, video.codec
        ))),
        Some(codec) if codec.type_ != ffi::AVMediaType::AVMEDIA_TYPE_VIDEO => Err(Error::Invalid(
            format!("preset `{}` names `{}`, which encodes no video", preset.name, video.codec),
        )),
        Some(codec) => Ok(codec),
    }
}

/// The headers that an open encoder gives the container.
pub(super) fn extradata(encoder: &Encoder) -> &[u8] {
    // SAFETY: the encoder is open, and its headers live and stay as they are while it does.
    unsafe {
        let context = &*encoder.as_ptr();
        match context.extradata.is_null() {
            true => &[],
            false => std::slice::from_raw_parts(context.extradata, context.extradata_size as usize),
        }
    }
}

/// The next packet that an encoder has ready, none where it wants more frames or has given all.
pub(super) fn receive(encoder: &mut Encoder) -> Result<Option<Packet>, Fault> {
    let mut packet = Packet::empty();
    match encoder.receive_packet(&mut packet).map_err(Fault::from) {
        Ok(()) => Ok(Some(packet)),
        Err(Fault::AGAIN | Fault::END) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Frames by which decoding begins before showing: none where frames are stored as they are shown.
pub(super) fn delay(encoder: &Encoder) -> u64 {
    // SAFETY: the encoder is open; its fields are only read, and descriptors are constants.
    let (delay, reorders) = unsafe {
        let context = &*encoder.as_ptr();
        let codec = ffi::avcodec_descriptor_get(context.codec_id).as_ref();
        let reorders = codec.is_some_and(|c| c.props & ffi::AV_CODEC_PROP_REORDER as c_int != 0);
        (context.has_b_frames, reorders)
    };
    let delay = if delay == 0 && reorders { read_delay(encoder).unwrap_or(0) } else { delay };
    delay.max(0) as u64
}

/// The same out of the headers: x265 tells it nowhere else.
fn read_delay(encoder: &Encoder) -> Option<c_int> {
    let mut parameters = Parameters::new();
    // SAFETY: both are valid; the parameters get copies.
    ok(unsafe { ffi::avcodec_parameters_from_context(parameters.as_mut_ptr(), encoder.as_ptr()) })
        .ok()?;
    let decoder = Context::from_parameters(parameters).ok()?.decoder().video().ok()?;
    // SAFETY: the decoder is open, and its number is only read.
    Some(unsafe { (*decoder.as_ptr()).has_b_frames })
}

/// The time of one frame in seconds.
pub(super) fn frame_time(stream: &Stream) -> Rational {
    // In the range of i32, as `Stream::check` has seen to.
    Rational::new(stream.fps.1 as i32, stream.fps.0 as i32).reduce()
}

/// Width over height of a stored pixel.
pub(super) fn pixel_aspect(stream: &Stream) -> Rational {
    Rational::new(stream.pixel_aspect.0 as i32, stream.pixel_aspect.1 as i32).reduce()
}
