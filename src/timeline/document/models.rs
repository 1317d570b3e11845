//! The networks of a film.

use std::fs;

use super::tracks::Shown;
use super::{Document, Model};

impl Document {
    /// The networks of the timeline and of all that its clips show, each once: its own first, then in the
    /// order of the clips. A file that is named in several ways is one network.
    pub fn models(&self) -> Vec<Model> {
        let mut models = Vec::new();
        self.collect(&mut models);
        models
    }

    fn collect(&self, models: &mut Vec<Model>) {
        if let Some(model) = self.model() {
            let same = identity(&model);
            if !models.iter().any(|known| identity(known) == same) {
                models.push(model);
            }
        }
        let clips = self.written.tracks.iter().flat_map(|track| &track.clips);
        for shown in clips.filter_map(|clip| clip.source.as_ref()) {
            match shown {
                Shown::Here(document) => document.collect(models),
                Shown::File(number) => {
                    if let Some(document) = self.source(*number) {
                        document.collect(models);
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
pub(in crate::timeline) fn identity(model: &Model) -> Model {
    match model {
        Model::File(path) => Model::File(fs::canonicalize(path).unwrap_or_else(|_| path.clone())),
        builtin @ Model::Builtin(_) => builtin.clone(),
    }
}
