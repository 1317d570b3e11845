//! What one frame is put together of, as written: the shutter, the grid and its cells.

use super::super::ron_tree::{Node, Value};
use super::decode::{Decoder, Fields, inner};
use super::fields::{CAMERA, PSI};
use super::form::{By, Field, Form, Listed, Record, Shaped, Whole, Within};
use super::latent::{LATENT, SEEDS, Source};
use super::mix::SOURCES;
use super::point::{ARRAY, AVERAGE, INDEX, SEED, SEED_POINT, W, Z};
use super::shape::Shape;
use super::track::Track;
use super::{Camera, Scalar, Spanned};
use crate::report::Span;

/// Degrees that a shutter stays open where nothing else is said: half a frame, as film cameras do.
const SHUTTER_OPEN: f64 = 180.0;
const WIDEST_SHUTTER: f64 = 720.0;
const USUAL_SAMPLES: u32 = 16;
const MOST_CELLS: u32 = 64;

const SHUTTER: Field<Within> = Field::new(
    "shutter",
    Within("an angle of the shutter in degrees", 0.0, WIDEST_SHUTTER),
    "degrees, of 360 a frame, that the shutter is open",
)
.or("180");
const PHASE: Field<Within> = Field::new(
    "phase",
    Within("the shutter's phase in degrees", -WIDEST_SHUTTER, WIDEST_SHUTTER),
    "degrees after the frame's time at which it opens; without it half the shutter before",
);
const SAMPLES: Field<Whole> = Field::new(
    "samples",
    Whole("a number of moments that make a frame", 1, 256),
    "moments that are averaged",
)
.or("16");
static BLUR: Record = Record { what: "`motion_blur`", fields: &[&SHUTTER, &PHASE, &SAMPLES] };
pub(super) const MOTION_BLUR: Field<By<MotionBlur>> = Field::new(
    "motion_blur",
    By(Decoder::motion_blur, || BLUR.shape()),
    "a shutter that stays open: each frame is the average of several moments",
);

const COLUMNS: Field<Whole> =
    Field::new("columns", Whole("a number of columns", 1, MOST_CELLS), "cells side by side")
        .needed();
const ROWS: Field<Whole> = Field::new(
    "rows",
    Whole("a number of rows", 1, MOST_CELLS),
    "as many as the cells need if left out",
);
const GAP: Field<Whole> =
    Field::new("gap", Whole("a gap in pixels", 0, 4096), "pixels between cells").or("0");
/// Red, green and blue as displays have them, 0 to 1.
pub(super) const COLOUR: By<[f64; 3]> = By(Decoder::colour, colour);
const PART: Within = Within("a part of a colour", 0.0, 1.0);
const BETWEEN: Field<By<[f64; 3]>> = Field::new(
    BACKGROUND.name,
    COLOUR,
    "red, green and blue of what no cell covers; the film's if left out",
);
pub(super) const BACKGROUND: Field<By<[f64; 3]>> = Field::new(
    "background",
    COLOUR,
    "red, green and blue of what lies below all pictures; black or, in a film with alpha, nothing if left out",
);
/// What a cell of a grid may have of its own.
static CELL: Record = Record {
    what: "a cell",
    fields: &[&LATENT, &SEEDS, &SEED_POINT, &Z, &W, &AVERAGE, &INDEX, &ARRAY, &PSI, &CAMERA],
};

const CELLS: Field<Listed<By<Cell>>> = Field::new(
    "cells",
    Listed(
        "a list of cells such as `[(seed: 1), (seed: 2, psi: 0.7)]`",
        By(Decoder::cell, || Shape::named("cell", Shape::Any(vec![SEED.shape(), CELL.shape()]))),
    ),
    "what each cell has of its own, row by row; a number is a seed",
)
.needed();
static GRID_FIELDS: Record =
    Record { what: "`grid`", fields: &[&COLUMNS, &ROWS, &GAP, &BETWEEN, &CELLS] };
pub(super) const GRID: Field<By<Grid>> = Field::new(
    "grid",
    By(Decoder::grid, || GRID_FIELDS.shape()),
    "several pictures in one, each with a latent of its own",
);

pub(super) fn colour() -> Shape {
    Shape::Tuple(vec![PART.shape(); 3])
}

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
    fn motion_blur(&mut self, node: &Node) -> Option<MotionBlur> {
        let fields = self.fields(node, &BLUR)?;
        let shutter = fields.given(self, &SHUTTER, SHUTTER_OPEN);
        let phase = fields.read(self, &PHASE);
        let samples = fields.given(self, &SAMPLES, USUAL_SAMPLES);
        Some(MotionBlur { shutter: shutter?, phase, samples: samples? })
    }

    fn grid(&mut self, node: &Node) -> Option<Grid> {
        let fields = self.fields(node, &GRID_FIELDS)?;
        let rows = fields.optional(self, &ROWS);
        let gap = fields.given(self, &GAP, 0);
        let background = fields.optional(self, &BETWEEN);
        let columns = fields.read(self, &COLUMNS);
        let cells = fields.read(self, &CELLS);
        Some(Grid {
            columns: columns?,
            rows: rows?,
            gap: gap?,
            background: background?,
            cells: cells?,
            span: Span::default(),
        })
    }

    /// A struct, or a seed alone.
    fn cell(&mut self, node: &Node) -> Option<Cell> {
        if let Value::Integer(_) = inner(node).value {
            let source = self.seed_alone(node)?;
            return Some(Cell { source: Some(source), ..Cell::default() });
        }
        let fields = self.fields(node, &CELL)?;
        Some(Cell {
            source: self.own_source(&fields),
            psi: fields.read(self, &PSI),
            camera: self.placed(&fields, &CAMERA).map(Spanned::or_default),
        })
    }

    fn own_source(&mut self, fields: &Fields) -> Option<Source> {
        let given = SOURCES.iter().any(|name| fields.get(name).is_some());
        given.then(|| self.source(fields, &SOURCES)).flatten()
    }

    fn colour(&mut self, node: &Node) -> Option<[f64; 3]> {
        const WHAT: &str = "red, green and blue from 0 to 1 such as (0.1, 0.1, 0.1)";
        match &inner(node).value {
            Value::Tuple(None, items) if items.len() == 3 => {
                let mut colour = [0.0; 3];
                for (part, item) in colour.iter_mut().zip(items) {
                    *part = PART.read(self, item)?;
                }
                Some(colour)
            }
            _ => self.expected(WHAT, node),
        }
    }
}
