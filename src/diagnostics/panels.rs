//! Several curves over one time axis, one below the other, with marks across all of them.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::plot::{COLOURS, Drawn, Line, font, png, svg};
use crate::Result;

/// Pixels: width, height of a panel, of the title and of the axis below.
const WIDTH: u32 = 1200;
const PANEL: u32 = 150;
const TITLE: u32 = 60;
const AXIS: u32 = 30;
/// Beside a panel: empty, its labels, and empty on the right.
const LEFT: u32 = 14;
const LABELS: u32 = 90;
const RIGHT: u32 = 20;

/// Curves that share a scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What they are.
    pub name: String,
    /// What is drawn.
    pub lines: Vec<Line>,
    /// What is drawn below the lines.
    pub bands: Vec<Band>,
}

/// An area between two curves, such as the envelope of a sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// What the legend says.
    pub name: String,
    /// Finite points: along, from, to.
    pub points: Vec<(f64, f64, f64)>,
}

/// Panels over one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Panels {
    /// Above all.
    pub title: String,
    /// The ends of the axis.
    pub x: (f64, f64),
    /// What the axis is in.
    pub x_label: String,
    /// Names for places on the axis.
    pub marks: Vec<(f64, String)>,
    /// From the top.
    pub panels: Vec<Panel>,
}

impl Panels {
    /// As an SVG document.
    pub fn svg(&self) -> Result<String> {
        svg(self.size(), |area| self.draw(area))
    }

    /// As a PNG file.
    pub fn png(&self) -> Result<Vec<u8>> {
        png(self.size(), |area| self.draw(area))
    }

    fn size(&self) -> (u32, u32) {
        (WIDTH, TITLE + AXIS + PANEL * self.panels.len() as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B> {
        area.fill(&WHITE)?;
        let (head, rest) = area.split_vertically(TITLE);
        head.draw(&Text::new(self.title.as_str(), (20, 8), font(24)))?;
        let (width, _) = area.dim_in_pixel();
        let across = f64::from(width) - f64::from(LEFT + LABELS + RIGHT);
        for (at, name) in &self.marks {
            let share = (at - self.x.0) / (self.x.1 - self.x.0);
            let x = (LEFT + LABELS) as i32 + (share * across) as i32;
            head.draw(&Text::new(name.as_str(), (x + 2, 40), font(16)))?;
        }
        let mut below = rest;
        for (i, panel) in self.panels.iter().enumerate() {
            let last = i + 1 == self.panels.len();
            let (own, next) = below.split_vertically(if last { PANEL + AXIS } else { PANEL });
            self.panel(&own, panel, last)?;
            below = next;
        }
        area.present()
    }

    fn panel<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        panel: &Panel,
        last: bool,
    ) -> Drawn<B> {
        let ends = panel.bands.iter().flat_map(|band| &band.points);
        let values = panel.lines.iter().flat_map(|line| &line.points).map(|point| point.1);
        let values = values.chain(ends.flat_map(|&(_, from, to)| [from, to]));
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let (low, high) = match high - low {
            span if span > 0.0 && span.is_finite() => (low - 0.08 * span, high + 0.08 * span),
            _ if low.is_finite() => (low - 0.5, low + 0.5),
            _ => (0.0, 1.0),
        };
        let mut chart = ChartBuilder::on(area)
            .margin_left(LEFT)
            .margin_right(RIGHT)
            .margin_top(6)
            .x_label_area_size(if last { AXIS + 18 } else { 6 })
            .y_label_area_size(LABELS)
            .build_cartesian_2d(self.x.0..self.x.1, low..high)?;
        let mut mesh = chart.configure_mesh();
        mesh.y_desc(&panel.name)
            .y_labels(5)
            .label_style(font(15))
            .axis_desc_style(font(17))
            .light_line_style(WHITE);
        if last {
            mesh.x_desc(&self.x_label);
        } else {
            mesh.x_labels(0);
        }
        mesh.draw()?;
        for (at, _) in &self.marks {
            let line = PathElement::new(vec![(*at, low), (*at, high)], BLACK.mix(0.45));
            chart.draw_series(std::iter::once(line))?;
        }
        let mut colours = COLOURS.iter().cycle();
        for (band, colour) in panel.bands.iter().zip(&mut colours) {
            let there = band.points.iter().map(|&(x, from, _)| (x, from));
            let back = band.points.iter().rev().map(|&(x, _, to)| (x, to));
            let style = colour.mix(0.55).filled();
            let area = Polygon::new(there.chain(back).collect::<Vec<_>>(), style);
            chart
                .draw_series(std::iter::once(area))?
                .label(&band.name)
                .legend(move |(x, y)| Rectangle::new([(x, y - 3), (x + 14, y + 3)], style));
        }
        for (line, colour) in panel.lines.iter().zip(colours) {
            let style = ShapeStyle { color: colour.to_rgba(), filled: true, stroke_width: 2 };
            let drawn = if line.dots {
                chart.draw_series(line.points.iter().map(|&p| Circle::new(p, 4, style)))?
            } else {
                chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?
            };
            if panel.lines.len() + panel.bands.len() > 1 {
                drawn
                    .label(&line.name)
                    .legend(move |(x, y)| Rectangle::new([(x, y - 3), (x + 14, y + 3)], style));
            }
        }
        if panel.lines.len() + panel.bands.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .background_style(WHITE.mix(0.85))
                .border_style(BLACK.mix(0.3))
                .label_font(font(15))
                .draw()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_marks_and_names_are_in_both_formats() {
        let line = |name: &str, f: &dyn Fn(f64) -> f64| Line {
            name: name.into(),
            points: (0..50).map(|i| f64::from(i) / 10.0).map(|t| (t, f(t))).collect(),
            dots: false,
        };
        let band = |name: &str| Band {
            name: name.into(),
            points: (0..50).map(|i| (f64::from(i) / 10.0, -1.0, 2.0)).collect(),
        };
        let panels = Panels {
            title: "a film".into(),
            x: (0.0, 4.9),
            x_label: "time (s)".into(),
            marks: vec![(1.0, "drop".into()), (99.0, "outside".into())],
            panels: vec![
                Panel { name: "psi".into(), lines: vec![line("psi", &|t| t.sin())], bands: vec![] },
                Panel {
                    name: "flat".into(),
                    lines: vec![line("x", &|_| 2.0), line("y", &|t| t)],
                    bands: vec![],
                },
                Panel { name: "none".into(), lines: vec![], bands: vec![] },
                Panel {
                    name: "sound".into(),
                    lines: vec![],
                    bands: vec![band("peak"), band("rms")],
                },
            ],
        };
        let svg = panels.svg().unwrap();
        for word in [
            "a film",
            "drop",
            "psi",
            "flat",
            "time (s)",
            "\nx\n</text>",
            "\ny\n</text>",
            "peak",
            "polygon",
        ] {
            assert!(svg.contains(word), "{word} is not in {svg}");
        }
        let png = image::load_from_memory(&panels.png().unwrap()).unwrap().to_rgb8();
        assert_eq!(png.dimensions(), (WIDTH, TITLE + AXIS + 4 * PANEL));
        let blue = png.pixels().filter(|p| p.0 == [0, 114, 178]).count();
        assert!(blue > 500, "{blue}");
    }
}
