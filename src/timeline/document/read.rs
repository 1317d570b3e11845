//! The document's top: what fields there are and how each is read.

use super::super::ron_tree::{Node, Value};
use super::super::time;
use super::alpha::ALPHA;
use super::decode::{Decoder, Fields, inner};
use super::directions::DIRECTIONS;
use super::fields::*;
use super::form::{Field, Form, NUMBER, Pair};
use super::latent::{LATENT, SEEDS};
use super::mix::MIX;
use super::music::{MARKERS, MUSIC};
use super::picture::{BACKGROUND, GRID, MOTION_BLUR};
use super::scalar::VARIABLES;
use super::signals::SIGNALS;
use super::tracks::TRACKS;
use super::{Camera, Grid, Scalar, Spanned, Stabilise, Written};

impl Decoder {
    pub fn timeline(&mut self, tree: &Node) -> Written {
        if let Value::Struct(Some(name), _) | Value::Tuple(Some(name), _) = &tree.value
            && name.text != "Timeline"
        {
            self.report.error(
                name.span.clone(),
                format!("expected `Timeline(...)`, found `{}(...)`", name.text),
            );
        }
        let Some(fields) = self.fields(tree, &TIMELINE) else {
            if let (Value::Map(_), Some(found)) = (&tree.value, self.report.diagnostics.last_mut())
            {
                found.help = Some("JSON is read from files whose names end in `.json`".into());
            }
            return Written::default();
        };
        self.variables.music = fields.get(MUSIC.name).is_some();
        let signals = fields.read(self, &SIGNALS).unwrap_or_default();
        fields.read(self, &VARIABLES);
        // Any time may name them.
        fields.read(self, &MARKERS);
        let output = fields.get(OUTPUT.name).and_then(|n| self.fields(n, &OUTPUT_FIELDS));
        let mut output = |field| output.as_ref().and_then(|o| o.read(self, field));
        let (preset, audio) = (output(&PRESET), output(&AUDIO));
        // Clips may be all that a timeline shows.
        let tracks = fields.get(TRACKS.name);
        let grid = fields.read_named(self, &GRID);
        let grid = grid.and_then(|(span, grid)| Some(Grid { span, ..grid? }));
        let own = tracks.is_none() || fields.get(SEEDS.name).or(fields.get(LATENT.name)).is_some();
        if own {
            fields.need(self, MODEL.name);
        }
        if tracks.is_some() {
            self.no_tracks(&fields);
        }
        let markers = self.markers.clone();
        let mut written = Written {
            model: fields.read(self, &MODEL),
            fps: fields.read(self, &FPS),
            duration: fields.read(self, &DURATION),
            size: fields.read(self, &SIZE),
            fit: fields.read(self, &FIT),
            pixel_aspect: fields.read(self, &PIXEL_ASPECT),
            preset,
            audio,
            canvas: fields.read(self, &CANVAS),
            background: fields.read(self, &BACKGROUND),
            motion_blur: fields.read(self, &MOTION_BLUR),
            grid,
            music: fields.read(self, &MUSIC),
            time: self.remapping(&fields, &markers),
            signals,
            ..Written::default()
        };
        if own {
            self.picture(&fields, &mut written);
        } else {
            self.no_picture(&fields);
        }
        written.tracks = tracks.map(|n| self.tracks(n, &written)).unwrap_or_default();
        written.sources = std::mem::take(&mut self.sources);
        written.markers = std::mem::take(&mut self.markers);
        written
    }

    /// What a clip shows, where that stands in the clip itself: its network, where it names none, with the
    /// canvas, its rate, music and what is heard are the document's.
    pub fn fragment(&mut self, node: &Node, outer: &Written) -> Option<Written> {
        let fields = self.fields(node, &SHOWN)?;
        fields.read(self, &VARIABLES);
        let model = match (fields.get(MODEL.name), &outer.model) {
            (None, Some(outer)) => Some(outer.clone()),
            (None, None) => {
                fields.need(self, MODEL.name);
                None
            }
            (Some(_), _) => fields.read(self, &MODEL),
        };
        let canvas = match (fields.get(CANVAS.name), fields.get(MODEL.name)) {
            // It goes with the network.
            (None, None) => outer.canvas.clone(),
            _ => fields.read(self, &CANVAS),
        };
        let duration = fields.read(self, &LENGTH);
        let mut written = Written { model, canvas, duration, fps: outer.fps, ..Written::default() };
        self.picture(&fields, &mut written);
        Some(written)
    }

