//! NVIDIA's run-time compiler, opened when it is first needed.

use std::env;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::PathBuf;
use std::ptr;
use std::sync::OnceLock;

use libloading::Library;
use libloading::os::unix;

use crate::{Error, Result};

type Program = *mut c_void;
type Status = c_int;

/// The compiler's functions that are needed here.
pub struct Nvrtc {
    /// Major and minor.
    pub version: (i32, i32),
    create: unsafe extern "C" fn(
        *mut Program,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> Status,
    compile: unsafe extern "C" fn(Program, c_int, *const *const c_char) -> Status,
    log_size: unsafe extern "C" fn(Program, *mut usize) -> Status,
    log: unsafe extern "C" fn(Program, *mut c_char) -> Status,
    cubin_size: unsafe extern "C" fn(Program, *mut usize) -> Status,
    cubin: unsafe extern "C" fn(Program, *mut c_char) -> Status,
    destroy: unsafe extern "C" fn(*mut Program) -> Status,
    error: unsafe extern "C" fn(Status) -> *const c_char,
    architectures: Vec<c_int>,
}

const LIBRARY: &str = "libnvrtc.so.13";
const BUILTINS: &str = "libnvrtc-builtins.so.13.0";

impl Nvrtc {
    /// The compiler, opened once in this process.
    ///
    /// # Errors
    /// [`Error::Missing`] where it is not installed or of another kind.
    pub fn get() -> Result<&'static Self> {
        static OPENED: OnceLock<Result<Nvrtc, String>> = OnceLock::new();
        OPENED.get_or_init(|| Self::open(&folders())).as_ref().map_err(|why| {
            Error::Missing(format!(
                "the fused CUDA kernel needs NVIDIA's run-time compiler {LIBRARY}, which cannot be opened ({why}); \
                 run `make setup` on a machine with an NVIDIA driver"
            ))
        })
    }

    /// Opens it out of the first of these folders that has it, or else by its name alone.
    pub(super) fn open(folders: &[PathBuf]) -> Result<Self, String> {
        let folder = folders.iter().find(|folder| folder.join(LIBRARY).exists());
        let path = |name| folder.map_or(PathBuf::from(name), |folder| folder.join(name));
        // The compiler asks for its built-in functions by name alone, which finds them if they are
        // already there. Where they lie elsewhere, it has its own ways.
        // SAFETY: this library holds data and has no initialisers that could misbehave.
        if let Ok(builtins) = unsafe { unix::Library::open(Some(path(BUILTINS)), unix::RTLD_NOW) } {
            std::mem::forget(builtins);
        }
        // SAFETY: NVRTC's initialisers only set up its own state, and it is never unloaded.
        let opened = unsafe { Library::new(path(LIBRARY)).and_then(|library| Self::load(library)) };
        opened.map_err(|e| super::why(&e))
    }

    /// # Safety
    /// `library` must be NVRTC.
    unsafe fn load(library: Library) -> Result<Self, libloading::Error> {
        // Never unloaded: what is taken out of it stays valid.
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: the types of the functions are those of nvrtc.h, unchanged since CUDA 11.2. The
        // list of architectures has as many members as the compiler counted.
        unsafe {
            let version: unsafe extern "C" fn(*mut c_int, *mut c_int) -> Status =
                *library.get(b"nvrtcVersion\0")?;
            let (mut major, mut minor) = (0, 0);
            version(&raw mut major, &raw mut minor);
            let count: unsafe extern "C" fn(*mut c_int) -> Status =
                *library.get(b"nvrtcGetNumSupportedArchs\0")?;
            let list: unsafe extern "C" fn(*mut c_int) -> Status =
                *library.get(b"nvrtcGetSupportedArchs\0")?;
            let mut architectures = 0;
            count(&raw mut architectures);
            let mut architectures = vec![0; usize::try_from(architectures).unwrap_or(0)];
            list(architectures.as_mut_ptr());
            Ok(Self {
                version: (major, minor),
                create: *library.get(b"nvrtcCreateProgram\0")?,
                compile: *library.get(b"nvrtcCompileProgram\0")?,
                log_size: *library.get(b"nvrtcGetProgramLogSize\0")?,
                log: *library.get(b"nvrtcGetProgramLog\0")?,
                cubin_size: *library.get(b"nvrtcGetCUBINSize\0")?,
                cubin: *library.get(b"nvrtcGetCUBIN\0")?,
                destroy: *library.get(b"nvrtcDestroyProgram\0")?,
                error: *library.get(b"nvrtcGetErrorString\0")?,
                architectures,
            })
        }
    }

