//! Squares out of pictures, and black bars around them.

use fast_image_resize::images::Image;
use fast_image_resize::{PixelType, Resizer};

use super::super::Picture;
use crate::signal::uniforms;
use crate::{Error, Result};

/// Which squares are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crop {
    /// The largest one, in the middle.
    Centre,
    /// Squares of so many pixels a side in rows and columns, or where that is left open as large as the
    /// shorter side, side by side; they overlap where that is needed to reach all edges.
    Tiles(Option<usize>),
    /// So many: the centre, then squares of 0.6 to 1 times the shorter side anywhere.
    Several(usize),
}

/// A part of a picture, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Rect {
    pub fn of(picture: &Picture) -> Self {
        Self { x: 0, y: 0, width: picture.width, height: picture.height }
    }
}

/// The squares of a part. `seed` draws where they lie, where that is left to chance.
pub(super) fn squares(crop: Crop, part: Rect, seed: u32) -> Vec<Rect> {
    let shorter = part.width.min(part.height);
    let square = |x, y, side| Rect { x: part.x + x, y: part.y + y, width: side, height: side };
    let centre = square((part.width - shorter) / 2, (part.height - shorter) / 2, shorter);
    match crop {
        Crop::Centre => vec![centre],
        Crop::Tiles(side) => {
            let side = side.unwrap_or(shorter).min(shorter).max(1);
            let along = |length: usize| -> Vec<usize> {
                let count = length.div_ceil(side).max(1);
                let last = length - side;
                (0..count).map(|i| (last * i + (count - 1) / 2) / (count - 1).max(1)).collect()
            };
            let rows = along(part.height);
            let columns = along(part.width);
            rows.iter().flat_map(|&y| columns.iter().map(move |&x| square(x, y, side))).collect()
        }
        Crop::Several(count) => {
            let drawn = uniforms(seed, 3 * count);
            let own = drawn.chunks_exact(3).take(count.saturating_sub(1)).map(|u| {
                let side = ((0.6 + 0.4 * u[0]) * shorter as f64).round().max(1.0) as usize;
                let place = |u: f64, length: usize| (u * (length - side + 1) as f64) as usize;
                square(place(u[1], part.width), place(u[2], part.height), side)
            });
            std::iter::once(centre).chain(own).collect()
        }
    }
}

/// A part scaled to `side` squared RGB pixels: Lanczos (a = 3) upon the stored values, as the published
/// tool does it.
pub(super) fn scaled(picture: &Picture, part: Rect, side: usize) -> Result<Vec<u8>> {
    // Cut first: the filter must not reach beyond the part.
    let row = |y: usize| &picture.pixels[3 * (y * picture.width + part.x)..][..3 * part.width];
    let cut: Vec<u8> = (part.y..part.y + part.height).flat_map(row).copied().collect();
    if (part.width, part.height) == (side, side) {
        return Ok(cut);
    }
    let failed = |e: &dyn std::fmt::Display| Error::Invalid(format!("cannot be scaled: {e}"));
    let (width, height) = (part.width as u32, part.height as u32);
    let source = Image::from_vec_u8(width, height, cut, PixelType::U8x3).map_err(|e| failed(&e))?;
    let mut target = Image::new(side as u32, side as u32, PixelType::U8x3);
    Resizer::new().resize(&source, &mut target, None).map_err(|e| failed(&e))?;
    Ok(target.into_vec())
}

/// Brightness of an RGB pixel by BT.601, as JPEG has it, 0 to 255.
pub(super) fn luma(p: &[u8]) -> f32 {
    0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2])
}

/// The picture without black bars above and below, or left and right; none where there are none.
///
/// Bars are dark and even, about as thick on both sides, and end at an edge: dark scenery has none.
pub(super) fn without_bars(picture: &Picture) -> Option<Rect> {
    let Rect { width, height, .. } = Rect::of(picture);
    let row = |y: usize| line(picture, (0..width).map(|x| (x, y)));
    let column = |x: usize| line(picture, (0..height).map(|y| (x, y)));
    let vertical = bars(height, row);
    let horizontal = bars(width, column);
    let (top, bottom) = vertical.unwrap_or_default();
    let (left, right) = horizontal.unwrap_or_default();
    (vertical.is_some() || horizontal.is_some()).then(|| Rect {
        x: left,
        y: top,
        width: width - left - right,
        height: height - top - bottom,
    })
}

/// Mean and largest brightness of a row or column.
type Line = (f32, f32);

fn line(picture: &Picture, places: impl Iterator<Item = (usize, usize)>) -> Line {
    let (mut sum, mut most, mut count) = (0.0, 0.0f32, 0.0f32);
    for (x, y) in places {
        let value = luma(&picture.pixels[3 * (y * picture.width + x)..]);
        (sum, most, count) = (sum + value, most.max(value), count + 1.0);
    }
    (sum / count.max(1.0), most)
}