    /// Reads what describes a timeline's own picture.
    fn picture(&mut self, fields: &Fields, written: &mut Written) {
        // Cells that all have a latent of their own need none of the timeline's.
        let each = |grid: &Grid| grid.cells.iter().all(|cell| cell.source.is_some());
        let own = fields.get(GRID.name).is_some() && written.grid.as_ref().is_none_or(each);
        let sources = [SEEDS.name, LATENT.name];
        if !own || sources.iter().any(|name| fields.get(name).is_some()) {
            written.source = self.source(fields, &sources);
        }
        written.psi = fields.read(self, &PSI);
        written.cutoff = fields.read(self, &CUTOFF);
        written.class = self.placed(fields, &CLASSES);
        written.mixes = fields.read(self, &MIX).unwrap_or_default();
        written.directions = fields.read(self, &DIRECTIONS).unwrap_or_default();
        written.camera = self.placed(fields, &CAMERA).map(Spanned::or_default);
        written.stabilise = self.placed(fields, &STABILISE).map(Spanned::or_default);
        written.alpha = fields.read(self, &ALPHA);
    }

    /// What could be read of a field, at its name.
    pub fn placed<F: Form>(
        &mut self,
        fields: &Fields,
        field: &Field<F>,
    ) -> Option<Spanned<Option<F::Value>>> {
        fields.read_named(self, field).map(|(span, value)| Spanned { value, span })
    }

    /// Tells of what films of clips cannot have.
    fn no_tracks(&mut self, fields: &Fields) {
        if let Some(span) = fields.name_span(GRID.name) {
            let message = "`grid` is given beside `tracks`: expected only one of them";
            self.report.error(span, message);
        }
        if let (Some(span), None) = (fields.name_span(CANVAS.name), fields.get(MODEL.name)) {
            let message = "`canvas` has no effect: no `model` is named beside it";
            self.report.error(span, message).help("move both into the `source` of a clip");
        }
    }

    /// Tells of what would describe a picture that there is none of.
    fn no_picture(&mut self, fields: &Fields) {
        for (name, span) in OWN.iter().filter_map(|name| Some((name, fields.name_span(name)?))) {
            let message = format!(
                "`{name}` has no effect: the timeline has no picture of its own under its tracks"
            );
            self.report
                .error(span, message)
                .help("move it into the `source` of a clip, or add `seeds` or `latent`");
        }
    }

    pub fn rate(&mut self, node: &Node) -> Option<(u32, u32)> {
        let rate = match &inner(node).value {
            Value::Integer(i) => time::rate(*i as f64),
            Value::Float(x) => time::rate(*x),
            Value::String(text) => time::rate_from_text(text),
            _ => return self.expected("a frame rate such as 24, 29.97 or \"30000/1001\"", node),
        };
        self.or_report(node, rate)
    }

    pub fn point_of_canvas(&mut self, node: &Node) -> Option<[Scalar; 2]> {
        Pair("x and y such as (0.1, 0)", NUMBER).read(self, node).map(|(x, y)| [x, y])
    }

    pub fn scale(&mut self, node: &Node) -> Option<Scalar> {
        let scale = self.number(node)?;
        if let Scalar::Constant(scale) = scale
            && scale <= 0.0
        {
            self.report.error(
                node.span.clone(),
                format!("a scale of {scale} shows nothing: expected above 0"),
            );
            return None;
        }
        Some(scale)
    }

    pub fn camera(&mut self, node: &Node) -> Option<Camera> {
        let fields = self.fields(node, &CAMERA_FIELDS)?;
        Some(Camera {
            translate: fields.read(self, &TRANSLATE),
            rotate: fields.read(self, &ROTATE),
            scale: fields.read(self, &SCALE),
            pivot: fields.read(self, &PIVOT),
        })
    }

    pub fn stabilise(&mut self, node: &Node) -> Option<Stabilise> {
        let fields = self.fields(node, &STABILISE_FIELDS)?;
        Some(Stabilise { to: fields.read(self, &ANCHOR), amount: fields.read(self, &AMOUNT) })
    }
}
