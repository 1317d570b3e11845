//! What FFmpeg says when something fails, kept from the terminal and put into our errors.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::path::Path;
use std::sync::Once;

use ffmpeg_next::ffi;
use ffmpeg_next::util::error::{EAGAIN, EINVAL, ENOMEM, ENOSYS};

use crate::{Error, Result};

/// Lines kept; an encoder that complains of every frame must not fill the memory.
const KEPT: usize = 8;

thread_local! {
    /// Errors and warnings that FFmpeg logged on this thread.
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[cfg(target_arch = "x86_64")]
type Arguments = *mut ffi::__va_list_tag;
#[cfg(not(target_arch = "x86_64"))]
type Arguments = ffi::va_list;

/// Takes over FFmpeg's log, for the whole process, once.
pub(super) fn listen() {
    static ONCE: Once = Once::new();
    // SAFETY: the callback is a function, hence never freed, and may run on any thread.
    ONCE.call_once(|| unsafe { ffi::av_log_set_callback(Some(hear)) });
}

unsafe extern "C" fn hear(
    source: *mut c_void,
    level: c_int,
    format: *const c_char,
    arguments: Arguments,
) {
    if level > ffi::AV_LOG_WARNING {
        return;
    }
    let mut line = [0; 512];
    let mut with_prefix = 0;
    // SAFETY: FFmpeg passes its own arguments on; the line's length is given and it is terminated.
    let text = unsafe {
        ffi::av_log_format_line2(
            source,
            level,
            format,
            arguments,
            line.as_mut_ptr(),
            line.len() as c_int,
            &mut with_prefix,
        );
        CStr::from_ptr(line.as_ptr())
    };
    let text = text.to_string_lossy().trim().trim_end_matches('.').to_owned();
    // A thread that is ending has no place for it left.
    let _ = SAID.try_with(|said| {
        if let Ok(mut said) = said.try_borrow_mut()
            && said.len() < KEPT
            && !text.is_empty()
        {
            said.push(text);
        }
    });
}

/// What FFmpeg logged on this thread since the last call.
pub(super) fn heard() -> Vec<String> {
    SAID.take()
}

/// An error number of FFmpeg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault(pub c_int);

impl From<ffmpeg_next::Error> for Fault {
    fn from(error: ffmpeg_next::Error) -> Self {
        Self(error.into())
    }
}

impl Fault {
    /// The encoder or decoder wants something else first.
    pub const AGAIN: Self = Self(-EAGAIN);
    /// Nothing comes any more.
    pub const END: Self = Self(ffi::AVERROR_EOF);

    /// The fault in words, with what was logged.
    pub fn reason(self) -> String {
        let mut words = [0; ffi::AV_ERROR_MAX_STRING_SIZE];
        // SAFETY: the length is given, and the text is terminated for every number.
        let words = unsafe {
            ffi::av_strerror(self.0, words.as_mut_ptr(), words.len());
            CStr::from_ptr(words.as_ptr())
        };
        let words = words.to_string_lossy().into_owned();
        match heard() {
            said if said.is_empty() => words,
            said => format!("{words} ({})", said.join("; ")),
        }
    }

    /// The system's error, where it was one: a full disk, a missing right.
    pub fn system(self) -> Option<io::Error> {
        // FFmpeg's own numbers are four characters, far above the system's.
        let errno = self.0.checked_neg().filter(|n| (1..4096).contains(n))?;
        let own = [EINVAL, ENOMEM, ENOSYS, EAGAIN].contains(&errno);
        (!own).then(|| io::Error::from_raw_os_error(errno))
    }

    /// The fault of an action upon a file.
    pub fn of(self, action: &'static str, path: &Path) -> Error {
        match self.system() {
            Some(source) => {
                heard();
                Error::io(action, path, source)
            }
            None => Error::Device(format!(
                "FFmpeg cannot {action} `{}`: {}",
                path.display(),
                self.reason()
            )),
        }
    }
}

/// The result of a call of FFmpeg.
pub(super) fn ok(code: c_int) -> Result<c_int, Fault> {
    if code < 0 { Err(Fault(code)) } else { Ok(code) }
}

/// A text for FFmpeg.
pub(super) fn c_string(text: impl Into<Vec<u8>>) -> Result<CString> {
    CString::new(text).map_err(|e| {
        let text = String::from_utf8_lossy(&e.into_vec()).escape_debug().to_string();
        Error::Invalid(format!("`{text}` holds a zero character, which FFmpeg cannot take"))
    })
}

/// A path for FFmpeg, marked so that no colon in it is taken for a protocol.
pub(super) fn url(path: &Path) -> Result<CString> {
    let mut url = b"file:".to_vec();
    url.extend_from_slice(path.as_os_str().as_encoded_bytes());
    c_string(url)
}

#[cfg(test)]
mod tests {
    use ffmpeg_next::util::error::{EACCES, ENOSPC};

    use super::*;

    #[test]
    fn a_full_disk_is_the_systems_error_and_others_are_ffmpegs() {
        let path = Path::new("out.mp4");
        let full = Fault(-ENOSPC).of("write", path);
        assert!(
            matches!(&full, Error::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull)
        );
        assert_eq!(full.exit_code(), 75);
        assert!(matches!(Fault(-EACCES).of("write", path), Error::Io { .. }));
        let invalid = Fault(ffi::AVERROR_INVALIDDATA).of("write", path);
        assert!(
            matches!(&invalid, Error::Device(text) if text.contains("Invalid data")),
            "{invalid}"
        );
        assert!(matches!(Fault(-EINVAL).of("write", path), Error::Device(_)));
    }

    #[test]
    fn the_log_is_heard_and_put_into_the_reason() {
        listen();
        heard();
        // SAFETY: a constant format without arguments; the source may be null.
        unsafe { ffi::av_log(std::ptr::null_mut(), ffi::AV_LOG_ERROR, c"out of film.\n".as_ptr()) };
        assert!(Fault(ffi::AVERROR_EXTERNAL).reason().contains("(out of film)"));
        assert!(heard().is_empty());
    }

    #[test]
    fn zero_characters_are_refused() {
        assert_eq!(c_string("a\0b").unwrap_err().exit_code(), 65);
        assert_eq!(url(Path::new("a:b.mp4")).unwrap().as_c_str(), c"file:a:b.mp4");
    }
}
