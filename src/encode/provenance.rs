//! What a film was made of: written into its container, and beside it.

use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::NULL;
use crate::aside::Aside;
use crate::{Error, Result, digest};

/// What a film was made of. The same film has the same provenance, in one go or in parts: there is
/// nothing in it of when and where it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of the program.
    pub sg3render: String,
    /// SHA-256 of all in the timeline that decides pixels.
    pub timeline_sha256: String,
    /// SHA-256 of the network.
    pub model_sha256: String,
    /// Kinds of devices, such as `cpu` or `cpu+cuda`.
    pub device: String,
    /// Precision of the synthesis.
    pub precision: String,
    /// First and last frame, counted from 0.
    pub frames: (u64, u64),
    /// Name of the output preset, without the folder of its file.
    pub preset: String,
    /// SHA-256 of what the preset says.
    pub preset_sha256: String,
    /// Frames per second as a fraction.
    pub fps: (u32, u32),
    /// Width and height, pixels.
    pub size: (u32, u32),
}

/// The file beside a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// What was made: the frames are those that were really written.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// Whether these are all the frames that were asked for.
    pub complete: bool,
    /// Length of the film's file; none for images.
    pub bytes: Option<u64>,
    /// SHA-256 of the film's file; none for images.
    pub sha256: Option<String>,
}

impl Provenance {
    /// As the container's comment: JSON in one line.
    pub fn comment(&self) -> String {
        // Texts and numbers always have a form in JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// That of a container's comment, where it is one.
    pub fn of_comment(comment: &str) -> Option<Self> {
        serde_json::from_str(comment).ok()
    }

    /// The same film but for its range of frames.
    pub fn with_frames(&self, frames: &Range<u64>) -> Self {
        Self { frames: (frames.start, frames.end.saturating_sub(1)), ..self.clone() }
    }
}

/// Where the sidecar of an output lies: at its path with `.json` after it, of images at that of their
/// pattern (`%05d.png.json`), which is no image's name. None where nothing is written.
pub fn sidecar_path(out: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(out.as_os_str());
    name.push(".json");
    (out.as_os_str() != NULL).then(|| name.into())
}

/// Refuses an output whose sidecar would replace a file that is none, unless that may be.
///
/// # Errors
/// [`Error::Usage`] for such a file, [`Error::Io`] where it cannot be read.
pub fn check_sidecar(out: &Path, overwrite: bool) -> Result<()> {
    let Some(path) = sidecar_path(out).filter(|path| !overwrite && path.exists()) else {
        return Ok(());
    };
    match Sidecar::read(out) {
        Ok(_) => Ok(()),
        Err(Error::Invalid(_)) => Err(Error::Usage(format!(
            "`{}` is already there, where the output's description goes, and is none; use --overwrite to \
             replace it, or name the output otherwise",
            path.display()
        ))),
        Err(error) => Err(error),
    }
}

impl Sidecar {
    /// Describes a finished output, which is read through.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read.
    pub fn new(out: &Path, provenance: Provenance, images: bool, complete: bool) -> Result<Self> {
        let single = !images && out.as_os_str() != NULL;
        let (bytes, sha256) = single.then(|| digest::of_file(out)).transpose()?.unzip();
        Ok(Self { provenance, complete, bytes, sha256 })
    }

    /// What is not the same in a film's file, if anything is.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read.
    pub fn fault(&self, out: &Path) -> Result<Option<String>> {
        let (Some(bytes), Some(sha256)) = (self.bytes, &self.sha256) else { return Ok(None) };
        let length = fs::metadata(out).map_err(|e| Error::io("read", out, e))?.len();
        if length != bytes {
            return Ok(Some(format!("it has {length} bytes, its description says {bytes}")));
        }
        let changed = digest::of_file(out)?.1 != *sha256;
        Ok(changed.then(|| "it is not the file that was written (SHA-256)".into()))
    }

    /// Writes it beside the output; it has its name when it is complete.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, out: &Path) -> Result<()> {
        let Some(path) = sidecar_path(out) else { return Ok(()) };
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let mut aside = Aside::create(&path, true)?;
        writeln!(aside.file(), "{text}").map_err(|e| Error::io("write", &path, e))?;
        aside.commit()
    }

    /// That of an output, where there is one.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read, [`Error::Invalid`] for a file that is none.
    pub fn read(out: &Path) -> Result<Option<Self>> {
        let Some(path) = sidecar_path(out) else { return Ok(None) };
        let text = match fs::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|e| Error::io("read", &path, e))?,
        };
        serde_json::from_slice(&text).map(Some).map_err(|e| {
            Error::Invalid(format!("`{}` does not describe a film: {e}", path.display()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance() -> Provenance {
        Provenance {
            sg3render: "0.1.0".into(),
            timeline_sha256: "a".repeat(64),
            model_sha256: "b".repeat(64),
            device: "cpu".into(),
            precision: "f32".into(),
            frames: (24, 47),
            preset: "h264".into(),
            preset_sha256: "c".repeat(64),
            fps: (30000, 1001),
            size: (64, 48),
        }
    }

    #[test]
    fn a_comment_comes_back() {
        let made = provenance();
        assert_eq!(Provenance::of_comment(&made.comment()), Some(made.clone()));
        assert!(!made.comment().contains('\n'));
        for other in ["", "Lavf59", "{}", "{\"sg3render\": 1}"] {
            assert_eq!(Provenance::of_comment(other), None, "{other}");
        }
        assert_eq!(made.with_frames(&(3..9)).frames, (3, 8));
    }

    #[test]
    fn a_sidecar_lies_beside_its_film_and_replaces_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("a.mp4");
        fs::write(&film, "12345").unwrap();
        assert_eq!(Sidecar::read(&film).unwrap(), None);
        check_sidecar(&film, false).unwrap();
        let sidecar = Sidecar::new(&film, provenance(), false, true).unwrap();
        assert_eq!(sidecar.bytes, Some(5));
        assert_eq!(sidecar.fault(&film).unwrap(), None);
        fs::write(&film, "12346").unwrap();
        assert!(sidecar.fault(&film).unwrap().unwrap().contains("SHA-256"));
        fs::write(&film, "1234").unwrap();
        assert!(sidecar.fault(&film).unwrap().unwrap().contains("4 bytes"));
        sidecar.write(&film).unwrap();
        assert!(folder.path().join("a.mp4.json").is_file());
        assert_eq!(Sidecar::read(&film).unwrap(), Some(sidecar));
        check_sidecar(&film, false).unwrap();
        fs::write(folder.path().join("a.mp4.json"), "{\"mine\": 1}").unwrap();
        assert_eq!(check_sidecar(&film, false).unwrap_err().exit_code(), 64);
        check_sidecar(&film, true).unwrap();
        assert_eq!(Sidecar::read(&film).unwrap_err().exit_code(), 65);

        let images = folder.path().join("%05d.png");
        Sidecar::new(&images, provenance(), true, false).unwrap().write(&images).unwrap();
        assert!(folder.path().join("%05d.png.json").is_file());
        check_sidecar(Path::new(NULL), false).unwrap();
        assert_eq!(sidecar_path(Path::new(NULL)), None);
    }
}
