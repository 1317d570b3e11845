//! Which frames change from one timeline to another.

use std::ops::Range;

use tch::Device;

use super::project::Project;
use crate::network::device::Precision;
use crate::schedule::{Distance, Mapping, Part};
use crate::timeline::Resolved;
use crate::timeline::resolved::{Canvas, Ground};
use crate::timeline::substituted::substituted;
use crate::{Result, digest};

/// Where two rates differ, moments are compared and not frames: what is no more than rounding of their
/// times is no change.
const ROUNDING: f64 = 1e-4;

/// What changes from one timeline to another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// What changes every frame, as people read it.
    pub everywhere: Vec<String>,
    /// What changes the film and none of its frames.
    pub film: Vec<String>,
    /// Frames whose input changes, in order, neighbours joined.
    pub ranges: Vec<Changed>,
    /// Frames that only one of them has, and whether that is the first one.
    pub only: Option<(bool, Range<u64>)>,
    /// Frames of both.
    pub frames: [u64; 2],
}

/// Neighbouring frames that change.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// Their numbers in the second timeline.
    pub frames: Range<u64>,
    /// The most that one of them changes: `camera` in pixels of the network's image.
    pub most: Distance,
    /// The tracks that change one of them, each alone; empty where the rates differ.
    pub tracks: Vec<String>,
}

impl Changes {
    /// Whether both make the same film.
    pub fn is_none(&self) -> bool {
        let Self { everywhere, film, ranges, only, .. } = self;
        everywhere.is_empty() && film.is_empty() && ranges.is_empty() && only.is_none()
    }

    /// How many frames of the second timeline are not those of the first.
    pub fn count(&self) -> u64 {
        if !self.everywhere.is_empty() {
            return self.frames[1];
        }
        let length = |range: &Range<u64>| range.end - range.start;
        let added = match &self.only {
            Some((false, range)) => length(range),
            _ => 0,
        };
        added + self.ranges.iter().map(|changed| length(&changed.frames)).sum::<u64>()
    }
}

