//! Stills of a video: every n-th frame, the sharpest of a stretch of time, one of each scene.

use std::path::Path;

use super::super::Picture;
use super::crop::luma;
use super::judge::sharpness;
use crate::Result;
use crate::decode::{Decoded, Video};

/// Which frames are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    /// Only every n-th frame is looked at, from the first on; at least 1.
    pub every: u64,
    /// At most so many stills a minute: the sharpest of each stretch of that length.
    pub per_minute: Option<f64>,
    /// One still of each scene, its sharpest; with `per_minute`, several of long ones.
    pub scenes: bool,
}

/// A frame that was taken.
pub(super) struct Still {
    /// Its number in the video, from 0.
    pub frame: u64,
    pub picture: Picture,
}

/// The stills of a video, in order.
pub(super) struct Stills {
    video: Video,
    pick: Pick,
    /// Frames that were read.
    pub frames: u64,
    /// Scenes that have begun.
    pub scenes: u64,
    fps: f64,
    last: Option<Vec<f32>>,
    /// The first frame of the scene.
    scene_begun: u64,
    best: Option<(f64, Still)>,
    window: (u64, u64),
    /// Stills of the present minute.
    minute: (u64, f64),
    at_end: bool,
}

/// What became of a frame.
pub(super) enum Step {
    Passed,
    Still(Still),
    End,
}

impl Stills {
    /// Opens a video.
    ///
    /// # Errors
    /// Those of [`Video::open`].
    pub fn open(path: &Path, pick: Pick) -> Result<Self> {
        let video = Video::open(path)?;
        let fps = f64::from(video.fps.0) / f64::from(video.fps.1.max(1));
        Ok(Self {
            video,
            pick,
            frames: 0,
            scenes: 0,
            fps,
            last: None,
            scene_begun: 0,
            best: None,
            window: (0, 0),
            minute: (0, 0.0),
            at_end: false,
        })
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// Those of [`Video::frame`].
    pub fn step(&mut self) -> Result<Step> {
        if self.at_end {
            return Ok(Step::End);
        }
        let frame = self.frames;
        if !frame.is_multiple_of(self.pick.every) {
            let passed = self.video.skip()?;
            return Ok(if passed { self.passed() } else { self.end() });
        }
        let Some(decoded) = self.video.frame()? else { return Ok(self.end()) };
        self.passed();
        let small = Small::of(&decoded);
        let cut = self.last.as_ref().is_none_or(|last| is_cut(last, &small.colours));
        if cut {
            self.scenes += 1;
            self.scene_begun = frame;
        }
        self.last = Some(small.colours);
        let window = self.window_of(frame);
        let Decoded { width, height, pixels } = decoded;
        let still = Still { frame, picture: Picture { width, height, pixels } };
        if self.pick.per_minute.is_none() && !self.pick.scenes {
            return Ok(Step::Still(still));
        }
        let done = if window == self.window { None } else { self.best.take() };
        self.window = window;
        if self.best.as_ref().is_none_or(|(best, _)| small.sharpness > *best) {
            self.best = Some((small.sharpness, still));
        }
        Ok(done.map_or(Step::Passed, |(_, still)| self.within_budget(still)))
    }

    /// Seconds from the beginning.
    pub fn seconds(&self, frame: u64) -> f64 {
        frame as f64 / self.fps
    }

    fn passed(&mut self) -> Step {
        self.frames += 1;
        Step::Passed
    }

    fn end(&mut self) -> Step {
        self.at_end = true;
        self.best.take().map_or(Step::End, |(_, still)| self.within_budget(still))
    }

    /// One still comes of each window: a scene, a stretch of time, or such a stretch of a scene.
    fn window_of(&self, frame: u64) -> (u64, u64) {
        let from = if self.pick.scenes { self.scene_begun } else { 0 };
        let seconds = self.seconds(frame - from);
        let stretch = self.pick.per_minute.map_or(0, |n| (seconds * n / 60.0 + 1e-9) as u64);
        (if self.pick.scenes { self.scenes } else { 0 }, stretch)
    }

    fn within_budget(&mut self, still: Still) -> Step {
        let minute = (self.seconds(still.frame) / 60.0) as u64;
        let before = if self.minute.0 == minute { self.minute.1 } else { 0.0 };
        if self.pick.per_minute.is_some_and(|budget| before + 1.0 > budget.max(1.0) + 1e-9) {
            return Step::Passed;
        }
        self.minute = (minute, before + 1.0);
        Step::Still(still)
    }
}

/// A frame at a glance.
struct Small {
    /// Means over a grid of 16x9, RGB.
    colours: Vec<f32>,
    sharpness: f64,
}

impl Small {
    fn of(frame: &Decoded) -> Self {
        let (columns, rows) = (16.min(frame.width), 9.min(frame.height));
        let mut colours = vec![0.0f32; 3 * columns * rows];
        // Every pixel of large frames says no more than every other.
        let step = (frame.height / 270).max(1);
        let (width, height) = (frame.width / step, frame.height / step);
        let mut grey = Vec::with_capacity(width * height);
        let mut counts = vec![0.0f32; columns * rows];
        for y in 0..height {
            for x in 0..width {
                let pixel = &frame.pixels[3 * (y * step * frame.width + x * step)..][..3];
                grey.push(luma(pixel));
                let cell = y * rows / height * columns + x * columns / width;
                counts[cell] += 1.0;
                for c in 0..3 {
                    colours[3 * cell + c] += f32::from(pixel[c]);
                }
            }
        }
        for (i, value) in colours.iter_mut().enumerate() {
            *value /= counts[i / 3].max(1.0);
        }
        Self { colours, sharpness: sharpness(&grey, width) }
    }
}

/// Whether most of the picture has changed at once.
fn is_cut(last: &[f32], now: &[f32]) -> bool {
    let apart = last
        .chunks_exact(3)
        .zip(now.chunks_exact(3))
        .map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max));
    let apart: Vec<f32> = apart.collect();
    let changed = apart.iter().filter(|apart| **apart > 24.0).count();
    apart.len() != now.len() / 3 || 5 * changed > 3 * apart.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_told_from_motion() {
        let scene = |base: f32, at: usize| -> Vec<f32> {
            (0..144)
                .flat_map(|i| [if i % 16 == at { 250.0 } else { base + i as f32 / 2.0 }; 3])
                .collect()
        };
        assert!(!is_cut(&scene(20.0, 3), &scene(20.0, 4)));
        assert!(!is_cut(&scene(20.0, 3), &scene(30.0, 3)));
        assert!(is_cut(&scene(20.0, 3), &scene(120.0, 3)));
    }
}
