//! Checkpoints: everything that a training goes on from, in one file that is there as a whole or not at
//! all. It is a network file, too: rendering takes the averaged generator out of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tch::{Device, Tensor};

use super::settings::Settings;
use super::state::{Counters, State};
use crate::network::parameters::Parameters;
use crate::weights::{self, Bundle, Contents, Part};
use crate::{Error, Result};

const SETTINGS: &str = "sg3render.training";
const COUNTERS: &str = "sg3render.counters";
const BEGIN: &str = "checkpoint-";
const END: &str = ".safetensors";

/// The checkpoints of a folder, by images seen, the newest last.
///
/// # Errors
/// [`Error::Io`].
pub fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| Error::io("read", folder, e))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(|e| Error::io("read", folder, e))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(BEGIN)?.strip_suffix(END));
        if let Some(images) = number.and_then(|number| number.parse().ok()) {
            found.push((images, folder.join(&name)));
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a checkpoint, and then removes all but the newest `keep` and the one at `best` images.
///
/// # Errors
/// [`Error::Io`]: what was there before is there still.
pub fn save(
    folder: &Path,
    state: &State,
    settings: &Settings,
    keep: usize,
    best: Option<u64>,
) -> Result<PathBuf> {
    let out = folder.join(format!("{BEGIN}{:09}{END}", state.counters.images));
    let json = |what: serde_json::Result<String>| {
        what.map_err(|e| Error::Invalid(format!("cannot describe `{}`: {e}", out.display())))
    };
    let metadata = BTreeMap::from([
        (SETTINGS, json(serde_json::to_string(settings))?),
        (COUNTERS, json(serde_json::to_string(&state.counters))?),
    ]);
    let tensors: BTreeMap<String, &Tensor> = state.tensors().into_iter().collect();
    let parts = [Part::GEma, Part::G, Part::D];
    let shapes = tensors.iter().map(|(name, tensor)| (name.clone(), shape(tensor))).collect();
    let config = Some(&settings.generator);
    let contents = Contents { parts: &parts, config, metadata, shapes, half: false };
    weights::write(&out, contents, true, |name, numbers| {
        tensors.get(name).map_or(Ok(()), |tensor| numbers(&values(tensor)?))
    })?;
    let all = list(folder)?;
    let older = &all[..all.len().saturating_sub(keep.max(1))];
    for (_, path) in older.iter().filter(|(images, _)| Some(*images) != best) {
        fs::remove_file(path).map_err(|e| Error::io("remove", path, e))?;
    }
    Ok(out)
}

/// Writes the averaged generator alone: what is rendered.
///
/// # Errors
/// [`Error::Io`].
pub fn save_network(out: &Path, network: &Parameters, settings: &Settings) -> Result<()> {
    let shapes = network.specs().iter().map(|spec| (spec.name.clone(), spec.shape.clone()));
    let contents = Contents {
        parts: &[Part::GEma],
        config: Some(&settings.generator),
        shapes: shapes.collect(),
        ..Contents::default()
    };
    weights::write(out, contents, true, |name, numbers| numbers(&values(network.get(name)?)?))
}

/// Reads a checkpoint and what it was made with.
///
/// # Errors
/// [`Error::Invalid`] for a file that is no checkpoint of a training.
pub fn load(path: &Path, device: Device) -> Result<(State, Settings)> {
    let bundle = Bundle::open(path)?;
    let text = |key| {
        let missing =
            || bundle.unfit("is no checkpoint of a training; name one, or a folder of them");
        bundle.metadata(key).ok_or_else(missing)
    };
    let wrong = |e| bundle.unfit(format_args!("holds settings of another version: {e}"));
    let settings: Settings = serde_json::from_str(text(SETTINGS)?).map_err(wrong)?;
    let counters: Counters = serde_json::from_str(text(COUNTERS)?).map_err(wrong)?;
    let state = State::from(&settings, device, counters, |part, name| {
        let name = format!("{part}.{name}");
        match bundle.read_f32(&name)? {
            Some(values) => Ok(Some(values)),
            None => Err(bundle.unfit(format_args!("has no tensor `{name}`"))),
        }
    })?;
    Ok((state, settings))
}

fn shape(tensor: &Tensor) -> Vec<usize> {
    tensor.size().iter().map(|&d| d as usize).collect()
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(Vec::try_from(
        tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?.f_flatten(0, -1)?,
    )?)
}
