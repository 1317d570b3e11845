//! What turns pictures into features, as the metrics see it: files of the user's.

mod inception;
mod script;

use std::path::Path;

use tch::{Device, Kind, Tensor};

use crate::metrics::distribution::{Detector, Features, Pixels, RandomDetector};
use crate::weights::Source;
use crate::{Error, Result};

pub use inception::InceptionDetector;
pub use script::ScriptDetector;

/// Opens a detector onto a device: a TorchScript module, InceptionV3's weights in safetensors (told apart by
/// content), or `random`.
///
/// # Errors
/// [`Error::Io`] for a file that cannot be read, [`Error::Invalid`] for one that is neither, or not of
/// that network.
pub fn open_detector(file: &Path, device: Device) -> Result<Box<dyn Detector + Send>> {
    if file.as_os_str() == "random" {
        return Ok(Box::new(RandomDetector::default()));
    }
    let source = Source::open(file)?;
    let mut start = [0; 9];
    source.read_at(0, &mut start[..source.len().min(9) as usize])?;
    match start {
        [b'P', b'K', ..] => Ok(Box::new(ScriptDetector::open(file, device)?)),
        [_, _, _, _, _, 0, 0, 0, b'{'] => Ok(Box::new(InceptionDetector::open(file, device)?)),
        _ => Err(Error::Invalid(format!(
            "`{}` is no detector, expected a TorchScript file (`torch.jit.save`) or InceptionV3's weights in \
             safetensors; weights in a `.pth` file are to be saved as such first",
            file.display()
        ))),
    }
}

/// What `outputs` makes of float32 pictures `[n, 3, side, side]`, `count` kinds of rows, at most `most` of
/// them at a time.
fn in_batches(
    pixels: &Pixels,
    count: usize,
    most: usize,
    mut outputs: impl FnMut(&Tensor) -> Result<Vec<Tensor>>,
) -> Result<Vec<Features>> {
    let side = pixels.side as i64;
    let mut all = vec![Features::default(); count];
    for batch in pixels.values.chunks(most * 3 * pixels.side * pixels.side) {
        let images = Tensor::f_from_slice(batch)?.f_reshape([-1, 3, side, side])?;
        for (features, rows) in all.iter_mut().zip(outputs(&images)?) {
            let rows = rows.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?;
            let dim = rows.size2()?.1 as usize;
            let values = Vec::<f32>::try_from(&rows.f_contiguous()?.f_reshape([-1])?)?;
            features.extend(&Features { dim, values })?;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    /// A checkpoint as `torch.save` writes it: a zip archive, but no module.
    fn checkpoint() -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in [("w/data.pkl", &b"\x80\x02}."[..]), ("w/version", b"3\n")] {
            let stored = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Stored);
            zip.start_file(name, stored).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn files_are_told_apart_by_what_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let detector = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            open_detector(&path, Device::Cpu).map(|detector| detector.id().len())
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/detector.pt");
        assert_eq!(detector("a.safetensors", &std::fs::read(script).unwrap()).unwrap(), 64);
        let random = open_detector(Path::new("random"), Device::Cpu).unwrap();
        assert_eq!(random.id(), "random-1");
        // Weights of another kind, by a misleading name, too.
        let other = [&2u64.to_le_bytes()[..], b"{}"].concat();
        for (bytes, words) in [
            (&other[..], "Conv2d_1a_3x3.conv.weight"),
            (&other[..7], "TorchScript"),
            (b"", "TorchScript"),
            (b"PK\x03\x04 and no more", "torch.jit.save"),
            (&checkpoint(), "saved as safetensors"),
            (b"\x80\x02 a pickle", ".pth"),
        ] {
            let error = detector("b.pt", bytes).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert!(!error.to_string().contains("frame #"), "{error}");
            assert!(error.exit_code() == 65 && error.to_string().lines().count() == 1, "{error}");
        }
        let folder = open_detector(folder.path(), Device::Cpu).map(drop).unwrap_err();
        assert_eq!(folder.exit_code(), 65);
    }
}
