//! Processes that train together: tensors that are summed up over them, through libtorch's c10d and Gloo.
//! Tensors of a CUDA device go through this machine's memory.

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int, c_void};
use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

use tch::{Device, Kind, Tensor};
use torch_sys::C_tensor;

use super::border::what;
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

/// Where a process stands among those that work together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its number, below `size`.
    pub rank: usize,
    /// How many there are.
    pub size: usize,
    /// Its number among those of this machine, below `local_size`.
    pub local_rank: usize,
    /// How many there are on this machine.
    pub local_size: usize,
    /// Name or address, and port, at which all of them meet.
    pub meeting: (String, u16),
    /// Whether this process holds the meeting; otherwise another, or the launcher, does.
    pub server: bool,
    /// What keeps the meeting apart from earlier ones at the same address.
    pub name: String,
    /// The network interface to use; none for the one that the machine's name leads to.
    pub interface: Option<String>,
}

/// The processes that work together, seen from one of them. All have to ask for the same things in the same
/// order.
pub struct Group {
    rank: usize,
    size: usize,
    /// None where the process is alone.
    handle: Option<NonNull<c_void>>,
    /// Why the others cannot be reached any more.
    lost: RefCell<Option<String>>,
}

impl Group {
    /// One process.
    pub fn alone() -> Self {
        Self { rank: 0, size: 1, handle: None, lost: RefCell::new(None) }
    }

    /// Meets the others, for which it waits up to five minutes.
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
            Some(handle) if code == 0 => {
                let lost = RefCell::new(None);
                Ok(Self { rank: place.rank, size: place.size, handle: Some(handle), lost })
            }
            _ => Err(failed(&reason())),
        }
    }

    /// This process's number. The first one, 0, writes the files.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// How many processes there are: 1 when the others have been lost.
    pub fn size(&self) -> usize {
        if self.lost.borrow().is_some() { 1 } else { self.size }
    }

    /// Which share of the work is this process's, and of how many: all of it where the others have been lost.
    pub fn share(&self) -> (usize, usize) {
        match self.size() {
            1 => (0, 1),
            size => (self.rank, size),
        }
    }

    /// Why the others cannot be reached any more, if that is so: from then on this one is alone.
    pub fn lost(&self) -> Option<Error> {
        self.lost.borrow().as_ref().map(|why| {
            Error::Device(format!(
                "process {} of {} has lost another one ({why}); look at what that one said, then go on with \
                 --resume",
                self.rank, self.size
            ))
        })
    }

    /// Sums a tensor up over the processes, in place. Returns whether that was done: where another process
    /// is gone, the tensor is what it was.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn sum(&self, tensor: &Tensor) -> Result<bool> {
        if self.size() == 1 {
            return Ok(self.size == 1);
        }
        // A copy: what another process's end leaves of the sum is of no use.
        let sum = tensor.f_detach()?.f_to_device_(Device::Cpu, tensor.kind(), false, true)?;
        let sum = sum.f_contiguous()?;
        let done = self.call(&sum, sg3_group_sum);
        if done {
            let _no_grad = tch::no_grad_guard();
            tensor.shallow_clone().f_copy_(&sum)?;
        }
        Ok(done)
    }

    /// The mean of a tensor over the processes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn mean(&self, tensor: Tensor) -> Result<Tensor> {
        let size = self.size();
        if size > 1 && self.sum(&tensor)? {
            return Ok(tensor.f_div_scalar(size as f64)?);
        }
        Ok(tensor)
    }

    /// Whether something is so for any process.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn any(&self, here: bool) -> Result<bool> {
        if self.size() == 1 {
            return Ok(here);
        }
        let count = Tensor::f_from_slice(&[f32::from(u8::from(here))])?;
        self.sum(&count)?;
        Ok(count.f_double_value(&[0])? > 0.0)
    }

    /// Gives a tensor, in place, the values that it has in the first process.
    ///
    /// # Errors
    /// [`Error::Device`] where another process is gone.
    pub fn hand_out(&self, tensor: &Tensor) -> Result<()> {
        if self.size == 1 {
            return Ok(());
        }
        let values = tensor.f_detach()?.f_to_device_(Device::Cpu, tensor.kind(), false, true)?;
        let values = values.f_contiguous()?;
        if !self.call(&values, sg3_group_hand_out) {
            return Err(self.lost().unwrap_or(Error::Interrupted));
        }
        let _no_grad = tch::no_grad_guard();
        tensor.shallow_clone().f_copy_(&values)?;
        Ok(())
    }

    /// The first process's text.
    ///
    /// # Errors
    /// [`Error::Device`] where another process is gone.
    pub fn hand_out_text(&self, text: &str) -> Result<String> {
        if self.size == 1 {
            return Ok(text.to_owned());
        }
        let length = Tensor::f_from_slice(&[text.len() as i64])?;
        self.hand_out(&length)?;
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(length.f_int64_value(&[0])? as usize, 0);
        let bytes = Tensor::f_from_slice(&bytes)?;
        self.hand_out(&bytes)?;
        let bytes = Vec::<u8>::try_from(bytes.f_to_kind(Kind::Uint8)?)?;
        String::from_utf8(bytes).map_err(|_| Error::Device("a text came damaged".into()))
    }

    /// Does something with the others; where that fails they are lost.
    fn call(
        &self,
        tensor: &Tensor,
        what: unsafe extern "C" fn(*mut c_void, *const C_tensor) -> c_int,
    ) -> bool {
        let Some(handle) = self.handle else { return false };
        if self.lost.borrow().is_some() {
            return false;
        }
        // SAFETY: the group lives as long as `self`; the tensor, contiguous and of the CPU, through the call.
        let done = unsafe { what(handle.as_ptr(), tensor.as_ptr()) } == 0;
        if !done {
            *self.lost.borrow_mut() = Some(reason());
        }
        done
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(handle) = self.handle {
            // SAFETY: made by `sg3_group_join`, and freed only here.
            unsafe { sg3_group_free(handle.as_ptr()) };
        }
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} of {}", self.rank, self.size)
    }
}

/// Why the last call failed, in one line, without the place in libtorch's sources.
fn reason() -> String {
    let what = what();
    let line = what.lines().next().unwrap_or_default();
    let line = line.split_once("] ").filter(|_| line.starts_with('[')).map_or(line, |(_, why)| why);
    line.trim_end_matches(" Exception raised from").to_owned()
}
