//! The model, the picture's size, the preset and the audio.

use std::path::{Path, PathBuf};

use super::super::document::Model;
use super::super::resolved::{Canvas, Fit};
use super::{Check, Facts, Overrides, PresetFacts};
use crate::report::{Span, nearest};

/// The output preset where nobody names one, and that for films with alpha.
const DEFAULT_PRESET: &str = "h264";
const DEFAULT_WITH_ALPHA: &str = "prores-4444";

impl Check<'_> {
    pub fn model(&mut self, facts: &Facts) {
        let Some(written) = &self.document.written.model else {
            return;
        };
        let span = written.span.clone();
        match (self.document.model(), &facts.network) {
            (Some(Model::File(path)), _) if !path.is_file() => self.missing("network", &path, span),
            (_, Err(problem)) => {
                let diagnostic = self.report.error(span, &problem.message);
                diagnostic.help = problem.help.clone();
            }
            (_, Ok(_)) => {}
        }
    }

    pub fn missing(&mut self, what: &str, path: &Path, span: Span) {
        let message = format!("there is no {what} file `{}`", path.display());
        self.report
            .error(span, message)
            .help("paths start at the folder of the file that names them");
    }

    pub fn preset<'f>(
        &mut self,
        facts: &'f Facts,
        overrides: &Overrides,
    ) -> Option<&'f PresetFacts> {
        let written = self.document.preset();
        let usual =
            if self.document.has_alpha(facts) { DEFAULT_WITH_ALPHA } else { DEFAULT_PRESET };
        let name = overrides.preset.as_deref().or(written.as_deref()).unwrap_or(usual);
        let found = facts.presets.iter().find(|preset| preset.name == name);
        if found.is_none() {
            let span = self.preset_span(overrides);
            if name.ends_with(".ron") && !Path::new(name).is_file() {
                self.missing("preset", Path::new(name), span);
                return None;
            }
            let names = || facts.presets.iter().map(|preset| preset.name.as_str());
            let help = match nearest(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the presets are {}", names().collect::<Vec<_>>().join(", ")),
            };
            self.report.error(span, format!("unknown output preset `{name}`")).help(help);
        }
        found
    }

    fn preset_span(&self, overrides: &Overrides) -> Span {
        let written = self.document.written.preset.as_ref().filter(|_| overrides.preset.is_none());
        written.map_or(0..0, |preset| preset.span.clone())
    }

    pub fn canvas(
        &mut self,
        preset: Option<&PresetFacts>,
        facts: &Facts,
        overrides: &Overrides,
    ) -> Canvas {
        let written = &self.document.written;
        let size = overrides.size.or(written.size.as_ref().map(|size| size.value));
        let extent = self.extent();
        let side = self.network.map(|network| network.resolution);
        let image = extent.or(side.map(|side| (side, side)));
        let derived = match (image, &written.grid) {
            _ if size.is_some() => size,
            (Some(image), Some(grid)) => self.around(grid, image),
            (image, _) => image,
        };
        if let (Some(preset), Some((width, height))) = (preset, derived) {
            for (what, pixels, even) in
                [("width", width, preset.even_width), ("height", height, preset.even_height)]
            {
                if even && pixels % 2 == 1 {
                    let place = match (overrides.size, &written.size) {
                        (None, Some(size)) => size.span.clone(),
                        (None, None) if written.grid.is_some() || extent.is_some() => {
                            let grid = written.grid.as_ref().map(|grid| grid.span.clone());
                            let canvas = written.canvas.as_ref().map(|c| c.span.clone());
                            grid.or(canvas).unwrap_or_default()
                        }
                        (None, None) => {
                            written.model.as_ref().map_or(0..0, |model| model.span.clone())
                        }
                        (Some(_), _) => 0..0,
                    };
                    let own = size.is_none() && written.grid.is_none() && extent.is_none();
                    let whose = if own { "the network's " } else { "a " };
                    let name = &preset.name;
                    let message = format!(
                        "{whose}{what} of {pixels} is odd: preset `{name}` halves the chroma and needs an even one"
                    );
                    let help = format!(
                        "make it {} (`size`), or choose a preset such as prores-4444",
                        pixels + 1
                    );
                    self.report.error(place, message).help(help);
                }
            }
        }
        Canvas {
            size,
            fit: written.fit.unwrap_or(Fit::Contain),
            pixel_aspect: written.pixel_aspect.unwrap_or((1, 1)),
            ground: self.document.ground(facts),
            extent,
        }
    }

    pub fn audio(&mut self, overrides: &Overrides) -> Option<PathBuf> {
        if overrides.audio.is_some() {
            return overrides.audio.clone();
        }
        let written = self.document.written.audio.as_ref()?;
        let path = self.document.path(&written.value, &written.span);
        if !path.is_file() {
            self.missing("audio", &path, written.span.clone());
        }
        Some(path)
    }
}
