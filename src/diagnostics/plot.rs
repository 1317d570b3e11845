//! Plots of lines and dots, as SVG or PNG.

use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;

use crate::{Error, Result};

/// Pixels of a plot; its letters can be read on a telephone's width of them.
const SIZE: (u32, u32) = (640, 420);
/// Colours that people with any colour vision tell apart (Okabe and Ito 2008).
pub(super) const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// One row of points.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What the legend says.
    pub name: String,
    /// Finite points.
    pub points: Vec<(f64, f64)>,
    /// Dots instead of a line.
    pub dots: bool,
}

/// A plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Above it.
    pub title: String,
    /// Below the axis.
    pub x_label: String,
    /// Beside the axis.
    pub y_label: String,
    /// The range shown; that of the points if none.
    pub x: Option<(f64, f64)>,
    /// The range shown; that of the points, and a little more, if none.
    pub y: Option<(f64, f64)>,
    /// What is drawn.
    pub lines: Vec<Line>,
}

impl Plot {
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
        let (x, y) = (self.range(self.x, |p| p.0, 0.0), self.range(self.y, |p| p.1, 0.06));
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, font(28))
            .margin(14)
            .x_label_area_size(58)
            .y_label_area_size(84)
            .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
        chart
            .configure_mesh()
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .label_style(font(21))
            .axis_desc_style(font(22))
            .light_line_style(WHITE)
            .draw()?;
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            let style = ShapeStyle { color: colour.to_rgba(), filled: true, stroke_width: 2 };
            let drawn = if line.dots {
                let faint = ShapeStyle { color: colour.mix(0.45), ..style };
                chart.draw_series(line.points.iter().map(|&p| Circle::new(p, 3, faint)))?
            } else {
                // Each piece for itself: plotters mitres corners, and sharp ones grow spikes.
                let pieces = line.points.windows(2);
                chart.draw_series(pieces.map(|ends| PathElement::new(ends.to_vec(), style)))?
            };
            if self.lines.len() > 1 {
                drawn
                    .label(&line.name)
                    .legend(move |(x, y)| Rectangle::new([(x, y - 3), (x + 18, y + 3)], style));
            }
        }
        if self.lines.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .background_style(WHITE.mix(0.85))
                .border_style(BLACK.mix(0.3))
                .label_font(font(20))
                .draw()?;
        }
        area.present()
    }

    fn range(
        &self,
        given: Option<(f64, f64)>,
        axis: impl Fn(&(f64, f64)) -> f64,
        more: f64,
    ) -> (f64, f64) {
        let values = self.lines.iter().flat_map(|line| &line.points).map(axis);
        let empty = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) =
            given.unwrap_or_else(|| values.fold(empty, |(low, high), v| (low.min(v), high.max(v))));
        let span = match high - low {
            span if span.is_finite() && span > 0.0 => span,
            _ if low.is_finite() => return (low - 0.5, low + 0.5),
            _ => return (0.0, 1.0),
        };
        (low - more * span, high + more * span)
    }
}

/// The one font, which lies in the program: labels look alike everywhere.
pub(super) fn font(size: u32) -> FontDesc<'static> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        let bytes = epaint_default_fonts::UBUNTU_LIGHT;
        register_font("sans-serif", FontStyle::Normal, bytes).is_ok()
    });
    ("sans-serif", size).into_font()
}

/// What drawing on a surface gives.
pub(super) type Drawn<B> =
    std::result::Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// What is drawn, as an SVG document.
pub(super) fn svg(
    size: (u32, u32),
    draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, Shift>) -> Drawn<SVGBackend<'static>>,
) -> Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&area).map_err(failed)?;
    }
    Ok(text)
}

/// What is drawn, as a PNG file.
pub(super) fn png(
    size: (u32, u32),
    draw: impl FnOnce(&DrawingArea<BitMapBackend<'_>, Shift>) -> Drawn<BitMapBackend<'static>>,
) -> Result<Vec<u8>> {
    let mut pixels = vec![0; 3 * size.0 as usize * size.1 as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        draw(&area).map_err(failed)?;
    }
    encode(size, &pixels)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("cannot draw the plot: {error}"))
}

/// A PNG file of RGB pixels.
pub(super) fn encode((width, height): (u32, u32), pixels: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(pixels))
        .map_err(|e| Error::Invalid(format!("cannot make a picture of {width}x{height}: {e}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<(f64, f64)>) -> Plot {
        let line = |dots| Line { name: "a < b".into(), points: points.clone(), dots };
        Plot {
            title: "Title & all".into(),
            x_label: "along".into(),
            y_label: "up".into(),
            x: None,
            y: None,
            lines: vec![line(false), line(true)],
        }
    }

    #[test]
    fn labels_and_lines_are_in_both_formats() {
        let plot = plot((0..20).map(|i| (f64::from(i), f64::from(i * i))).collect());
        let svg = plot.svg().unwrap();
        for word in ["Title &amp; all", "along", "up", "a &lt; b", "polyline", "circle"] {
            assert!(svg.contains(word), "{word} is not in {svg}");
        }
        let png = image::load_from_memory(&plot.png().unwrap()).unwrap().to_rgb8();
        assert_eq!(png.dimensions(), SIZE);
        let has = |colour: RGBColor| png.pixels().any(|p| p.0 == [colour.0, colour.1, colour.2]);
        assert!(has(COLOURS[0]) && has(WHITE));
        // Letters: the title's rows are not blank.
        let dark = |y: u32| (0..SIZE.0).any(|x| png.get_pixel(x, y).0[0] < 100);
        assert!((14..45).any(dark));
    }

    #[test]
    fn sharp_corners_stay_within_the_axes() {
        let zigzag = (0..900).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        let mut plot = plot(zigzag);
        plot.lines.truncate(1);
        let png = image::load_from_memory(&plot.png().unwrap()).unwrap().to_rgb8();
        let blue = |x: u32, y: u32| png.get_pixel(x, y).0 == [0, 114, 178];
        let line = |y: u32| (0..SIZE.0).filter(|&x| blue(x, y)).count();
        let drawn: Vec<usize> = (0..SIZE.1).map(line).collect();
        assert!(drawn[SIZE.1 as usize / 2] > 100);
        // Above the plot there is the title, below it the axis.
        assert_eq!(drawn[..30].iter().chain(&drawn[SIZE.1 as usize - 40..]).sum::<usize>(), 0);
    }

    #[test]
    fn odd_data_is_no_panic() {
        for points in [
            vec![],
            vec![(1.0, 2.0)],
            vec![(0.0, 3.0), (1.0, 3.0)],
            vec![(1e300, -1e300), (-1e300, 1e300)],
        ] {
            plot(points.clone()).svg().unwrap();
            plot(points).png().unwrap();
        }
    }
}
