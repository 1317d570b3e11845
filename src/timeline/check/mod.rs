//! Holding the document against the network, the files and itself: what passes is resolved.

mod alpha;
mod camera;
mod directions;
mod extent;
mod fade;
mod keys;
mod latent;
mod layers;
mod music;
mod numbers;
mod output;
mod picture;
mod remap;
mod shown;
mod signals;
mod tracks;
mod walk;

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::arrays::Array;
use super::curve::{Curve, Key};
use super::document::{self, Document, Scalar, Synthesis, Track};
use super::easing::Easing;
use super::expression::Scene;
use super::number::Number;
use super::resolved::{Canvas, Interpolation, Latent, LatentPoint, Mix, Resolved, Speed};
use super::tempo::Clock;
use crate::audio::Hearing;
use crate::report::Report;

/// Frames per second where the timeline does not say.
const DEFAULT_FPS: (u32, u32) = (24, 1);
/// Psi beyond this is rarely meant: pictures fall apart.
const WIDEST_PSI: f64 = 1.5;

/// What the check has to know about the world outside the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The network of [`Document::model`], or why there is none. It is reported at the model's
    /// place; without a model in the document it is not looked at.
    pub network: Result<NetworkFacts, Problem>,
    /// All of [`Document::syntheses`], in that order; may be left empty for a timeline without tracks.
    pub networks: Vec<(Synthesis, Result<NetworkFacts, Problem>)>,
    /// All output presets by name, and the preset file of [`Document::preset`] by its path.
    pub presets: Vec<PresetFacts>,
    /// What is heard in the files of [`Document::sounds`] that are there, or why nothing is.
    pub sounds: HashMap<PathBuf, Result<Arc<Hearing>, Problem>>,
}

/// What a timeline may ask of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkFacts {
    /// What it is called in messages, such as `StyleGAN3-T`.
    pub kind: String,
    /// Width and height of its picture, pixels.
    pub resolution: u32,
    /// Length of z.
    pub z_dim: usize,
    /// Length of w.
    pub w_dim: usize,
    /// Copies of w that the synthesis takes.
    pub num_ws: usize,
    /// Number of classes; 0 for none.
    pub c_dim: usize,
    /// Names of the synthesis layers, for alias-free networks: w number i + 1 goes to layer i, w
    /// number 0 to the Fourier features. Empty for others.
    pub layer_names: Vec<String>,
    /// Whether the picture can be moved through Fourier features (alias-free networks).
    pub has_camera: bool,
    /// Whether rotation is alias-free too (configuration R, 1x1 kernels).
    pub rotates: bool,
    /// Whether the picture has alpha.
    pub alpha: bool,
}

/// An output preset and what its pixel format asks of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetFacts {
    /// Its name, or its path for a preset file.
    pub name: String,
    /// Chroma is halved in width (4:2:2, 4:2:0).
    pub even_width: bool,
    /// Chroma is halved in height (4:2:0).
    pub even_height: bool,
    /// Whether it holds alpha.
    pub alpha: bool,
}

/// Something outside the document that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What the command line says instead of the document. The caller answers for the values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overrides {
    /// Width and height, pixels.
    pub size: Option<(u32, u32)>,
    /// Frames per second; keeps the tempo: what the document says in frames means frames of its
    /// own rate.
    pub fps: Option<(u32, u32)>,
    /// A preset's name or path.
    pub preset: Option<String>,
    /// An audio file, from the working folder.
    pub audio: Option<PathBuf>,
}

impl Facts {
    /// The same about another timeline of the film.
    fn about(&self, document: &Document) -> Self {
        let known = self.number(document);
        let missing = || Err(Problem { message: "no network".into(), help: None });
        let network = known.map_or_else(missing, |i| self.networks[i].1.clone());
        Self { network, ..self.clone() }
    }

    /// The number of what draws a timeline's own pictures, in the film.
    fn number(&self, document: &Document) -> Option<usize> {
        let own = document.synthesis()?;
        self.networks.iter().position(|(known, _)| known.is(&own))
    }
}

impl Document {
    /// Resolves the timeline. The report beside the result holds warnings only; the report of a
    /// failure holds all mistakes that were found, each at its place, and warnings too.
    pub fn check(
        &self,
        facts: &Facts,
        overrides: &Overrides,
    ) -> Result<(Resolved, Report), Report> {
        self.checked(facts, overrides, true)
    }

