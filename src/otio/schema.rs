//! How each piece is written.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::items::{Item, Shown, Warp};

/// Frames per second as a fraction.
#[derive(Debug, Clone, Copy)]
pub struct Rate(pub (u32, u32));

impl Rate {
    fn per_second(self) -> f64 {
        f64::from(self.0.0) / f64::from(self.0.1)
    }

    /// A time in frames.
    pub fn time(self, frames: f64) -> Value {
        json!({"OTIO_SCHEMA": "RationalTime.1", "rate": self.per_second(), "value": frames})
    }

    /// A time and a length in frames.
    pub fn range(self, start: f64, length: f64) -> Value {
        json!({
            "OTIO_SCHEMA": "TimeRange.1", "start_time": self.time(start), "duration": self.time(length),
        })
    }

    /// A clip, gap or transition.
    pub fn item(self, item: &Item) -> Value {
        match item {
            Item::Gap(frames) => json!({
                "OTIO_SCHEMA": "Gap.1", "name": "", "metadata": {}, "effects": [], "markers": [], "enabled": true,
                "source_range": self.range(0.0, *frames as f64),
            }),
            Item::Transition { name, before, after } => json!({
                "OTIO_SCHEMA": "Transition.1", "name": name, "metadata": {}, "transition_type": "SMPTE_Dissolve",
                "in_offset": self.time(*before as f64), "out_offset": self.time(*after as f64),
            }),
            Item::Clip(shown) => self.clip(shown),
        }
    }

    fn clip(self, shown: &Shown) -> Value {
        let length = (shown.range.1 - shown.range.0) as f64;
        let media = self.range(0.0, shown.media as f64);
        let reference = match &shown.file {
            Some(file) => json!({
                "OTIO_SCHEMA": "ExternalReference.1", "name": shown.name, "metadata": {}, "available_range": media,
                "available_image_bounds": null, "target_url": url(file),
            }),
            None => json!({
                "OTIO_SCHEMA": "GeneratorReference.1", "name": shown.name, "metadata": {}, "available_range": media,
                "available_image_bounds": null, "generator_kind": "sg3render", "parameters": {},
            }),
        };
        let effects: Vec<Value> = shown.warp.iter().map(effect).collect();
        json!({
            "OTIO_SCHEMA": "Clip.2", "name": shown.name, "metadata": {}, "markers": [], "enabled": true,
            "effects": effects, "source_range": self.range(shown.from, length),
            "media_references": {"DEFAULT_MEDIA": reference}, "active_media_reference_key": "DEFAULT_MEDIA",
        })
    }
}

fn effect(warp: &Warp) -> Value {
    let named = |schema: &str, name: &str| {
        json!({
            "OTIO_SCHEMA": schema, "name": "", "metadata": {}, "effect_name": name, "enabled": true,
        })
    };
    match warp {
        Warp::Speed(speed) if *speed == 0.0 => {
            let mut effect = named("FreezeFrame.1", "FreezeFrame");
            effect["time_scalar"] = json!(0.0);
            effect
        }
        Warp::Speed(speed) => {
            let mut effect = named("LinearTimeWarp.1", "LinearTimeWarp");
            effect["time_scalar"] = json!(speed);
            effect
        }
        // There is no schema of its own for it.
        Warp::Frames(frames) => {
            let mut effect = named("TimeEffect.1", "time remapping");
            effect["metadata"] = json!({"sg3render": {"frames": frames}});
            effect
        }
    }
}

/// The URL of a file.
fn url(path: &Path) -> String {
    let absolute = fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    let absolute = absolute.unwrap_or_else(|_| path.to_path_buf());
    let mut url = String::from("file://");
    for byte in absolute.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            url.push(char::from(*byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}
