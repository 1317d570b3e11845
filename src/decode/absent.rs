//! What stands for videos and sound in a program that was built without FFmpeg.

use std::path::Path;

use super::Decoded;
use crate::{Error, Result};

/// A video file, which cannot be opened.
pub struct Video {
    /// Frames per second as a fraction.
    pub fps: (u32, u32),
    /// How many frames the file says that it has, where it does.
    pub frames: Option<u64>,
}

impl Video {
    /// Says what is missing.
    ///
    /// # Errors
    /// Always [`Error::Missing`].
    pub fn open(path: &Path) -> Result<Self> {
        Err(Error::Missing(format!(
            "reading `{}` needs FFmpeg, which this program was built without; build it with \
             `cargo build --features video`, or name a timeline or a network",
            path.display()
        )))
    }

    /// What the container says about the film: nothing.
    pub fn comment(&self) -> Option<String> {
        None
    }

    /// The next picture: none.
    ///
    /// # Errors
    /// None.
    pub fn frame(&mut self) -> Result<Option<Decoded>> {
        Ok(None)
    }

    /// Passes over a picture: none is there.
    ///
    /// # Errors
    /// None.
    pub fn skip(&mut self) -> Result<bool> {
        Ok(false)
    }
}

/// The sound of a file, which cannot be opened.
pub struct Sound {
    /// The file's length, where it says one.
    pub seconds: Option<f64>,
}

impl Sound {
    /// Says what is missing.
    ///
    /// # Errors
    /// Always [`Error::Missing`].
    pub fn open(path: &Path, _: u32) -> Result<Self> {
        Err(Error::Missing(format!(
            "hearing `{}` needs FFmpeg, which this program was built without; build it with \
             `cargo build --features video`",
            path.display()
        )))
    }

    /// The next samples: none.
    ///
    /// # Errors
    /// None.
    pub fn samples(&mut self) -> Result<Option<Vec<f32>>> {
        Ok(None)
    }
}
