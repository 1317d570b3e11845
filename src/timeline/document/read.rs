//! The document's top: what fields there are and how each is read.

use super::super::resolved::{Anchor, Fit};
use super::super::ron_tree::{Node, Value};
use super::super::time;
use super::decode::{Decoder, Fields, inner};
use super::{Camera, Grid, Scalar, Spanned, Stabilise, Written};

const FIELDS: [&str; 29] = [
    "model",
    "fps",
    "duration",
    "size",
    "fit",
    "pixel_aspect",
    "canvas",
    "background",
    "motion_blur",
    "grid",
    "output",
    "seeds",
    "latent",
    "psi",
    "cutoff",
    "class",
    "mix",
    "directions",
    "camera",
    "stabilise",
    "alpha",
    "music",
    "markers",
    "signals",
    "variables",
    "include",
    "time",
    "speed",
    "tracks",
];
/// Those of what a clip shows; the others are the film's.
const SHOWN: [&str; 13] = [
    "model",
    "duration",
    "seeds",
    "latent",
    "psi",
    "cutoff",
    "class",
    "mix",
    "directions",
    "camera",
    "stabilise",
    "alpha",
    "variables",
];
/// Those that describe the timeline's own picture.
const OWN: [&str; 8] =
    ["psi", "cutoff", "class", "mix", "directions", "camera", "stabilise", "alpha"];
const FITS: [(&str, Fit); 3] =
    [("contain", Fit::Contain), ("cover", Fit::Cover), ("stretch", Fit::Stretch)];
const ANCHORS: [(&str, Anchor); 3] =
    [("centre", Anchor::Centre), ("center", Anchor::Centre), ("average", Anchor::Average)];
