//! NVIDIA's driver, opened when it is first needed: devices, code, launches. Calls come on raw
//! pointers; the context is the device's primary one, which libtorch uses, too.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr;
use std::sync::OnceLock;

use libloading::Library;

use crate::{Error, Result};

type Status = c_int;
type Handle = *mut c_void;

/// The driver's functions that are needed here.
pub struct Driver {
    device: unsafe extern "C" fn(*mut c_int, c_int) -> Status,
    attribute: unsafe extern "C" fn(*mut c_int, c_int, c_int) -> Status,
    retain: unsafe extern "C" fn(*mut Handle, c_int) -> Status,
    current: unsafe extern "C" fn(*mut Handle) -> Status,
    set_current: unsafe extern "C" fn(Handle) -> Status,
    load: unsafe extern "C" fn(*mut Handle, *const c_void) -> Status,
    function: unsafe extern "C" fn(*mut Handle, Handle, *const c_char) -> Status,
    launch: unsafe extern "C" fn(
        Handle,
        c_uint,
        c_uint,
        c_uint,
        c_uint,
        c_uint,
        c_uint,
        c_uint,
        Handle,
        *mut *mut c_void,
        *mut *mut c_void,
    ) -> Status,
    error: unsafe extern "C" fn(Status, *mut *const c_char) -> Status,
}

const LIBRARY: &str = "libcuda.so.1";
const COMPUTE_CAPABILITY_MAJOR: c_int = 75;
const COMPUTE_CAPABILITY_MINOR: c_int = 76;
const OUT_OF_MEMORY: Status = 2;

/// A function on a device, and the context in which it is loaded.
#[derive(Debug)]
pub struct Kernel {
    context: Handle,
    function: Handle,
}

// SAFETY: contexts and functions are the driver's, belong to the process, are never destroyed here
// and may be used by any thread.
unsafe impl Send for Kernel {}
// SAFETY: as above; nothing in it is ever changed.
unsafe impl Sync for Kernel {}