/// Compares the input of every frame to the bit, and what is common to all frames.
///
/// # Errors
/// Those of reading networks and of schedules.
pub fn changes(a: &Project, b: &Project) -> Result<Changes> {
    let mut found = Changes { frames: [a, b].map(|p| p.resolved.frames), ..Changes::default() };
    let models = [a.model_sha256()?, b.model_sha256()?];
    let same_model = models[0] == models[1];
    let mut tell = |differs: bool, name: &str, values: [String; 2]| {
        if differs {
            found.everywhere.push(format!("{name} {} -> {}", values[0], values[1]));
        }
    };
    let (of_a, of_b) = (&a.resolved, &b.resolved);
    tell(!same_model, "network", models.map(|sha256| sha256.chars().take(12).collect()));
    let size = |p: &Project| format!("{}x{}", p.size().0, p.size().1);
    tell(a.size() != b.size(), "size", [size(a), size(b)]);
    let canvases = |p: &Project| {
        let shown = |canvas: Option<(u32, u32)>| match canvas {
            Some((width, height)) => format!("{width}x{height}"),
            None => "the trained square".into(),
        };
        p.canvases().into_iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    tell(a.canvases() != b.canvases(), "canvas", [canvases(a), canvases(b)]);
    let (canvas_a, canvas_b) = (of_a.canvas, of_b.canvas);
    let fits = [canvas_a, canvas_b].map(|c| format!("{:?}", c.fit).to_lowercase());
    tell(canvas_a.fit != canvas_b.fit, "fit", fits);
    let aspects =
        [canvas_a, canvas_b].map(|c| format!("{}:{}", c.pixel_aspect.0, c.pixel_aspect.1));
    tell(canvas_a.pixel_aspect != canvas_b.pixel_aspect, "pixel aspect", aspects);
    let layout = |resolved: &Resolved| match &resolved.grid {
        Some(grid) => {
            let [r, g, b] = grid.background;
            format!("{}x{}, gap {}, ({r}, {g}, {b})", grid.columns, grid.rows, grid.gap)
        }
        None => "none".into(),
    };
    tell(layout(of_a) != layout(of_b), "grid", [layout(of_a), layout(of_b)]);
    let ground = |canvas: &Canvas| match canvas.ground {
        Ground::Black => "black".into(),
        Ground::Colour([r, g, b]) => format!("({r}, {g}, {b})"),
        Ground::Clear => "transparent".into(),
    };
    tell(canvas_a.ground != canvas_b.ground, "ground", [ground(&canvas_a), ground(&canvas_b)]);
    let rate = |(n, d): (u32, u32)| if d == 1 { n.to_string() } else { format!("{n}/{d}") };
    tell(of_a.fps != of_b.fps, "fps", [of_a.fps, of_b.fps].map(rate));
    let presets = [a, b].map(|p| p.preset.name.clone());
    if a.preset != b.preset {
        found.film.push(format!("preset {} -> {}", presets[0], presets[1]));
    }
    if sound(a)? != sound(b)? {
        let name = |p: &Project| match &p.resolved.audio {
            Some(path) => path.display().to_string(),
            None => "none".into(),
        };
        found.film.push(format!("sound {} -> {}", name(a), name(b)));
    }
    let moment = |frame: u64| of_b.clock().second(frame as f64);
    let common = match of_a.fps == of_b.fps {
        true => of_a.frames.min(of_b.frames),
        // Those that begin within the first one.
        false => {
            let length = of_a.clock().second(of_a.frames as f64);
            (0..of_b.frames).take_while(|&frame| moment(frame) < length - 1e-9).count() as u64
        }
    };
    found.only = match of_a.fps == of_b.fps {
        true if of_a.frames > common => Some((true, common..of_a.frames)),
        _ if of_b.frames > common => Some((false, common..of_b.frames)),
        _ => None,
    };
    if same_model && a.timeline_sha256() != b.timeline_sha256() {
        found.ranges = inputs(a, b, common)?;
    }
    Ok(found)
}

/// What the sound is, by its content.
fn sound(project: &Project) -> Result<Option<String>> {
    let path = project.resolved.audio.as_ref();
    path.map(|path| digest::of_file(path).map(|(_, sha256)| sha256)).transpose()
}

/// The frames of the first `common` ones whose input changes.
fn inputs(a: &Project, b: &Project, common: u64) -> Result<Vec<Changed>> {
    let generators = a.generators(Device::Cpu, Precision::F32)?;
    let film = |resolved: &Resolved| a.film_of(resolved, &generators);
    let (from, to) = (film(&a.resolved)?, film(&b.resolved)?);
    let sizes = generators
        .iter()
        .map(|generator| (Mapping::w_dim(&*generator.mapping), f64::from(generator.resolution())));
    let sizes: Vec<_> = sizes.collect();
    let same_rate = a.resolved.fps == b.resolved.fps;
    let (clock_a, clock_b) = (a.resolved.clock(), b.resolved.clock());
    let mut ranges: Vec<Changed> = Vec::new();
    for frame in 0..common {
        let old = match same_rate {
            true => from.frame(frame)?,
            false => from.at(clock_a.frame(clock_b.second(frame as f64)))?,
        };
        let new = to.frame(frame)?;
        if is_same(&old, &new) {
            continue;
        }
        let most = distance(&old, &new, &sizes);
        // Where other clips or cells are seen, no distance says how far that is.
        let is_rounding = |most: Distance| most.w <= ROUNDING && most.camera <= ROUNDING;
        if !same_rate && most.is_some_and(is_rounding) {
            continue;
        }
        let most = most.unwrap_or_default();
        match ranges.last_mut() {
            Some(last) if last.frames.end == frame => {
                last.frames.end += 1;
                last.most = last.most.max(most);
            }
            _ => ranges.push(Changed { frames: frame..frame + 1, most, tracks: Vec::new() }),
        }
    }
    if !same_rate {
        return Ok(ranges);
    }
    for (name, changed) in substituted(&a.resolved, &b.resolved) {
        // What does not fit the rest of the first timeline cannot be told apart.
        let Ok(with) = film(&changed) else { continue };
        for range in &mut ranges {
            for frame in range.frames.clone() {
                if !is_same(&from.frame(frame)?, &with.frame(frame)?) {
                    range.tracks.push(name.clone());
                    break;
                }
            }
        }
    }
    Ok(ranges)
}

/// Whether a frame is made of the very same parts.
fn is_same(a: &[Part], b: &[Part]) -> bool {
    let same = |(a, b): (&Part, &Part)| {
        is_like(a, b)
            && a.weight.to_bits() == b.weight.to_bits()
            && a.input.is_same(&b.input)
            && (&a.alpha, &a.stacks) == (&b.alpha, &b.stacks)
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

fn is_like(a: &Part, b: &Part) -> bool {
    (a.network, a.cell) == (b.network, b.cell)
}

/// The most that one of the parts changes; none where the frame is made of others. `sizes` are the values
/// of a w and the pixels of an image, of each network.
fn distance(a: &[Part], b: &[Part], sizes: &[(usize, f64)]) -> Option<Distance> {
    if a.len() != b.len() || !a.iter().zip(b).all(|(a, b)| is_like(a, b)) {
        return None;
    }
    let far = |(a, b): (&Part, &Part)| {
        let (w_dim, side) = sizes[a.network];
        let distance = a.input.distance(&b.input, w_dim);
        Distance { camera: distance.camera * side, ..distance }
    };
    Some(a.iter().zip(b).map(far).fold(Distance::default(), Distance::max))
}
