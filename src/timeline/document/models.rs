//! The networks of a film.

use std::fs;

use super::tracks::Shown;
use super::{Document, Model};

/// What draws pictures: a network, and how much of its plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synthesis {
    /// The network.
    pub model: Model,
    /// Width and height of what is synthesised, pixels; none for the trained square.
    pub canvas: Option<(u32, u32)>,
}

impl Synthesis {
    /// Whether both draw the same, however the network is named.
    pub(in crate::timeline) fn is(&self, other: &Self) -> bool {
        self.canvas == other.canvas && identity(&self.model) == identity(&other.model)
    }
}

impl Document {
    /// What draws the timeline and all that its clips show, each once: its own first, then in the order
    /// of the clips. A file that is named in several ways is one network.
    pub fn syntheses(&self) -> Vec<Synthesis> {
        let mut all = Vec::new();
        self.collect(&mut all);
        all
    }

    /// What draws its own pictures; none where no network is named.
    pub fn synthesis(&self) -> Option<Synthesis> {
        let canvas = self.written.canvas.as_ref().map(|canvas| canvas.value);
        Some(Synthesis { model: self.model()?, canvas })
    }

    fn collect(&self, all: &mut Vec<Synthesis>) {
        if let Some(own) = self.synthesis()
            && !all.iter().any(|known| known.is(&own))
        {
            all.push(own);
        }
        let clips = self.written.tracks.iter().flat_map(|track| &track.clips);
        for shown in clips.filter_map(|clip| clip.source.as_ref()) {
            match shown {
                Shown::Here(document) => document.collect(all),
                Shown::File(number) => {
                    if let Some(document) = self.source(*number) {
                        document.collect(all);
                    }
                }
            }
        }
    }

    /// A timeline that clips show.
    pub(in crate::timeline) fn source(&self, number: usize) -> Option<&Document> {
        self.written.sources.get(number)?.document.as_ref()
    }
}

/// The same for all names of a network: a file's path without detours, where there is that file.
fn identity(model: &Model) -> Model {
    match model {
        Model::File(path) => Model::File(fs::canonicalize(path).unwrap_or_else(|_| path.clone())),
        builtin @ Model::Builtin(_) => builtin.clone(),
    }
}
