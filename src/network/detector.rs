//! TorchScript modules of the user's: what turns pictures into features.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use tch::{Device, Kind, Tensor};
use torch_sys::C_tensor;

use super::border::what;
use crate::{Error, Result};

// SAFETY: the declarations are those of detector.cpp.
unsafe extern "C" {
    fn sg3_detector_load(path: *const c_char, cuda: c_int, module: *mut *mut c_void) -> c_int;
    fn sg3_detector_call(
        module: *mut c_void,
        x: *const C_tensor,
        names: *const *const c_char,
        values: *const bool,
        count: c_int,
        y: *mut *mut C_tensor,
    ) -> c_int;
    fn sg3_detector_free(module: *mut c_void);
}

/// A module whose `forward` takes a tensor and booleans by name.
pub struct Module {
    path: PathBuf,
    module: NonNull<c_void>,
}

// SAFETY: the module belongs to nobody else, and libtorch's modules are bound to no thread.
unsafe impl Send for Module {}

impl Module {
    /// Reads a file that `torch.jit.save` wrote.
    ///
    /// # Errors
    /// [`Error::Io`] for one that cannot be read, [`Error::Invalid`] for one that is no such file.
    pub fn open(path: &Path, device: Device) -> Result<Self> {
        std::fs::File::open(path).map_err(|e| Error::io("read", path, e))?;
        let invalid = |why: &str| {
            Error::Invalid(format!(
                "`{}` is no TorchScript module: {why}; expected a file of `torch.jit.save` (weights in a `.pth` file \
                 are to be saved as safetensors first)",
                path.display()
            ))
        };
        let name = CString::new(path.as_os_str().as_encoded_bytes());
        let name = name.map_err(|_| invalid("its name has a zero byte"))?;
        let cuda = match device {
            Device::Cuda(number) => c_int::try_from(number).unwrap_or(c_int::MAX),
            _ => -1,
        };
        let mut module = std::ptr::null_mut();
        // SAFETY: the text ends in a zero byte, the pointer is there to be written.
        let failed = unsafe { sg3_detector_load(name.as_ptr(), cuda, &raw mut module) };
        match NonNull::new(module) {
            Some(module) if failed == 0 => Ok(Self { path: path.to_path_buf(), module }),
            _ => Err(invalid(&failure())),
        }
    }

    /// What the module makes of a tensor: `[n, d]` values, on the CPU.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the module does not take such arguments, or gives no such tensor;
    /// [`Error::OutOfMemory`].
    pub fn call(&mut self, x: &Tensor, named: &[(&CStr, bool)]) -> Result<Tensor> {
        let names: Vec<*const c_char> = named.iter().map(|(name, _)| name.as_ptr()).collect();
        let values: Vec<bool> = named.iter().map(|(_, value)| *value).collect();
        let count = named.len() as c_int;
        let mut y = std::ptr::null_mut();
        // SAFETY: the module lives as long as `self`; names and values are as many as is said.
        let failed = unsafe {
            sg3_detector_call(
                self.module.as_ptr(),
                x.as_ptr(),
                names.as_ptr(),
                values.as_ptr(),
                count,
                &raw mut y,
            )
        };
        if failed != 0 {
            let why = failure();
            if why.contains("out of memory") {
                return Err(Error::OutOfMemory(format!("the detector needs more memory: {why}")));
            }
            return Err(self.unfit(&why));
        }
        // SAFETY: a new tensor, which is ours.
        let y = unsafe { Tensor::from_ptr(y) };
        let n = x.size().first().copied().unwrap_or(0);
        if y.size().first() != Some(&n) {
            return Err(self.unfit(&format!("it gives {:?} for {n} pictures", y.size())));
        }
        Ok(y.f_reshape([n, -1])?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?)
    }

    fn unfit(&self, why: &str) -> Error {
        Error::Invalid(format!("the detector `{}` cannot be used: {why}", self.path.display()))
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: made by `sg3_detector_load`, and freed only here.
        unsafe { sg3_detector_free(self.module.as_ptr()) };
    }
}

/// This thread's last failure: its first line, or where TorchScript shows a trace, the error at the end of it.
fn failure() -> String {
    let what = what();
    let mut lines = what.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let is_error = |line: &&str| line.contains("Error:") && !line.starts_with("frame #");
    let told = lines.rfind(is_error).unwrap_or(first);
    told.trim().trim_end_matches(" Exception raised from").to_owned()
}
