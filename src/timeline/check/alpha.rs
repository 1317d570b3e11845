//! What is transparent, and what lies below it.

use super::super::alpha::{Alpha, Keyed, Matte};
use super::super::curve::Curve;
use super::super::document::{self, Document, Scalar, Shown, Track};
use super::super::number::Number;
use super::super::resolved::Ground;
use super::{Check, Facts, PresetFacts};

/// The points of a luma key where none are written: black goes, and what is nearly black partly.
const LOW: f64 = 0.05;
const HIGH: f64 = 0.2;
/// How far from its colour a key reaches where nothing is written, and where it ends.
const TOLERANCE: f64 = 0.1;
const SOFTNESS: f64 = 0.1;

impl Document {
    /// Whether the film has alpha: pictures with some, and nothing below them. `facts` are those for
    /// [`Document::check`]; the presets may be missing.
    pub fn has_alpha(&self, facts: &Facts) -> bool {
        self.ground(facts) == Ground::Clear
    }

    /// What lies below everything.
    pub(super) fn ground(&self, facts: &Facts) -> Ground {
        let grid = self.written.grid.as_ref().and_then(|grid| grid.background);
        match (self.written.background, self.is_transparent(facts)) {
            (Some(colour), _) => Ground::Colour(colour),
            (None, true) => grid.map_or(Ground::Clear, Ground::Colour),
            (None, false) => Ground::Black,
        }
    }

    /// Whether one of its pictures has alpha.
    fn is_transparent(&self, facts: &Facts) -> bool {
        let written = &self.written;
        let own = written.tracks.is_empty() || written.source.is_some();
        let network = || facts.network.as_ref().is_ok_and(|network| network.alpha);
        let of_own = || match written.alpha.as_ref().map(|alpha| &alpha.value) {
            None => network(),
            Some(alpha) => *alpha != document::Alpha::Opaque,
        };
        let of_clip = |shown: &Shown| {
            let shown = match shown {
                Shown::Here(document) => Some(&**document),
                Shown::File(number) => {
                    written.sources.get(*number).and_then(|source| source.document.as_ref())
                }
            };
            shown.is_some_and(|shown| shown.is_transparent(&facts.about(shown)))
        };
        let mut clips = written.tracks.iter().flat_map(|track| &track.clips);
        own && of_own() || clips.any(|clip| clip.source.as_ref().is_some_and(of_clip))
    }
}

impl Check<'_> {
    /// What is seen of the picture; none for all of it.
    pub fn alpha(&mut self) -> Option<Keyed> {
        let own = self.network.is_some_and(|network| network.alpha);
        let document = self.document;
        let Some(written) = &document.written.alpha else {
            return own.then_some(Alpha::Network);
        };
        match &written.value {
            document::Alpha::Opaque => None,
            document::Alpha::Network => {
                if let Some(network) = self.network.filter(|_| !own) {
                    let message = format!(
                        "`alpha: network` needs a network with alpha: this {} has no fourth channel",
                        network.kind
                    );
                    self.report
                        .error(written.span.clone(), message)
                        .help("cut it out with a key such as `(key: luma)`, or leave `alpha` out");
                }
                Some(Alpha::Network)
            }
            document::Alpha::Luma { low, high, invert } => Some(Alpha::Luma {
                low: self.number_of(low.as_ref(), LOW, f64::NEG_INFINITY..=f64::INFINITY, ""),
                high: self.number_of(high.as_ref(), HIGH, f64::NEG_INFINITY..=f64::INFINITY, ""),
                invert: *invert,
            }),
            document::Alpha::Colour { colour, tolerance, softness, spill, invert } => {
                let reach = 0.0..=f64::INFINITY;
                Some(Alpha::Colour {
                    colour: *colour,
                    tolerance: self.number_of(
                        tolerance.as_ref(),
                        TOLERANCE,
                        reach.clone(),
                        "a tolerance",
                    ),
                    softness: self.number_of(softness.as_ref(), SOFTNESS, reach, "a softness"),
                    spill: self.number_of(spill.as_ref(), 0.0, 0.0..=1.0, "a spill suppression"),
                    invert: *invert,
                })
            }
            document::Alpha::Matte { path: named, channel, invert } => {
                let path = document.path(&named.value, &named.span);
                if !path.is_file() {
                    self.missing("matte", &path, named.span.clone());
                    return None;
                }
                match Matte::read(&path, *channel) {
                    Ok(matte) => Some(Alpha::Matte { matte, invert: *invert }),
                    Err(why) => {
                        let message = format!("the matte `{}` {why}", path.display());
                        self.report.error(named.span.clone(), message);
                        None
                    }
                }
            }
        }
    }

    fn number_of(
        &mut self,
        track: Option<&Track<Scalar>>,
        default: f64,
        range: std::ops::RangeInclusive<f64>,
        what: &str,
    ) -> Curve<Number> {
        self.curve(track, default.into(), |check, number, span| {
            let (number, reached) = check.number(number, &span);
            if let Some(outside) = reached.into_iter().find(|value| !range.contains(value)) {
                let most = match *range.end() {
                    f64::INFINITY => "0 or more".to_owned(),
                    end => format!("0 to {end}"),
                };
                let message = format!("{what} of {outside} is out of range: expected {most}");
                check.report.error(span, message);
            }
            Some(number)
        })
    }

    /// Tells of a film with alpha whose preset cannot hold it.
    pub fn held_alpha(&mut self, ground: Ground, preset: Option<&PresetFacts>) {
        let Some(preset) = preset.filter(|preset| ground == Ground::Clear && !preset.alpha) else {
            return;
        };
        let written = &self.document.written;
        let alpha = written.alpha.as_ref().map(|alpha| alpha.span.clone());
        let place = alpha.or(written.model.as_ref().map(|model| model.span.clone()));
        let message = format!("the film has alpha, and preset `{}` cannot hold it", preset.name);
        self.report.error(place.unwrap_or(0..0), message).help(
            "choose prores-4444, ffv1, png, png16 or exr, or lay it upon a colour: `background: (0, 0, 0)`",
        );
    }
}
