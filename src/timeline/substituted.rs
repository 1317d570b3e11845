//! What differs between two timelines, track by track.

use super::resolved::{Camera, Mix, Resolved, Stabilise};

/// For each track that is not the same in `b`: its name, and `a` with this track of `b`.
pub fn substituted(a: &Resolved, b: &Resolved) -> Vec<(String, Resolved)> {
    let mut found = Vec::new();
    let mut with = |name: &str, change: &dyn Fn(&mut Resolved)| {
        let mut changed = a.clone();
        change(&mut changed);
        if changed != *a {
            found.push((name.to_owned(), changed));
        }
    };
    with("latent", &|r| r.latent = b.latent.clone());
    with("psi", &|r| r.psi = b.psi.clone());
    with("cutoff", &|r| r.cutoff = b.cutoff.clone());
    with("class", &|r| r.class = b.class.clone());
    if a.mixes.len() == b.mixes.len() {
        for (i, (_, mix)) in a.mixes.iter().zip(&b.mixes).enumerate() {
            with(&format!("mix {}", i + 1), &|r| r.mixes[i] = Mix::clone(mix));
        }
    } else {
        with("mix", &|r| r.mixes = b.mixes.clone());
    }
    let Camera { translate, rotate, scale, pivot } = &b.camera;
    with("translate", &|r| r.camera.translate = translate.clone());
    with("rotate", &|r| r.camera.rotate = rotate.clone());
    with("scale", &|r| r.camera.scale = scale.clone());
    with("pivot", &|r| r.camera.pivot = pivot.clone());
    with("directions", &|r| r.directions = b.directions.clone());
    with("stabilise", &|r| r.stabilise = Option::<Stabilise>::clone(&b.stabilise));
    with("alpha", &|r| r.alpha = b.alpha.clone());
    with("time", &|r| r.time = b.time.clone());
    with("motion_blur", &|r| r.shutter = b.shutter);
    if let (Some(_), Some(grid)) = (&a.grid, &b.grid) {
        with("cells", &|r| r.grid = Some(grid.clone()));
    }
    match a.tracks.len() == b.tracks.len() {
        true => {
            for (i, track) in b.tracks.iter().enumerate() {
                with(&format!("track {}", i + 1), &|r| r.tracks[i] = track.clone());
            }
        }
        false => with("tracks", &|r| r.tracks = b.tracks.clone()),
    }
    found
}
