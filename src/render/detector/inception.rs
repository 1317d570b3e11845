//! InceptionV3 of a file of weights.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tch::Device;

use super::in_batches;
use crate::metrics::distribution::{Detector, Features, Output, Pixels};
use crate::network::inception::{FEATURES, Inception, Variant};
use crate::weights::Bundle;
use crate::{Error, Result, digest};

/// Pictures that are looked at together.
const BATCH: usize = 16;
/// The last layer, whose shape tells the variants apart.
const CLASSES: &str = "fc.weight";

/// InceptionV3 with the weights of a safetensors file, under the names of torchvision's state dict, which are
/// also those of the weights that were ported for FID: see [`Variant`]. Numbers of any precision
/// are read; tensors that take no part (`AuxLogits`) may be there.
pub struct InceptionDetector {
    network: Mutex<Inception>,
    sha256: String,
}

impl InceptionDetector {
    /// Reads a file onto a device.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that cannot be read; [`Error::Invalid`] for one that is no safetensors file,
    /// and, naming it, where a tensor is missing or of another shape; [`Error::OutOfMemory`].
    pub fn open(path: &Path, device: Device) -> Result<Self> {
        let bundle = Bundle::open(path)?;
        let is_of =
            |variant: &Variant| bundle.shape(CLASSES) == Some(&[variant.classes(), FEATURES]);
        // A last layer of neither is told when everything before it is there.
        let variant = Variant::ALL.into_iter().find(is_of).unwrap_or(Variant::Fid);
        let read = |name: &str, shape: &[usize]| match bundle.shape(name) {
            Some(found) if found == shape => Ok(bundle.read_f32(name)?.unwrap_or_default()),
            found => Err(bundle.unfit(unlike(name, found, shape))),
        };
        let network = Mutex::new(Inception::new(variant, device, read)?);
        let (_, sha256) = digest::of_file(path)?;
        Ok(Self { network, sha256 })
    }
}

/// Says what is wrong with a tensor.
fn unlike(name: &str, found: Option<&[usize]>, shape: &[usize]) -> String {
    let found = found.map_or(format!("has no tensor `{name}`"), |found| {
        format!("has `{name}` of shape {found:?}")
    });
    let expected = match name {
        CLASSES => Variant::ALL.map(|v| format!("{:?}", [v.classes(), FEATURES])).join(" or "),
        _ => format!("{shape:?}"),
    };
    format!(
        "{found}, expected {expected}; as a detector it has to hold InceptionV3's weights, under the names of \
         torchvision's and pytorch-fid's files"
    )
}

impl Detector for InceptionDetector {
    fn id(&self) -> &str {
        &self.sha256
    }

    fn check(&self, output: Output) -> Result<()> {
        match output {
            Output::Features | Output::Probabilities => Ok(()),
            Output::Perceptual => Err(Error::Usage(
                "InceptionV3 has features and probabilities, for fid, kid, pr and is; `ppl` needs a TorchScript \
                 file with LPIPS, such as the published VGG16 detector (`--detector FILE.pt`)"
                    .into(),
            )),
        }
    }

    fn look(&self, pixels: &Pixels, output: Output) -> Result<Features> {
        Ok(self.look_for(pixels, &[output])?.swap_remove(0))
    }

