//! What became of the sources.

use std::collections::BTreeMap;

use serde::Serialize;

/// Why a picture was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Fewer pixels than the set's images.
    TooSmall,
    /// Black bars.
    Letterbox,
    /// Less sharp than asked for.
    Blurred,
    /// Darker than asked for.
    Dark,
    /// Brighter than asked for.
    Bright,
    /// All of nearly one colour.
    Flat,
    /// Like one that was kept.
    Duplicate,
}

impl Reason {
    /// As people read it.
    pub fn text(self) -> &'static str {
        match self {
            Self::TooSmall => "too small",
            Self::Letterbox => "black bars",
            Self::Blurred => "blurred",
            Self::Dark => "dark",
            Self::Bright => "bright",
            Self::Flat => "of one colour",
            Self::Duplicate => "near duplicates",
        }
    }
}

/// A picture that was left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dropped {
    /// The file, and the part of it or the time.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// The measure that decided, or the picture that it is like.
    pub detail: String,
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bad {
    /// The file.
    pub name: String,
    /// What is wrong with it.
    pub error: String,
}

/// An image of the set and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Made {
    /// Its name in the set.
    pub image: String,
    /// The file, and the part of it or the time.
    pub from: String,
    /// Its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<u32>,
}

/// What pictures have that alias-free networks learn better without: how many, and one of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Concern {
    /// Pictures.
    pub count: u64,
    /// The first one's name.
    pub first: String,
}

impl Concern {
    pub(super) fn add(&mut self, name: &str) {
        if self.count == 0 {
            self.first = name.into();
        }
        self.count += 1;
    }
}

/// A picture to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Where it comes from.
    pub name: String,
    /// RGB, `side` squared pixels.
    pub pixels: Vec<u8>,
}

/// What became of the sources.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Width and height of the images, pixels.
    pub side: usize,
    /// Pictures and frames that were looked at.
    pub seen: u64,
    /// Stills that were taken of videos.
    pub stills: u64,
    /// Scenes in them.
    pub scenes: u64,
    /// Files of other kinds.
    pub passed_over: u64,
    /// Names of the classes, in the order of their numbers.
    pub classes: Vec<String>,
    /// Images of each class.
    pub class_counts: BTreeMap<u32, u64>,
    /// Pictures whose black bars were cut off, or kept.
    pub letterboxed: Concern,
    /// JPEG files saved at a quality below 75.
    pub low_quality_jpeg: Concern,
    /// Few colours in hard blocks.
    pub pixel_graphics: Concern,
    /// How many were left out, by reason.
    pub dropped_counts: BTreeMap<Reason, u64>,
    /// Each of them.
    pub dropped: Vec<Dropped>,
    /// Files that could not be read.
    pub bad: Vec<Bad>,
    /// The set.
    pub images: Vec<Made>,
    /// Some of the set, evenly spread.
    #[serde(skip)]
    pub kept_samples: Vec<Sample>,
    /// Some of those left out, by reason.
    #[serde(skip)]
    pub dropped_samples: BTreeMap<Reason, Vec<Sample>>,
}

/// Evenly spread samples of a sequence whose length is not known: every 2^k-th.
#[derive(Default)]
pub(super) struct Spread {
    step: usize,
    seen: usize,
    pub kept: Vec<Sample>,
}

impl Spread {
    /// Holds at least half of this many, where there are as many.
    const MOST: usize = 96;

    /// Whether the next one is to be kept.
    pub fn add(&mut self, sample: impl FnOnce() -> Sample) {
        self.step = self.step.max(1);
        if self.seen.is_multiple_of(self.step) {
            self.kept.push(sample());
            if self.kept.len() == Self::MOST {
                let mut number = 0;
                self.kept.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                self.step *= 2;
            }
        }
        self.seen += 1;
    }
}
