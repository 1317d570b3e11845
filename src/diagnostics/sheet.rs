//! Sheets: pictures in rows and columns, with captions and scales.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::plot::{encode, font};
use crate::metrics::Image;
use crate::{Error, Result};

/// Space for a caption, and for the scales.
const CAPTION: usize = 24;
const SCALE: usize = 40;
const LEFT: usize = 52;
const GAP: usize = 14;
const TITLE: usize = 40;
/// Sides of a sheet, in pixels: more than that no viewer opens.
const LARGEST: usize = 16384;

/// A picture on a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// Above it, in one line or more.
    pub caption: String,
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// RGB, rows from the top.
    pub pixels: Vec<u8>,
    /// The scale below: its length and what it is of.
    pub x: Option<(f64, &'static str)>,
    /// The scale on the left.
    pub y: Option<(f64, &'static str)>,
}

impl Tile {
    /// An image as it is seen.
    pub fn of(image: &Image, caption: String) -> Self {
        let planes: Vec<&[f32]> = image.planes().collect();
        let level = |i: usize, c: usize| {
            planes.get(c).or(planes.first()).map_or(0, |plane| super::strip::byte(plane[i]))
        };
        let pixels = (0..image.width * image.height).flat_map(|i| [0, 1, 2].map(|c| level(i, c)));
        let (width, height) = (image.width, image.height);
        Self { caption, width, height, pixels: pixels.collect(), x: None, y: None }
    }
}

/// Tiles in columns, each with a heading: one for each network or footage.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Above all.
    pub title: String,
    /// A heading, and what stands below it.
    pub columns: Vec<(Vec<String>, Vec<Tile>)>,
}

impl Sheet {
    /// As a PNG file. Small tiles are magnified by whole numbers.
    ///
    /// # Errors
    /// [`Error::Usage`] for a sheet that no viewer would open.
    pub fn png(&self) -> Result<Vec<u8>> {
        let tiles = || self.columns.iter().flat_map(|(_, tiles)| tiles);
        // A stripe's time and place are magnified each on its own.
        let zoom = |longest: Option<usize>| (360 / longest.unwrap_or(1).max(1)).clamp(1, 8);
        self.drawn([
            zoom(tiles().map(|tile| tile.width).max()),
            zoom(tiles().map(|tile| tile.height).max()),
        ])
    }

    /// The same with tiles of the size that they have.
    ///
    /// # Errors
    /// As [`Sheet::png`].
    pub fn png_as_it_is(&self) -> Result<Vec<u8>> {
        self.drawn([1, 1])
    }

    fn drawn(&self, zoom: [usize; 2]) -> Result<Vec<u8>> {
        let tiles = || self.columns.iter().flat_map(|(_, tiles)| tiles);
        let caption = CAPTION * tiles().map(lines).max().unwrap_or(1);
        let left_of = if tiles().any(|tile| tile.y.is_some()) { LEFT } else { 0 };
        let heading =
            self.columns.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0) * CAPTION;
        let wide = |tiles: &[Tile]| {
            let widest = tiles.iter().map(|tile| tile.width * zoom[0]).max().unwrap_or(0);
            left_of + widest.max(220) + GAP
        };
        let high = |tile: &Tile| {
            caption + tile.height * zoom[1] + if tile.x.is_some() { SCALE } else { GAP }
        };
        let width: usize = self.columns.iter().map(|(_, tiles)| wide(tiles)).sum::<usize>() + GAP;
        let width = width.max(self.title.len() * 10 + 2 * GAP);
        let column = |(_, tiles): &(_, Vec<Tile>)| tiles.iter().map(high).sum::<usize>();
        let height = TITLE + heading + self.columns.iter().map(column).max().unwrap_or(0) + GAP;
        if width.max(height) > LARGEST {
            return Err(Error::Usage(format!(
                "the sheet would have {width}x{height} pixels, expected at most {LARGEST} a side; \
                 take fewer frames, positions or networks"
            )));
        }
        let size = (width as u32, height as u32);
        let mut pixels = vec![255; 3 * width * height];
        {
            let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
            self.letters(&area, zoom, [heading, caption, left_of], &wide, &high)
                .map_err(|e| Error::Invalid(format!("cannot draw the sheet: {e}")))?;
        }
        let mut left = GAP;
        for (_, tiles) in &self.columns {
            let mut top = TITLE + heading;
            for tile in tiles {
                blit(&mut pixels, width, tile, (left + left_of, top + caption), zoom);
                top += high(tile);
            }
            left += wide(tiles);
        }
        encode(size, &pixels)
    }

    fn letters(
        &self,
        area: &DrawingArea<BitMapBackend<'_>, plotters::coord::Shift>,
        zoom: [usize; 2],
        [heading, caption, left_of]: [usize; 3],
        wide: &dyn Fn(&[Tile]) -> usize,
        high: &dyn Fn(&Tile) -> usize,
    ) -> std::result::Result<(), Box<dyn std::error::Error>> {
        let style = |size, h, v| font(size).color(&BLACK).pos(Pos::new(h, v));
        let plain = |size| style(size, HPos::Left, VPos::Top);
        let at = |x: usize, y: usize| (x as i32, y as i32);
        area.draw(&Text::new(self.title.clone(), at(GAP, 8), plain(22)))?;
        let mut left = GAP;
        for (lines_above, tiles) in &self.columns {
            for (i, line) in lines_above.iter().enumerate() {
                let place = at(left + left_of, TITLE + i * CAPTION);
                area.draw(&Text::new(line.clone(), place, plain(if i == 0 { 19 } else { 16 })))?;
            }
            let mut top = TITLE + heading;
            for tile in tiles {
                let (x, y) = (left + left_of, top + caption);
                for (i, line) in tile.caption.lines().enumerate() {
                    let place = at(x, top + i * CAPTION + 4);
                    area.draw(&Text::new(line.to_owned(), place, plain(15)))?;
                }
                if let Some((length, unit)) = tile.x {
                    for (share, label) in ticks(length, unit) {
                        let tick = x + (share * (tile.width * zoom[0]) as f64) as usize;
                        let end = y + tile.height * zoom[1];
                        area.draw(&PathElement::new([at(tick, end), at(tick, end + 5)], BLACK))?;
                        let text = style(13, HPos::Center, VPos::Top);
                        area.draw(&Text::new(label, at(tick, end + 7), text))?;
                    }
                }
                if let Some((length, unit)) = tile.y {
                    for (share, label) in ticks(length, unit) {
                        let tick = y + (share * (tile.height * zoom[1]) as f64) as usize;
                        area.draw(&PathElement::new([at(x - 5, tick), at(x, tick)], BLACK))?;
                        let text = style(13, HPos::Right, VPos::Center);
                        area.draw(&Text::new(label, at(x - 7, tick), text))?;
                    }
                }
                top += high(tile);
            }
            left += wide(tiles);
        }
        area.present()?;
        Ok(())
    }
}

