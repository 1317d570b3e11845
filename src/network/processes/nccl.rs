//! NCCL: tensors of CUDA devices, from device to device.
//!
//! NCCL itself does not notice that a process has ended: its sums wait for ever. So the processes tell
//! each other through Gloo, which does notice, that all have queued a sum, before anyone waits for it. Not
//! yet run on a GPU.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use libloading::Library;
use tch::{Device, Kind, Tensor};

use super::gloo::Gloo;
use crate::Result;
use crate::kernels::cuda::why;
use crate::network::streams;

type Status = c_int;
type Communicator = *mut c_void;

const SUCCESS: Status = 0;
const IN_PROGRESS: Status = 7;

/// What all processes must know to meet (nccl.h: `ncclUniqueId`).
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Id(pub [u8; 128]);

/// NCCL's functions that are needed here, as nccl.h declares them since version 2.0.
#[derive(Clone, Copy)]
pub(super) struct Api {
    pub id: unsafe extern "C" fn(*mut Id) -> Status,
    pub join: unsafe extern "C" fn(*mut Communicator, c_int, Id, c_int) -> Status,
    pub all_reduce: unsafe extern "C" fn(
        *const c_void,
        *mut c_void,
        usize,
        c_int,
        c_int,
        Communicator,
        *mut c_void,
    ) -> Status,
    pub fault: unsafe extern "C" fn(Communicator, *mut Status) -> Status,
    pub abort: unsafe extern "C" fn(Communicator) -> Status,
    pub error: unsafe extern "C" fn(Status) -> *const c_char,
    pub queue: Queue,
}

/// libtorch's work for a device on this thread.
#[derive(Clone, Copy)]
pub(super) struct Queue {
    /// Makes the device the one that CUDA means by itself.
    pub select: fn(usize) -> Result<()>,
    /// Waits until all is done.
    pub synchronize: fn(usize) -> Result<()>,
    /// The driver's handle of the stream.
    pub stream: fn(usize) -> Result<u64>,
    /// Whether all is done.
    pub is_idle: fn(usize) -> Result<bool>,
}

impl Api {
    /// The library, opened once in this process (where libtorch's CUDA half is loaded it is there already),
    /// or why it cannot be.
    pub fn get() -> Result<Self, String> {
        static OPENED: OnceLock<Result<Api, String>> = OnceLock::new();
        // SAFETY: NCCL's initialisers only set up its own state, and it is never unloaded.
        let open =
            || unsafe { Library::new("libnccl.so.2").and_then(|library| Self::load(library)) };
        let opened = OPENED.get_or_init(|| open().map_err(|e| why(&e)));
        opened.clone().map_err(|why| format!("NCCL cannot be opened ({why})"))
    }

    /// # Safety
    /// `library` must be NCCL.
    unsafe fn load(library: Library) -> Result<Self, libloading::Error> {
        // Never unloaded: what is taken out of it stays valid.
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: the types of the functions are those of nccl.h.
        unsafe {
            Ok(Self {
                id: *library.get(b"ncclGetUniqueId\0")?,
                join: *library.get(b"ncclCommInitRank\0")?,
                all_reduce: *library.get(b"ncclAllReduce\0")?,
                fault: *library.get(b"ncclCommGetAsyncError\0")?,
                abort: *library.get(b"ncclCommAbort\0")?,
                error: *library.get(b"ncclGetErrorString\0")?,
                queue: Queue {
                    select: streams::select,
                    synchronize: streams::synchronize,
                    stream: streams::current_stream,
                    is_idle: streams::is_idle,
                },
            })
        }
    }

    fn check(&self, status: Status) -> Result<(), String> {
        if status == SUCCESS {
            return Ok(());
        }
        // SAFETY: the function answers every status with a string that is never freed.
        Err(unsafe { CStr::from_ptr((self.error)(status)) }.to_string_lossy().into_owned())
    }
}

/// How long a sum may take that all have queued, with nothing before it: a process that ends in the middle
/// of one is known by it.
const LONGEST: Duration = Duration::from_secs(60);

/// The connections between the processes' devices.
pub(super) struct Nccl {
    api: Api,
    /// Null when they were given up.
    communicator: Cell<Communicator>,
    device: Device,
}

