//! The camera and stabilisation: whether the network can, and whether the viewer sees beyond what
//! it was trained on.

use super::super::curve::Curve;
use super::super::document::{self, Scalar, Spanned, Track};
use super::super::number::Pair;
use super::super::resolved::{self, Anchor, Canvas, Fit, Stabilise};
use super::Check;
use crate::report::Span;

/// How far from the centre the picture can be trusted, canvas widths: half a canvas, and the
/// translations of up to 1/8 that EQ-T is measured with (Karras et al. 2021, section 3.1).
const TRAINED_REACH: f64 = 0.625;
/// The most evenly spaced times at which the camera is looked at.
const MOST_SAMPLES: u64 = 10_000;

impl Check<'_> {
    pub fn camera(
        &mut self,
        written: Option<&Spanned<document::Camera>>,
        frames: Option<u64>,
        canvas: &Canvas,
    ) -> resolved::Camera {
        let tracks = written.map(|camera| &camera.value);
        let network = self.network;
        let turns_badly = network.is_some_and(|n| n.has_camera && !n.rotates);
        let mut warned = false;
        let rotate = self.curve(tracks.and_then(|t| t.rotate.as_ref()), 0.0.into(), |check, degrees, span| {
            let (number, reached) = check.number(degrees, &span);
            if turns_badly && reached.iter().any(|degrees| *degrees != 0.0) && !warned {
                warned = true;
                let message = "this network (configuration T) was not made to be rotated: textures will stick and flicker";
                check.report.warning(span, message).help("only networks of configuration R rotate cleanly");
            }
            Some(number)
        });
        let camera = resolved::Camera {
            translate: self.pair(tracks.and_then(|t| t.translate.as_ref())),
            rotate,
            scale: self.curve(
                tracks.and_then(|t| t.scale.as_ref()),
                1.0.into(),
                |check, scale, span| Some(check.number(scale, &span).0),
            ),
            pivot: self.pair(tracks.and_then(|t| t.pivot.as_ref())),
        };
        if let (Some(written), Some(network)) = (written, network) {
            if network.has_camera {
                self.camera_path(&camera, written.span.clone(), frames, canvas);
            } else {
                self.report.error(written.span.clone(), no_camera("`camera`", &network.kind));
            }
        }
        camera
    }

    fn pair(&mut self, track: Option<&Track<[Scalar; 2]>>) -> Curve<Pair> {
        self.curve(track, [0.0; 2].into(), |check, [x, y], span| {
            Some(Pair([check.number(x, &span).0, check.number(y, &span).0]))
        })
    }

    pub fn stabilise(&mut self) -> Option<Stabilise> {
        let document = self.document;
        let written = document.written.stabilise.as_ref()?;
        if let Some(network) = self.network.filter(|network| !network.has_camera) {
            self.report.error(written.span.clone(), no_camera("`stabilise`", &network.kind));
        }
        let amount = self.amount(written.value.amount.as_ref());
        Some(Stabilise { to: written.value.to.unwrap_or(Anchor::Centre), amount })
    }

    /// Follows the camera and tells of the first time at which it shows what it should not.
    fn camera_path(
        &mut self,
        camera: &resolved::Camera,
        span: Span,
        frames: Option<u64>,
        canvas: &Canvas,
    ) {
        let Some(frames) = frames else { return };
        let edges = visible_edges(canvas);
        let mut outside = None;
        for frame in sample_times(camera, frames) {
            let scale = camera.scale.at(frame);
            if scale <= 0.0 {
                let message =
                    format!("the scale falls to {scale:.3} at {}", self.moment_text(frame));
                self.report
                    .error(span, message)
                    .help("choose an easing without overshoot, or `max` in an expression");
                return;
            }
            if canvas.extent.is_some() {
                // Who asks for another canvas wants to see it.
                continue;
            }
            let reach = farthest(&camera.matrix(frame), scale, &edges);
            if outside.is_none() && reach > TRAINED_REACH + 1e-9 {
                outside = Some((frame, reach));
            }
        }
        if let Some((frame, reach)) = outside {
            let message = format!(
                "the camera leaves the trained canvas at {}: an edge of the frame shows what lies {reach:.3} canvas widths \
                 from the centre, beyond {TRAINED_REACH}",
                self.moment_text(frame)
            );
            self.report
                .warning(span, message)
                .help("the picture there is made up; move less, or scale up to stay inside");
        }
    }
}

fn no_camera(what: &str, kind: &str) -> String {
    format!(
        "{what} needs an alias-free network (StyleGAN3): a {kind} network's picture cannot be moved"
    )
}

/// Times in increasing order: all keys, and every frame or as many of them as are affordable.
fn sample_times(camera: &resolved::Camera, frames: u64) -> Vec<f64> {
    fn times<V>(curve: &Curve<V>) -> impl Iterator<Item = f64> {
        curve.keys.iter().map(|key| key.at)
    }
    let keys = times(&camera.translate)
        .chain(times(&camera.rotate))
        .chain(times(&camera.scale))
        .chain(times(&camera.pivot));
    let stride = frames.div_ceil(MOST_SAMPLES).max(1);
    let even = (0..frames)
        .step_by(usize::try_from(stride).unwrap_or(usize::MAX))
        .map(|frame| frame as f64);
    // A key at the very end is never shown.
    let mut all: Vec<f64> = keys.filter(|at| *at < frames as f64).chain(even).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// The midpoints of the visible frame's edges in canvas widths from the centre.
fn visible_edges(canvas: &Canvas) -> [[f64; 2]; 4] {
    let aspect = canvas.size.map_or(1.0, |(width, height)| {
        let (across, down) = canvas.pixel_aspect;
        f64::from(width) * f64::from(across) / (f64::from(height) * f64::from(down))
    });
    let (x, y) = match canvas.fit {
        Fit::Cover => (0.5 * aspect.min(1.0), 0.5 / aspect.max(1.0)),
        Fit::Contain | Fit::Stretch => (0.5, 0.5),
    };
    [[x, 0.0], [-x, 0.0], [0.0, y], [0.0, -y]]
}

/// The largest distance from the centre, in x or y, of what is seen at `points`. `matrix` is a
/// rotation times `scale` (above 0), then a translation, so that its inverse is at hand.
fn farthest(matrix: &[[f64; 3]; 3], scale: f64, points: &[[f64; 2]]) -> f64 {
    let [[a, b, tx], [c, d, ty], _] = *matrix;
    let reach = |[x, y]: [f64; 2]| {
        let (x, y) = (x - tx, y - ty);
        (a * x + c * y).abs().max((b * x + d * y).abs()) / (scale * scale)
    };
    points.iter().copied().map(reach).fold(0.0, f64::max)
}
