//! How close generated pictures come to real ones: distances between two clouds of features, which a
//! detector makes of pictures. In float64, on plain arrays.

mod frechet;
mod inception;
mod kernel;
mod manifold;
mod path_length;
mod random;

use nalgebra::DMatrix;

use crate::{Error, Result};

pub use frechet::{Moments, frechet_distance};
pub use inception::inception_score;
pub use kernel::kernel_distance;
pub use manifold::precision_and_recall;
pub use path_length::{EPSILON, path_length};
pub use random::RandomDetector;

/// One of the measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Fréchet inception distance (Heusel et al. 2017).
    Frechet,
    /// Kernel inception distance (Bińkowski et al. 2018).
    Kernel,
    /// Precision and recall (Kynkäänniemi et al. 2019).
    PrecisionRecall,
    /// Inception score (Salimans et al. 2016).
    Inception,
    /// Perceptual path length in w, end points (Karras et al. 2019).
    PathLength,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Frechet, Self::Kernel, Self::PrecisionRecall, Self::Inception, Self::PathLength];

    /// `fid`, `kid`, `pr`, `is` or `ppl`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frechet => "fid",
            Self::Kernel => "kid",
            Self::PrecisionRecall => "pr",
            Self::Inception => "is",
            Self::PathLength => "ppl",
        }
    }

    /// Whether it holds pictures against real ones.
    pub fn needs_real(self) -> bool {
        matches!(self, Self::Frechet | Self::Kernel | Self::PrecisionRecall)
    }

    /// What it is made of.
    pub fn output(self) -> Output {
        match self {
            Self::Inception => Output::Probabilities,
            Self::PathLength => Output::Perceptual,
            _ => Output::Features,
        }
    }
}

/// What a detector is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Output {
    /// Features, of which distances are taken.
    Features,
    /// Probabilities of classes, without the last layer's bias.
    Probabilities,
    /// Features whose squared distance is the perceptual one.
    Perceptual,
}

/// Pictures as a detector takes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    /// Width and height.
    pub side: usize,
    /// `[n, 3, side, side]` samples from 0 to 255: whole numbers, except for [`Output::Perceptual`],
    /// whose small steps rounding would hide.
    pub values: Vec<f32>,
}

impl Pixels {
    /// How many pictures there are.
    pub fn count(&self) -> usize {
        self.values.len() / (3 * self.side * self.side).max(1)
    }
}

/// What turns pictures into features.
pub trait Detector: Sync {
    /// What its features are known by: other features have another one.
    fn id(&self) -> &str;
    /// Refuses what it cannot be asked for.
    ///
    /// # Errors
    /// [`Error::Usage`], saying what can.
    fn check(&self, _output: Output) -> Result<()> {
        Ok(())
    }
    /// One row for each picture.
    ///
    /// # Errors
    /// Those of [`Detector::check`] and of the device.
    fn look(&self, pixels: &Pixels, output: Output) -> Result<Features>;
    /// The same for several outputs, in their order.
    ///
    /// # Errors
    /// As there.
    fn look_for(&self, pixels: &Pixels, outputs: &[Output]) -> Result<Vec<Features>> {
        outputs.iter().map(|&output| self.look(pixels, output)).collect()
    }
}

/// Features, one row for each picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    /// Values in a row.
    pub dim: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

impl Features {
    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.values.len().checked_div(self.dim).unwrap_or(0)
    }

    /// A row.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.dim..][..self.dim]
    }

    /// Adds the rows of other features.
    ///
    /// # Errors
    /// [`Error::Invalid`] for features of another length, or that are no numbers.
    pub fn extend(&mut self, other: &Self) -> Result<()> {
        if self.values.is_empty() {
            self.dim = other.dim;
        }
        if self.dim != other.dim {
            return Err(Error::Invalid(format!(
                "the detector gives {} values for a picture, but gave {} before",
                other.dim, self.dim
            )));
        }
        if other.values.iter().any(|v| !v.is_finite()) {
            return Err(Error::Invalid("the detector's features are not all numbers".into()));
        }
        self.values.extend_from_slice(&other.values);
        Ok(())
    }

    /// Rows as the columns of a matrix.
    fn columns(&self, rows: impl Iterator<Item = usize>) -> DMatrix<f64> {
        let values: Vec<f64> = rows.flat_map(|i| self.row(i)).map(|&v| f64::from(v)).collect();
        let count = values.len() / self.dim.max(1);
        DMatrix::from_vec(self.dim, count, values)
    }
}

/// Holds two sets of features against each other.
fn same_kind(a: &Features, b: &Features, least: usize) -> Result<()> {
    let short = [a, b].into_iter().map(Features::count).min().unwrap_or(0);
    if a.dim != b.dim || short < least {
        return Err(Error::Invalid(format!(
            "the features are {} times {} and {} times {}, expected as many values each and {least} \
             pictures at least",
            a.count(),
            a.dim,
            b.count(),
            b.dim
        )));
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::signal::golden::golden;

    /// Features of the golden file.
    pub fn features(name: &str, dim: usize) -> Features {
        let values = golden("distribution", name).into_iter().map(|v| v as f32).collect();
        Features { dim, values }
    }

    /// A figure of the golden file.
    pub fn figure(name: &str) -> f64 {
        golden("distribution", name)[0]
    }

    #[track_caller]
    pub fn assert_close(found: f64, name: &str, relative: f64) {
        let expected = figure(name);
        assert!(
            (found - expected).abs() <= relative * expected.abs(),
            "{name}: {found} for {expected}"
        );
    }

    #[test]
    fn features_of_another_kind_are_refused() {
        let mut all = Features::default();
        all.extend(&Features { dim: 2, values: vec![1.0, 2.0] }).unwrap();
        all.extend(&Features { dim: 2, values: vec![3.0, 4.0] }).unwrap();
        assert_eq!((all.count(), all.row(1)), (2, &[3.0, 4.0][..]));
        assert!(all.extend(&Features { dim: 1, values: vec![3.0] }).is_err());
        assert!(all.extend(&Features { dim: 2, values: vec![3.0, f32::NAN] }).is_err());
        assert!(same_kind(&all, &all, 2).is_ok() && same_kind(&all, &all, 3).is_err());
    }
}