impl Nccl {
    /// Meets the others, each with a device of its own. All processes have to call it.
    ///
    /// # Errors
    /// Why there is no such connection between all of them.
    pub fn join(
        api: Result<Api, String>,
        gloo: &Gloo,
        (rank, size): (usize, usize),
        device: Device,
    ) -> Result<Self, String> {
        let mut id = Id([0; 128]);
        let ready = api.and_then(|api| {
            (api.queue.select)(number(device)).map_err(|e| e.to_string())?;
            if rank == 0 {
                // SAFETY: the place is there to be written.
                api.check(unsafe { (api.id)(&raw mut id) })?;
            }
            Ok(api)
        });
        let api = agreed(gloo, ready)?;
        let bytes = Tensor::f_from_slice(&id.0).map_err(|e| e.to_string())?;
        gloo.hand_out(&bytes)?;
        let bytes = Vec::<u8>::try_from(bytes).map_err(|e| e.to_string())?;
        let id = bytes.try_into().map(Id).map_err(|_| "the meeting's number came damaged")?;

        let mut communicator = std::ptr::null_mut();
        let int = |n: usize| c_int::try_from(n).unwrap_or(c_int::MAX);
        // SAFETY: the pointer is there to be written; the number is one of NCCL's.
        let joined = unsafe { (api.join)(&raw mut communicator, int(size), id, int(rank)) };
        let joined = api.check(joined);
        agreed(gloo, joined.map(|()| Self { api, communicator: Cell::new(communicator), device }))
    }

    /// Whether it adds up such a tensor.
    pub fn adds(&self, tensor: &Tensor) -> bool {
        tensor.device() == self.device && kind(tensor).is_some()
    }

    /// Adds a contiguous tensor up over the processes, in place, or says why it could not; then it is of no
    /// more use, and what the tensor holds neither.
    pub fn sum(&self, gloo: &Gloo, tensor: &Tensor) -> Result<(), String> {
        let done = self.try_to_sum(gloo, tensor);
        if done.is_err() {
            self.give_up();
        }
        done
    }

    fn try_to_sum(&self, gloo: &Gloo, tensor: &Tensor) -> Result<(), String> {
        let (api, queue, device) = (&self.api, self.api.queue, number(self.device));
        // What comes before the sum may take as long as it likes.
        let ready = (queue.synchronize)(device).and_then(|()| (queue.stream)(device));
        let queued = ready.map_err(|e| e.to_string()).and_then(|stream| {
            const SUM: c_int = 0;
            let kind =
                kind(tensor).ok_or("tensors of whole numbers are not added up on devices")?;
            let (at, count) = (tensor.data_ptr(), tensor.numel());
            // SAFETY: the tensor is contiguous; it lives until the sum is done or given up.
            api.check(unsafe {
                let stream = stream as *mut c_void;
                (api.all_reduce)(at, at, count, kind, SUM, self.communicator.get(), stream)
            })
        });
        agreed(gloo, queued)?;
        let begun = Instant::now();
        while !(queue.is_idle)(device).map_err(|e| e.to_string())? {
            let mut fault = SUCCESS;
            // SAFETY: the communicator is alive, the place is there to be written.
            api.check(unsafe { (api.fault)(self.communicator.get(), &raw mut fault) })?;
            if fault != IN_PROGRESS {
                api.check(fault)?;
            }
            if begun.elapsed() > LONGEST {
                return Err(format!("a sum takes more than {} seconds", LONGEST.as_secs()));
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        Ok(())
    }

    /// Ends what is queued, without the others: the device can be used again.
    fn give_up(&self) {
        let communicator = self.communicator.replace(std::ptr::null_mut());
        if !communicator.is_null() {
            // SAFETY: made by `join`, and freed only here. There is nobody to tell of a failure.
            let _ = unsafe { (self.api.abort)(communicator) };
        }
    }
}

impl Drop for Nccl {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// What all processes have, or this one's failure, or that another one has failed.
fn agreed<T>(gloo: &Gloo, here: Result<T, String>) -> Result<T, String> {
    let failures = Tensor::f_from_slice(&[f32::from(u8::from(here.is_err()))]);
    let failures = failures.map_err(|e| e.to_string())?;
    let told = gloo.sum(&failures);
    let here = here?;
    told?;
    match failures.f_double_value(&[0]) {
        Ok(0.0) => Ok(here),
        Ok(_) => Err("another process has failed".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// A device's number.
fn number(device: Device) -> usize {
    match device {
        Device::Cuda(number) => number,
        _ => 0,
    }
}

/// NCCL's number for a tensor's kind (nccl.h: `ncclDataType_t`), of those that are added up.
fn kind(tensor: &Tensor) -> Option<c_int> {
    match tensor.kind() {
        Kind::Half => Some(6),
        Kind::Float => Some(7),
        Kind::Double => Some(8),
        _ => None,
    }
}
