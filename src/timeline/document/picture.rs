//! What one frame is put together of, as written: the shutter, the grid and its cells.

use std::ops::RangeInclusive;

use super::super::ron_tree::{Node, Value};
use super::decode::{Decoder, Fields, inner};
use super::latent::Source;
use super::track::Track;
use super::{Camera, Scalar, Spanned};
use crate::report::Span;

/// Names by which a cell may have a latent of its own.
const SOURCES: [&str; 6] = ["latent", "seeds", "seed", "z", "w", "average"];
const CELL: [&str; 10] =
    ["latent", "seeds", "seed", "z", "w", "average", "index", "array", "psi", "camera"];
/// Degrees that a shutter stays open where nothing else is said: half a frame, as film cameras do.
const SHUTTER: f64 = 180.0;
const WIDEST_SHUTTER: f64 = 720.0;
const SAMPLES: u32 = 16;
const MOST_SAMPLES: i128 = 256;
const MOST_CELLS: i128 = 64;
const WIDEST_GAP: i128 = 4096;

/// `motion_blur: (shutter: 180, phase: -90, samples: 16)`; degrees, 360 to a frame.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct MotionBlur {
    pub shutter: f64,
    /// Half the shutter before the frame's time if none.
    pub phase: Option<f64>,
    pub samples: u32,
}

/// `grid: (columns: 3, rows: 2, gap: 8, background: (0, 0, 0), cells: [...])`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::timeline) struct Grid {
    pub columns: u32,
    /// As many as the cells need if none.
    pub rows: Option<u32>,
    pub gap: u32,
    /// That of the film, or black, if none.
    pub background: Option<[f64; 3]>,
    pub cells: Vec<Cell>,
    /// The field's name.
    pub span: Span,
}

/// What a cell has of its own; the rest is the timeline's.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::timeline) struct Cell {
    pub source: Option<Source>,
    pub psi: Option<Track<Scalar>>,
    pub camera: Option<Spanned<Camera>>,
}

impl Decoder {
    pub fn motion_blur(&mut self, node: &Node) -> Option<MotionBlur> {
        let fields = self.fields(node, "`motion_blur`", &["shutter", "phase", "samples"])?;
        let shutter = fields.get("shutter").map_or(Some(SHUTTER), |n| {
            self.bounded(n, "an angle of the shutter in degrees", 0.0, WIDEST_SHUTTER)
        });
        let phase = fields.get("phase").map(|n| {
            self.bounded(n, "the shutter's phase in degrees", -WIDEST_SHUTTER, WIDEST_SHUTTER)
        });
        let samples = fields.get("samples").map_or(Some(SAMPLES), |n| {
            self.integer(n, "a number of moments that make a frame", 1..=MOST_SAMPLES)
        });
        Some(MotionBlur { shutter: shutter?, phase: phase.flatten(), samples: samples? })
    }

    pub fn grid(&mut self, node: &Node, span: Span) -> Option<Grid> {
        let known = ["columns", "rows", "gap", "background", "cells"];
        let fields = self.fields(node, "`grid`", &known)?;
        let mut count = |name: &str, what: &str, range: RangeInclusive<i128>| {
            fields.get(name).map(|n| self.integer::<u32>(n, what, range))
        };
        let rows = count("rows", "a number of rows", 1..=MOST_CELLS);
        let gap = count("gap", "a gap in pixels", 0..=WIDEST_GAP);
        let columns = count("columns", "a number of columns", 1..=MOST_CELLS);
        let background = fields.get("background").map(|n| self.colour(n));
        let items = fields.need(self, "cells").and_then(|n| {
            self.list(n, "a list of cells such as `[(seed: 1), (seed: 2, psi: 0.7)]`")
        });
        let cells: Option<Vec<_>> =
            items.map(|items| items.iter().filter_map(|item| self.cell(item)).collect());
        if columns.is_none() {
            fields.need(self, "columns");
        }
        Some(Grid {
            columns: columns??,
            rows: match rows {
                Some(rows) => Some(rows?),
                None => None,
            },
            gap: gap.unwrap_or(Some(0))?,
            background: match background {
                Some(background) => Some(background?),
                None => None,
            },
            cells: cells?,
            span,
        })
    }

    /// A struct, or a seed alone.
    fn cell(&mut self, node: &Node) -> Option<Cell> {
        if let Value::Integer(_) = inner(node).value {
            let source = self.seed_alone(node)?;
            return Some(Cell { source: Some(source), ..Cell::default() });
        }
        let fields = self.fields(node, "a cell", &CELL)?;
        Some(Cell {
            source: self.own_source(&fields),
            psi: fields.get("psi").and_then(|n| self.track(n, Self::number)),
            camera: fields
                .name_span("camera")
                .zip(fields.get("camera"))
                .map(|(span, n)| Spanned { value: self.camera(n).unwrap_or_default(), span }),
        })
    }

    fn own_source(&mut self, fields: &Fields) -> Option<Source> {
        let given = SOURCES.iter().any(|name| fields.get(name).is_some());
        given.then(|| self.source(fields, &SOURCES)).flatten()
    }

    /// Red, green and blue as displays have them, 0 to 1.
    pub fn colour(&mut self, node: &Node) -> Option<[f64; 3]> {
        const WHAT: &str = "red, green and blue from 0 to 1 such as (0.1, 0.1, 0.1)";
        match &inner(node).value {
            Value::Tuple(None, items) if items.len() == 3 => {
                let mut colour = [0.0; 3];
                for (part, item) in colour.iter_mut().zip(items) {
                    *part = self.bounded(item, "a part of a colour", 0.0, 1.0)?;
                }
                Some(colour)
            }
            _ => self.expected(WHAT, node),
        }
    }

    fn bounded(&mut self, node: &Node, what: &str, from: f64, to: f64) -> Option<f64> {
        let value = self.plain_number(node)?;
        if (from..=to).contains(&value) {
            return Some(value);
        }
        self.expected(&format!("{what} (a number from {from} to {to})"), node)
    }
}