    /// Probabilities are those of the features, which take nearly all of the time: they are found once.
    fn look_for(&self, pixels: &Pixels, outputs: &[Output]) -> Result<Vec<Features>> {
        outputs.iter().try_for_each(|&output| self.check(output))?;
        // A panic elsewhere does not spoil a network.
        let network = self.network.lock().unwrap_or_else(PoisonError::into_inner);
        in_batches(pixels, outputs.len(), BATCH, |images| {
            let features = network.features(images)?;
            let found = |output: &Output| match output {
                Output::Probabilities => network.probabilities(&features),
                _ => Ok(features.shallow_clone()),
            };
            outputs.iter().map(found).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use half::f16;
    use safetensors::Dtype;
    use safetensors::tensor::{TensorView, serialize_to_file};
    use tch::Tensor;

    use super::*;
    use crate::network::inception::tests::{picture, weight};

    type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

    fn written(path: &Path, tensors: &Tensors) {
        let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
            (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
        });
        serialize_to_file(views, None, path).unwrap();
    }

    #[test]
    fn files_of_half_precision_are_the_network_of_rounded_weights() {
        let tensors = RefCell::new(Tensors::new());
        let half = |name: &str, shape: &[usize]| {
            let values: Vec<f16> = weight(name, shape).into_iter().map(f16::from_f32).collect();
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            tensors.borrow_mut().insert(name.to_owned(), (Dtype::F16, shape.to_vec(), bytes));
            Ok(values.into_iter().map(f16::to_f32).collect())
        };
        let network = Inception::new(Variant::Torchvision, Device::Cpu, half).unwrap();
        let mut tensors = tensors.into_inner();
        // What else such files have.
        let count = (Dtype::I64, vec![], vec![0; 8]);
        tensors.insert("Mixed_5b.branch1x1.bn.num_batches_tracked".into(), count);
        tensors.insert("AuxLogits.fc.bias".into(), (Dtype::F32, vec![1000], vec![0; 4000]));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("half.safetensors");
        written(&path, &tensors);

        let detector = InceptionDetector::open(&path, Device::Cpu).unwrap();
        assert_eq!(detector.id(), digest::of_file(&path).unwrap().1);
        let pixels = Pixels { side: 32, values: picture(32) };
        let images = Tensor::from_slice(&pixels.values).reshape([1, 3, 32, 32]);
        let features = network.features(&images).unwrap();
        let probabilities = network.probabilities(&features).unwrap();
        for (output, expected) in
            [(Output::Features, features), (Output::Probabilities, probabilities)]
        {
            let found = detector.look(&pixels, output).unwrap();
            assert_eq!(found.values, Vec::<f32>::try_from(expected.reshape([-1])).unwrap());
            let both = [Output::Probabilities, Output::Features];
            assert!(detector.look_for(&pixels, &both).unwrap().contains(&found));
        }
        let none = Pixels { side: 32, values: Vec::new() };
        assert_eq!(detector.look(&none, Output::Features).unwrap().count(), 0);
        let error = detector.look(&pixels, Output::Perceptual).unwrap_err();
        assert!(error.exit_code() == 64 && error.to_string().contains("LPIPS"), "{error}");

        // The same tensors with one thing wrong; the first ones are enough to find it by.
        let spoilt = |begin: &str, name: &str, shape: Option<&[usize]>| {
            let first = tensors.iter().filter(|(name, _)| name.starts_with(begin));
            let mut tensors: Tensors = first.map(|(name, t)| (name.clone(), t.clone())).collect();
            tensors.remove(name);
            if let Some(shape) = shape {
                let bytes = vec![0; shape.iter().product::<usize>()];
                tensors.insert(name.to_owned(), (Dtype::U8, shape.to_vec(), bytes));
            }
            written(&path, &tensors);
            let error = InceptionDetector::open(&path, Device::Cpu).map(drop).unwrap_err();
            assert_eq!(error.exit_code(), 65);
            error.to_string()
        };
        let cases: [(&str, &str, Option<&[usize]>, &str); 4] = [
            (
                "Conv2d_1a",
                "-",
                None,
                "no tensor `Conv2d_2a_3x3.conv.weight`, expected [32, 32, 3, 3]",
            ),
            (
                "Conv2d_1a",
                "Conv2d_1a_3x3.bn.bias",
                None,
                "no tensor `Conv2d_1a_3x3.bn.bias`, expected [32]",
            ),
            (
                "Conv2d_1a",
                "Conv2d_1a_3x3.conv.weight",
                Some(&[32, 3, 5, 5]),
                "of shape [32, 3, 5, 5], expected [32, 3, 3, 3]",
            ),
            (
                "",
                "fc.weight",
                Some(&[10, 2048]),
                "of shape [10, 2048], expected [1008, 2048] or [1000, 2048]",
            ),
        ];
        for (begin, name, shape, words) in cases {
            let error = spoilt(begin, name, shape);
            assert!(error.contains(words) && error.contains("half.safetensors"), "{error}");
        }
    }
}
