//! Gloo through the C++ border: tensors of the CPU.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::NonNull;
use std::time::Duration;

use tch::Tensor;
use torch_sys::C_tensor;

use super::Place;
use crate::network::border::what;
use crate::{Error, Result};

// SAFETY: the declarations are those of processes.cpp.
unsafe extern "C" {
    fn sg3_group_join(
        host: *const c_char,
        port: u16,
        server: bool,
        prefix: *const c_char,
        interface: *const c_char,
        local: bool,
        rank: c_int,
        size: c_int,
        join_ms: i64,
        wait_ms: i64,
        group: *mut *mut c_void,
    ) -> c_int;
    fn sg3_group_sum(group: *mut c_void, tensor: *const C_tensor) -> c_int;
    fn sg3_group_hand_out(group: *mut c_void, tensor: *const C_tensor) -> c_int;
    fn sg3_group_free(group: *mut c_void);
}

/// How long a process waits for the others to start.
const JOIN: Duration = Duration::from_secs(5 * 60);
/// How long it waits for one that does something alone, such as measuring at a snapshot.
const WAIT: Duration = Duration::from_secs(60 * 60);

/// The connections to the other processes.
pub(super) struct Gloo(NonNull<c_void>);

impl Gloo {
    /// Meets the others.
    ///
    /// # Errors
    /// [`Error::Device`] where they do not come, or the address cannot be used.
    pub fn join(place: &Place) -> Result<Self> {
        let (host, port) = &place.meeting;
        let failed = |why: &str| {
            Error::Device(format!(
                "process {} of {} cannot meet the others at {host}:{port}: {why}; check `MASTER_ADDR` and \
                 `MASTER_PORT`, and that all of them were started",
                place.rank, place.size
            ))
        };
        let text = |text: &str| CString::new(text).map_err(|_| failed("a zero byte in a name"));
        let interface = text(place.interface.as_deref().unwrap_or_default())?;
        let (name, address) = (text(&place.name)?, text(host)?);
        let is_local = place.local_size == place.size;
        let number = |n: usize| c_int::try_from(n).unwrap_or(c_int::MAX);
        let mut handle = std::ptr::null_mut();
        // SAFETY: the texts end in zero bytes, the pointer is there to be written.
        let code = unsafe {
            sg3_group_join(
                address.as_ptr(),
                *port,
                place.server,
                name.as_ptr(),
                interface.as_ptr(),
                is_local,
                number(place.rank),
                number(place.size),
                JOIN.as_millis() as i64,
                WAIT.as_millis() as i64,
                &raw mut handle,
            )
        };
        match NonNull::new(handle) {
            Some(handle) if code == 0 => Ok(Self(handle)),
            _ => Err(failed(&reason())),
        }
    }

    /// Adds a contiguous tensor of the CPU up over the processes, in place, or says why it could not.
    pub fn sum(&self, tensor: &Tensor) -> Result<(), String> {
        // SAFETY: the group lives as long as `self`, the tensor through the call.
        match unsafe { sg3_group_sum(self.0.as_ptr(), tensor.as_ptr()) } {
            0 => Ok(()),
            _ => Err(reason()),
        }
    }

    /// Gives a contiguous tensor of the CPU the values that it has in the first process, or says why it
    /// could not.
    pub fn hand_out(&self, tensor: &Tensor) -> Result<(), String> {
        // SAFETY: likewise.
        match unsafe { sg3_group_hand_out(self.0.as_ptr(), tensor.as_ptr()) } {
            0 => Ok(()),
            _ => Err(reason()),
        }
    }
}

impl Drop for Gloo {
    fn drop(&mut self) {
        // SAFETY: made by `sg3_group_join`, and freed only here.
        unsafe { sg3_group_free(self.0.as_ptr()) };
    }
}

/// Why the last call failed, in one line, without the place in libtorch's sources.
fn reason() -> String {
    let what = what();
    let line = what.lines().next().unwrap_or_default();
    let line = line.split_once("] ").filter(|_| line.starts_with('[')).map_or(line, |(_, why)| why);
    line.trim_end_matches(" Exception raised from").to_owned()
}
