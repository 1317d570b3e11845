//! Heat maps of a square of values.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::plot::{Drawn, font, png, svg};
use crate::Result;

/// Pixels of a heat map.
const SIZE: (u32, u32) = (760, 640);
/// Cells a side, at most: more than the eye tells apart, few enough for an SVG.
const CELLS: usize = 128;

/// A square of values over two axes of one range.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// Above it.
    pub title: String,
    /// Below and beside the axes.
    pub label: String,
    /// What the values are in.
    pub unit: String,
    /// The axes' ends: values lie evenly between.
    pub range: (f64, f64),
    /// Values shown in the first and the last colour.
    pub levels: (f64, f64),
    /// Values a side.
    pub side: usize,
    /// `side * side` values, rows first, the first row at the top.
    pub values: Vec<f64>,
}

impl HeatMap {
    /// As an SVG document.
    pub fn svg(&self) -> Result<String> {
        svg(SIZE, |area| self.draw(area))
    }

    /// As a PNG file.
    pub fn png(&self) -> Result<Vec<u8>> {
        png(SIZE, |area| self.draw(area))
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        area.fill(&WHITE)?;
        let (map, scale) = area.split_horizontally(SIZE.0 - 110);
        let (low, high) = self.range;
        let mut chart = ChartBuilder::on(&map)
            .caption(&self.title, font(24))
            .margin(14)
            .x_label_area_size(46)
            .y_label_area_size(60)
            .build_cartesian_2d(low..high, high..low)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc(&self.label)
            .y_desc(&self.label)
            .label_style(font(15))
            .axis_desc_style(font(17))
            .draw()?;
        let cells = self.side.min(CELLS);
        let edge = |i: usize| low + (high - low) * i as f64 / cells as f64;
        let squares = (0..cells * cells).map(|i| {
            let (y, x) = (i / cells, i % cells);
            let colour = self.colour(self.cell(y, x, cells));
            Rectangle::new([(edge(x), edge(y)), (edge(x + 1), edge(y + 1))], colour.filled())
        });
        chart.draw_series(squares)?;

        let (least, most) = self.levels;
        let mut bar = ChartBuilder::on(&scale)
            .margin(14)
            .margin_top(50)
            .margin_bottom(60)
            .y_label_area_size(54)
            .build_cartesian_2d(0.0..1.0, least..most)?;
        bar.configure_mesh()
            .disable_mesh()
            .disable_x_axis()
            .y_desc(&self.unit)
            .label_style(font(15))
            .axis_desc_style(font(17))
            .draw()?;
        let level = |i: usize| least + (most - least) * i as f64 / 64.0;
        let steps = (0..64).map(|i| {
            let colour = self.colour(level(i));
            Rectangle::new([(0.0, level(i)), (1.0, level(i + 1))], colour.filled())
        });
        bar.draw_series(steps)?;
        area.present()
    }

    /// The mean of what a cell covers.
    fn cell(&self, y: usize, x: usize, cells: usize) -> f64 {
        let part = |i: usize| i * self.side / cells..(i + 1) * self.side / cells;
        let covered = part(y).flat_map(|y| part(x).map(move |x| (y, x)));
        let (sum, n) = covered
            .fold((0.0, 0.0), |(sum, n), (y, x)| (sum + self.values[y * self.side + x], n + 1.0));
        sum / n
    }

    /// Dark blue over green to yellow: the lightness rises with the value.
    fn colour(&self, value: f64) -> RGBColor {
        const STOPS: [[f64; 3]; 5] = [
            [68.0, 1.0, 84.0],
            [59.0, 82.0, 139.0],
            [33.0, 145.0, 140.0],
            [94.0, 201.0, 98.0],
            [253.0, 231.0, 37.0],
        ];
        let (low, high) = self.levels;
        let at = ((value - low) / (high - low) * 4.0).clamp(0.0, 4.0);
        let i = (at as usize).min(3);
        let share = at - i as f64;
        let [r, g, b] = [0, 1, 2]
            .map(|c| (STOPS[i][c] + share * (STOPS[i + 1][c] - STOPS[i][c])).round() as u8);
        RGBColor(r, g, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_colour_and_place() {
        let map = |values: Vec<f64>, side| HeatMap {
            title: "Power".into(),
            label: "cycles".into(),
            unit: "dB".into(),
            range: (-0.5, 0.5),
            levels: (-40.0, 20.0),
            side,
            values,
        };
        let quarters = map(vec![-40.0, 20.0, -10.0, f64::NEG_INFINITY], 2);
        let png = image::load_from_memory(&quarters.png().unwrap()).unwrap().to_rgb8();
        assert_eq!(png.dimensions(), SIZE);
        assert_eq!(png.get_pixel(200, 180).0, [68, 1, 84]);
        assert_eq!(png.get_pixel(500, 180).0, [253, 231, 37]);
        assert_eq!(png.get_pixel(200, 480).0, [33, 145, 140]);
        assert!(quarters.svg().unwrap().contains("cycles"));
        // More values than cells are averaged.
        let fine =
            map((0..512 * 512).map(|i| if i % 2 == 0 { -30.0 } else { 10.0 }).collect(), 512);
        assert_eq!(fine.cell(3, 7, CELLS), -10.0);
    }
}
