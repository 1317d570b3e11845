//! A TorchScript detector as the metrics see it.

use std::ffi::CStr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

use crate::metrics::distribution::{Detector, Features, Output, Pixels};
use crate::network::detector::Module;
use crate::{Error, Result, digest};

/// Pictures that are looked at together.
const BATCH: usize = 32;

/// The published detectors and whatever is called as they are: `forward(images, ...)` of uint8 images
/// `[n, 3, height, width]` (float ones from 0 to 255 for perceptual features) and booleans by name. Features are asked for with `return_features=True`,
/// probabilities with `no_output_bias=True`, perceptual ones with `resize_images=False,
/// return_lpips=True`.
pub struct ScriptDetector {
    module: Mutex<Module>,
    device: Device,
    sha256: String,
}

impl ScriptDetector {
    /// Reads a file that `torch.jit.save` wrote onto a device.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that cannot be read, [`Error::Invalid`] for one that is no module.
    pub fn open(path: &Path, device: Device) -> Result<Self> {
        let module = Module::open(path, device)?;
        let (_, sha256) = digest::of_file(path)?;
        Ok(Self { module: Mutex::new(module), device, sha256 })
    }
}

impl Detector for ScriptDetector {
    fn id(&self) -> &str {
        &self.sha256
    }

    fn look(&self, pixels: &Pixels, output: Output) -> Result<Features> {
        let named: &[(&CStr, bool)] = match output {
            Output::Features => &[(c"return_features", true)],
            Output::Probabilities => &[(c"no_output_bias", true)],
            Output::Perceptual => &[(c"resize_images", false), (c"return_lpips", true)],
        };
        let side = pixels.side as i64;
        // A panic elsewhere does not spoil a module.
        let mut module = self.module.lock().unwrap_or_else(PoisonError::into_inner);
        let mut features = Features::default();
        for batch in pixels.values.chunks(BATCH * 3 * pixels.side * pixels.side) {
            let kind = if output == Output::Perceptual { Kind::Float } else { Kind::Uint8 };
            let images = Tensor::f_from_slice(batch)?.f_to_kind(kind)?;
            let images = images.f_reshape([-1, 3, side, side])?;
            let rows = module.call(&images.f_to_device(self.device)?, named)?;
            let dim = rows.size2().map_err(Error::from)?.1 as usize;
            let values = Vec::<f32>::try_from(&rows.f_contiguous()?.f_reshape([-1])?)?;
            features.extend(&Features { dim, values })?;
        }
        Ok(features)
    }
}