    /// The same for the film, or for what clips show, of which picture and output are the film's.
    fn checked(
        &self,
        facts: &Facts,
        overrides: &Overrides,
        film: bool,
    ) -> Result<(Resolved, Report), Report> {
        let network = facts.network.as_ref().ok();
        let rate = self.written.fps.unwrap_or(DEFAULT_FPS);
        let output_rate = overrides.fps.unwrap_or(rate);
        let stretch = f64::from(output_rate.0) * f64::from(rate.1)
            / (f64::from(output_rate.1) * f64::from(rate.0));
        let mut check = Check {
            document: self,
            report: self.report.clone(),
            network: network.or_else(|| self.first_of_tracks(facts)),
            clock: Clock::new(rate),
            stretch,
            end: None,
            scene: Arc::new(Scene {
                clock: Clock::new(output_rate),
                stretch,
                frames: 1.0,
                signals: Vec::new(),
            }),
            arrays: HashMap::new(),
            shown: HashMap::new(),
        };
        check.model(facts);
        check.music();
        let frames = check.duration();
        let clock = Clock { rate: output_rate, tempo: check.clock.tempo.clone() };
        let signals = check.signals(facts, overrides);
        let frames_or_one = frames.unwrap_or(1) as f64;
        check.scene = Arc::new(Scene { clock, stretch, frames: frames_or_one, signals });
        let resolved = check.resolve(output_rate, frames, facts, overrides, film);
        let mut report = check.report;
        report.diagnostics.sort_by_key(|d| d.span.start);
        match resolved {
            Some(resolved) if !report.has_errors() => Ok((resolved, report)),
            _ => Err(report),
        }
    }
}

/// What the film as a whole says of every shot in it.
#[derive(Clone)]
struct Head {
    fps: (u32, u32),
    frames: Option<u64>,
    canvas: Canvas,
    preset: Option<String>,
    audio: Option<PathBuf>,
    /// The number of the shot's network.
    network: Option<usize>,
}
/// Path, the array that is asked for, and those that are meant where none is.
type ArrayKey = (PathBuf, Option<String>, Vec<String>);

struct Check<'a> {
    document: &'a Document,
    report: Report,
    /// None for a network that could not be read, which is reported.
    network: Option<&'a NetworkFacts>,
    /// The document's own frame rate and music.
    clock: Clock,
    /// Output frames per frame of the document.
    stretch: f64,
    /// The timeline's end in frames of the document; none where the duration is wrong.
    end: Option<f64>,
    /// What expressions are evaluated in.
    scene: Arc<Scene>,
    /// Array files read so far: a file that many keys name is read once, and told of once.
    arrays: HashMap<ArrayKey, Option<Rc<Array>>>,
    /// Timelines of files that clips show, by their numbers: checked once each.
    shown: HashMap<usize, Option<Arc<Resolved>>>,
}

