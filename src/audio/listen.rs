//! Files: decoded, heard, and remembered.

use std::path::Path;

use super::hearing::{Analyser, Hearing};
use super::{HOP, RATE};
use crate::decode::Sound;
use crate::progress::{Progress, Status};
use crate::{Error, Result, cache, digest};

/// Changes with what is heard: what an older program has remembered is not taken for it.
const VERSION: &str = "hearing 1";

/// Hears a sound file. What was heard is kept in the program's cache, by the file's content: the next
/// time takes no longer than reading it.
///
/// # Errors
/// Those of [`Sound::open`], [`Error::Invalid`] where there is nothing to hear,
/// [`Error::Interrupted`] where the listener stops it.
pub fn listen(path: &Path, progress: &dyn Progress) -> Result<Hearing> {
    let (_, hash) = digest::of_file(path)?;
    let folder = cache::root().map(|root| root.join("audio"));
    let key = cache::key(&[VERSION, &hash]);
    let bytes = cache::get(folder.as_deref(), &key, || hear(path, progress)?.to_bytes())?;
    match Hearing::from_bytes(&bytes) {
        Some(hearing) => Ok(hearing),
        // Another program's entry; not ours to judge.
        None => hear(path, progress),
    }
}

fn hear(path: &Path, progress: &dyn Progress) -> Result<Hearing> {
    let mut sound = Sound::open(path, RATE)?;
    let mut analyser = Analyser::default();
    let total = sound.seconds.map_or(0, |seconds| seconds as u64);
    let (mut samples, mut told) = (0, None);
    while let Some(piece) = sound.samples()? {
        analyser.push(&piece);
        samples += piece.len();
        let done = (samples / RATE as usize) as u64;
        let status = Status { done, total: total.max(done), bottleneck: None };
        if told.replace(done) != Some(done) && !progress.update(&status) {
            return Err(Error::Interrupted);
        }
    }
    if samples < HOP {
        return Err(Error::Invalid(format!(
            "`{}` holds {samples} samples of sound, expected at least {HOP}",
            path.display()
        )));
    }
    Ok(analyser.finish())
}
