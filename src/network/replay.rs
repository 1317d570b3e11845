//! Synthesis as one launch: a CUDA graph for each size of batch.
//!
//! Some hundred kernels make an image, and a CPU may take longer to launch them than a device to run
//! them. Recorded once, they are launched as one. Not yet run on a GPU.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use super::generator::Synthesis;
use super::streams::{Graph, empty_cache, synchronize};
use crate::{Error, Result};

/// A synthesis with its recordings.
#[derive(Debug)]
pub struct Replayed {
    synthesis: Synthesis,
    /// By size of batch; none where a graph is of no use.
    recordings: HashMap<i64, Option<Recording>>,
}

/// The work for one size of batch, always on the same memory.
#[derive(Debug)]
struct Recording {
    graph: Graph,
    ws: Tensor,
    transforms: Tensor,
    images: Tensor,
}

impl From<Synthesis> for Replayed {
    fn from(synthesis: Synthesis) -> Self {
        Self { synthesis, recordings: HashMap::new() }
    }
}

impl Replayed {
    /// What [`Synthesis::forward`] gives, bit by bit. On CUDA the first batch of each size takes
    /// longer.
    ///
    /// # Errors
    /// Those of [`Synthesis::forward`].
    pub fn forward(&mut self, ws: &Tensor, transforms: &Tensor) -> Result<Tensor> {
        let Device::Cuda(device) = self.synthesis.device() else {
            return self.synthesis.forward(ws, transforms);
        };
        let [ws, transforms] =
            [sent(ws, Kind::Float, device)?, sent(transforms, Kind::Double, device)?];
        let size = ws.size()[0];
        match self.recordings.get_mut(&size) {
            Some(Some(recording)) => recording.replay(&ws, &transforms),
            Some(None) => self.synthesis.forward(&ws, &transforms),
            None => {
                let images = self.synthesis.forward(&ws, &transforms)?;
                let recording = self.record(device, &ws, &transforms, &images);
                self.recordings.insert(size, recording?);
                Ok(images)
            }
        }
    }

    /// A recording, if it saves time, fits into memory and makes the very `images` again.
    fn record(
        &self,
        device: usize,
        ws: &Tensor,
        transforms: &Tensor,
        images: &Tensor,
    ) -> Result<Option<Recording>> {
        let (launched, done) = self.timed(device, ws, transforms)?;
        if launched < done / 2 {
            // The device is busy throughout as it is; a recording would only take memory.
            return Ok(None);
        }
        let made = Recording::new(&self.synthesis, device, ws, transforms).and_then(|mut made| {
            let replayed = made.replay(ws, transforms)?;
            Ok(replayed.f_equal(images)?.then_some(made))
        });
        match made {
            Ok(Some(recording)) => Ok(Some(recording)),
            // A graph that cannot be is no loss; a device that fails will say so again.
            Ok(None) | Err(Error::Device(_) | Error::OutOfMemory(_)) => {
                empty_cache()?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// How long it takes to launch a batch, and until it is done.
    fn timed(
        &self,
        device: usize,
        ws: &Tensor,
        transforms: &Tensor,
    ) -> Result<(Duration, Duration)> {
        synchronize(device)?;
        let begun = Instant::now();
        let _images = self.synthesis.forward(ws, transforms)?;
        let launched = begun.elapsed();
        synchronize(device)?;
        Ok((launched, begun.elapsed()))
    }
}

impl Recording {
    fn new(synthesis: &Synthesis, device: usize, ws: &Tensor, transforms: &Tensor) -> Result<Self> {
        // Recorded work reads where these lie, and nobody else may write there.
        let (ws, transforms) = (copied(ws)?, copied(transforms)?);
        let (graph, images) = Graph::record(device, || synthesis.forward(&ws, &transforms))?;
        Ok(Self { graph, ws, transforms, images })
    }

    fn replay(&mut self, ws: &Tensor, transforms: &Tensor) -> Result<Tensor> {
        self.ws.f_copy_(ws)?;
        self.transforms.f_copy_(transforms)?;
        self.graph.replay()?;
        // The next replay writes over them.
        copied(&self.images)
    }
}

/// A tensor on a CUDA device, without waiting for the work queued there: that needs page-locked memory
/// to come from.
fn sent(x: &Tensor, kind: Kind, device: usize) -> Result<Tensor> {
    let device = Device::Cuda(device);
    if x.device() == device {
        return Ok(x.f_to_kind(kind)?);
    }
    let pinned = x.f_to_kind(kind)?.f_pin_memory(device)?;
    Ok(pinned.f_to_device_(device, kind, true, false)?)
}

fn copied(x: &Tensor) -> Result<Tensor> {
    let mut copy = x.f_empty_like()?;
    copy.f_copy_(x)?;
    Ok(copy)
}
