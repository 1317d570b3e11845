//! The C++ border: what is needed of libtorch and tch does not offer.

use std::ffi::{CStr, c_char, c_int};

use crate::{Error, Result};

// SAFETY: the declarations are those of border.cpp.
unsafe extern "C" {
    fn sg3_what() -> *const c_char;
    fn sg3_current_stream(device: c_int, stream: *mut u64) -> c_int;
}

/// The driver's handle of the stream on which libtorch works, on this thread, for a CUDA device.
///
/// # Errors
/// [`Error::Device`] where CUDA is not loaded.
pub fn current_stream(device: usize) -> Result<u64> {
    let (mut stream, device) = (0, c_int::try_from(device).unwrap_or(c_int::MAX));
    // SAFETY: the handle is there to be written.
    match unsafe { sg3_current_stream(device, &raw mut stream) } {
        0 => Ok(stream),
        _ => Err(failure()),
    }
}

/// This thread's last failure, in one line.
fn failure() -> Error {
    // SAFETY: the text ends in a zero byte and stays until this thread's next call.
    let what = unsafe { CStr::from_ptr(sg3_what()) }.to_string_lossy();
    Error::Device(format!("libtorch failed: {}", what.lines().next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_cuda_there_is_no_stream() {
        // Tests do not load CUDA: see `Request::open`.
        let error = current_stream(0).unwrap_err().to_string();
        assert!(error.contains("cuda") && error.lines().count() == 1, "{error}");
    }
}
