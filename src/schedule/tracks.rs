//! Clips on tracks: which of them are seen at a moment, and how much of each.

use std::collections::HashMap;
use std::sync::Arc;

use super::fade::faded;
use super::stacks::{Pool, Stacks};
use super::{FrameInput, Mapping, Part, Schedule, TablesOf, remapped};
use crate::timeline::Resolved;
use crate::timeline::alpha::Alpha;
use crate::timeline::curve::Curve;
use crate::timeline::moment::Moment;
use crate::timeline::number::Number;
use crate::timeline::remap::Remap;
use crate::timeline::resolved::{self, Fade, Medium};
use crate::{Error, Result};

/// A timeline and all that its clips show, made ready. Like [`Schedule`] it is pure and random access.
pub struct Composite {
    time: Option<Remap>,
    /// The picture under the tracks and the number of its network.
    own: Option<(usize, Schedule)>,
    tracks: Vec<Track>,
    /// Whether one of the pictures has alpha.
    is_transparent: bool,
}

struct Track {
    clips: Vec<Clip>,
    opacity: Curve<Number>,
}

struct Clip {
    start: f64,
    end: f64,
    time: Remap,
    fade: Option<Fade>,
    shot: Arc<Composite>,
    /// Whether it has its own music, which goes with its time.
    is_file: bool,
}

/// The networks, and the tables of shots.
type Given<'a> = (&'a [Arc<dyn Mapping>], &'a TablesOf<'a>);
/// What is made already: clips of one file share it.
type Made = HashMap<*const Resolved, Arc<Composite>>;

impl Composite {
    /// Draws and maps every key. `mappings` are those of the film's networks.
    ///
    /// # Errors
    /// Those of [`Schedule::new`], and for a network that there is not.
    pub fn new(
        resolved: &Resolved,
        mappings: &[Arc<dyn Mapping>],
        tables: &TablesOf,
    ) -> Result<Self> {
        Self::made(resolved, (mappings, tables), &mut Made::new())
    }

    fn made(resolved: &Resolved, given: Given, made: &mut Made) -> Result<Self> {
        let (mappings, tables) = given;
        let own = |network: usize| {
            let mapping = mappings.get(network).ok_or_else(|| {
                Error::Invalid(format!(
                    "the film shows network {network}, but only {} are there",
                    mappings.len()
                ))
            })?;
            let tables = tables(resolved, network)?;
            let schedule = Schedule::measured(resolved, Arc::clone(mapping), &tables);
            schedule.map(|schedule| (network, schedule))
        };
        let mut tracks = Vec::new();
        for track in &resolved.tracks {
            let clips = track.clips.iter().map(|clip| Clip::new(clip, given, made));
            tracks.push(Track {
                clips: clips.collect::<Result<_>>()?,
                opacity: track.opacity.clone(),
            });
        }
        let own = resolved.network.map(own).transpose()?;
        let mut clips = tracks.iter().flat_map(|track: &Track| &track.clips);
        let is_transparent = own.as_ref().is_some_and(|(_, schedule)| schedule.alpha.is_some())
            || clips.any(|clip| clip.shot.is_transparent);
        Ok(Self { time: resolved.time.clone(), own, tracks, is_transparent })
    }

    /// What is seen `after` a time in frames, of the film's frame with a number. Which clips those are, the
    /// time itself says: a shutter that is open across a cut shows nothing of the other side. The shares sum
    /// to 1 where something covers all of the picture; what is missing is black.
    pub fn parts(&self, index: u64, time: f64, after: f64) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        self.add(Place { index, at: time.into(), seen: (time + after).into() }, 1.0, &mut parts)?;
        Ok(parts)
    }

    /// Adds what is seen of it where `share` of the picture is left for it.
    fn add(&self, place: Place, share: f64, parts: &mut Vec<Part>) -> Result<()> {
        let placed = place.remapped(self.time.as_ref());
        let mut left = share;
        for track in self.tracks.iter().rev() {
            let opacity = track.opacity.at(placed.at).clamp(0.0, 1.0);
            if left * opacity > 0.0 {
                left -= track.add(placed, left * opacity, parts)?;
            }
        }
        if left > 0.0
            && let Some((network, schedule)) = &self.own
        {
            let input = schedule.input(place.index, place.seen)?;
            parts.push(part(*network, left, input));
        }
        Ok(())
    }

    /// Whether one of the pictures has alpha.
    pub fn is_transparent(&self) -> bool {
        self.is_transparent
    }

    /// As [`Composite::parts`], of pictures that may let through what is behind them.
    pub fn stacks(&self, index: u64, time: f64, after: f64, pool: &mut Pool) -> Result<Stacks> {
        self.stacked(Place { index, at: time.into(), seen: (time + after).into() }, pool)
    }

    fn stacked(&self, place: Place, pool: &mut Pool) -> Result<Stacks> {
        let placed = place.remapped(self.time.as_ref());
        let mut front = Stacks::none();
        for track in self.tracks.iter().rev() {
            let opacity = track.opacity.at(placed.at).clamp(0.0, 1.0);
            if opacity > 0.0 && front.is_open(pool) {
                let seen = Stacks::none().faded(track.stacked(placed, pool)?, opacity);
                front = front.over(&seen, pool);
            }
        }
        if front.is_open(pool)
            && let Some((network, schedule)) = &self.own
        {
            let input = schedule.input(place.index, place.seen)?;
            let own = pool.add(*network, input, schedule.alpha(place.seen));
            front = front.over(&Stacks::one(own), pool);
        }
        Ok(front)
    }

    /// Its only picture, where it has no tracks.
    fn input(&self, place: Place) -> Result<Option<Single>> {
        let own = self.own.as_ref().filter(|_| self.tracks.is_empty());
        own.map(|(network, schedule)| {
            let input = schedule.input(place.index, place.seen)?;
            Ok((*network, input, schedule.alpha(place.seen)))
        })
        .transpose()
    }
}

