//! CUDA's streams through the C++ border: reading back beside the work, and graphs of recorded work.
//!
//! Not yet run on a GPU.

use std::ffi::{c_int, c_void};
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

use tch::{Device, Tensor};
use torch_sys::C_tensor;

use super::border::failure;
use crate::Result;

// SAFETY: the declarations are those of streams.cpp.
unsafe extern "C" {
    fn sg3_current_stream(device: c_int, stream: *mut u64) -> c_int;
    fn sg3_select(device: c_int) -> c_int;
    fn sg3_synchronize(device: c_int) -> c_int;
    fn sg3_is_idle(device: c_int, idle: *mut bool) -> c_int;
    fn sg3_read_back(x: *const C_tensor, begun: *mut *mut c_void) -> c_int;
    fn sg3_read_back_take(begun: *mut c_void, host: *mut *mut C_tensor) -> c_int;
    fn sg3_read_back_drop(begun: *mut c_void);
    fn sg3_graph_begin(device: c_int, made: *mut *mut c_void) -> c_int;
    fn sg3_graph_end(graph: *mut c_void) -> c_int;
    fn sg3_graph_replay(graph: *mut c_void) -> c_int;
    fn sg3_graph_drop(graph: *mut c_void);
    fn sg3_empty_cache() -> c_int;
}

fn done(code: c_int) -> Result<()> {
    if code == 0 { Ok(()) } else { Err(failure()) }
}

fn numbered(device: usize) -> c_int {
    c_int::try_from(device).unwrap_or(c_int::MAX)
}

/// The driver's handle of the stream on which libtorch works, on this thread, for a CUDA device.
///
/// # Errors
/// [`crate::Error::Device`] where CUDA is not loaded.
pub fn current_stream(device: usize) -> Result<u64> {
    let mut stream = 0;
    // SAFETY: the handle is there to be written.
    done(unsafe { sg3_current_stream(numbered(device), &raw mut stream) })?;
    Ok(stream)
}

/// Makes a device the one that CUDA means on this thread where none is named.
///
/// # Errors
/// [`crate::Error::Device`] where CUDA is not loaded, or there is no such device.
pub fn select(device: usize) -> Result<()> {
    // SAFETY: takes a number.
    done(unsafe { sg3_select(numbered(device)) })
}

/// Whether the work of this thread's current stream is done.
///
/// # Errors
/// [`crate::Error::Device`] where the device, or any of that work, fails.
pub fn is_idle(device: usize) -> Result<bool> {
    let mut idle = false;
    // SAFETY: the answer is there to be written.
    done(unsafe { sg3_is_idle(numbered(device), &raw mut idle) })?;
    Ok(idle)
}

/// Waits for the work of this thread's current stream.
///
/// # Errors
/// [`crate::Error::Device`] where the device, or any of that work, fails.
pub fn synchronize(device: usize) -> Result<()> {
    // SAFETY: takes a number.
    done(unsafe { sg3_synchronize(numbered(device)) })
}

/// Returns to the device the memory that libtorch keeps but does not use.
///
/// # Errors
/// [`crate::Error::Device`] where the device fails.
pub fn empty_cache() -> Result<()> {
    // SAFETY: takes nothing.
    done(unsafe { sg3_empty_cache() })
}

/// A tensor on its way into this machine's memory.
#[derive(Debug)]
pub struct ReadBack(Place);

#[derive(Debug)]
enum Place {
    Here(Tensor),
    /// The border's copy, which ends when this does.
    Coming(NonNull<c_void>),
}

// SAFETY: the border's copy is bound to no thread.
unsafe impl Send for ReadBack {}

