//! Arrays for other programs.

use std::io::{Cursor, Write};

use npyz::WriterBuilder;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::{Error, Result};

/// An `.npz` file of named float64 arrays with their shapes.
pub fn npz(arrays: &[(String, Vec<u64>, &[f64])]) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut write = || -> std::io::Result<()> {
        for (name, shape, values) in arrays {
            let mut bytes = Vec::new();
            let mut writer = npyz::WriteOptions::new()
                .default_dtype()
                .shape(shape)
                .writer(&mut bytes)
                .begin_nd()?;
            writer.extend(values.iter())?;
            writer.finish()?;
            archive.start_file(format!("{name}.npy"), SimpleFileOptions::default())?;
            archive.write_all(&bytes)?;
        }
        Ok(())
    };
    let failed = |e: &dyn std::fmt::Display| Error::Invalid(format!("cannot make the .npz: {e}"));
    write().map_err(|e| failed(&e))?;
    Ok(archive.finish().map_err(|e| failed(&e))?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn arrays_come_back() {
        let values: Vec<f64> = (0..6).map(|i| f64::from(i) / 3.0).collect();
        let arrays =
            [("a".to_owned(), vec![2, 3], &values[..]), ("b".to_owned(), vec![6], &values[..])];
        let bytes = npz(&arrays).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        for (name, shape, values) in &arrays {
            let mut bytes = Vec::new();
            archive.by_name(&format!("{name}.npy")).unwrap().read_to_end(&mut bytes).unwrap();
            let array = npyz::NpyFile::new(&bytes[..]).unwrap();
            assert_eq!(array.shape(), &shape[..]);
            assert_eq!(&array.into_vec::<f64>().unwrap()[..], *values);
        }
    }
}