/// A picture: its network's number, what that is given, and what is seen of it.
type Single = (usize, FrameInput, Option<Alpha<f64>>);

/// A picture of which all is seen.
fn part(network: usize, weight: f64, input: FrameInput) -> Part {
    let (weight, stacks) = (weight as f32, Vec::new());
    Part { network, cell: 0, weight, input, alpha: None, stacks }
}

/// Where a frame is looked at.
#[derive(Clone, Copy)]
struct Place {
    index: u64,
    /// What says which clips are seen.
    at: Moment,
    /// What they are seen at.
    seen: Moment,
}

impl Place {
    fn remapped(self, time: Option<&Remap>) -> Self {
        Self { at: remapped(time, self.at), seen: remapped(time, self.seen), ..self }
    }
}

impl Track {
    /// The clip that is seen at a time, and the one that it may still come in over.
    fn seen(&self, at: f64) -> (Option<&Clip>, Option<&Clip>) {
        // Clips begin and end in their order: of those that have begun, the last two may be seen.
        let begun = self.clips.partition_point(|clip| clip.start <= at);
        let seen = |clip: &&Clip| at < clip.end;
        let clip = |back: usize| begun.checked_sub(back).and_then(|i| self.clips.get(i));
        (clip(1).filter(seen), clip(2).filter(seen))
    }

    /// What is seen of it.
    fn stacked(&self, placed: Place, pool: &mut Pool) -> Result<Stacks> {
        let at = placed.at.shot;
        let (Some(clip), before) = self.seen(at) else { return Ok(Stacks::none()) };
        let progress = clip.progress(at);
        if let Some(before) = before
            && let Some((network, input, alpha)) = clip.blended(before, placed, progress)?
        {
            return Ok(Stacks::one(pool.add(network, input, alpha)));
        }
        let progress = progress.clamp(0.0, 1.0);
        let from = match before.filter(|_| progress < 1.0) {
            Some(before) => before.shot.stacked(before.place(placed), pool)?,
            None => Stacks::none(),
        };
        let to = match progress > 0.0 {
            true => clip.shot.stacked(clip.place(placed), pool)?,
            false => Stacks::none(),
        };
        Ok(from.faded(to, progress))
    }

    /// Adds what is seen of it at `share`; the answer is how much of that it takes.
    fn add(&self, placed: Place, share: f64, parts: &mut Vec<Part>) -> Result<f64> {
        let at = placed.at.shot;
        let (Some(clip), before) = self.seen(at) else { return Ok(0.0) };
        let progress = clip.progress(at);
        let shown = clip.place(placed);
        if let Some(before) = before
            && let Some((network, input, _)) = clip.blended(before, placed, progress)?
        {
            parts.push(part(network, share, input));
            return Ok(share);
        }
        let progress = progress.clamp(0.0, 1.0);
        if let Some(before) = before.filter(|_| progress < 1.0) {
            before.shot.add(before.place(placed), share * (1.0 - progress), parts)?;
        }
        if progress > 0.0 {
            clip.shot.add(shown, share * progress, parts)?;
        }
        // With nothing before it, a fade leaves what is below.
        Ok(if before.is_some() { share } else { share * progress })
    }
}

impl Clip {
    fn new(clip: &resolved::Clip, given: Given, made: &mut Made) -> Result<Self> {
        let key = Arc::as_ptr(&clip.shot);
        let shot = match made.get(&key) {
            Some(shot) => Arc::clone(shot),
            None => {
                let shot = Arc::new(Composite::made(&clip.shot, given, made)?);
                made.insert(key, Arc::clone(&shot));
                shot
            }
        };
        Ok(Self {
            start: clip.start,
            end: clip.end,
            time: clip.time.clone(),
            fade: clip.fade,
            shot,
            is_file: clip.file.is_some(),
        })
    }

    /// Where what it shows is looked at.
    fn place(&self, placed: Place) -> Place {
        let shown = placed.remapped(Some(&self.time));
        let own = |moment: Moment| Moment {
            film: if self.is_file { moment.shot } else { moment.film },
            ..moment
        };
        Place { at: own(shown.at), seen: own(shown.seen), ..shown }
    }

    /// What lies between the clip before it and this one, where latents are what they fade by.
    fn blended(&self, before: &Self, placed: Place, progress: f64) -> Result<Option<Single>> {
        if self.fade.is_some_and(|fade| fade.by == Medium::Latent)
            && let Some((network, from, alpha)) = before.shot.input(before.place(placed))?
            && let Some((_, to, other)) = self.shot.input(self.place(placed))?
        {
            let alpha = match (alpha, other) {
                (Some(alpha), Some(other)) => Some(alpha.between(&other, progress)),
                (alpha, _) => alpha,
            };
            return Ok(Some((network, faded(from, &to, progress)?, alpha)));
        }
        Ok(None)
    }

    /// How far it has come in.
    fn progress(&self, place: f64) -> f64 {
        self.fade.map_or(1.0, |fade| fade.easing.eval((place - self.start) / fade.frames))
    }
}