impl ReadBack {
    /// Begins to read `x` back, as it is when the work queued so far is done; later work does not wait
    /// for that. On the CPU `x` is there already.
    ///
    /// # Errors
    /// [`crate::Error::Device`] or [`crate::Error::OutOfMemory`] where the device fails.
    pub fn begin(x: &Tensor) -> Result<Self> {
        if x.device() == Device::Cpu {
            return Ok(Self(Place::Here(x.shallow_clone())));
        }
        let x = x.f_contiguous()?;
        let mut begun = ptr::null_mut();
        // SAFETY: the tensor lives through the call, and libtorch keeps its memory for the copy.
        done(unsafe { sg3_read_back(x.as_ptr(), &raw mut begun) })?;
        NonNull::new(begun).map(|begun| Self(Place::Coming(begun))).ok_or_else(failure)
    }

    /// Waits until it is there: a tensor on the CPU.
    ///
    /// # Errors
    /// [`crate::Error::Device`] where the device, or any of its work before the copy, fails.
    pub fn take(self) -> Result<Tensor> {
        let this = ManuallyDrop::new(self);
        // SAFETY: read once; what it was read from is not dropped.
        match unsafe { ptr::read(&raw const this.0) } {
            Place::Here(tensor) => Ok(tensor),
            Place::Coming(begun) => {
                let mut host = ptr::null_mut();
                // SAFETY: made by `begin`, and freed by this call.
                done(unsafe { sg3_read_back_take(begun.as_ptr(), &raw mut host) })?;
                // SAFETY: a new tensor, which is ours.
                Ok(unsafe { Tensor::from_ptr(host) })
            }
        }
    }
}

impl Drop for ReadBack {
    fn drop(&mut self) {
        if let Place::Coming(begun) = &self.0 {
            // SAFETY: made by `begin`, and taken by nobody.
            unsafe { sg3_read_back_drop(begun.as_ptr()) }
        }
    }
}

/// Work on a device that was recorded, to be done again and again at one call.
#[derive(Debug)]
pub struct Graph(NonNull<c_void>);

// SAFETY: the graph has one owner and is bound to no thread once it is recorded.
unsafe impl Send for Graph {}

impl Graph {
    /// Records the work that `work` gives the device on this thread. It is not done: the tensors that
    /// it makes have their values after [`Graph::replay`], in the same memory each time.
    ///
    /// # Errors
    /// That of `work`; [`crate::Error::Device`] or [`crate::Error::OutOfMemory`] where it cannot be
    /// recorded.
    pub fn record<T>(device: usize, work: impl FnOnce() -> Result<T>) -> Result<(Self, T)> {
        let mut made = ptr::null_mut();
        // SAFETY: the graph is there to be written.
        done(unsafe { sg3_graph_begin(numbered(device), &raw mut made) })?;
        let graph = Self(NonNull::new(made).ok_or_else(failure)?);
        let recorded = work();
        // SAFETY: begun above, on this thread. Recording ends also where the work has failed.
        let ended = done(unsafe { sg3_graph_end(graph.0.as_ptr()) });
        let recorded = recorded?;
        ended.map(|()| (graph, recorded))
    }

    /// Queues the work on this thread's current stream.
    ///
    /// # Errors
    /// [`crate::Error::Device`] where the device fails.
    pub fn replay(&self) -> Result<()> {
        // SAFETY: recorded to the end: `record` gives no other out.
        done(unsafe { sg3_graph_replay(self.0.as_ptr()) })
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: made by `record`, and dropped once.
        unsafe { sg3_graph_drop(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_cuda_there_is_no_stream() {
        // Tests do not load CUDA: see `Request::open`.
        let errors = [current_stream(0).map(|_| ()), select(0), is_idle(0).map(|_| ())];
        for error in errors.map(|outcome| outcome.unwrap_err().to_string()) {
            assert!(error.contains("cuda") && error.lines().count() == 1, "{error}");
        }
    }

    #[test]
    fn without_cuda_nothing_is_recorded() {
        let error = Graph::record(0, || Ok(())).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("cuda") && error.lines().count() == 1, "{error}");
    }

    #[test]
    fn what_is_here_is_read_back_at_once() {
        let x = Tensor::from_slice(&[1.0f32, 2.0]);
        assert_eq!(ReadBack::begin(&x).unwrap().take().unwrap().data_ptr(), x.data_ptr());
    }
}
