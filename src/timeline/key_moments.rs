//! The moments of a timeline that are worth a look: its ends, its markers, its keys.

use std::collections::BTreeMap;
use std::ops::Range;

use super::alpha::Keyed;
use super::resolved::{Latent, Resolved, Speed};

/// A frame and what is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyMoment {
    /// Its number.
    pub frame: u64,
    /// Markers at it, or so near that they were joined with it.
    pub markers: Vec<String>,
    /// Tracks that have a key there.
    pub keys: Vec<String>,
    /// Whether it is the first or the last frame.
    end: bool,
}

impl KeyMoment {
    /// A frame at which there is nothing of note.
    pub fn at(frame: u64) -> Self {
        Self { frame, ..Self::default() }
    }

    /// What is worth more stays where it is when two are joined.
    fn rank(&self) -> u8 {
        if self.end { 2 } else { u8::from(!self.markers.is_empty()) }
    }

    fn join(&mut self, other: Self) {
        if other.rank() > self.rank() {
            self.frame = other.frame;
        }
        self.end |= other.end;
        self.markers.extend(other.markers);
        for key in other.keys {
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
    }
}

/// The key moments of some frames, in order: the first and the last frame, markers, and the keys of
/// every track. Those nearer than a quarter of a second are joined, and then the nearest ones until
/// there are at most `most` (at least 2).
pub fn key_moments(resolved: &Resolved, frames: Range<u64>, most: usize) -> Vec<KeyMoment> {
    let last = frames.end.saturating_sub(1);
    let mut found: BTreeMap<u64, KeyMoment> = BTreeMap::new();
    let mut at = |frame: f64, change: &mut dyn FnMut(&mut KeyMoment)| {
        if frame >= frames.start as f64 && frame < frames.end as f64 {
            let frame = (frame.round() as u64).min(last);
            change(found.entry(frame).or_insert(KeyMoment::at(frame)));
        }
    };
    for end in [frames.start, last] {
        at(end as f64, &mut |moment| moment.end = true);
    }
    for marker in &resolved.markers {
        at(marker.frame, &mut |moment| moment.markers.push(marker.name.clone()));
    }
    for (track, frame) in keys(resolved) {
        at(frame, &mut |moment| {
            if !moment.keys.contains(&track) {
                moment.keys.push(track.clone());
            }
        });
    }
    let near = (u64::from(resolved.fps.0) / (4 * u64::from(resolved.fps.1))).max(1);
    thinned(found.into_values().collect(), near, most.max(2))
}

/// Joins neighbours, the nearest first, while two are nearer than `near` or there are too many. The
/// first and the last one are not joined with each other.
fn thinned(mut moments: Vec<KeyMoment>, near: u64, most: usize) -> Vec<KeyMoment> {
    loop {
        let gap = |i: &usize| moments[i + 1].frame - moments[*i].frame;
        let pairs = 0..moments.len().saturating_sub(1);
        let joinable = pairs.filter(|&i| !(moments[i].end && moments[i + 1].end));
        let Some(nearest) = joinable.min_by_key(gap) else { return moments };
        if gap(&nearest) >= near && moments.len() <= most {
            return moments;
        }
        let later = moments.remove(nearest + 1);
        moments[nearest].join(later);
    }
}

/// Every track with the times of its keys, in frames.
fn keys(resolved: &Resolved) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    let mut add = |name: &str, times: &mut dyn Iterator<Item = f64>| {
        let times: Vec<f64> = times.collect();
        // One key alone is a constant.
        if times.len() > 1 {
            found.extend(times.into_iter().map(|time| (name.to_owned(), time)));
        }
    };
    let latent = |latent: &Latent| -> Vec<f64> {
        // At an even speed the times between the ends count for nothing.
        let own = latent.keys.iter().map(|key| key.at);
        if latent.speed == Speed::Keys { own.collect() } else { Vec::new() }
    };
    for track in &resolved.tracks {
        let ends = track.clips.last().map(|clip| clip.end);
        add(&track.name, &mut track.clips.iter().map(|clip| clip.start).chain(ends));
    }
    // The keys of a picture lie in its own time.
    if resolved.network.is_none() || resolved.time.is_some() {
        return found;
    }
    add("latent", &mut latent(&resolved.latent).into_iter());
    add("psi", &mut resolved.psi.keys.iter().map(|key| key.at));
    add("cutoff", &mut resolved.cutoff.iter().flat_map(|curve| &curve.keys).map(|key| key.at));
    add("class", &mut resolved.class.iter().flat_map(|curve| &curve.keys).map(|key| key.at));
    for (i, mix) in resolved.mixes.iter().enumerate() {
        let name = format!("mix {}", i + 1);
        add(&name, &mut latent(&mix.latent).into_iter());
        add(&name, &mut mix.amount.keys.iter().map(|key| key.at));
    }
    for direction in &resolved.directions {
        add(&direction.name, &mut direction.amount.keys.iter().map(|key| key.at));
    }
    let camera = &resolved.camera;
    add("translate", &mut camera.translate.keys.iter().map(|key| key.at));
    add("rotate", &mut camera.rotate.keys.iter().map(|key| key.at));
    add("scale", &mut camera.scale.keys.iter().map(|key| key.at));
    add("pivot", &mut camera.pivot.keys.iter().map(|key| key.at));
    let stabilise = resolved.stabilise.iter().flat_map(|stabilise| &stabilise.amount.keys);
    add("stabilise", &mut stabilise.map(|key| key.at));
    for (name, curve) in resolved.alpha.iter().flat_map(Keyed::numbers) {
        add(name, &mut curve.keys.iter().map(|key| key.at));
    }
    found
}