impl Driver {
    /// The driver, opened and initialised once in this process.
    ///
    /// # Errors
    /// [`Error::Missing`] where there is none, or it refuses.
    pub fn get() -> Result<&'static Self> {
        static OPENED: OnceLock<Result<Driver, String>> = OnceLock::new();
        OPENED.get_or_init(|| Self::open(LIBRARY)).as_ref().map_err(|why| {
            Error::Missing(format!(
                "the fused CUDA kernel needs NVIDIA's driver {LIBRARY}, which does not open ({why}); \
                 install the driver, or check `nvidia-smi`"
            ))
        })
    }

    pub(super) fn open(name: &str) -> Result<Self, String> {
        // SAFETY: the driver's initialisers only set up its own state, and it is never unloaded.
        let driver = unsafe { Library::new(name).and_then(|library| Self::load(library)) };
        let (driver, init) = driver.map_err(|e| super::why(&e))?;
        // SAFETY: the flags must be 0.
        match driver.check("initialise", unsafe { init(0) }) {
            Ok(()) => Ok(driver),
            Err(error) => Err(error.to_string()),
        }
    }

    /// # Safety
    /// `library` must be the driver.
    unsafe fn load(
        library: Library,
    ) -> Result<(Self, unsafe extern "C" fn(c_uint) -> Status), libloading::Error> {
        // Never unloaded: what is taken out of it stays valid.
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: the types of the functions are those of cuda.h, whose names without a version
        // mark are those of CUDA 4 (`_v2` and so on have other types).
        unsafe {
            let driver = Self {
                device: *library.get(b"cuDeviceGet\0")?,
                attribute: *library.get(b"cuDeviceGetAttribute\0")?,
                retain: *library.get(b"cuDevicePrimaryCtxRetain\0")?,
                current: *library.get(b"cuCtxGetCurrent\0")?,
                set_current: *library.get(b"cuCtxSetCurrent\0")?,
                load: *library.get(b"cuModuleLoadData\0")?,
                function: *library.get(b"cuModuleGetFunction\0")?,
                launch: *library.get(b"cuLaunchKernel\0")?,
                error: *library.get(b"cuGetErrorString\0")?,
            };
            Ok((driver, *library.get(b"cuInit\0")?))
        }
    }

    /// The architecture of a device, such as `sm_90`.
    ///
    /// # Errors
    /// [`Error::Device`] where there is no such device.
    pub fn architecture(&self, ordinal: usize) -> Result<String> {
        let device = self.device(ordinal)?;
        let attribute = |which| {
            let mut value = 0;
            // SAFETY: the value is there to be written, and the device was given by the driver.
            let status = unsafe { (self.attribute)(&raw mut value, which, device) };
            self.check("ask for its architecture", status).map(|()| value)
        };
        let [major, minor] = [COMPUTE_CAPABILITY_MAJOR, COMPUTE_CAPABILITY_MINOR].map(attribute);
        Ok(format!("sm_{}{}", major?, minor?))
    }

    /// Loads machine code into a device's primary context and finds a function in it.
    ///
    /// # Errors
    /// [`Error::Device`] where the driver refuses.
    pub fn kernel(&self, ordinal: usize, code: &[u8], name: &str) -> Result<Kernel> {
        let name = CString::new(name).map_err(|e| Error::Device(e.to_string()))?;
        let device = self.device(ordinal)?;
        let mut kernel = Kernel { context: ptr::null_mut(), function: ptr::null_mut() };
        // SAFETY: the device was given by the driver. The context is kept for the process's life.
        let status = unsafe { (self.retain)(&raw mut kernel.context, device) };
        self.check("open its context", status)?;
        self.within(kernel.context, || {
            let mut module = ptr::null_mut();
            // SAFETY: the code is a whole cubin (its hash was checked, or NVRTC just made it), which
            // tells its own length.
            let status = unsafe { (self.load)(&raw mut module, code.as_ptr().cast()) };
            self.check("load the kernel", status)?;
            // SAFETY: the module is loaded and the name ends in a zero byte.
            let status =
                unsafe { (self.function)(&raw mut kernel.function, module, name.as_ptr()) };
            self.check("find the kernel", status)
        })?;
        Ok(kernel)
    }

    /// Starts a kernel of one parameter on a stream.
    ///
    /// # Safety
    /// `parameter` must have the layout of the kernel's parameter, its pointers must be valid on the
    /// kernel's device until the stream has done the work, and `stream` one of that device's.
    ///
    /// # Errors
    /// [`Error::Device`] where the driver refuses.
    pub unsafe fn launch(
        &self,
        kernel: &Kernel,
        [blocks, threads, shared]: [u32; 3],
        stream: u64,
        parameter: &[u64],
    ) -> Result<()> {
        let mut parameters = [parameter.as_ptr().cast_mut().cast::<c_void>()];
        self.within(kernel.context, || {
            // SAFETY: the driver copies the parameter during the call and does not write to it; what
            // it points to is the caller's promise.
            let status = unsafe {
                (self.launch)(
                    kernel.function,
                    blocks,
                    1,
                    1,
                    threads,
                    1,
                    1,
                    shared,
                    stream as Handle,
                    parameters.as_mut_ptr(),
                    ptr::null_mut(),
                )
            };
            self.check("start the kernel", status)
        })
    }

    fn device(&self, ordinal: usize) -> Result<c_int> {
        let mut device = 0;
        let number = c_int::try_from(ordinal).unwrap_or(c_int::MAX);
        // SAFETY: the device is there to be written.
        self.check("find the device", unsafe { (self.device)(&raw mut device, number) })?;
        Ok(device)
    }

    /// Does something with a context current on this thread, and puts back the one that was.
    fn within<T>(&self, context: Handle, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut before = ptr::null_mut();
        // SAFETY: the handle is there to be written.
        self.check("tell its context", unsafe { (self.current)(&raw mut before) })?;
        if before == context {
            return work();
        }
        // SAFETY: the context is retained.
        self.check("enter its context", unsafe { (self.set_current)(context) })?;
        let result = work();
        // SAFETY: it was current until now, or is null for none.
        self.check("leave its context", unsafe { (self.set_current)(before) })?;
        result
    }

    fn check(&self, what: &str, status: Status) -> Result<()> {
        if status == 0 {
            return Ok(());
        }
        let mut text = ptr::null();
        // SAFETY: the pointer is there to be written; the answer is null or a string never freed.
        let known = unsafe { (self.error)(status, &raw mut text) } == 0 && !text.is_null();
        let text = if known {
            // SAFETY: as above.
            unsafe { CStr::from_ptr(text) }.to_string_lossy()
        } else {
            "unknown error".into()
        };
        let message = format!("NVIDIA's driver cannot {what}: {text} (error {status})");
        Err(if status == OUT_OF_MEMORY {
            Error::OutOfMemory(message)
        } else {
            Error::Device(message)
        })
    }
}
