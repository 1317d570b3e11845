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
        self.canvas == other.canvas && same(&self.model, &other.model)
    }
}

impl Document {
    /// What draws the timeline and all that its clips show, each once: its own first, then in the order
    /// of the clips. A file that is named in several ways is one network, and has its first name.
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
        if let Some(mut own) = self.synthesis() {
            if let Some(known) = all.iter().find(|known| same(&known.model, &own.model)) {
                own.model = known.model.clone();
            }
            if !all.contains(&own) {
                all.push(own);
            }
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

/// Whether both name one network: files by their paths without detours, where there are such files.
fn same(a: &Model, b: &Model) -> bool {
    match (a, b) {
        (Model::File(a), Model::File(b)) if a != b => {
            fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
        }
        _ => a == b,
    }
}
