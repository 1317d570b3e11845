//! The files of a folder or a zip, read in any order by several threads.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::{Error, Result};

/// Bytes of the largest file that is read: no picture has more, what unpacks to more is none.
const LARGEST: u64 = 1 << 30;

/// The files of a folder and those in it, or of a zip, by name.
#[derive(Debug)]
pub(super) struct Files {
    path: PathBuf,
    /// Paths within the folder or zip with `/` between their parts, sorted; and numbers in the zip.
    names: Vec<(String, usize)>,
    /// None for a folder.
    zip: Option<ZipArchive<ReadAt>>,
}

impl Files {
    /// Lists what is there, without hidden files.
    ///
    /// # Errors
    /// [`Error::Io`] for what cannot be read, [`Error::Invalid`] for a file that is no zip.
    pub fn open(path: &Path) -> Result<Self> {
        let facts = fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
        let (mut names, zip) = if facts.is_dir() {
            (walk(path)?.into_iter().map(|name| (name, 0)).collect(), None)
        } else {
            let (zip, names) = index(path, facts.is_file())?;
            (names, Some(zip))
        };
        names.retain(|(name, _)| {
            name.split('/').all(|part| !part.starts_with('.') && part != "__MACOSX")
        });
        names.sort();
        Ok(Self { path: path.to_path_buf(), names, zip })
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The folder or zip.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn name(&self, i: usize) -> &str {
        &self.names[i].0
    }

    /// The number of a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|(own, _)| own.as_str().cmp(name)).ok()
    }

    /// A file's bytes. Those of a zip are held against its checksum.
    ///
    /// # Errors
    /// [`Error::Io`] for what cannot be read, [`Error::Invalid`] for what is spoilt.
    pub fn read(&self, i: usize) -> Result<Vec<u8>> {
        let bytes = self.head(i, LARGEST + 1)?;
        if bytes.len() as u64 > LARGEST {
            return Err(self.unfit(i, "is larger than 1 GiB, expected a picture"));
        }
        Ok(bytes)
    }

    /// A file's first bytes, or all of them where it has fewer.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub fn head(&self, i: usize, most: u64) -> Result<Vec<u8>> {
        let (name, number) = &self.names[i];
        let mut bytes = Vec::new();
        if let Some(zip) = &self.zip {
            let mut zip = zip.clone();
            let entry = zip.by_index(*number).map_err(|e| self.broken(i, e))?;
            let read = entry.take(most).read_to_end(&mut bytes);
            read.map_err(|e| self.unfit(i, format_args!("cannot be unpacked: {e}")))?;
        } else {
            let path = self.path.join(name);
            let file = File::open(&path).map_err(|e| Error::io("read", &path, e))?;
            file.take(most).read_to_end(&mut bytes).map_err(|e| Error::io("read", &path, e))?;
        }
        Ok(bytes)
    }

    /// A file's length in bytes and CRC-32: a zip knows them without reading it.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub fn checksum(&self, i: usize) -> Result<(u64, u32)> {
        let Some(zip) = &self.zip else {
            let bytes = self.read(i)?;
            return Ok((bytes.len() as u64, crc32fast::hash(&bytes)));
        };
        let mut zip = zip.clone();
        let entry = zip.by_index_raw(self.names[i].1).map_err(|e| self.broken(i, e))?;
        Ok((entry.size(), entry.crc32()))
    }

    /// An error about a file.
    pub fn unfit(&self, i: usize, message: impl std::fmt::Display) -> Error {
        Error::Invalid(format!("`{}` in `{}` {message}", self.name(i), self.path.display()))
    }

    fn broken(&self, i: usize, error: ZipError) -> Error {
        match error {
            ZipError::Io(e) => Error::io("read", &self.path, e),
            other => self.unfit(i, format_args!("cannot be unpacked: {other}")),
        }
    }
}

/// The names of all files below a folder.
fn walk(path: &Path) -> Result<Vec<String>> {
    let (mut folders, mut names) = (vec![(path.to_path_buf(), String::new())], Vec::new());
    while let Some((folder, above)) = folders.pop() {
        let failed = |e| Error::io("read", &folder, e);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // Links to folders are not followed: they may lead in circles.
            let kind = entry.file_type().map_err(failed)?;
            let Some(name) = entry.file_name().to_str().map(|name| format!("{above}{name}")) else {
                return Err(Error::Invalid(format!(
                    "`{}` has a name that is not UTF-8; rename it",
                    entry.path().display()
                )));
            };
            if kind.is_dir() {
                folders.push((entry.path(), format!("{name}/")));
            } else if kind.is_file() || entry.path().is_file() {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// The directory of a zip.
fn index(path: &Path, regular: bool) -> Result<(ZipArchive<ReadAt>, Vec<(String, usize)>)> {
    let unreadable = |e: &dyn std::fmt::Display| {
        Error::Invalid(format!("`{}` is no zip that can be read: {e}", path.display()))
    };
    if !regular {
        return Err(unreadable(&"it is neither a file nor a folder"));
    }
    let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
    let len = file.metadata().map_err(|e| Error::io("read", path, e))?.len();
    let zip = ZipArchive::new(ReadAt { file: Arc::new(file), at: 0, len });
    let zip = zip.map_err(|e| unreadable(&e))?;
    let names = (0..zip.len()).filter_map(|i| Some((zip.name_for_index(i)?.to_owned(), i)));
    let names = names.filter(|(name, _)| !name.ends_with('/')).collect();
    Ok((zip, names))
}

/// A place in a file that several threads read: each has its own.
#[derive(Debug, Clone)]
struct ReadAt {
    file: Arc<File>,
    at: u64,
    len: u64,
}

impl Read for ReadAt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for ReadAt {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
