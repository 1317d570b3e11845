//! Clips on tracks: which of them are seen at a moment, and how much of each.

use std::collections::HashMap;
use std::sync::Arc;

use super::fade::faded;
use super::{FrameInput, Mapping, Part, Schedule};
use crate::timeline::Resolved;
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

/// What is made already: clips of one file share it.
type Made = HashMap<*const Resolved, Arc<Composite>>;

impl Composite {
    /// Draws and maps every key. `mappings` are those of the film's networks.
    ///
    /// # Errors
    /// Those of [`Schedule::new`], and for a network that there is not.
    pub fn new(resolved: &Resolved, mappings: &[Arc<dyn Mapping>]) -> Result<Self> {
        Self::made(resolved, mappings, &mut Made::new())
    }

    fn made(resolved: &Resolved, mappings: &[Arc<dyn Mapping>], made: &mut Made) -> Result<Self> {
        let own = |network: usize| {
            let mapping = mappings.get(network).ok_or_else(|| {
                Error::Invalid(format!(
                    "the film shows network {network}, but only {} are there",
                    mappings.len()
                ))
            })?;
            Ok((network, Schedule::new(resolved, Arc::clone(mapping))?))
        };
        let mut tracks = Vec::new();
        for track in &resolved.tracks {
            let clips = track.clips.iter().map(|clip| Clip::new(clip, mappings, made));
            tracks.push(Track {
                clips: clips.collect::<Result<_>>()?,
                opacity: track.opacity.clone(),
            });
        }
        Ok(Self {
            time: resolved.time.clone(),
            own: resolved.network.map(own).transpose()?,
            tracks,
        })
    }

    /// What is seen at a moment, of the film's frame with a number. The shares sum to 1 where something
    /// covers all of the picture; what is missing is black.
    pub fn parts(&self, index: u64, moment: Moment) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        self.add(index, moment, 1.0, &mut parts)?;
        Ok(parts)
    }

    /// Adds what is seen of it where `share` of the picture is left for it.
    fn add(&self, index: u64, moment: Moment, share: f64, parts: &mut Vec<Part>) -> Result<()> {
        let place = self.time.as_ref().map_or(moment.shot, |time| time.at(moment.shot));
        let placed = Moment { shot: place, ..moment };
        let mut left = share;
        for track in self.tracks.iter().rev() {
            let opacity = track.opacity.at(placed).clamp(0.0, 1.0);
            if left * opacity > 0.0 {
                left -= track.add(index, placed, left * opacity, parts)?;
            }
        }
        if left > 0.0
            && let Some((network, schedule)) = &self.own
        {
            let input = schedule.input(index, moment)?;
            parts.push(Part { network: *network, cell: 0, weight: left as f32, input });
        }
        Ok(())
    }

    /// Its only picture, where it has no tracks.
    fn input(&self, index: u64, moment: Moment) -> Result<Option<(usize, FrameInput)>> {
        let own = self.own.as_ref().filter(|_| self.tracks.is_empty());
        own.map(|(network, schedule)| Ok((*network, schedule.input(index, moment)?))).transpose()
    }
}

impl Track {
    /// Adds what is seen of it at `share`; the answer is how much of that it takes.
    fn add(&self, index: u64, placed: Moment, share: f64, parts: &mut Vec<Part>) -> Result<f64> {
        // Clips begin and end in their order: of those that have begun, the last two may be seen.
        let begun = self.clips.partition_point(|clip| clip.start <= placed.shot);
        let seen = |clip: &&Clip| placed.shot < clip.end;
        let clip = |back: usize| begun.checked_sub(back).and_then(|i| self.clips.get(i));
        let (last, before) = (clip(1).filter(seen), clip(2).filter(seen));
        let Some(clip) = last else { return Ok(0.0) };
        let progress = clip.progress(placed.shot);
        let shown = clip.moment(placed);
        if let Some(before) = before
            && clip.fade.is_some_and(|fade| fade.by == Medium::Latent)
            && let Some((network, from)) = before.shot.input(index, before.moment(placed))?
            && let Some((_, to)) = clip.shot.input(index, shown)?
        {
            let input = faded(from, &to, progress)?;
            parts.push(Part { network, cell: 0, weight: share as f32, input });
            return Ok(share);
        }
        let progress = progress.clamp(0.0, 1.0);
        if let Some(before) = before.filter(|_| progress < 1.0) {
            before.shot.add(index, before.moment(placed), share * (1.0 - progress), parts)?;
        }
        if progress > 0.0 {
            clip.shot.add(index, shown, share * progress, parts)?;
        }
        // With nothing before it, a fade leaves what is below.
        Ok(if before.is_some() { share } else { share * progress })
    }
}

impl Clip {
    fn new(clip: &resolved::Clip, mappings: &[Arc<dyn Mapping>], made: &mut Made) -> Result<Self> {
        let key = Arc::as_ptr(&clip.shot);
        let shot = match made.get(&key) {
            Some(shot) => Arc::clone(shot),
            None => {
                let shot = Arc::new(Composite::made(&clip.shot, mappings, made)?);
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

    /// The moment of what it shows.
    fn moment(&self, placed: Moment) -> Moment {
        let shot = self.time.at(placed.shot);
        Moment { shot, film: if self.is_file { shot } else { placed.film } }
    }

    /// How far it has come in.
    fn progress(&self, place: f64) -> f64 {
        self.fade.map_or(1.0, |fade| fade.easing.eval((place - self.start) / fade.frames))
    }
}
