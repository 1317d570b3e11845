//! The document's top: what fields there are. An editor shows them in this order.

use super::super::resolved::{Anchor, Fit};
use super::super::time::{MAX_FPS, Time};
use super::alpha::ALPHA;
use super::decode::Decoder;
use super::directions::DIRECTIONS;
use super::form::{
    Apart, By, Field, NUMBER, Pair, Placed, Record, Shaped, TEXT, TIME, Whole, Words,
};
use super::include::INCLUDE;
use super::latent::{LATENT, SEEDS};
use super::mix::MIX;
use super::music::{MARKERS, MUSIC};
use super::picture::{BACKGROUND, GRID, MOTION_BLUR};
use super::remap::{SPEED, TIME_MAP};
use super::scalar::VARIABLES;
use super::shape::Shape;
use super::signals::SIGNALS;
use super::track::{CLASS, Class, Held, Keyed};
use super::tracks::TRACKS;
use super::{Camera, Scalar, Spanned, Stabilise};

/// The largest picture that common encoders take.
const MAX_SIDE: u32 = 16384;

pub(super) static TIMELINE: Record = Record {
    what: "the timeline",
    fields: &[
        &MODEL,
        &FPS,
        &DURATION,
        &SIZE,
        &FIT,
        &PIXEL_ASPECT,
        &CANVAS,
        &BACKGROUND,
        &MOTION_BLUR,
        &GRID,
        &OUTPUT,
        &SEEDS,
        &LATENT,
        &PSI,
        &CUTOFF,
        &CLASSES,
        &MIX,
        &DIRECTIONS,
        &CAMERA,
        &STABILISE,
        &ALPHA,
        &MUSIC,
        &MARKERS,
        &SIGNALS,
        &VARIABLES,
        &INCLUDE,
        &TIME_MAP,
        &SPEED,
        &TRACKS,
    ],
};
/// What a clip shows; the other fields are the film's.
pub(super) static SHOWN: Record = Record {
    what: "what a clip shows",
    fields: &[
        &MODEL,
        &CANVAS,
        &LENGTH,
        &SEEDS,
        &LATENT,
        &PSI,
        &CUTOFF,
        &CLASSES,
        &MIX,
        &DIRECTIONS,
        &CAMERA,
        &STABILISE,
        &ALPHA,
        &VARIABLES,
    ],
};
/// Those that describe the timeline's own picture.
pub(super) const OWN: [&str; 8] = [
    PSI.name,
    CUTOFF.name,
    CLASSES.name,
    MIX.name,
    DIRECTIONS.name,
    CAMERA.name,
    STABILISE.name,
    ALPHA.name,
];

pub(super) const MODEL: Field<By<Spanned<String>>> =
    Field::new("model", TEXT, "the network: a file (.pkl, .safetensors) or builtin:NAME");
pub(super) const FPS: Field<By<(u32, u32)>> = Field::new(
    "fps",
    By(Decoder::rate, || {
        let most = ("maximum", f64::from(MAX_FPS));
        let number = Shape::Number(vec![("exclusiveMinimum", 0.0), most]);
        Shape::Any(vec![number, Shape::Text])
    }),
    "frames a second; 23.976, 29.97 and 59.94 are the exact NTSC rates, a text is a fraction such as 30000/1001",
)
.or("24");
/// Of a clip's source, which may be longer than the clip.
pub(super) const LENGTH: Field<By<Spanned<Time>>> =
    Field::new("duration", TIME, "how long it is: frames, or a time such as 4s");
pub(super) const DURATION: Field<By<Spanned<Time>>> = LENGTH.needed();
pub(super) const SIZE: Field<Placed<Pair<Whole>>> =
    Field::new("size", PIXELS, "width and height in pixels; the network's if left out");
const PIXELS: Placed<Pair<Whole>> =
    Placed(Pair("width and height such as (1920, 1080)", Whole("a number of pixels", 1, MAX_SIDE)));