/// Lines of a tile's caption.
fn lines(tile: &Tile) -> usize {
    tile.caption.lines().count().max(1)
}

/// Places (0 to 1) along a scale, two to five steps long, with their labels; the last one tells the
/// unit.
fn ticks(length: f64, unit: &str) -> Vec<(f64, String)> {
    let size = 10f64.powf((length / 2.0).log10().floor());
    let step = [5.0, 2.0, 1.0].map(|n| n * size).into_iter().find(|step| length / step >= 2.0);
    let Some(step) = step.filter(|step| step.is_normal()) else { return Vec::new() };
    let count = (length / step + 1e-9) as usize;
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let label = |i: usize| {
        let value = format!("{:.decimals$}", i as f64 * step);
        if i == count { format!("{value} {unit}") } else { value }
    };
    (0..=count).map(|i| (i as f64 * step / length, label(i))).collect()
}

fn blit(
    sheet: &mut [u8],
    width: usize,
    tile: &Tile,
    (left, top): (usize, usize),
    zoom: [usize; 2],
) {
    for y in 0..tile.height * zoom[1] {
        for x in 0..tile.width * zoom[0] {
            let from = 3 * (y / zoom[1] * tile.width + x / zoom[0]);
            let to = 3 * ((top + y) * width + left + x);
            sheet[to..to + 3].copy_from_slice(&tile.pixels[from..from + 3]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_round_numbers() {
        let labels =
            |length, unit| ticks(length, unit).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(labels(2.0, "s"), ["0", "1", "2 s"]);
        assert_eq!(labels(256.0, "y"), ["0", "100", "200 y"]);
        assert_eq!(labels(0.5, "s"), ["0.0", "0.2", "0.4 s"]);
        assert_eq!(labels(10.0, "s"), ["0", "5", "10 s"]);
        assert!(labels(0.0, "s").is_empty() && labels(f64::NAN, "s").is_empty());
        assert_eq!(ticks(4.0, "s").last().unwrap().0, 1.0);
    }

    #[test]
    fn tiles_stand_in_their_columns() {
        let tile = |n: u8| Tile {
            caption: "a caption".into(),
            width: 90,
            height: 60,
            pixels: [n, 0, 255 - n].repeat(90 * 60),
            x: Some((3.0, "s")),
            y: Some((60.0, "y")),
        };
        let column = |n| (vec!["net".to_owned(), "0.5".to_owned()], vec![tile(n), tile(n + 1)]);
        let sheet = Sheet { title: "Stripes".into(), columns: vec![column(10), column(20)] };
        let png = image::load_from_memory(&sheet.png().unwrap()).unwrap().to_rgb8();
        // Magnified by 4 and 6.
        for n in [10, 11, 20, 21] {
            let own = png.pixels().filter(|p| p.0 == [n, 0, 255 - n]).count();
            assert_eq!(own, 90 * 60 * 24);
        }
        let place =
            |n: u8| png.enumerate_pixels().find(|(_, _, p)| p.0 == [n, 0, 255 - n]).unwrap();
        assert!(place(10).1 < place(11).1 && place(10).0 < place(20).0);
        assert_eq!(place(10).1, place(20).1);
    }

    #[test]
    fn sizes_that_cannot_be_are_told() {
        assert!(Sheet::default().png().is_ok());
        let tile = Tile {
            caption: String::new(),
            width: 20_000,
            height: 1,
            pixels: vec![0; 60_000],
            x: None,
            y: None,
        };
        let sheet = Sheet { title: String::new(), columns: vec![(vec![], vec![tile])] };
        assert_eq!(sheet.png().unwrap_err().exit_code(), 64);
    }
}
