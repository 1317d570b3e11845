//! A timeline's tracks, clips and markers for editors: OpenTimelineIO's JSON.
//!
//! Its schemas: Timeline.1, Stack.1, Track.1, Clip.2, Gap.1, Transition.1, Marker.2, ExternalReference.1,
//! GeneratorReference.1, LinearTimeWarp.1, FreezeFrame.1, TimeEffect.1, TimeRange.1, RationalTime.1.

mod items;
mod schema;

use std::path::Path;

use serde_json::{Value, json};

use crate::timeline::Resolved;
use crate::timeline::resolved::Track;
use items::{Item, Shown, Warp, items};
use schema::Rate;

/// The timeline as OpenTimelineIO has it. `name` is what people know it by, `path` where its file lies.
/// Media are named by absolute URLs.
pub fn export(resolved: &Resolved, name: &str, path: &Path) -> Value {
    let rate = Rate(resolved.fps);
    let mut tracks = Vec::new();
    if resolved.network.is_some() {
        // Alone, the timeline is its one clip; under tracks, what lies lowest.
        let whole = Shown {
            name: name.into(),
            file: resolved.tracks.is_empty().then(|| path.to_path_buf()),
            range: (0, resolved.frames),
            from: resolved.time.as_ref().map_or(0.0, |time| time.at(0.0)),
            media: resolved.frames,
            warp: resolved.time.as_ref().and_then(|time| Warp::of(time, (0, resolved.frames))),
        };
        let items = vec![Item::Clip(whole)];
        tracks.push(track("picture", "Video", &items, rate, &json!({})));
    }
    for own in &resolved.tracks {
        let metadata = json!({"sg3render": {"opacity": opacity(own, resolved)}});
        tracks.push(track(&own.name, "Video", &items(own, resolved.frames), rate, &metadata));
    }
    if let Some(audio) = &resolved.audio {
        let sound = Shown {
            name: audio.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            file: Some(audio.clone()),
            range: (0, resolved.frames),
            from: 0.0,
            media: resolved.frames,
            warp: None,
        };
        tracks.push(track("sound", "Audio", &[Item::Clip(sound)], rate, &json!({})));
    }
    let markers: Vec<Value> = resolved
        .markers
        .iter()
        .map(|marker| {
            json!({
                "OTIO_SCHEMA": "Marker.2", "name": marker.name, "metadata": {}, "color": "GREEN", "comment": "",
                "marked_range": rate.range(marker.frame, 0.0),
            })
        })
        .collect();
    json!({
        "OTIO_SCHEMA": "Timeline.1", "name": name, "global_start_time": rate.time(0.0),
        "metadata": {"sg3render": {"version": env!("CARGO_PKG_VERSION")}},
        "tracks": {
            "OTIO_SCHEMA": "Stack.1", "name": "tracks", "source_range": null, "effects": [], "markers": markers,
            "enabled": true, "metadata": {}, "children": tracks,
        },
    })
}

fn track(name: &str, kind: &str, items: &[Item], rate: Rate, metadata: &Value) -> Value {
    let children: Vec<Value> = items.iter().map(|item| rate.item(item)).collect();
    json!({
        "OTIO_SCHEMA": "Track.1", "name": name, "kind": kind, "source_range": null, "effects": [], "markers": [],
        "enabled": true, "metadata": metadata, "children": children,
    })
}

/// The opacity at each frame, in stretches of the same: `[frame, opacity]` from each on.
fn opacity(track: &Track, resolved: &Resolved) -> Vec<(u64, f64)> {
    let mut stretches: Vec<(u64, f64)> = Vec::new();
    for frame in 0..resolved.frames {
        let now = track.opacity.at(frame as f64);
        if stretches.last().is_none_or(|(_, last)| *last != now) {
            stretches.push((frame, now));
        }
    }
    stretches
}
