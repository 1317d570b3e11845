//! A timeline with everything it names: checked, and ready to be rendered.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tch::Device;

use super::network::Network;
use super::synthesise::Generator;
use crate::audio::{Hearing, listen};
use crate::digest;
use crate::encode::{NULL, Preset, Stream};
use crate::network::Config;
use crate::network::device::Precision;
use crate::progress::Silent;
use crate::report::Report;
use crate::schedule::Schedule;
use crate::timeline::resolved::Canvas;
use crate::timeline::time::Time;
use crate::timeline::{Document, Facts, NetworkFacts, Overrides, PresetFacts, Problem, Resolved};
use crate::{Error, Result};

/// A timeline, resolved, and the network and preset that it names. Opening one reads no weights.
pub struct Project {
    /// What is rendered.
    pub resolved: Resolved,
    /// How it is written.
    pub preset: Preset,
    /// Remarks about the timeline that do not stand in the way.
    pub warnings: Report,
    network: Network,
    config: Config,
}

impl Project {
    /// Reads a timeline, looks at the network and the preset that it names, and checks it.
    ///
    /// The timeline's preset gives way to the usual one for the extension of `out`, if it could not
    /// write such a file; a preset in `overrides` does not.
    ///
    /// # Errors
    /// [`Error::Timeline`] with all mistakes at once; [`Error::Io`] where the timeline itself cannot
    /// be read; what [`Preset::find`] says of the preset in `overrides`, and of a preset file that is
    /// none.
    pub fn open(path: &Path, out: Option<&Path>, overrides: &Overrides) -> Result<Self> {
        if let Some(name) = &overrides.preset {
            Preset::find(name)?;
        }
        let bytes = fs::read(path).map_err(|e| Error::io("read", path, e))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            Error::Invalid(format!(
                "`{}` is not text (byte {at} is not UTF-8), expected a timeline in RON",
                path.display()
            ))
        })?;
        Self::read(path, text, out, overrides)
    }

    /// As [`Project::open`], for the text of a timeline that lies, or would lie, at `path`.
    pub fn read(
        path: &Path,
        text: String,
        out: Option<&Path>,
        overrides: &Overrides,
    ) -> Result<Self> {
        let document = Document::parse(path.to_string_lossy(), text).map_err(Error::Timeline)?;
        let network = document.model().map(|model| Network::open(&model));
        let preset = match (&overrides.preset, out) {
            (None, Some(out)) => preset_for(out, document.preset().as_deref())?,
            (given, _) => given.clone(),
        };
        let overrides = &Overrides { preset, ..overrides.clone() };
        let named = overrides.preset.clone().or_else(|| document.preset());
        let (facts, network) = match network {
            Some(Ok((network, config))) => (Ok(network_facts(&config)), Some((network, config))),
            Some(Err(error)) => (Err(Problem { message: error.to_string(), help: None }), None),
            None => (Err(Problem { message: "no network".into(), help: None }), None),
        };
        let (presets, sounds) = (preset_facts(named.as_deref())?, heard(&document, overrides));
        let facts = Facts { network: facts, presets, sounds };
        let (resolved, warnings) = document.check(&facts, overrides).map_err(Error::Timeline)?;
        let Some((network, config)) = network else {
            return Err(Error::Invalid(format!("`{}` names no network", path.display())));
        };
        let preset = Preset::find(&resolved.preset)?;
        Ok(Self { resolved, preset, warnings, network, config })
    }

    /// The network that the timeline names.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Reads the network's weights onto a device.
    pub fn generator(&self, device: Device, precision: Precision) -> Result<Generator> {
        self.network.generator(device, precision)
    }

    /// The inputs of all frames.
    pub fn schedule(&self, generator: &Generator) -> Result<Schedule> {
        Schedule::new(&self.resolved, Arc::clone(&generator.mapping) as _)
    }

    /// Width and height of the output, pixels.
    pub fn size(&self) -> (u32, u32) {
        let resolution = self.config.image().0 as u32;
        self.resolved.canvas.size.unwrap_or((resolution, resolution))
    }

    /// About what a frame takes on two cores, seconds: see `benches/results`. It grows with the side
    /// of the picture and no faster, because the larger networks have fewer channels there.
    pub fn frame_seconds(&self) -> f64 {
        let of_256 = match self.config {
            Config::StyleGan3(_) => 0.5,
            Config::StyleGan2(_) => 0.13,
        };
        of_256 * self.config.image().0 as f64 / 256.0
    }

    /// What a sink must know to take the whole film.
    pub fn stream(&self) -> Stream {
        let Resolved { canvas, fps, audio, frames, .. } = &self.resolved;
        // A timeline with sound can be rendered to images, too: they have none.
        let audio = audio.clone().filter(|_| !self.preset.is_images());
        let (width, height) = self.size();
        Stream {
            width,
            height,
            fps: *fps,
            pixel_aspect: canvas.pixel_aspect,
            frames: *frames,
            audio: audio.map(|path| (path, 0.0)),
            comment: None,
            overwrite: false,
        }
    }

    /// SHA-256 of all in the timeline that decides a frame's pixels, with the content of the files
    /// that it names: not of comments, the preset, or the sound.
    pub fn timeline_sha256(&self) -> String {
        let pixels = Resolved {
            preset: String::new(),
            audio: None,
            // A size that is written and the same by default are the same pixels.
            canvas: Canvas { size: Some(self.size()), ..self.resolved.canvas },
            markers: Vec::new(),
            tempo: None,
            ..self.resolved.clone()
        };
        digest::of_text(&format!("{pixels:?}"))
    }

    /// SHA-256 of the network's file; of what makes a built-in network.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read.
    pub fn model_sha256(&self) -> Result<String> {
        self.network.sha256()
    }

    /// What a sink must know to take one picture.
    pub fn still_stream(&self, overwrite: bool) -> Stream {
        Stream { audio: None, ..self.stream().part(&(0..1), overwrite) }
    }

    /// The frame, perhaps between two, that a time names: a number of frames, or any time that the
    /// timeline itself could have, its markers included.
    ///
    /// # Errors
    /// [`Error::Usage`] for a time that is not one or lies outside the timeline.
    pub fn time(&self, text: &str) -> Result<f64> {
        let frames = self.resolved.frames;
        let marker = |name: &str| {
            let found = self.resolved.markers.iter().find(|marker| marker.name == name)?;
            Time::from_frames(found.frame).ok()
        };
        let time = match text.parse() {
            Ok(frames) => Time::from_frames(frames),
            Err(_) => Time::parse_with(text, marker),
        };
        let frame = time.and_then(|time| time.frame(&self.resolved.clock(), frames as f64));
        let frame = frame.map_err(Error::Usage)?;
        if !(0.0..frames as f64).contains(&frame) {
            return Err(Error::Usage(format!(
                "the time lies at frame {frame}, outside the timeline's {frames} frames (0 to {})",
                frames - 1
            )));
        }
        Ok(frame)
    }
}

