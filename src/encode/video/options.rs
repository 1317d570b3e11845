//! Options by name, as FFmpeg takes them.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::ptr;

use ffmpeg_next::ffi;

use super::fault::{Fault, c_string, ok};
use crate::{Error, Result};

/// A dictionary of options. What FFmpeg knows it takes out.
pub(super) struct Options(*mut ffi::AVDictionary);

impl Options {
    /// A dictionary with these options.
    pub fn new(options: &BTreeMap<String, String>) -> Result<Self> {
        let mut dictionary = Self(ptr::null_mut());
        for (name, value) in options {
            let (name, value) = (c_string(name.as_str())?, c_string(value.as_str())?);
            // SAFETY: the dictionary is null or FFmpeg's own; both texts are copied.
            ok(unsafe { ffi::av_dict_set(&mut dictionary.0, name.as_ptr(), value.as_ptr(), 0) })
                .map_err(|e| {
                    Error::Device(format!("FFmpeg cannot take an option: {}", e.reason()))
                })?;
        }
        Ok(dictionary)
    }

    /// For a call that takes options out; what it leaves stays here.
    pub fn as_mut_ptr(&mut self) -> *mut *mut ffi::AVDictionary {
        &mut self.0
    }

    /// The name of an option that nothing has taken.
    pub fn left(&self) -> Option<String> {
        let all = ffi::AV_DICT_IGNORE_SUFFIX;
        // SAFETY: the dictionary is null or FFmpeg's own, and so is the entry while it lives.
        unsafe {
            let entry = ffi::av_dict_get(self.0, c"".as_ptr(), ptr::null(), all).as_ref()?;
            Some(CStr::from_ptr(entry.key).to_string_lossy().into_owned())
        }
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: the dictionary is null or ours to free.
        unsafe { ffi::av_dict_free(&mut self.0) };
    }
}

/// The error for options that were not understood.
pub(super) fn refused(preset: &str, what: &str, name: &str) -> Error {
    Error::Invalid(format!(
        "preset `{preset}` gives {what} the option `{name}`, which it does not know"
    ))
}

/// The error for options that were understood but not accepted.
pub(super) fn not_accepted(preset: &str, what: &str, fault: Fault) -> Error {
    Error::Invalid(format!("{what} does not accept preset `{preset}`: {}", fault.reason()))
}
