//! Detectors in TorchScript.

use std::ffi::CStr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind};

use crate::metrics::distribution::{Detector, Features, Output, Pixels};
use crate::network::detector::Module;
use crate::{Result, digest};

use super::in_batches;

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
        let kind = if output == Output::Perceptual { Kind::Float } else { Kind::Uint8 };
        // A panic elsewhere does not spoil a module.
        let mut module = self.module.lock().unwrap_or_else(PoisonError::into_inner);
        let found = in_batches(pixels, 1, BATCH, |images| {
            Ok(vec![module.call(&images.f_to_kind(kind)?.f_to_device(self.device)?, named)?])
        });
        Ok(found?.swap_remove(0))
    }
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::*;
    use crate::signal::golden::{bytes, golden};

    fn open(name: &str) -> Result<ScriptDetector> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        ScriptDetector::open(&path, Device::Cpu)
    }

    #[test]
    fn features_and_probabilities_are_those_of_the_module() {
        let detector = open("detector.pt").unwrap();
        let values = bytes("detector", "images").into_iter().map(f32::from).collect();
        let pixels = Pixels { side: 8, values };
        for (output, name) in
            [(Output::Features, "features"), (Output::Probabilities, "probabilities")]
        {
            let found = detector.look(&pixels, output).unwrap();
            let expected = golden("detector", name);
            assert_eq!((found.count(), found.values.len()), (5, expected.len()));
            for (a, b) in found.values.iter().zip(expected) {
                assert!((f64::from(*a) - b).abs() <= 1e-5 * b.abs().max(1.0), "{a} for {b}");
            }
        }
        let steps = Pixels { side: 8, values: pixels.values.iter().map(|v| v + 0.25).collect() };
        assert_eq!(detector.look(&steps, Output::Perceptual).unwrap().values, steps.values);
        assert_eq!(detector.id().len(), 64);
        // More than a batch.
        let many = Pixels { side: 8, values: pixels.values.repeat(20) };
        let found = detector.look(&many, Output::Features).unwrap();
        assert_eq!((found.count(), found.row(97)), (100, found.row(2)));
    }

    #[test]
    fn files_that_are_no_detectors_are_told() {
        assert_eq!(open("none.pt").map(drop).unwrap_err().exit_code(), 66);
        let error = open("stylegan2-tiny.pkl").map(drop).unwrap_err();
        assert!(error.to_string().contains("TorchScript") && error.exit_code() == 65, "{error}");
        // Called with something that it does not take: one line that says why.
        let detector = open("detector.pt").unwrap();
        let mut module = detector.module.lock().unwrap();
        let image = Tensor::zeros([1, 3, 8, 8], (Kind::Uint8, Device::Cpu));
        for named in [c"no_such_argument", c"return_lpips"] {
            let error = module.call(&image, &[(named, true)]).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("detector.pt") && text.lines().count() == 1, "{text}");
            assert_eq!(error.exit_code(), 65, "{text}");
        }
    }
}