/// What is heard in the sounds that the timeline's values follow. A file that is not there is left out.
fn heard(
    document: &Document,
    overrides: &Overrides,
) -> HashMap<PathBuf, Result<Arc<Hearing>, Problem>> {
    let there = document.sounds(overrides).into_iter().filter(|path| path.is_file());
    let problem = |error: Error| Problem { message: error.to_string(), help: None };
    there
        .map(|path| {
            let hearing = listen(&path, &Silent).map(Arc::new).map_err(problem);
            (path, hearing)
        })
        .collect()
}

/// The usual preset for an output that the one which is written could not make.
fn preset_for(out: &Path, written: Option<&str>) -> Result<Option<String>> {
    match written.map(Preset::find) {
        // That is a mistake of the timeline, and told with its others.
        Some(Err(_)) => Ok(None),
        Some(Ok(preset)) if out.as_os_str() == NULL || preset.check_path(out).is_ok() => Ok(None),
        _ => Preset::default_for(out).map(|usual| Some(usual.name)),
    }
}

fn network_facts(config: &Config) -> NetworkFacts {
    let ((z_dim, c_dim, w_dim), (resolution, _)) = (config.dims(), config.image());
    let (layer_names, rotates) = match config {
        Config::StyleGan3(c) => {
            let names = c.layers().into_iter().map(|layer| layer.name).collect();
            (names, c.conv_kernel == 1 && c.use_radial_filters)
        }
        Config::StyleGan2(_) => (Vec::new(), false),
    };
    NetworkFacts {
        kind: config.name(),
        resolution: resolution as u32,
        z_dim,
        w_dim,
        num_ws: config.num_ws(),
        c_dim,
        has_camera: !layer_names.is_empty(),
        layer_names,
        rotates,
    }
}

/// All built-in presets, and the file that is named. One that is not there shows as unknown.
fn preset_facts(named: Option<&str>) -> Result<Vec<PresetFacts>> {
    let built_in = Preset::names().filter_map(|name| Preset::find(name).ok());
    let file = named.filter(|name| Path::new(name).is_file()).map(Preset::find).transpose()?;
    let facts = |preset: Preset| PresetFacts {
        even_width: preset.even_width(),
        even_height: preset.even_height(),
        name: preset.name,
    };
    Ok(built_in.chain(file).map(facts).collect())
}