impl Check<'_> {
    /// Goes through all of it before it gives up, so that every mistake is found.
    fn resolve(
        &mut self,
        fps: (u32, u32),
        frames: Option<u64>,
        facts: &Facts,
        overrides: &Overrides,
        film: bool,
    ) -> Option<Resolved> {
        let document = self.document;
        let preset = self.preset(facts, overrides);
        let canvas = self.canvas(preset, facts, overrides);
        if film {
            self.held_alpha(canvas.ground, preset);
        }
        let own = document.written.tracks.is_empty() || document.written.source.is_some();
        let number = facts.number(document).unwrap_or(0);
        let mut head = Head {
            fps,
            frames,
            canvas,
            preset: preset.map(|preset| preset.name.clone()),
            audio: self.audio(overrides),
            network: own.then_some(number),
        };
        if !document.written.tracks.is_empty() {
            // Networks may differ in size: the film does not.
            let side = self.network.map(|network| network.resolution);
            let square = side.map(|side| (side, side));
            head.canvas.size = canvas.size.or(canvas.extent).or(square);
        }
        let shot = if own { self.shot(&head) } else { self.black(&head) };
        let time = self.film_time(frames);
        let tracks = self.tracks(&head, facts);
        Some(Resolved { time, tracks, ..shot? })
    }

    /// A timeline's own picture.
    fn shot(&mut self, head: &Head) -> Option<Resolved> {
        let written = &self.document.written;
        let grid = self.grid(head.frames, &head.canvas);
        let own = grid.as_ref().and_then(|grid| grid.cells.first()?.latent.clone());
        let latent = written.source.as_ref().and_then(|source| self.source(source)).or(own);
        let psi = self.psi(written.psi.as_ref());
        let cutoff = self.cutoff();
        let class = self.class();
        let mixes: Vec<Mix> = written.mixes.iter().filter_map(|mix| self.mix(mix)).collect();
        let directions = self.directions();
        let camera = self.camera(written.camera.as_ref(), head.frames, &head.canvas);
        let stabilise = self.stabilise();
        let alpha = self.alpha();
        let markers = self.markers();
        Some(Resolved {
            fps: head.fps,
            frames: head.frames?,
            canvas: head.canvas,
            shutter: self.shutter(),
            grid,
            preset: head.preset.clone()?,
            audio: head.audio.clone(),
            latent: latent?,
            psi,
            cutoff,
            class,
            mixes,
            directions,
            camera,
            stabilise,
            alpha,
            markers,
            tempo: self.clock.tempo.clone(),
            time: None,
            network: head.network,
            tracks: Vec::new(),
        })
    }

    /// No picture: what lies under tracks of which nothing else does.
    fn black(&mut self, head: &Head) -> Option<Resolved> {
        let point = Key { at: 0.0, value: LatentPoint::Average, easing: Easing::Linear };
        // Of no network, so that nothing is missed for one with classes.
        self.network = None;
        Some(Resolved {
            fps: head.fps,
            frames: head.frames?,
            canvas: head.canvas,
            shutter: self.shutter(),
            grid: None,
            preset: head.preset.clone()?,
            audio: head.audio.clone(),
            latent: Latent {
                keys: vec![point],
                interpolation: Interpolation::Linear,
                period: None,
                ping_pong: false,
                speed: Speed::Keys,
            },
            psi: self.psi(None),
            cutoff: None,
            class: None,
            mixes: Vec::new(),
            directions: Vec::new(),
            camera: self.camera(None, None, &head.canvas),
            stabilise: None,
            alpha: None,
            markers: self.markers(),
            tempo: self.clock.tempo.clone(),
            time: None,
            network: None,
            tracks: Vec::new(),
        })
    }

    fn psi(&mut self, track: Option<&Track<Scalar>>) -> Curve<Number> {
        self.curve(track, 1.0.into(), |check, psi, span| {
            let (number, reached) = check.number(psi, &span);
            if let Some(psi) = reached.into_iter().find(|psi| psi.abs() > WIDEST_PSI) {
                let message = format!("psi {psi} is beyond {WIDEST_PSI}: pictures that far from the average fall apart");
                check.report.warning(span, message);
            }
            Some(number)
        })
    }

    fn cutoff(&mut self) -> Option<Curve<f64>> {
        let document = self.document;
        document.written.cutoff.as_ref()?;
        let num_ws = self.network.map_or(usize::MAX, |network| network.num_ws);
        Some(self.curve(document.written.cutoff.as_ref(), 0.0, |check, &count, span| {
            if count as usize > num_ws {
                let message = format!(
                    "a cutoff of {count} layers is out of range: the network takes {num_ws}"
                );
                check.report.error(span, message);
                return None;
            }
            Some(f64::from(count))
        }))
    }

    fn class(&mut self) -> Option<Curve<Vec<f64>>> {
        let document = self.document;
        let count = self.network.map(|network| network.c_dim);
        match (&document.written.class, count) {
            (None, Some(count)) if count > 0 => {
                let place =
                    document.written.model.as_ref().map_or(0..0, |model| model.span.clone());
                let message = format!(
                    "this network is made for classes: `class` is missing (0 to {})",
                    count - 1
                );
                self.report
                    .error(place, message)
                    .help("add `class: 0`, or keys or weights of classes");
                None
            }
            (Some(class), Some(0)) => {
                self.report
                    .error(class.span.clone(), "`class` is given, but this network has no classes")
                    .help("leave it out");
                None
            }
            (Some(class), count) => {
                // Without a network the indices are as good as known.
                let track = class.value.as_ref()?;
                let curve = self.curve(Some(track), Vec::new(), |check, weights, _| {
                    let count = count?;
                    let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
                    let mut all = vec![0.0; count];
                    for (index, weight) in weights {
                        match all.get_mut(index.value as usize) {
                            Some(place) => *place = weight / sum,
                            None => {
                                let message = format!(
                                    "class {} is out of range: the network has 0 to {}",
                                    index.value,
                                    count - 1
                                );
                                check.report.error(index.span.clone(), message);
                            }
                        }
                    }
                    Some(all)
                });
                Some(curve)
            }
            (None, _) => None,
        }
    }

    fn mix(&mut self, mix: &document::Mix) -> Option<Mix> {
        let layers = self.layers(&mix.layers);
        let latent = mix.source.as_ref().and_then(|source| self.source(source));
        let amount = self.amount(mix.amount.as_ref());
        Some(Mix { layers, latent: latent?, amount })
    }
}
