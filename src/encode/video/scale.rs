//! From RGB as rendered, perhaps with alpha, to the encoder's pixel format.

use std::ffi::{CStr, c_int};
use std::ptr;

use ffmpeg_next::{ffi, frame};

use super::codec::{Tags, pixel_aspect, pixel_format};
use super::fault::{Fault, ok};
use crate::encode::preset::{Preset, Video};
use crate::encode::{Picture, Samples, Stream};
use crate::{Error, Result};

/// Converts pictures with BT.709's matrix, rounding to the nearest value, colour samples sited as
/// the tags say (left, the convention of MPEG-2, H.264 and later).
pub(super) struct Scaler {
    context: *mut ffi::SwsContext,
    source: frame::Video,
    /// Components of a source's pixel.
    channels: usize,
    /// An empty frame of the encoder's format.
    model: Model,
}

#[derive(Clone, Copy)]
struct Model {
    format: ffi::AVPixelFormat,
    width: c_int,
    height: c_int,
    tags: Tags,
    aspect: ffi::AVRational,
}

// SAFETY: the context is used through `&mut self` only and is bound to no thread.
unsafe impl Send for Scaler {}

impl Scaler {
    /// A scaler for pictures of the stream's size and the preset's depth.
    pub fn new(preset: &Preset, video: &Video, stream: &Stream) -> Result<Self> {
        let model = Model {
            format: pixel_format(preset, video)?,
            width: stream.width as c_int,
            height: stream.height as c_int,
            tags: Tags::of(video),
            aspect: pixel_aspect(stream).into(),
        };
        let big = cfg!(target_endian = "big");
        let source_format = match (video.pixel_format.bits > 8, stream.alpha) {
            (true, false) if big => ffi::AVPixelFormat::AV_PIX_FMT_RGB48BE,
            (true, false) => ffi::AVPixelFormat::AV_PIX_FMT_RGB48LE,
            (false, false) => ffi::AVPixelFormat::AV_PIX_FMT_RGB24,
            (true, true) if big => ffi::AVPixelFormat::AV_PIX_FMT_RGBA64BE,
            (true, true) => ffi::AVPixelFormat::AV_PIX_FMT_RGBA64LE,
            (false, true) => ffi::AVPixelFormat::AV_PIX_FMT_RGBA,
        };
        let unable = |fault: Fault| {
            Error::Device(format!(
                "FFmpeg cannot convert RGB to `{}` for preset `{}`: {}",
                video.pixel_format.name,
                preset.name,
                fault.reason()
            ))
        };
        let source = Model { format: source_format, ..model }.frame().map_err(unable)?;
        // SAFETY: takes nothing.
        let context = unsafe { ffi::sws_alloc_context() };
        if context.is_null() {
            return Err(Error::Device("FFmpeg has no memory for a converter".into()));
        }
        let scaler = Self { context, source, channels: stream.channels(), model };
        scaler.init(source_format, video).map_err(unable)?;
        Ok(scaler)
    }

    fn init(&self, source_format: ffi::AVPixelFormat, video: &Video) -> Result<(), Fault> {
        let flags =
            ffi::SWS_BICUBIC | ffi::SWS_FULL_CHR_H_INP | ffi::SWS_ACCURATE_RND | ffi::SWS_BITEXACT;
        let mut options: Vec<(&CStr, i64)> = vec![
            (c"srcw", self.model.width.into()),
            (c"srch", self.model.height.into()),
            (c"src_format", source_format as i64),
            (c"dstw", self.model.width.into()),
            (c"dsth", self.model.height.into()),
            (c"dst_format", self.model.format as i64),
            (c"sws_flags", flags.into()),
        ];
        // In 256ths of a pixel; swscale sites colour in the middle unless told otherwise.
        let (horizontal, vertical) = video.pixel_format.chroma_shift;
        if horizontal > 0 {
            options.push((c"dst_h_chr_pos", 0));
            options.push((c"dst_v_chr_pos", if vertical > 0 { 128 } else { 0 }));
        }
        for (name, value) in options {
            // SAFETY: the context is one of swscale's, which begins with its option class.
            ok(unsafe { ffi::av_opt_set_int(self.context.cast(), name.as_ptr(), value, 0) })?;
        }
        // SAFETY: the context has its sizes and formats; no filters.
        ok(unsafe { ffi::sws_init_context(self.context, ptr::null_mut(), ptr::null_mut()) })?;
        if video.pixel_format.rgb {
            return Ok(());
        }
        let full = c_int::from(self.model.tags.range == ffi::AVColorRange::AVCOL_RANGE_JPEG);
        // SAFETY: the context is initialised; the coefficients are a constant table of swscale.
        ok(unsafe {
            let bt709 = ffi::sws_getCoefficients(ffi::SWS_CS_ITU709);
            ffi::sws_setColorspaceDetails(self.context, bt709, 1, bt709, full, 0, 1 << 16, 1 << 16)
        })?;
        Ok(())
    }

    /// A fresh frame with the picture (whose size and depth were checked), tagged as the preset says.
    pub fn convert(&mut self, picture: &Picture) -> Result<frame::Video, Fault> {
        match &picture.samples {
            Samples::U8(samples) => self.fill(samples),
            Samples::U16(samples) => self.fill(samples),
            Samples::F32(_) => return Err(Fault(ffi::AVERROR_BUG)),
        }
        let mut frame = self.model.frame()?;
        // SAFETY: both frames have the formats and sizes that the context was made for.
        ok(unsafe {
            let (source, target) = (&*self.source.as_ptr(), &mut *frame.as_mut_ptr());
            ffi::sws_scale(
                self.context,
                source.data.as_ptr().cast(),
                source.linesize.as_ptr(),
                0,
                self.model.height,
                target.data.as_ptr(),
                target.linesize.as_ptr(),
            )
        })?;
        Ok(frame)
    }

    /// Copies the rows into the source frame, whose rows are padded: swscale reads past their ends.
    fn fill<T: Copy>(&mut self, samples: &[T]) {
        // One plane of all components, each as large as T.
        let row = self.channels * self.model.width as usize;
        let row_bytes = row * size_of::<T>();
        let stride = self.source.stride(0);
        let rows = self.source.data_mut(0).chunks_mut(stride);
        for (to, from) in rows.zip(samples.chunks_exact(row)) {
            // SAFETY: plain numbers, read as bytes within their slice.
            let from = unsafe {
                std::slice::from_raw_parts(from.as_ptr().cast::<u8>(), size_of_val(from))
            };
            to[..row_bytes].copy_from_slice(from);
        }
    }
}

impl Model {
    /// A frame with memory of its own.
    fn frame(self) -> Result<frame::Video, Fault> {
        let mut frame = frame::Video::empty();
        // SAFETY: the frame is ours; FFmpeg allocates what its fields ask for, or says that it cannot.
        unsafe {
            let raw =
                frame.as_mut_ptr().as_mut().ok_or(Fault(-ffmpeg_next::util::error::ENOMEM))?;
            raw.format = self.format as c_int;
            raw.width = self.width;
            raw.height = self.height;
            raw.color_primaries = self.tags.primaries;
            raw.color_trc = self.tags.transfer;
            raw.colorspace = self.tags.matrix;
            raw.color_range = self.tags.range;
            raw.chroma_location = self.tags.chroma;
            raw.sample_aspect_ratio = self.aspect;
            ok(ffi::av_frame_get_buffer(raw, 0))?;
        }
        Ok(frame)
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        // SAFETY: the context is ours and not used again.
        unsafe { ffi::sws_freeContext(self.context) };
    }
}
