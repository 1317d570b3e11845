//! The generator stage: frame inputs to images, in batches whose size never shows in the pixels.

use std::sync::{Arc, Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

use crate::network::device::Precision;
use crate::network::generator::{self, Pose};
use crate::network::mapping::Mapping;
use crate::network::replay::Replayed;
use crate::network::{Config, TensorSource};
use crate::progress::Progress;
use crate::schedule::{self, FrameInput};
use crate::{Error, Result};

/// A network ready to render: its mapping for the schedule, its synthesis on a device.
pub struct Generator {
    /// What the schedule asks.
    pub mapping: Arc<Mapped>,
    /// libtorch's tensors may move between threads, but one thread at a time may use them.
    synthesis: Mutex<Replayed>,
    device: Device,
    config: Config,
}

/// A network's mapping and poses, as the schedule wants them: on the CPU.
pub struct Mapped {
    mapping: Mutex<Mapping>,
    pose: Option<Pose>,
    /// Lengths of z and w, and the copies of w that the synthesis takes.
    dims: (usize, usize, usize),
    w_avg: Vec<f32>,
}

impl schedule::Mapping for Mapped {
    fn z_dim(&self) -> usize {
        self.dims.0
    }
    fn w_dim(&self) -> usize {
        self.dims.1
    }
    fn num_ws(&self) -> usize {
        self.dims.2
    }
    fn w_avg(&self) -> &[f32] {
        &self.w_avg
    }
    fn map(&self, z: &[f32], class: Option<usize>) -> Result<Vec<f32>> {
        locked(&self.mapping).map(z, class)
    }
    fn pose(&self, w: &[f32]) -> Option<[f64; 4]> {
        self.pose.as_ref().map(|pose| pose.of(w))
    }
}

impl Generator {
    /// Loads a network onto a device.
    pub fn load(source: &dyn TensorSource, device: Device, precision: Precision) -> Result<Self> {
        let (mapping, synthesis) = generator::load(source, device, precision)?;
        let pose = Pose::load(source)?;
        let (config, (z_dim, _, w_dim)) = (source.config().clone(), source.config().dims());
        let (dims, w_avg) = ((z_dim, w_dim, config.num_ws()), mapping.w_avg().to_vec());
        let mapping = Arc::new(Mapped { mapping: Mutex::new(mapping), pose, dims, w_avg });
        Ok(Self { mapping, synthesis: Mutex::new(synthesis.into()), device, config })
    }

    /// Width and height of its images, pixels.
    pub fn resolution(&self) -> u32 {
        self.config.image().0 as u32
    }

    /// Width and height of its images, pixels; on another canvas than the trained one both may differ
    /// from its resolution.
    pub fn size(&self) -> (u32, u32) {
        let (width, height) = self.config.size();
        (width as u32, height as u32)
    }

    /// How many classes it was made for; 0 for none.
    pub fn classes(&self) -> usize {
        self.config.dims().1
    }

    /// Whether it is the baseline, whose input cannot be moved.
    pub fn is_stylegan2(&self) -> bool {
        matches!(self.config, Config::StyleGan2(_))
    }

    /// The batch that `auto` means: it depends on the network and the kind of device alone, so that
    /// a split render batches as a whole one does. The CPU gains nothing from batches.
    pub fn auto_batch(&self) -> usize {
        match self.device {
            Device::Cpu => 1,
            _ => {
                let (width, height) = self.config.size();
                (8192 / width.max(height)).clamp(1, 32)
            }
        }
    }

    /// Images `[N, channels, H, W]` float32, about -1..1, on the device: one for each input.
    ///
    /// The device always sees batches of `batch`, the last one filled up with copies, because the
    /// algorithms that libtorch chooses, and so the last bits, depend on the size. The CPU takes
    /// frames one by one for the same reason. Nothing gives an empty tensor. Where the device runs out of memory, `batch` is halved
    /// for good and the user told.
    pub fn images(
        &self,
        inputs: &[FrameInput],
        batch: &mut usize,
        progress: &dyn Progress,
    ) -> Result<Tensor> {
        if inputs.is_empty() {
            return Ok(Tensor::f_zeros([0], (Kind::Float, Device::Cpu))?);
        }
        let most = if self.device == Device::Cpu { &mut 1 } else { batch };
        let images = in_passes(inputs, most, progress, |inputs, size| self.one_pass(inputs, size))?;
        Ok(Tensor::f_cat(&images, 0)?)
    }

    fn one_pass(&self, inputs: &[FrameInput], size: usize) -> Result<Tensor> {
        let padded = || inputs.iter().chain(inputs.last().into_iter().cycle()).take(size);
        let ws: Vec<f32> = padded().flat_map(|input| input.ws.iter().copied()).collect();
        let transforms: Vec<f64> = padded().flat_map(|i| i.transform).flatten().collect();
        let (num_ws, w_dim) = (self.config.num_ws() as i64, self.config.dims().2 as i64);
        let ws = Tensor::f_from_slice(&ws)?.f_reshape([-1, num_ws, w_dim])?;
        let transforms = Tensor::f_from_slice(&transforms)?.f_reshape([-1, 3, 3])?;
        let images = locked(&self.synthesis).forward(&ws, &transforms)?;
        Ok(images.f_narrow(0, 0, inputs.len() as i64)?.f_to_kind(Kind::Float)?)
    }
}

/// Takes the inputs in passes of at most `size`; a pass for which there is too little memory is tried
/// again with half as many, and so are all later ones.
fn in_passes<I, T>(
    mut inputs: &[I],
    size: &mut usize,
    progress: &dyn Progress,
    mut pass: impl FnMut(&[I], usize) -> Result<T>,
) -> Result<Vec<T>> {
    let mut made = Vec::new();
    while !inputs.is_empty() {
        let (now, later) = inputs.split_at((*size).min(inputs.len()));
        match pass(now, *size) {
            Ok(done) => {
                made.push(done);
                inputs = later;
            }
            Err(Error::OutOfMemory(_)) if *size > 1 => {
                let half = *size / 2;
                progress.note(&format!(
                    "the device has too little memory for {size} frames at once; going on with {half} \
                     (`--batch {half}` gives the same pixels from the start)"
                ));
                *size = half;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(made)
}

/// What a mutex guards here is never left half-changed: a panic elsewhere does not spoil it.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Status;

    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Progress for Notes {
        fn update(&self, _: &Status) -> bool {
            true
        }
        fn note(&self, message: &str) {
            locked(&self.0).push(message.into());
        }
    }

    #[test]
    fn too_little_memory_halves_the_passes_for_good() {
        let (inputs, notes) = ((0..21).collect::<Vec<u32>>(), Notes::default());
        let (mut size, mut asked) = (16, Vec::new());
        let made = in_passes(&inputs, &mut size, &notes, |inputs, size| {
            asked.push(size);
            let fits = size <= 5;
            fits.then(|| inputs.to_vec()).ok_or_else(|| Error::OutOfMemory("full".into()))
        });
        assert_eq!(made.unwrap().concat(), inputs);
        assert_eq!(asked, [16, 8, 4, 4, 4, 4, 4, 4]);
        assert_eq!((size, locked(&notes.0).len()), (4, 2));
    }

    #[test]
    fn what_no_smaller_pass_can_cure_is_an_error() {
        let full = |_: &[u32], _| Err::<(), _>(Error::OutOfMemory("full".into()));
        let lost = |_: &[u32], _| Err::<(), _>(Error::Device("lost".into()));
        let notes = Notes::default();
        assert!(matches!(in_passes(&[0], &mut 2, &notes, full), Err(Error::OutOfMemory(_))));
        assert_eq!(locked(&notes.0).len(), 1);
        assert!(matches!(in_passes(&[0], &mut 2, &notes, lost), Err(Error::Device(_))));
        assert_eq!(locked(&notes.0).len(), 1);
    }
}
