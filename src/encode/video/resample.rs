//! Sound in one form to sound in another, in pieces of any length.

use std::ffi::c_int;
use std::ptr;

use ffmpeg_next::util::error::ENOMEM;
use ffmpeg_next::{codec, ffi, frame};

use super::fault::{Fault, ok};

const NO_MEMORY: Fault = Fault(-ENOMEM);

/// Converts what a decoder gives to what an encoder takes, and holds it until it is fetched.
pub(super) struct Resampler {
    context: *mut ffi::SwrContext,
    queue: *mut ffi::AVAudioFifo,
    from: Form,
    to: ffi::AVSampleFormat,
    /// A frame without samples, of the encoder's form.
    model: frame::Audio,
}

/// Sample format, rate in Hz, number of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form(c_int, c_int, c_int);

// SAFETY: context and queue are used through `&mut self` only and are bound to no thread.
unsafe impl Send for Resampler {}

impl Resampler {
    /// Between an open decoder and an open encoder with the same channels.
    pub fn new(decoder: &codec::Context, encoder: &codec::Context) -> Result<Self, Fault> {
        // SAFETY: both contexts are open, hence know their forms. The channel layout is the
        // encoder's on both sides, because a decoder may know no more than their number. What was
        // allocated is freed by `drop`, also when a later step fails.
        unsafe {
            let (from, to) = (&*decoder.as_ptr(), &*encoder.as_ptr());
            let mut model = frame::Audio::empty();
            let raw = model.as_mut_ptr().as_mut().ok_or(NO_MEMORY)?;
            raw.format = to.sample_fmt as c_int;
            raw.sample_rate = to.sample_rate;
            ok(ffi::av_channel_layout_copy(&mut raw.ch_layout, &to.ch_layout))?;
            let mut resampler = Self {
                context: ptr::null_mut(),
                queue: ptr::null_mut(),
                from: Form(from.sample_fmt as c_int, from.sample_rate, from.ch_layout.nb_channels),
                to: to.sample_fmt,
                model,
            };
            let layout = &raw mut (*resampler.model.as_mut_ptr()).ch_layout;
            ok(ffi::swr_alloc_set_opts2(
                &mut resampler.context,
                layout,
                to.sample_fmt,
                to.sample_rate,
                layout,
                from.sample_fmt,
                from.sample_rate,
                0,
                ptr::null_mut(),
            ))?;
            ok(ffi::swr_init(resampler.context))?;
            resampler.queue = ffi::av_audio_fifo_alloc(to.sample_fmt, to.ch_layout.nb_channels, 1);
            if resampler.queue.is_null() { Err(NO_MEMORY) } else { Ok(resampler) }
        }
    }

    /// Samples of each channel that can be fetched.
    pub fn len(&self) -> usize {
        // SAFETY: the queue is ours.
        unsafe { ffi::av_audio_fifo_size(self.queue) }.try_into().unwrap_or(0)
    }

    /// Takes decoded sound, or, with none, the end of it.
    pub fn push(&mut self, sound: Option<&frame::Audio>) -> Result<(), Fault> {
        // SAFETY: the frame is valid and, as compared here, of the form that the context was made
        // for; the room for the output is as large as the context says it may need.
        unsafe {
            let (mut data, mut samples) = (ptr::null_mut(), 0);
            if let Some(sound) = sound {
                let sound = &*sound.as_ptr();
                if Form(sound.format, sound.sample_rate, sound.ch_layout.nb_channels) != self.from {
                    return Err(Fault(ffi::AVERROR_INPUT_CHANGED));
                }
                (data, samples) = (sound.extended_data, sound.nb_samples);
            }
            let room = ok(ffi::swr_get_out_samples(self.context, samples))?;
            if room == 0 {
                return Ok(());
            }
            let converted = self.frame(room)?;
            let planes = (*converted.as_ptr()).extended_data;
            let made = ok(ffi::swr_convert(self.context, planes, room, data.cast(), samples))?;
            ok(ffi::av_audio_fifo_write(self.queue, planes.cast(), made))?;
        }
        Ok(())
    }

    /// Appends silence.
    pub fn push_silence(&mut self, samples: usize) -> Result<(), Fault> {
        let samples = c_int::try_from(samples).map_err(|_| NO_MEMORY)?;
        let silence = self.frame(samples)?;
        // SAFETY: the frame has that many samples of the queue's form.
        unsafe {
            let raw = &*silence.as_ptr();
            let channels = raw.ch_layout.nb_channels;
            ok(ffi::av_samples_set_silence(raw.extended_data, 0, samples, channels, self.to))?;
            ok(ffi::av_audio_fifo_write(self.queue, raw.extended_data.cast(), samples))?;
        }
        Ok(())
    }

    /// Forgets the first samples, as many as are there; returns how many.
    pub fn skip(&mut self, samples: usize) -> Result<usize, Fault> {
        let samples = samples.min(self.len());
        // SAFETY: no more than the queue holds.
        ok(unsafe { ffi::av_audio_fifo_drain(self.queue, samples as c_int) })?;
        Ok(samples)
    }

    /// Fetches the first samples, which must be there.
    pub fn pull(&mut self, samples: usize) -> Result<frame::Audio, Fault> {
        let samples = c_int::try_from(samples).map_err(|_| NO_MEMORY)?;
        let frame = self.frame(samples)?;
        // SAFETY: the frame has room for that many samples of the queue's form.
        let read = ok(unsafe {
            ffi::av_audio_fifo_read(self.queue, (*frame.as_ptr()).extended_data.cast(), samples)
        })?;
        if read == samples { Ok(frame) } else { Err(Fault(ffi::AVERROR_BUG)) }
    }

    /// A frame of the encoder's form with room for so many samples.
    fn frame(&self, samples: c_int) -> Result<frame::Audio, Fault> {
        let mut frame = frame::Audio::empty();
        // SAFETY: both frames are ours; FFmpeg allocates what the fields ask for, or fails.
        unsafe {
            let (model, raw) =
                (&*self.model.as_ptr(), frame.as_mut_ptr().as_mut().ok_or(NO_MEMORY)?);
            raw.format = model.format;
            raw.sample_rate = model.sample_rate;
            raw.nb_samples = samples;
            ok(ffi::av_channel_layout_copy(&mut raw.ch_layout, &model.ch_layout))?;
            ok(ffi::av_frame_get_buffer(raw, 0))?;
        }
        Ok(frame)
    }
}

impl Drop for Resampler {
    fn drop(&mut self) {
        // SAFETY: both are ours or null, and not used again.
        unsafe {
            ffi::swr_free(&mut self.context);
            if !self.queue.is_null() {
                ffi::av_audio_fifo_free(self.queue);
            }
        }
    }
}