    /// Whether it compiles for an architecture, such as `sm_90`.
    ///
    /// # Errors
    /// [`Error::Missing`] where it does not.
    pub fn check_architecture(&self, architecture: &str) -> Result<()> {
        if self.architectures.iter().any(|known| format!("sm_{known}") == architecture) {
            return Ok(());
        }
        Err(Error::Missing(format!(
            "NVIDIA's run-time compiler {}.{}, which the fused CUDA kernel needs, does not know this device's {architecture}; \
             use a device that it knows: {:?}",
            self.version.0, self.version.1, self.architectures
        )))
    }

    /// Compiles CUDA C++ into machine code for the architecture that the options name.
    ///
    /// # Errors
    /// [`Error::Device`] with what the compiler says.
    pub fn compile(&self, source: &str, options: &[String]) -> Result<Vec<u8>> {
        let text = |text: &str| {
            CString::new(text).map_err(|_| Error::Device("a CUDA source holds a zero byte".into()))
        };
        let source = text(source)?;
        let options = options.iter().map(|o| text(o)).collect::<Result<Vec<_>>>()?;
        let pointers: Vec<_> = options.iter().map(|o| o.as_ptr()).collect();
        let mut program = ptr::null_mut();
        // SAFETY: all strings end in a zero byte and outlive the call; there are no headers.
        let status = unsafe {
            (self.create)(
                &raw mut program,
                source.as_ptr(),
                c"filtered_lrelu.cu".as_ptr(),
                0,
                ptr::null(),
                ptr::null(),
            )
        };
        self.check(status, String::new)?;
        // SAFETY: the program was created; the options outlive the call.
        let status = unsafe { (self.compile)(program, pointers.len() as c_int, pointers.as_ptr()) };
        let code = self
            .check(status, || {
                self.bytes(program, self.log_size, self.log).map_or(String::new(), first_error)
            })
            .and_then(|()| self.bytes(program, self.cubin_size, self.cubin));
        // SAFETY: it is destroyed once, and not used afterwards.
        unsafe { (self.destroy)(&raw mut program) };
        code
    }

    /// What a pair of functions, for the size and for the content, tells about a program.
    fn bytes(
        &self,
        program: Program,
        size: unsafe extern "C" fn(Program, *mut usize) -> Status,
        content: unsafe extern "C" fn(Program, *mut c_char) -> Status,
    ) -> Result<Vec<u8>> {
        let mut length = 0;
        // SAFETY: the program is alive, and the length is there to be written.
        self.check(unsafe { size(program, &raw mut length) }, String::new)?;
        let mut bytes = vec![0u8; length];
        // SAFETY: the buffer has the length that the compiler asked for.
        self.check(unsafe { content(program, bytes.as_mut_ptr().cast()) }, String::new)?;
        Ok(bytes)
    }

    fn check(&self, status: Status, details: impl Fn() -> String) -> Result<()> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the function answers every status with a string that is never freed.
        let name = unsafe { CStr::from_ptr((self.error)(status)) }.to_string_lossy();
        Err(Error::Device(format!(
            "NVRTC {}.{} cannot compile the fused CUDA kernel: {name} {}",
            self.version.0,
            self.version.1,
            details()
        )))
    }
}

fn first_error(log: Vec<u8>) -> String {
    let log = String::from_utf8_lossy(&log);
    let line = log.lines().find(|line| line.contains("error")).or_else(|| log.lines().next());
    line.unwrap_or_default().trim_end_matches('\0').to_owned()
}

/// Where set-up, or pip beside a torch of the user's own, puts it.
pub(super) fn folders() -> Vec<PathBuf> {
    let set_up = crate::cache::root().map(|root| root.join("libtorch-2.11.0/nvidia/cu13/lib"));
    let beside =
        env::var_os("LIBTORCH").map(|torch| PathBuf::from(torch).join("../nvidia/cu13/lib"));
    beside.into_iter().chain(set_up).collect()
}
