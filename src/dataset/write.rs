//! Writing a set in the published layout.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, result::ZipError};

use super::labels::{Labels, NAME};
use crate::aside::Aside;
use crate::{Error, Result};

/// A zip of uncompressed PNG images, `00000/img00000000.png` and so on, and `dataset.json`. It gets
/// its name only when it is finished.
pub struct Writer {
    aside: Aside,
    zip: ZipWriter<BufWriter<File>>,
    path: PathBuf,
    labels: Vec<(String, u32)>,
    count: usize,
}

impl Writer {
    /// Begins a set.
    ///
    /// # Errors
    /// [`Error::Usage`] for a file that is already there and must not be replaced, or a name that
    /// does not end in `.zip`; [`Error::Io`].
    pub fn create(path: &Path, overwrite: bool) -> Result<Self> {
        if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip")) {
            return Err(Error::Usage(format!(
                "the set `{}` must end in `.zip`; unpack it if you want a folder",
                path.display()
            )));
        }
        let mut aside = Aside::create(path, overwrite)?;
        let file = aside.file().try_clone().map_err(|e| Error::io("write", path, e))?;
        let zip = ZipWriter::new(BufWriter::with_capacity(1 << 20, file));
        Ok(Self { aside, zip, path: path.to_path_buf(), labels: Vec::new(), count: 0 })
    }

    /// How many images it holds.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds an image, a PNG file as [`super::encode`] makes it, and its class. All have a class, or none.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn add(&mut self, png: &[u8], class: Option<u32>) -> Result<String> {
        let number = format!("{:08}", self.count);
        let name = format!("{}/img{number}.png", &number[..5]);
        self.file(&name, png)?;
        self.labels.extend(class.map(|class| (name.clone(), class)));
        self.count += 1;
        Ok(name)
    }

    /// Writes `dataset.json` and gives the set its name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(mut self) -> Result<()> {
        let labels = std::mem::take(&mut self.labels);
        let labels = Labels { labels: (!labels.is_empty()).then_some(labels) };
        let json = serde_json::to_vec(&labels).map_err(|e| Error::Invalid(e.to_string()))?;
        self.file(NAME, &json)?;
        let failed = |e| Error::io("write", &self.path, e);
        let buffered = self.zip.finish().map_err(|e| failed(e.into()))?;
        buffered.into_inner().map_err(|e| failed(e.into_error()))?;
        self.aside.commit()
    }

    /// A file of the zip as it is, with a date that does not change.
    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let begun = self.zip.start_file(name, stored);
        let written = begun.and_then(|()| self.zip.write_all(bytes).map_err(ZipError::from));
        written.map_err(|e| Error::io("write", &self.path, e.into()))
    }
}
