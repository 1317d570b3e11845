//! The timeline as written: what each field holds and where it stands, not yet held against the
//! network, the files and the other fields.

mod alpha;
mod decode;
mod directions;
mod easing;
mod fields;
mod form;
mod from_json;
mod include;
mod latent;
mod mix;
mod models;
mod music;
mod picture;
mod point;
mod read;
mod remap;
mod scalar;
mod shape;
mod signals;
mod sources;
mod track;
mod tracks;
mod walk;

use std::path::{Path, PathBuf};

use super::check::Overrides;
use super::resolved::{Anchor, Fit};
use super::ron_tree::Node;
use super::time::Time;
use crate::report::{Report, Span};

pub(super) use alpha::Alpha;
pub(super) use directions::Direction;
pub use from_json::is_json;
pub(super) use from_json::{schema, written};
pub(super) use latent::{Latent, Loop, Seeds, Source};
pub(super) use mix::{Layers, Mix};
pub use models::Synthesis;
pub(super) use music::{Marker, Music, TempoKey};
pub(super) use picture::{Grid, MotionBlur};
pub(super) use point::{ArrayItem, Point};
pub(super) use remap::{Remapping, Way};
pub(super) use scalar::Scalar;
pub(super) use signals::Signal;
pub(super) use track::{Class, Track, TrackKey};
pub(super) use tracks::{Clip, Clips, Shown};
pub(super) use walk::Walk;

/// A timeline that could be read, perhaps with mistakes that [`Document::check`] will tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The mistakes of the written form; holds the file's name and text.
    pub(super) report: Report,
    pub(super) written: Written,
}

/// A network as a timeline names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Model {
    /// `builtin:NAME`.
    Builtin(String),
    /// A network file.
    File(PathBuf),
}

impl Model {
    /// What a name stands for; a file's path is taken as it is.
    pub fn named(name: impl AsRef<Path>) -> Self {
        let name = name.as_ref();
        match name.to_str().and_then(|text| text.strip_prefix("builtin:")) {
            Some(builtin) => Self::Builtin(builtin.into()),
            None => Self::File(name.into()),
        }
    }
}

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    fn new(value: T, node: &Node) -> Self {
        Self { value, span: node.span.clone() }
    }
}

impl<T: Default> Spanned<Option<T>> {
    fn or_default(self) -> Spanned<T> {
        Spanned { value: self.value.unwrap_or_default(), span: self.span }
    }
}

/// The fields; what was left out or could not be read is none.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Written {
    pub model: Option<Spanned<String>>,
    pub fps: Option<(u32, u32)>,
    pub duration: Option<Spanned<Time>>,
    pub size: Option<Spanned<(u32, u32)>>,
    pub fit: Option<Fit>,
    pub pixel_aspect: Option<(u32, u32)>,
    pub canvas: Option<Spanned<(u32, u32)>>,
    pub background: Option<[f64; 3]>,
    pub motion_blur: Option<MotionBlur>,
    pub grid: Option<Grid>,
    pub preset: Option<Spanned<String>>,
    pub audio: Option<Spanned<String>>,
    pub source: Option<Source>,
    pub psi: Option<Track<Scalar>>,
    pub cutoff: Option<Track<u32>>,
    /// These three stand at their field's name.
    pub class: Option<Spanned<Option<Track<Class>>>>,
    pub camera: Option<Spanned<Camera>>,
    pub stabilise: Option<Spanned<Stabilise>>,
    /// At its value.
    pub alpha: Option<Spanned<Alpha>>,
    pub mixes: Vec<Mix>,
    pub directions: Vec<Direction>,
    pub music: Option<Music>,
    pub markers: Vec<Marker>,
    /// All that expressions know, in their order.
    pub signals: Vec<Signal>,
    pub time: Option<Remapping>,
    pub tracks: Vec<Clips>,
    /// The files that clips show.
    pub sources: Vec<tracks::Source>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Camera {
    pub translate: Option<Track<[Scalar; 2]>>,
    pub rotate: Option<Track<Scalar>>,
    pub scale: Option<Track<Scalar>>,
    pub pivot: Option<Track<[Scalar; 2]>>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Stabilise {
    pub to: Option<Anchor>,
    pub amount: Option<Track<Scalar>>,
}

impl Document {
    /// Reads a timeline from its text. `name` is the file's path as the user gave it: it is shown
    /// in reports, and paths in the document start at its folder.
    ///
    /// A name that ends in `.json` says that the text is the JSON form of a timeline, which
    /// [`super::schema`] describes; all others are RON. A text that is neither is an error at once. Everything else, such as an unknown field or a
    /// wrong type, waits for [`Document::check`], so that all mistakes come in one report.
    pub fn parse(name: impl Into<String>, text: impl Into<String>) -> Result<Self, Report> {
        Self::parse_within(name, text, &[])
    }

    /// The same for one that clips of others show: `open` are the files that are being read.
    fn parse_within(
        name: impl Into<String>,
        text: impl Into<String>,
        open: &[PathBuf],
    ) -> Result<Self, Report> {
        let mut report = Report::new(name, text);
        match from_json::read(&report.name, &report.text) {
            Ok(mut tree) => {
                let own = std::fs::canonicalize(&report.name).unwrap_or_default();
                include::include(&mut tree, &mut report, std::slice::from_ref(&own));
                let mut decoder = decode::Decoder::new(report, [open, &[own]].concat());
                let written = decoder.timeline(&tree);
                Ok(Self { report: decoder.report, written })
            }
            Err(error) => {
                report.error(error.span, error.message);
                Err(report)
            }
        }
    }

    /// The network that is asked for; none where the field is missing or unreadable.
    pub fn model(&self) -> Option<Model> {
        let model = self.written.model.as_ref()?;
        Some(match Model::named(&model.value) {
            Model::File(_) => Model::File(self.path(&model.value, &model.span)),
            builtin => builtin,
        })
    }

    /// The output preset that is asked for, as [`super::Facts::presets`] is to name it: a name, or
    /// the path of a preset file (ending in `.ron`) from the timeline's folder.
    pub fn preset(&self) -> Option<String> {
        let Spanned { value: text, span } = self.written.preset.as_ref()?;
        let is_file = text.ends_with(".ron");
        Some(if is_file {
            self.path(text, span).to_string_lossy().into_owned()
        } else {
            text.clone()
        })
    }

    /// The sound files that signals are heard in, as [`super::Facts::sounds`] is to have them.
    pub fn sounds(&self, overrides: &Overrides) -> Vec<PathBuf> {
        let signals = self.written.signals.iter();
        let mut paths: Vec<_> = signals.filter_map(|s| self.sound(s, overrides)).collect();
        for shown in self.written.sources.iter().filter_map(|source| source.document.as_ref()) {
            paths.extend(shown.sounds(&Overrides::default()));
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// The file that a signal is heard in: its own, or the timeline's.
    pub(super) fn sound(&self, signal: &Signal, overrides: &Overrides) -> Option<PathBuf> {
        let written = |text: &Spanned<String>| self.path(&text.value, &text.span);
        let timelines = || overrides.audio.clone().or(self.written.audio.as_ref().map(written));
        signal.from.as_ref().map(written).or_else(timelines)
    }

    /// A path as it is written at a place, from the folder of the file that it is written in.
    pub(super) fn path(&self, written: &str, span: &Span) -> PathBuf {
        let file = Path::new(self.report.file(span.start).1);
        file.parent().unwrap_or(Path::new("")).join(written)
    }
}
