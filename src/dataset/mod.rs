//! Sets of training images: equally sized squares in a folder or a zip, with classes or without, in
//! the layout of the published tools; and how such a set is made of footage.

mod files;
mod labels;
pub mod make;
mod picture;
mod write;

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::{Error, Result};
use files::Files;
use picture::Header;

pub use picture::{Picture, encode};
pub use write::Writer;

/// How much of a file is read to learn its size.
const HEAD: u64 = 1 << 14;

/// A set of images, read in any order by any number of threads. Clones share the files.
#[derive(Debug, Clone)]
pub struct Dataset {
    files: Arc<Files>,
    /// The images among the files.
    images: Arc<[usize]>,
    side: usize,
    channels: usize,
    /// One for each image.
    labels: Option<Arc<[u32]>>,
    classes: usize,
    mirrored: bool,
}

impl Dataset {
    /// Looks at a folder or a zip of square PNG and JPEG images of one size, a power of two, with an
    /// optional `dataset.json` of their classes. Other files are passed over.
    ///
    /// The sizes are those that the files state; what is spoilt further on shows when it is read.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a set without images, sizes that differ, transparent images, or classes
    /// that do not fit the images; [`Error::Io`] for what cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let files = Files::open(path)?;
        let known = |name: &str| {
            picture::extension(name).is_some_and(|e| ["png", "jpg", "jpeg"].contains(&&*e))
        };
        let images: Vec<usize> = (0..files.len()).filter(|&i| known(files.name(i))).collect();
        let headers: Vec<Result<Header>> = images.par_iter().map(|&i| header(&files, i)).collect();
        let headers = headers.into_iter().collect::<Result<Vec<_>>>()?;
        let Some(first) = headers.first() else {
            return Err(Error::Invalid(format!(
                "`{}` holds no PNG or JPEG images, expected a set as `sg3render dataset` makes it",
                path.display()
            )));
        };
        for (&i, header) in images.iter().zip(&headers) {
            check(&files, i, header, (images[0], first))?;
        }
        let channels = headers.iter().map(|header| header.channels).max().unwrap_or(3);
        let labels = labels::read(&files)?.map(|l| labels::of_images(&files, &images, &l));
        let labels = labels.transpose()?;
        let classes = labels.iter().flatten().max().map_or(0, |&most| most as usize + 1);
        Ok(Self {
            files: Arc::new(files),
            side: first.width,
            images: images.into(),
            channels,
            labels: labels.map(Into::into),
            classes,
            mirrored: false,
        })
    }

    /// The same set and after it the same images flipped left to right, with their classes.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self { mirrored: true, ..self.clone() }
    }

    /// Some of its images, in this order, none of them flipped.
    ///
    /// # Panics
    /// Where a number is not that of an image of the set.
    #[must_use]
    pub fn only(&self, numbers: &[usize]) -> Self {
        let images = numbers.iter().map(|&i| self.file(i)).collect();
        let labels = self.labels.as_ref();
        let labels =
            labels.map(|labels| numbers.iter().map(|&i| labels[i % labels.len()]).collect());
        Self { images, labels, mirrored: false, ..self.clone() }
    }

    /// Whether the flipped images belong to it.
    pub fn is_mirrored(&self) -> bool {
        self.mirrored
    }

    /// How many images there are, the flipped ones counted.
    pub fn len(&self) -> usize {
        self.images.len() * if self.mirrored { 2 } else { 1 }
    }

    /// Never: a set without images cannot be opened.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Width and height of the images, pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Planes of an image: 3 (RGB), or 1 where all images are grey.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// How many classes there are, 0 for a set without.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The class of image `i`, below [`Dataset::classes`].
    pub fn label(&self, i: usize) -> Option<u32> {
        self.labels.as_ref().map(|labels| labels[i % labels.len()])
    }

    /// The name of image `i` within the folder or zip.
    pub fn name(&self, i: usize) -> &str {
        self.files.name(self.file(i))
    }

    /// Image `i`: `[channels, side, side]` samples from 0 to 255, rows from the top.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a file that is spoilt, [`Error::Io`] for one that cannot be read.
    ///
    /// # Panics
    /// Where `i` is not below [`Dataset::len`].
    pub fn image(&self, i: usize) -> Result<Vec<u8>> {
        let file = self.file(i);
        let bytes = self.files.read(file)?;
        let planes = picture::planes(&bytes, self.channels);
        let mut planes = planes.map_err(|e| unreadable(&self.files, file, &e))?;
        if planes.len() != self.channels * self.side * self.side {
            return Err(self.files.unfit(file, "has changed its size since the set was opened"));
        }
        if i >= self.images.len() {
            planes.chunks_exact_mut(self.side).for_each(<[u8]>::reverse);
        }
        Ok(planes)
    }

    /// What the set is known by: SHA-256 over the images' names, lengths and checksums, and the
    /// classes. A folder and a zip of the same files have the same; flipping does not change it.
    ///
    /// # Errors
    /// [`Error::Io`] for what cannot be read: of a folder, all files are.
    pub fn sha256(&self) -> Result<String> {
        let sums: Vec<Result<(u64, u32)>> =
            self.images.par_iter().map(|&i| self.files.checksum(i)).collect();
        let mut hash = Sha256::new();
        for (n, sum) in sums.into_iter().enumerate() {
            let (length, crc) = sum?;
            let label = self.label(n).map_or(String::new(), |label| label.to_string());
            hash.update(format!("{}\0{length}\0{crc}\0{label}\n", self.name(n)));
        }
        Ok(hex(hash))
    }

    fn file(&self, i: usize) -> usize {
        assert!(i < self.len(), "image {i} of {}", self.len());
        self.images[i % self.images.len()]
    }
}

fn header(files: &Files, i: usize) -> Result<Header> {
    match picture::header(&files.head(i, HEAD)?) {
        Ok(header) => Ok(header),
        // What comes before the size may be long, such as a colour profile.
        Err(_) => picture::header(&files.read(i)?).map_err(|e| unreadable(files, i, &e)),
    }
}

fn unreadable(files: &Files, i: usize, why: &str) -> Error {
    files.unfit(i, format_args!("is no image that can be read: {why}"))
}

fn check(files: &Files, i: usize, own: &Header, (first, expected): (usize, &Header)) -> Result<()> {
    let (width, height) = (own.width, own.height);
    let cure = "`sg3render dataset` makes a set of such images";
    if (width, height) != (expected.width, expected.height) {
        return Err(files.unfit(
            i,
            format_args!(
                "has {width}x{height} pixels, but `{}` has {}x{}, expected one size; {cure}",
                files.name(first),
                expected.width,
                expected.height
            ),
        ));
    }
    if width != height || !width.is_power_of_two() {
        return Err(files.unfit(
            i,
            format_args!(
                "has {width}x{height} pixels, expected a square of a power of two; {cure}"
            ),
        ));
    }
    if own.alpha {
        return Err(files
            .unfit(i, format_args!("has transparency, expected RGB or grey; {cure}, upon white")));
    }
    Ok(())
}
