//! Image sequences: one file for each frame, complete or not there.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::pattern::Pattern;
use super::preset::{ExrSamples, PngBits};
use super::{Depth, Picture, Sink, Stream, exr, png};
use crate::aside::{Aside, sync_folder};
use crate::{Error, Result};

/// The format of the images.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    Png(PngBits),
    Exr(ExrSamples),
}

/// Writes images numbered by their place in the timeline. A finished image stays whatever comes
/// after it, so that a render can be resumed.
#[derive(Debug)]
pub(super) struct Sequence {
    format: Format,
    pattern: Pattern,
    stream: Stream,
    written: Vec<PathBuf>,
}

impl Sequence {
    /// Creates the folder; refuses one in which such frames are, unless they may be replaced.
    pub fn open(out: &Path, format: Format, stream: &Stream) -> Result<Self> {
        if stream.audio.is_some() {
            return Err(Error::Usage(format!(
                "the images `{}` cannot hold sound; leave the audio out or write a video",
                out.display()
            )));
        }
        let pattern = Pattern::parse(out)?;
        if !pattern.is_numbered() && stream.frames > 1 {
            let example = out.with_extension("");
            return Err(Error::Usage(format!(
                "the output `{}` names one image for {} frames; write for example `{}/%05d.{}`",
                out.display(),
                stream.frames,
                example.display(),
                out.extension().unwrap_or_default().display()
            )));
        }
        let folder = match pattern.folder() {
            folder if folder.as_os_str().is_empty() => Path::new("."),
            folder => folder,
        };
        fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        if !stream.overwrite {
            refuse_frames(folder, &pattern)?;
        }
        Ok(Self { format, pattern, stream: stream.clone(), written: Vec::new() })
    }
}

fn refuse_frames(folder: &Path, pattern: &Pattern) -> Result<()> {
    let unreadable = |e| Error::io("read", folder, e);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        if name.to_str().is_some_and(|n| pattern.matches(n)) {
            return Err(Error::Usage(format!(
                "the output `{}` is already there; use --overwrite to replace such frames, or another folder",
                folder.join(name).display()
            )));
        }
    }
    Ok(())
}

impl Sink for Sequence {
    fn depth(&self) -> Depth {
        match self.format {
            Format::Png(PngBits::Eight) => Depth::U8,
            Format::Png(PngBits::Sixteen) => Depth::U16,
            Format::Exr(_) => Depth::F32,
        }
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        picture.check(&self.stream, self.depth())?;
        let path = self.pattern.path(picture.index);
        let mut aside = Aside::create(&path, self.stream.overwrite)?;
        let mut file = BufWriter::new(aside.file());
        let encoded = match self.format {
            Format::Png(_) => png::encode(&mut file, picture, self.stream.pixel_aspect),
            Format::Exr(samples) => exr::encode(&mut file, picture, samples, &self.stream),
        };
        encoded.and_then(|()| file.flush()).map_err(|e| Error::io("write", &path, e))?;
        drop(file);
        aside.commit()?;
        self.written.push(path);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        if let Some(path) = self.written.first() {
            sync_folder(path);
        }
        Ok(self.written)
    }
}

/// An error of an image library that is not the system's.
pub(super) fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::other(error)
}
