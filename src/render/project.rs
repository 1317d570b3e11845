//! A timeline with everything it names: checked, and ready to be rendered.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tch::Device;

use super::network::Network;
use super::opened::Opened;
use super::speed;
use super::synthesise::Generator;
use crate::audio::{Hearing, listen};
use crate::digest;
use crate::encode::{NULL, Preset, Stream};
use crate::network::Config;
use crate::network::device::Precision;
use crate::progress::{Progress, Silent};
use crate::report::Report;
use crate::schedule::{Film, Mapping, Route, Schedule, Tables};
use crate::timeline::resolved::{Canvas, Ground};
use crate::timeline::time::Time;
use crate::timeline::{Document, Facts, NetworkFacts, Overrides, PresetFacts, Problem, Resolved};
use crate::{Error, Result};

/// A timeline, resolved, and the networks and the preset that it names. Opening one reads no weights.
pub struct Project {
    /// What is rendered.
    pub resolved: Resolved,
    /// How it is written.
    pub preset: Preset,
    /// Remarks about the timeline that do not stand in the way.
    pub warnings: Report,
    /// In the order that the resolved timeline counts them in; at least one.
    networks: Vec<Opened>,
    /// How fast pictures change along the paths that were measured.
    tables: speed::Measured,
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
                "`{}` is not text (byte {at} is not UTF-8), expected a timeline in RON or JSON",
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
        let (mut networks, mut opened) = (Vec::new(), Vec::new());
        for synthesis in document.syntheses() {
            let before = opened.iter().find(|known: &&Opened| known.model == synthesis.model);
            let before = before.map(|known| (Arc::clone(&known.network), known.config.clone()));
            let open = || Network::open(&synthesis.model).map(|(n, config)| (Arc::new(n), config));
            let facts = match before.map_or_else(open, Ok) {
                Ok((network, config)) => {
                    let facts = network_facts(&config);
                    let square = (facts.resolution, facts.resolution);
                    let canvas = synthesis.canvas.filter(|canvas| *canvas != square);
                    let model = synthesis.model.clone();
                    opened.push(Opened { model, network, config, canvas });
                    Ok(facts)
                }
                Err(error) => Err(Problem { message: error.to_string(), help: None }),
            };
            networks.push((synthesis, facts));
        }
        // A timeline's own is the first.
        let own = networks.first().filter(|_| document.model().is_some());
        let none = || Err(Problem { message: "no network".into(), help: None });
        let network = own.map_or_else(none, |(_, facts)| facts.clone());
        let mut facts = Facts { network, networks, presets: Vec::new(), sounds: HashMap::new() };
        let preset = match (&overrides.preset, out) {
            (None, Some(out)) => {
                preset_for(out, document.preset().as_deref(), document.has_alpha(&facts))?
            }
            (given, _) => given.clone(),
        };
        let overrides = &Overrides { preset, ..overrides.clone() };
        let named = overrides.preset.clone().or_else(|| document.preset());
        (facts.presets, facts.sounds) =
            (preset_facts(named.as_deref())?, heard(&document, overrides));
        let (resolved, warnings) = document.check(&facts, overrides).map_err(Error::Timeline)?;
        if opened.is_empty() || opened.len() < facts.networks.len() {
            return Err(Error::Invalid(format!("`{}` names no network", path.display())));
        }
        let preset = Preset::find(&resolved.preset)?;
        Ok(Self {
            resolved,
            preset,
            warnings,
            networks: opened,
            tables: speed::Measured::default(),
        })
    }

    /// The network that the timeline names; the first one of a film that clips bring others to.
    pub fn network(&self) -> &Network {
        &self.networks[0].network
    }

    /// All networks of the film, once each, whatever they are drawn upon.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        let mut seen = HashSet::new();
        let first = self.networks.iter().filter(move |opened| seen.insert(&opened.model));
        first.map(|opened| opened.network.as_ref())
    }

    /// Reads the network's weights onto a device.
    pub fn generator(&self, device: Device, precision: Precision) -> Result<Generator> {
        self.networks[0].generator(device, precision)
    }

    /// Reads the weights of all networks onto a device, once for each canvas.
    pub fn generators(&self, device: Device, precision: Precision) -> Result<Vec<Generator>> {
        self.networks.iter().map(|opened| opened.generator(device, precision)).collect()
    }

    /// The inputs of all frames, of a timeline that is one picture all the time. Paths of perceptual speed
    /// are measured, unless [`Project::measure`] was called.
    ///
    /// # Errors
    /// [`Error::Usage`] for one with clips; those of [`Schedule::new`].
    pub fn schedule(&self, generator: &Generator) -> Result<Schedule> {
        if !self.resolved.tracks.is_empty() {
            return Err(Error::Usage(
                "the timeline has clips on tracks, and this looks at one network's pictures alone; \
                 name the timeline of one clip"
                    .into(),
            ));
        }
        let mapping: Arc<dyn Mapping> = Arc::clone(&generator.mapping) as _;
        let tables = self.tables.of(&self.resolved, (self.network(), 0, &mapping), &Silent)?;
        Schedule::measured(&self.resolved, mapping, &tables)
    }

    /// At how many pictures [`Project::measure`] looks where nothing is remembered; 0 without paths of
    /// perceptual speed.
    pub fn looks(&self, generators: &[Generator]) -> Result<u64> {
        self.resolved.shots().iter().try_fold(0, |sum, (network, shot)| {
            Ok(sum + speed::looks(&Route::all(shot, &mapping(generators, *network)?)?))
        })
    }

    /// Measures the paths of perceptual speed, once.
    ///
    /// # Errors
    /// As [`Project::generator`]; [`Error::Interrupted`] where the listener stops it.
    pub fn measure(&self, generators: &[Generator], progress: &dyn Progress) -> Result<()> {
        self.resolved.shots().iter().try_for_each(|(network, shot)| {
            self.tables_of(shot, *network, generators, progress).map(drop)
        })
    }

    fn tables_of(
        &self,
        shot: &Resolved,
        number: usize,
        generators: &[Generator],
        progress: &dyn Progress,
    ) -> Result<Tables> {
        let mapping = mapping(generators, number)?;
        let network = self.networks.get(number).ok_or_else(|| no_network(number))?;
        self.tables.of(shot, (&network.network, number, &mapping), progress)
    }

    /// What all frames are made of. `generators` are those of [`Self::generators`].
    pub fn film(&self, generators: &[Generator]) -> Result<Film> {
        self.film_of(&self.resolved, generators)
    }

    /// What the frames of another timeline with the same networks are made of.
    pub(super) fn film_of(&self, resolved: &Resolved, generators: &[Generator]) -> Result<Film> {
        let mappings: Vec<Arc<dyn Mapping>> =
            generators.iter().map(|generator| Arc::clone(&generator.mapping) as _).collect();
        Film::measured(resolved, &mappings, &|shot, network| {
            self.tables_of(shot, network, generators, &Silent)
        })
    }

    /// Width and height of the output, pixels.
    pub fn size(&self) -> (u32, u32) {
        self.resolved.size(self.networks[0].config.image().0 as u32)
    }

    /// About what a frame takes on two cores, seconds, of the slowest network.
    pub fn frame_seconds(&self) -> f64 {
        let slowest = self.networks.iter().map(Opened::image_seconds).fold(0.0, f64::max);
        let images = self.resolved.grid.as_ref().map_or(1, |grid| grid.cells.len())
            * self.resolved.shutter.map_or(1, |shutter| shutter.samples as usize);
        slowest * images as f64
    }

    /// Makes it a draft: pictures of a part of the width and height (even where the preset asks for
    /// it), of one moment each.
    pub fn shrink(&mut self, part: u32) {
        let (width, height) = self.size();
        let side = |pixels: u32, even: bool| {
            let left = ((pixels + part / 2) / part).max(1);
            if even { left.next_multiple_of(2) } else { left }
        };
        let (even_width, even_height) = (self.preset.even_width(), self.preset.even_height());
        self.resolved.canvas.size = Some((side(width, even_width), side(height, even_height)));
        self.resolved.shutter = None;
        if let Some(grid) = &mut self.resolved.grid {
            grid.gap = (grid.gap + part / 2) / part;
        }
    }

    /// About the memory in bytes that an image of the timeline's own network takes on the CPU beside the
    /// weights; none for what is not known.
    pub fn memory(&self) -> Option<u64> {
        self.networks[0].memory()
    }

    /// What each of the networks synthesises: width and height in pixels, none for the trained square.
    pub fn canvases(&self) -> Vec<Option<(u32, u32)>> {
        self.networks.iter().map(|opened| opened.canvas).collect()
    }

    /// What a sink must know to take the whole film.
    pub fn stream(&self) -> Stream {
        let Resolved { canvas, fps, audio, frames, .. } = &self.resolved;
        // A timeline with sound can be rendered to images, too: they have none.
        let audio = audio.clone().filter(|_| !self.preset.is_images());
        Stream {
            pixel_aspect: canvas.pixel_aspect,
            alpha: canvas.ground == Ground::Clear,
            audio: audio.map(|path| (path, 0.0)),
            ..Stream::new(self.size(), *fps, *frames)
        }
    }

    /// SHA-256 of all in the timeline that decides a frame's pixels, with the content of the files
    /// that it names: not of comments, the preset, or the sound.
    pub fn timeline_sha256(&self) -> String {
        let pixels = self.resolved.pictures();
        // A size that is written and the same by default are the same pixels.
        let canvas = Canvas { size: Some(self.size()), ..pixels.canvas };
        digest::of_text(&format!("{:?}", Resolved { canvas, ..pixels }))
    }

    /// SHA-256 of the network's file; of what makes a built-in network. Of several it is that of theirs.
    ///
    /// # Errors
    /// [`Error::Io`] where a file cannot be read.
    pub fn model_sha256(&self) -> Result<String> {
        let of = |network: &Network| network.sha256();
        let mut all = self.networks().map(of).collect::<Result<Vec<_>>>()?;
        Ok(match all.as_mut_slice() {
            [one] => std::mem::take(one),
            several => digest::of_text(&several.join(" ")),
        })
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

/// The mapping of the network with a number.
fn mapping(generators: &[Generator], number: usize) -> Result<Arc<dyn Mapping>> {
    let generator = generators.get(number).ok_or_else(|| no_network(number))?;
    Ok(Arc::clone(&generator.mapping) as _)
}

fn no_network(number: usize) -> Error {
    Error::Invalid(format!("the film shows network {number}, which is not there"))
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
fn preset_for(out: &Path, written: Option<&str>, alpha: bool) -> Result<Option<String>> {
    match written.map(Preset::find) {
        // That is a mistake of the timeline, and told with its others.
        Some(Err(_)) => Ok(None),
        Some(Ok(preset)) if out.as_os_str() == NULL || preset.check_path(out).is_ok() => Ok(None),
        _ if alpha => Preset::default_with_alpha(out).map(|usual| Some(usual.name)),
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
        alpha: config.has_alpha(),
    }
}

/// All built-in presets, and the file that is named. One that is not there shows as unknown.
fn preset_facts(named: Option<&str>) -> Result<Vec<PresetFacts>> {
    let built_in = Preset::names().filter_map(|name| Preset::find(name).ok());
    let file = named.filter(|name| Path::new(name).is_file()).map(Preset::find).transpose()?;
    let facts = |preset: Preset| PresetFacts {
        even_width: preset.even_width(),
        even_height: preset.even_height(),
        alpha: preset.holds_alpha(),
        name: preset.name,
    };
    Ok(built_in.chain(file).map(facts).collect())
}