/// A frame's timecode, `hh:mm:ss:ff` at the rounded rate, without dropped frames.
pub fn timecode(frame: u64, (above, below): (u32, u32)) -> String {
    let nominal = (u64::from(above) + u64::from(below) / 2) / u64::from(below);
    let nominal = nominal.max(1);
    let (seconds, frames) = (frame / nominal, frame % nominal);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}:{frames:02}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(frame: u64, markers: &[&str], end: bool) -> KeyMoment {
        let markers = markers.iter().map(ToString::to_string).collect();
        KeyMoment { frame, markers, keys: vec![format!("k{frame}")], end }
    }

    fn shown(moments: &[KeyMoment]) -> Vec<u64> {
        moments.iter().map(|moment| moment.frame).collect()
    }

    #[test]
    fn near_moments_are_joined_where_more_is_to_be_seen() {
        let all = vec![
            moment(0, &[], true),
            moment(2, &["start"], false),
            moment(40, &[], false),
            moment(43, &["drop"], false),
            moment(60, &[], false),
            moment(95, &[], true),
        ];
        let joined = thinned(all.clone(), 6, 10);
        assert_eq!(shown(&joined), [0, 43, 60, 95]);
        assert_eq!(joined[0].markers, ["start"]);
        assert_eq!(joined[1].keys, ["k40", "k43"]);
        // The nearest two that are left: 43 and 60.
        assert_eq!(shown(&thinned(all.clone(), 6, 3)), [0, 43, 95]);
        assert_eq!(shown(&thinned(all.clone(), 6, 2)), [0, 95]);
        let two = vec![moment(0, &[], true), moment(1, &[], true)];
        assert_eq!(shown(&thinned(two, 6, 2)), [0, 1]);
        assert!(thinned(Vec::new(), 6, 2).is_empty());
        for most in 2..8 {
            assert!(thinned(all.clone(), 1, most).len() <= most);
        }
    }

    #[test]
    fn timecodes_count_every_frame() {
        assert_eq!(timecode(0, (24, 1)), "00:00:00:00");
        assert_eq!(timecode(36, (24, 1)), "00:00:01:12");
        assert_eq!(timecode(30 * 3661 + 7, (30000, 1001)), "01:01:01:07");
        assert_eq!(timecode(3, (1, 2)), "00:00:03:00");
    }
}
