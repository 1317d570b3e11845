//! A track as editors have it: whole frames, clips end to end, gaps where there is none, and
//! transitions about the cuts.

use std::path::PathBuf;

use crate::timeline::remap::Remap;
use crate::timeline::resolved::{Clip, Medium, Track};

/// Times this near below a whole frame are meant to be it.
const SLACK: f64 = 1e-6;

/// A child of a track.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// So many frames of nothing.
    Gap(u64),
    /// How what is before becomes what comes after, and how many frames of each it takes.
    Transition {
        /// What is blended.
        name: &'static str,
        /// Frames before the cut.
        before: u64,
        /// Frames after it.
        after: u64,
    },
    /// A piece of a medium.
    Clip(Shown),
}

/// A clip between two cuts.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// For people.
    pub name: String,
    /// None for what is made without one.
    pub file: Option<PathBuf>,
    /// Frames of the film.
    pub range: (u64, u64),
    /// The frame of its medium at the first of them.
    pub from: f64,
    /// Frames that the medium has.
    pub media: u64,
    /// How its time goes, if not as the film's does.
    pub warp: Option<Warp>,
}

/// How a clip's time goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Warp {
    /// Frames of the medium for each of the film; 0 stands still.
    Speed(f64),
    /// The medium's frame at each frame of the clip.
    Frames(Vec<f64>),
}

impl Warp {
    /// A remapping between two frames of the film; none where the time goes as the film's does.
    pub fn of(time: &Remap, range: (u64, u64)) -> Option<Self> {
        match time {
            Remap::Steady { speed: 1.0, .. } => None,
            Remap::Steady { speed, .. } => Some(Self::Speed(*speed)),
            moving => Some(Self::Frames((range.0..range.1).map(|i| moving.at(i as f64)).collect())),
        }
    }
}

/// What lies on a track of a film of so many frames. Of a cross-fade each clip has half.
pub fn items(track: &Track, frames: u64) -> Vec<Item> {
    let whole = |time: f64| (((time - SLACK).ceil().max(0.0)) as u64).min(frames);
    let mut items = Vec::new();
    let mut at = 0;
    for (i, clip) in track.clips.iter().enumerate() {
        let (start, end) = (whole(clip.start), whole(clip.end));
        // The cut in the middle of what it shares with the one before, and with the one after.
        let shared = |from: u64, to: u64| from + to.saturating_sub(from) / 2;
        let before = i.checked_sub(1).and_then(|i| track.clips.get(i)).map(|c| whole(c.end));
        let after = track.clips.get(i + 1).map(|next| whole(next.start));
        let first = before.filter(|end| *end > start).map_or(start, |end| shared(start, end));
        let last = after.filter(|next| *next < end).map_or(end, |next| shared(next, end));
        if last <= first {
            continue;
        }
        if first > at {
            items.push(Item::Gap(first - at));
        }
        if let Some(fade) = clip.fade {
            let over = whole(clip.start + fade.frames).min(last);
            let name = match fade.by {
                Medium::Latent => "latent cross-fade",
                Medium::Pixels => "cross-fade",
            };
            let (before, after) = (first - start.min(first), over.saturating_sub(first));
            if before + after > 0 {
                items.push(Item::Transition { name, before, after });
            }
        }
        items.push(Item::Clip(shown(clip, (first, last))));
        at = last;
    }
    items
}

fn shown(clip: &Clip, range: (u64, u64)) -> Shown {
    Shown {
        name: clip.name.clone(),
        file: clip.file.clone(),
        range,
        from: clip.time.at(range.0 as f64),
        media: clip.shot.frames,
        warp: Warp::of(&clip.time, range),
    }
}
