//! Processes that train together: tensors that are summed up over them, through libtorch's c10d and Gloo, and
//! between CUDA devices through NCCL.

mod gloo;
mod nccl;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fmt;

use tch::{Device, Kind, Tensor};

use self::gloo::Gloo;
use self::nccl::{Api, Nccl};
use crate::{Error, Result};

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
    gloo: Option<Gloo>,
    /// Where the processes have CUDA devices that reach each other.
    nccl: Option<Nccl>,
    /// Why the others cannot be reached any more.
    lost: RefCell<Option<String>>,
}

impl Group {
    /// One process.
    pub fn alone() -> Self {
        Self { rank: 0, size: 1, gloo: None, nccl: None, lost: RefCell::new(None) }
    }

    /// Meets the others, for which it waits up to five minutes.
    ///
    /// # Errors
    /// [`Error::Device`] where they do not come, or the address cannot be used.
    pub fn join(place: &Place) -> Result<Self> {
        let gloo = Some(Gloo::join(place)?);
        Ok(Self { rank: place.rank, size: place.size, gloo, ..Self::alone() })
    }

    /// From now on tensors of CUDA devices are summed up from device to device, if every process has one of its
    /// own. Returns why not where they go through the machines' memory all the same. All processes have to call
    /// it, whatever their device.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn between_devices(&mut self, device: Device) -> Result<Option<String>> {
        let is_cuda = matches!(device, Device::Cuda(_));
        if !self.any(is_cuda)? {
            return Ok(None);
        }
        let api = if is_cuda { Api::get() } else { Err("it has no CUDA device".into()) };
        Ok(self.through(api, device).err())
    }

    fn through(&mut self, api: Result<Api, String>, device: Device) -> Result<(), String> {
        if let Some(gloo) = &self.gloo {
            self.nccl = Some(Nccl::join(api, gloo, (self.rank, self.size), device)?);
        }
        Ok(())
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
        let nccl = self.nccl.as_ref().filter(|nccl| nccl.adds(tensor));
        let place = nccl.map_or(Device::Cpu, |_| tensor.device());
        // A copy: what another process's end leaves of the sum is of no use.
        let sum = tensor.f_detach()?.f_to_device_(place, tensor.kind(), false, true)?;
        let sum = sum.f_contiguous()?;
        let done = self.call(|gloo| match nccl {
            Some(nccl) => nccl.sum(gloo, &sum),
            None => gloo.sum(&sum),
        });
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
        if !self.call(|gloo| gloo.hand_out(&values)) {
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
    fn call(&self, work: impl FnOnce(&Gloo) -> Result<(), String>) -> bool {
        let Some(gloo) = self.gloo.as_ref().filter(|_| self.lost.borrow().is_none()) else {
            return false;
        };
        let done = work(gloo);
        let is_done = done.is_ok();
        *self.lost.borrow_mut() = done.err();
        is_done
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} of {}", self.rank, self.size)
    }
}