pub(super) const FIT: Field<Words<Fit>> = Field::new(
    "fit",
    Words(&[("contain", Fit::Contain), ("cover", Fit::Cover), ("stretch", Fit::Stretch)]),
    "the network's picture in another shape: with bars, cropped, or stretched",
)
.or("\"contain\"");
pub(super) const PIXEL_ASPECT: Field<Pair<Whole>> = Field::new(
    "pixel_aspect",
    Pair("width and height of a pixel such as (1, 1)", Whole("a pixel's side", 1, 1000)),
    "width and height of a stored pixel",
)
.or("[1, 1]");
pub(super) const CANVAS: Field<Placed<Pair<Whole>>> = Field::new(
    "canvas",
    PIXELS,
    "pixels of the network that are synthesised, around the trained square; the trained square if left out",
);

pub(super) const PRESET: Field<By<Spanned<String>>> =
    Field::new("preset", TEXT, "an output preset's name, or a file of one (.ron)").or("\"h264\"");
pub(super) const AUDIO: Field<By<Spanned<String>>> = Field::new("audio", TEXT, "a sound file");
pub(super) static OUTPUT_FIELDS: Record = Record { what: "`output`", fields: &[&PRESET, &AUDIO] };
pub(super) const OUTPUT: Field<Apart> =
    Field::new("output", Apart(|| OUTPUT_FIELDS.shape()), "a preset, and sound");

pub(super) const PSI: Field<Keyed<By<Scalar>>> =
    Field::new("psi", Keyed(NUMBER), "truncation: 0 is the average, 1 none").or("1");
pub(super) const CUTOFF: Field<Held<Whole>> = Field::new(
    "cutoff",
    Held(Whole("a count of layers", 0, u32::MAX)),
    "how many of the first layers psi acts on; all if left out",
);
pub(super) const CLASSES: Field<Keyed<By<Class>>> =
    Field::new("class", Keyed(CLASS), "of networks made for classes: one, or weights of several");

/// Where a point lies on the canvas.
const PLACE: By<[Scalar; 2]> = By(Decoder::point_of_canvas, || {
    Shape::named("place", Shape::Tuple(vec![NUMBER.shape(), NUMBER.shape()]))
});
const ENLARGED: By<Scalar> = By(Decoder::scale, || {
    let number = Shape::Number(vec![("exclusiveMinimum", 0.0)]);
    Shape::named("scale", Shape::Any(vec![number, Shape::Text]))
});
pub(super) const TRANSLATE: Field<Keyed<By<[Scalar; 2]>>> =
    Field::new("translate", Keyed(PLACE), "x and y in widths of the trained square").or("[0, 0]");
pub(super) const ROTATE: Field<Keyed<By<Scalar>>> =
    Field::new("rotate", Keyed(NUMBER), "degrees").or("0");
pub(super) const SCALE: Field<Keyed<By<Scalar>>> =
    Field::new("scale", Keyed(ENLARGED), "how much larger the picture is").or("1");
pub(super) const PIVOT: Field<Keyed<By<[Scalar; 2]>>> = Field::new(
    "pivot",
    Keyed(PLACE),
    "what rotation and scale turn about, in widths of the trained square from its middle",
)
.or("[0, 0]");
pub(super) static CAMERA_FIELDS: Record =
    Record { what: "`camera`", fields: &[&TRANSLATE, &ROTATE, &SCALE, &PIVOT] };
pub(super) const CAMERA: Field<By<Camera>> = Field::new(
    "camera",
    By(Decoder::camera, || Shape::named("camera", CAMERA_FIELDS.shape())),
    "motion of the picture (StyleGAN3)",
);

pub(super) const ANCHOR: Field<Words<Anchor>> = Field::new(
    "to",
    Words(&[("centre", Anchor::Centre), ("center", Anchor::Centre), ("average", Anchor::Average)]),
    "where the picture is held: in the middle, or where the average w puts it",
)
.or("\"centre\"");
pub(super) const AMOUNT: Field<Keyed<By<Scalar>>> =
    Field::new("amount", Keyed(NUMBER), "0 leaves the motion, 1 cancels it").or("1");
pub(super) static STABILISE_FIELDS: Record =
    Record { what: "`stabilise`", fields: &[&ANCHOR, &AMOUNT] };
pub(super) const STABILISE: Field<By<Stabilise>> = Field::new(
    "stabilise",
    By(Decoder::stabilise, || Shape::named("stabilise", STABILISE_FIELDS.shape())),
    "cancels the network's own motion (StyleGAN3)",
);
