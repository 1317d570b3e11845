//! Rows that a pass takes, wherever they lie.

use std::ops::Range;

use super::planes::Pixel;

/// Row after row of the same width.
pub(super) trait Rows {
    /// Row `i`.
    fn row(&self, i: usize) -> &[Pixel];
}

/// Rows of a picture from number `first` on; those above and below it are zeros.
pub(super) struct Picture<'a> {
    pub plane: &'a [Pixel],
    pub width: usize,
    pub height: usize,
    pub first: i64,
    /// The columns that are wanted.
    pub columns: Range<usize>,
    /// As many as columns.
    pub zeros: &'a [Pixel],
}

impl Picture<'_> {
    /// Whether row `i` lies in the picture.
    pub fn has(&self, i: usize) -> bool {
        (0..self.height as i64).contains(&(self.first + i as i64))
    }
}

impl Rows for Picture<'_> {
    #[inline(always)]
    fn row(&self, i: usize) -> &[Pixel] {
        if self.has(i) {
            let start = (self.first + i as i64) as usize * self.width;
            &self.plane[start..][self.columns.clone()]
        } else {
            self.zeros
        }
    }
}

/// Rows from number `first` on of a stream of which the last few are kept.
pub(super) struct Ring<'a> {
    /// Row n is at n modulo their number.
    pub rows: &'a [Vec<Pixel>],
    pub first: i64,
    /// Columns left out.
    pub skip: usize,
    /// Where the rows end.
    pub end: usize,
}

impl Rows for Ring<'_> {
    #[inline(always)]
    fn row(&self, i: usize) -> &[Pixel] {
        let place = (self.first + i as i64).rem_euclid(self.rows.len() as i64);
        &self.rows[place as usize][self.skip..self.end]
    }
}
