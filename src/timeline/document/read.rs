//! The document's top: what fields there are and how each is read.

use super::super::resolved::{Anchor, Fit};
use super::super::ron_tree::{Node, Value};
use super::super::time;
use super::decode::{Decoder, inner};
use super::{Camera, Scalar, Spanned, Stabilise, Written};

const FIELDS: [&str; 21] = [
    "model",
    "fps",
    "duration",
    "size",
    "fit",
    "pixel_aspect",
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
    "music",
    "markers",
    "signals",
    "variables",
    "include",
];
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
        let named = |name| fields.name_span(name).zip(fields.get(name));
        Written {
            model: fields.need(self, "model").and_then(|n| self.text(n)),
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
            source: self.source(&fields, &["seeds", "latent"]),
            psi: fields.get("psi").and_then(|n| self.track(n, Self::number)),
            cutoff: fields.get("cutoff").and_then(|n| {
                self.held_track(n, |d, n| {
                    d.integer(n, "a count of layers", 0..=i128::from(u32::MAX))
                })
            }),
            class: named("class")
                .map(|(span, n)| Spanned { value: self.track(n, Self::class), span }),
            mixes: fields
                .get("mix")
                .and_then(|n| {
                    self.list(n, "a list of mixes `(layers: ..., seed: ..., amount: ...)`")
                })
                .unwrap_or_default()
                .iter()
                .filter_map(|n| self.mix(n))
                .collect(),
            directions: fields.get("directions").map(|n| self.directions(n)).unwrap_or_default(),
            camera: named("camera")
                .map(|(span, n)| Spanned { value: self.camera(n).unwrap_or_default(), span }),
            stabilise: named("stabilise")
                .map(|(span, n)| Spanned { value: self.stabilise(n).unwrap_or_default(), span }),
            music: fields.get("music").map(|n| self.music(n).unwrap_or_default()),
            markers: std::mem::take(&mut self.markers),
            signals,
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

    fn camera(&mut self, node: &Node) -> Option<Camera> {
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