/// The largest picture that common encoders take.
const MAX_SIDE: i128 = 16384;
const MAX_ASPECT: i128 = 1000;

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
        let Some(fields) = self.fields(tree, "the timeline", &FIELDS) else {
            return Written::default();
        };
        self.variables.music = fields.get("music").is_some();
        let signals = fields.get("signals").map(|n| self.signals(n)).unwrap_or_default();
        if let Some(variables) = fields.get("variables") {
            self.variables(variables);
        }
        // Any time may name them.
        if let Some(markers) = fields.get("markers") {
            self.markers(markers);
        }
        let output =
            fields.get("output").and_then(|n| self.fields(n, "`output`", &["preset", "audio"]));
        let output = |name| output.as_ref().and_then(|o| o.get(name));
        // Clips may be all that a timeline shows.
        let tracks = fields.get("tracks");
        let grid = self.grid_field(&fields);
        let own = tracks.is_none() || fields.get("seeds").or(fields.get("latent")).is_some();
        let model = if own { fields.need(self, "model") } else { fields.get("model") };
        if tracks.is_some() {
            self.no_tracks(&fields);
        }
        let markers = self.markers.clone();
        let mut written = Written {
            model: model.and_then(|n| self.text(n)),
            fps: fields.get("fps").and_then(|n| self.rate(n)),
            duration: fields.need(self, "duration").and_then(|n| self.time(n)),
            size: fields.get("size").and_then(|n| self.size(n)),
            fit: fields.get("fit").and_then(|n| self.choice(n, &FITS)),
            pixel_aspect: fields.get("pixel_aspect").and_then(|n| {
                self.pair(n, "width and height of a pixel such as (1, 1)", |d, n| {
                    d.integer(n, "a pixel's side", 1..=MAX_ASPECT)
                })
            }),
            preset: output("preset").and_then(|n| self.text(n)),
            audio: output("audio").and_then(|n| self.text(n)),
            canvas: fields.get("canvas").and_then(|n| self.size(n)),
            background: fields.get("background").and_then(|n| self.colour(n)),
            motion_blur: fields.get("motion_blur").and_then(|n| self.motion_blur(n)),
            grid,
            music: fields.get("music").map(|n| self.music(n).unwrap_or_default()),
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

    /// What a clip shows, where that stands in the clip itself: its network, where it names none, its
    /// rate, music and what is heard are the document's.
    pub fn fragment(&mut self, node: &Node, outer: &Written) -> Option<Written> {
        let fields = self.fields(node, "what a clip shows", &SHOWN)?;
        if let Some(variables) = fields.get("variables") {
            self.variables(variables);
        }
        let model = match fields.get("model") {
            Some(node) => self.text(node),
            None if outer.model.is_none() => {
                fields.need(self, "model");
                None
            }
            None => outer.model.clone(),
        };
        let duration = fields.get("duration").and_then(|n| self.time(n));
        let mut written = Written { model, duration, fps: outer.fps, ..Written::default() };
        self.picture(&fields, &mut written);
        Some(written)
    }

    /// Reads what describes a timeline's own picture.
    fn picture(&mut self, fields: &Fields, written: &mut Written) {
        let named = |name| fields.name_span(name).zip(fields.get(name));
        // Cells that all have a latent of their own need none of the timeline's.
        let each = |grid: &Grid| grid.cells.iter().all(|cell| cell.source.is_some());
        let own = fields.get("grid").is_some() && written.grid.as_ref().is_none_or(each);
        let sources = ["seeds", "latent"];
        if !own || sources.iter().any(|name| fields.get(name).is_some()) {
            written.source = self.source(fields, &sources);
        }
        written.psi = fields.get("psi").and_then(|n| self.track(n, Self::number));
        written.cutoff = fields.get("cutoff").and_then(|n| {
            self.held_track(n, |d, n| d.integer(n, "a count of layers", 0..=i128::from(u32::MAX)))
        });
        written.class =
            named("class").map(|(span, n)| Spanned { value: self.track(n, Self::class), span });
        let mixes = fields
            .get("mix")
            .and_then(|n| self.list(n, "a list of mixes `(layers: ..., seed: ..., amount: ...)`"));
        written.mixes = mixes.unwrap_or_default().iter().filter_map(|n| self.mix(n)).collect();
        written.directions =
            fields.get("directions").map(|n| self.directions(n)).unwrap_or_default();
        written.camera = named("camera")
            .map(|(span, n)| Spanned { value: self.camera(n).unwrap_or_default(), span });
        written.stabilise = named("stabilise")
            .map(|(span, n)| Spanned { value: self.stabilise(n).unwrap_or_default(), span });
        written.alpha = fields.get("alpha").and_then(|n| Some(Spanned::new(self.alpha(n)?, n)));
    }

    fn grid_field(&mut self, fields: &Fields) -> Option<Grid> {
        let (span, node) = fields.name_span("grid").zip(fields.get("grid"))?;
        self.grid(node, span)
    }

    /// Tells of what films of clips cannot have.
    fn no_tracks(&mut self, fields: &Fields) {
        for (name, span) in
            ["canvas", "grid"].iter().filter_map(|n| Some((n, fields.name_span(n)?)))
        {
            let message = format!("`{name}` is given beside `tracks`: expected only one of them");
            self.report.error(span, message);
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

    fn rate(&mut self, node: &Node) -> Option<(u32, u32)> {
        let rate = match &inner(node).value {
            Value::Integer(i) => time::rate(*i as f64),
            Value::Float(x) => time::rate(*x),
            Value::String(text) => time::rate_from_text(text),
            _ => return self.expected("a frame rate such as 24, 29.97 or \"30000/1001\"", node),
        };
        self.or_report(node, rate)
    }

    fn size(&mut self, node: &Node) -> Option<Spanned<(u32, u32)>> {
        let size = self.pair(node, "width and height such as (1920, 1080)", |d, n| {
            d.integer(n, "a number of pixels", 1..=MAX_SIDE)
        })?;
        Some(Spanned::new(size, node))
    }

    fn point_of_canvas(&mut self, node: &Node) -> Option<[Scalar; 2]> {
        self.pair(node, "x and y such as (0.1, 0)", Self::number).map(|(x, y)| [x, y])
    }

    fn scale(&mut self, node: &Node) -> Option<Scalar> {
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
        let fields = self.fields(node, "`camera`", &["translate", "rotate", "scale", "pivot"])?;
        Some(Camera {
            translate: fields.get("translate").and_then(|n| self.track(n, Self::point_of_canvas)),
            rotate: fields.get("rotate").and_then(|n| self.track(n, Self::number)),
            scale: fields.get("scale").and_then(|n| self.track(n, Self::scale)),
            pivot: fields.get("pivot").and_then(|n| self.track(n, Self::point_of_canvas)),
        })
    }

    fn stabilise(&mut self, node: &Node) -> Option<Stabilise> {
        let fields = self.fields(node, "`stabilise`", &["to", "amount"])?;
        Some(Stabilise {
            to: fields.get("to").and_then(|n| self.choice(n, &ANCHORS)),
            amount: fields.get("amount").and_then(|n| self.track(n, Self::number)),
        })
    }
}
