//! Devices. CUDA is not linked but loaded at run time, so that one program serves both kinds of
//! machine.

use std::fmt;
use std::str::FromStr;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use tch::{Cuda, Device};

use crate::kernels::cpu::Level;
use crate::kernels::cuda;
use crate::{Error, Result, environment};

/// The device that the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// CUDA if it works here, otherwise the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number.
    Cuda(usize),
}

/// The precision of the synthesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// float32 throughout.
    F32,
    /// float32 with convolutions whose factors are rounded to TF32's 10 bits (CUDA only).
    Tf32,
    /// float16 in the layers that the network marks so (CUDA only).
    F16,
    /// float32 with convolutions whose factors are rounded to bfloat16, the image's own apart (CPUs
    /// that have products of them only).
    Bf16,
}

impl Precision {
    /// Whether a device can do it.
    ///
    /// # Errors
    /// [`Error::Usage`] where it cannot, saying what it can.
    pub fn check(self, device: Device) -> Result<()> {
        let message = match (self, device) {
            (Self::F32, _) | (Self::Tf32 | Self::F16, Device::Cuda(_)) => return Ok(()),
            (Self::Bf16, Device::Cpu) if Level::here().has_bf16() => return Ok(()),
            (Self::Bf16, Device::Cpu) => {
                "`--precision bf16` needs a CPU with AVX512_BF16; use `f32` on this one"
            }
            (Self::Bf16, _) => "`--precision bf16` is for CPUs; use `f16` or `tf32` on CUDA",
            (Self::Tf32, _) => "`--precision tf32` needs a CUDA device; use `f32` on the CPU",
            (Self::F16, _) => {
                "`--precision f16` needs a CUDA device; use `f32` or `bf16` on the CPU"
            }
        };
        Err(Error::Usage(message.into()))
    }
}

impl FromStr for Request {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix("cuda:").map(str::parse);
        match (text, number) {
            ("auto", _) => Ok(Self::Auto),
            ("cpu", _) => Ok(Self::Cpu),
            ("cuda", _) => Ok(Self::Cuda(0)),
            (_, Some(Ok(index))) => Ok(Self::Cuda(index)),
            _ => Err("expected `auto`, `cpu`, `cuda` or `cuda:N`".into()),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl Request {
    /// Finds the device. Must come before anything else touches libtorch, and before other threads
    /// are started: CUDA can be registered only until libtorch has first looked for it, and float32
    /// kept from being rounded to TF32 only by the environment.
    ///
    /// # Errors
    /// [`Error::Missing`] where CUDA is demanded and its libraries or that device are not there,
    /// [`Error::Device`] where the driver shows none at all;
    /// [`Error::Usage`] where the device cannot do the precision.
    pub fn open(self, precision: Precision) -> Result<Device> {
        if self != Self::Cpu && precision != Precision::Tf32 {
            // cuDNN would round convolutions to TF32's 10 bits, which equivariance shows.
            environment::set_default("NVIDIA_TF32_OVERRIDE", "0");
        }
        let device = self.find()?;
        precision.check(device)?;
        Ok(device)
    }

    fn find(self) -> Result<Device> {
        let loaded = if self == Self::Cpu { Ok(()) } else { load_cuda() };
        let devices = if self == Self::Cpu || loaded.is_err() { 0 } else { Cuda::device_count() };
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto if devices == 0 => Ok(Device::Cpu),
            Self::Auto => Ok(Device::Cuda(0)),
            Self::Cuda(index) if (index as i64) < devices => Ok(Device::Cuda(index)),
            // What runs this program again may do so on another machine.
            Self::Cuda(index) if loaded.is_ok() && devices <= 0 => Err(Error::Device(format!(
                "`--device cuda:{index}` was asked for, but the NVIDIA driver shows no device; \
                 check `nvidia-smi`, or use `--device cpu`"
            ))),
            Self::Cuda(index) => Err(Error::Missing(match loaded {
                Err(why) => format!(
                    "`--device cuda:{index}` needs libtorch's CUDA libraries, which cannot be loaded ({}); \
                     run `make setup` on a machine with an NVIDIA driver, or use `--device cpu`",
                    cuda::why(&why)
                ),
                Ok(()) => format!(
                    "`--device cuda:{index}` was asked for, but the devices here are cuda:0 to cuda:{}",
                    devices - 1
                ),
            })),
        }
    }
}

/// Registers CUDA with libtorch by loading the library that carries it.
fn load_cuda() -> Result<(), libloading::Error> {
    // SAFETY: libtorch_cuda is libtorch's own extension library; its initialisers do nothing but
    // register hooks and kernels with the libtorch_cpu that this program is linked to.
    let library = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_NOW | RTLD_GLOBAL)? };
    // The registered hooks point into it for the rest of the process's life.
    std::mem::forget(library);
    Ok(())
}