/// How thick the bars at both ends are.
fn bars(length: usize, line: impl Fn(usize) -> Line) -> Option<(usize, usize)> {
    let dark = |(mean, most): Line| mean < 20.0 && most < 40.0;
    let thickness = |at: &dyn Fn(usize) -> usize| {
        // Wider bars than this leave no picture worth having.
        let count = (0..length / 5 * 2).take_while(|&i| dark(line(at(i)))).count();
        if count == length / 5 * 2 {
            return None;
        }
        // Scaling and compression soften the edge over a few lines, which go with the bar.
        let soft = (0..4.min(length / 32 + 1)).find(|i| {
            let (now, next) = (line(at(count + i)).0, line(at(count + i + 1)).0);
            (next - now).abs() < 4.0
        });
        let soft = soft.unwrap_or(0);
        let inside = line(at(count + soft)).0;
        let bar = line(at(count.saturating_sub(2))).0;
        (count * 50 >= length && inside - bar > 8.0).then_some(count + soft)
    };
    let first = thickness(&|i| i)?;
    let last = thickness(&|i| length - 1 - i)?;
    (first.abs_diff(last) <= (first.max(last) / 4).max(3)).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(width: usize, height: usize) -> Rect {
        Rect { x: 0, y: 0, width, height }
    }

    fn picture(width: usize, height: usize, f: impl Fn(usize, usize) -> u8) -> Picture {
        let at = |i: usize| [f(i % width, i / width); 3];
        Picture { width, height, pixels: (0..width * height).flat_map(at).collect() }
    }

    #[test]
    fn the_centre_is_the_largest_square() {
        let one = |w, h| squares(Crop::Centre, part(w, h), 0);
        assert_eq!(one(7, 4), [Rect { x: 1, y: 0, width: 4, height: 4 }]);
        assert_eq!(one(4, 9), [Rect { x: 0, y: 2, width: 4, height: 4 }]);
        let inner = squares(Crop::Centre, Rect { x: 10, y: 20, width: 6, height: 4 }, 0);
        assert_eq!(inner, [Rect { x: 11, y: 20, width: 4, height: 4 }]);
    }

    #[test]
    fn tiles_cover_all_and_stay_inside() {
        for (w, h, side) in [
            (16, 9, None),
            (100, 30, Some(30)),
            (64, 64, Some(32)),
            (9, 9, None),
            (1, 5, Some(9)),
            (100, 71, Some(25)),
        ] {
            let found = squares(Crop::Tiles(side), part(w, h), 0);
            for (x, y) in (0..w * h).map(|i| (i % w, i / w)) {
                let inside = |r: &&Rect| {
                    (r.x..r.x + r.width).contains(&x) && (r.y..r.y + r.height).contains(&y)
                };
                assert!(found.iter().find(inside).is_some(), "{w}x{h} {side:?}: {x}, {y}");
            }
            assert!(found.iter().all(|r| r.x + r.width <= w && r.y + r.height <= h));
        }
        assert_eq!(squares(Crop::Tiles(None), part(16, 9), 0).len(), 2);
        assert_eq!(squares(Crop::Tiles(Some(32)), part(64, 64), 0).len(), 4);
    }

    #[test]
    fn several_squares_lie_inside_and_depend_on_the_seed_alone() {
        let found = squares(Crop::Several(40), part(90, 50), 7);
        assert_eq!(found.len(), 40);
        assert_eq!(found[0], squares(Crop::Centre, part(90, 50), 0)[0]);
        for r in &found {
            assert!(r.width == r.height && (30..=50).contains(&r.width));
            assert!(r.x + r.width <= 90 && r.y + r.height <= 50);
        }
        assert_eq!(found, squares(Crop::Several(40), part(90, 50), 7));
        assert_ne!(found, squares(Crop::Several(40), part(90, 50), 8));
        assert_eq!(squares(Crop::Several(3), part(1, 1), 0).len(), 3);
    }

    #[test]
    fn bars_are_found_and_dark_scenery_is_not_taken_for_them() {
        let scene = |x: usize, y: usize| (60 + (x * 13 + y * 7) % 150) as u8;
        let boxed = |top: usize, bottom: usize| {
            picture(80, 64, move |x, y| if y < top || y >= 64 - bottom { 16 } else { scene(x, y) })
        };
        assert_eq!(without_bars(&boxed(8, 8)), Some(Rect { x: 0, y: 8, width: 80, height: 48 }));
        assert_eq!(without_bars(&boxed(8, 9)).unwrap().height, 47);
        for (top, bottom) in [(0, 0), (8, 0), (0, 8), (20, 4), (1, 1)] {
            assert_eq!(without_bars(&boxed(top, bottom)), None, "{top} {bottom}");
        }
        let pillars = picture(64, 40, |x, y| if (10..54).contains(&x) { scene(x, y) } else { 0 });
        assert_eq!(without_bars(&pillars), Some(Rect { x: 10, y: 0, width: 44, height: 40 }));
        // A night with a light in the middle, which fades into the dark.
        let night = picture(64, 64, |x, y| {
            let d = (x as f32 - 32.0).hypot(y as f32 - 32.0);
            (200.0 * (-d * d / 150.0).exp()) as u8
        });
        assert_eq!(without_bars(&night), None);
        assert_eq!(without_bars(&picture(32, 32, |_, _| 0)), None);
        assert_eq!(without_bars(&picture(1, 1, |_, _| 0)), None);
    }

    #[test]
    fn scaling_keeps_means_and_identity() {
        let scene = picture(48, 32, |x, y| ((x * 11 + y * 17) % 256) as u8);
        let same = scaled(&scene, Rect { x: 5, y: 0, width: 32, height: 32 }, 32).unwrap();
        assert_eq!(same[..3], scene.pixels[15..18]);
        let flat = scaled(&picture(50, 40, |_, _| 77), part(40, 40), 16).unwrap();
        assert_eq!(flat, [77; 3 * 256]);
    }
}
