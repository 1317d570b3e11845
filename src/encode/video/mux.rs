//! The container: streams, header, packets, trailer.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::ptr;

use ffmpeg_next::packet::Mut;
use ffmpeg_next::{Packet, Rational, codec, ffi, format};

use super::fault::{Fault, c_string, ok, url};
use super::options::{Options, not_accepted, refused};
use crate::encode::preset::{Preset, Video};
use crate::{Error, Result};

/// Whether encoders must put their headers into those of this container, which FFmpeg may not know.
pub(super) fn wants_global_header(container: &str) -> Result<bool> {
    let name = c_string(container)?;
    // SAFETY: the name is terminated and only read; FFmpeg's formats are constants.
    let kind = unsafe { ffi::av_guess_format(name.as_ptr(), ptr::null(), ptr::null()).as_ref() };
    Ok(kind.is_some_and(|kind| kind.flags & ffi::AVFMT_GLOBALHEADER != 0))
}

/// A container that is being written.
pub(super) struct Muxer {
    output: format::context::Output,
    /// The final path, for messages.
    target: PathBuf,
}

impl Muxer {
    /// Opens the file at `part` for a container of the preset's kind.
    pub fn create(part: &Path, target: &Path, preset: &Preset, video: &Video) -> Result<Self> {
        let (container, url) = (c_string(video.container.as_str())?, url(part)?);
        let mut raw = ptr::null_mut();
        // SAFETY: both texts are terminated; the context is written on success only.
        let code = unsafe {
            ffi::avformat_alloc_output_context2(
                &mut raw,
                ptr::null(),
                container.as_ptr(),
                url.as_ptr(),
            )
        };
        ok(code).map_err(|fault| {
            Error::Invalid(format!(
                "preset `{}` asks for the container `{}`: {}",
                preset.name,
                video.container,
                fault.reason()
            ))
        })?;
        // SAFETY: a fresh context that nothing else owns; it is closed and freed by its wrapper.
        let output = unsafe {
            (*raw).flags |= ffi::AVFMT_FLAG_BITEXACT;
            format::context::Output::wrap(raw)
        };
        let mut muxer = Self { output, target: target.to_path_buf() };
        // SAFETY: the context has no file yet.
        ok(unsafe { ffi::avio_open(&mut (*muxer.raw()).pb, url.as_ptr(), ffi::AVIO_FLAG_WRITE) })
            .map_err(|fault| fault.of("write", &muxer.target))?;
        Ok(muxer)
    }

    fn raw(&mut self) -> *mut ffi::AVFormatContext {
        // SAFETY: gives the pointer away, which is valid while self is.
        unsafe { self.output.as_mut_ptr() }
    }

    fn kind(&self) -> *const ffi::AVOutputFormat {
        // SAFETY: a context for output has a format, one of FFmpeg's constants.
        unsafe { (*self.output.as_ptr()).oformat }
    }

    /// Whether encoders must put their headers into the container's.
    pub fn wants_global_header(&self) -> bool {
        // SAFETY: see `kind`.
        unsafe { (*self.kind()).flags & ffi::AVFMT_GLOBALHEADER != 0 }
    }

    /// Whether streams of this codec may be put into the container.
    pub fn takes(&self, codec: ffi::AVCodecID) -> bool {
        // SAFETY: see `kind`.
        unsafe { ffi::avformat_query_codec(self.kind(), codec, ffi::FF_COMPLIANCE_NORMAL) == 1 }
    }

    /// Adds the stream of an open encoder; returns its index.
    pub fn add_encoded(&mut self, encoder: &codec::Context) -> Result<usize> {
        let index = self.add()?;
        // SAFETY: the stream was just added, and the encoder is open.
        ok(unsafe {
            let stream = &mut **(*self.raw()).streams.add(index);
            let context = &*encoder.as_ptr();
            stream.time_base = context.time_base;
            stream.avg_frame_rate = context.framerate;
            stream.sample_aspect_ratio = context.sample_aspect_ratio;
            ffi::avcodec_parameters_from_context(stream.codecpar, context)
        })
        .map_err(|fault| fault.of("write", &self.target))?;
        Ok(index)
    }

    /// Adds a stream whose packets come from another file; returns its index.
    pub fn add_copied(
        &mut self,
        parameters: &codec::Parameters,
        time_base: Rational,
    ) -> Result<usize> {
        let index = self.add()?;
        // SAFETY: the stream was just added; the parameters are copied.
        ok(unsafe {
            let stream = &mut **(*self.raw()).streams.add(index);
            stream.time_base = time_base.into();
            let code = ffi::avcodec_parameters_copy(stream.codecpar, parameters.as_ptr());
            // The other container's tag may mean nothing in this one.
            (*stream.codecpar).codec_tag = 0;
            code
        })
        .map_err(|fault| fault.of("write", &self.target))?;
        Ok(index)
    }

    fn add(&mut self) -> Result<usize> {
        // SAFETY: the header is not written yet; the stream belongs to the context.
        match unsafe { ffi::avformat_new_stream(self.raw(), ptr::null()).as_ref() } {
            Some(stream) => Ok(stream.index as usize),
            None => Err(Error::Device("FFmpeg has no memory for a stream".into())),
        }
    }

    /// Says what the film is, before the header is written.
    pub fn set_comment(&mut self, comment: &str) {
        let mut metadata = ffmpeg_next::Dictionary::new();
        metadata.set("comment", comment);
        self.output.set_metadata(metadata);
    }

    /// Writes the header, when all streams are added.
    pub fn write_header(&mut self, preset: &Preset, video: &Video) -> Result<()> {
        let mut options = Options::new(&video.container_options)?;
        let what = format!("the container `{}`", video.container);
        // SAFETY: the context has a file and its streams; the options are ours.
        let code = unsafe { ffi::avformat_write_header(self.raw(), options.as_mut_ptr()) };
        match (ok(code), options.left()) {
            (Ok(_), None) => Ok(()),
            (Ok(_), Some(name)) => Err(refused(&preset.name, &what, &name)),
            (Err(fault), _) if fault.system().is_some() => Err(fault.of("write", &self.target)),
            (Err(fault), _) => Err(not_accepted(&preset.name, &what, fault)),
        }
    }

    /// Writes a packet whose times are in `time_base`.
    pub fn write(&mut self, packet: &mut Packet, stream: usize, time_base: Rational) -> Result<()> {
        let raw = self.raw();
        packet.set_stream(stream);
        packet.set_position(-1);
        // SAFETY: the stream exists, and after the header its time base is the container's.
        let code = unsafe {
            let to = (**(*raw).streams.add(stream)).time_base;
            ffi::av_packet_rescale_ts(packet.as_mut_ptr(), time_base.into(), to);
            ffi::av_interleaved_write_frame(raw, packet.as_mut_ptr())
        };
        ok(code).map(drop).map_err(|fault| fault.of("write", &self.target))
    }

    /// Writes the trailer and closes the file, so that all has been given to the system.
    pub fn finish(mut self) -> Result<()> {
        let raw = self.raw();
        // SAFETY: the header is written. Flushed first, because closing keeps errors to itself; a
        // closed file leaves a null pointer, which the wrapper closes without harm.
        let done = unsafe {
            ok(ffi::av_write_trailer(raw)).and_then(|_| {
                ffi::avio_flush((*raw).pb);
                let written: c_int = (*(*raw).pb).error;
                let closed = ffi::avio_closep(&mut (*raw).pb);
                ok(written).and(ok(closed))
            })
        };
        done.map(drop).map_err(|fault: Fault| fault.of("write", &self.target))
    }
}
