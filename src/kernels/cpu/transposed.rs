//! The gradient of the fused operator.

use super::filtered_lrelu::{Channelwise, Fused};
use super::level::Level;
use super::planes::Planes;
use super::signs::{Signed, Signs};
use crate::Result;
use crate::kernels::FilteredLrelu;

/// The gradient of a [`Fused`] operator towards its input (specification section 6): the roles of the
/// filters exchanged, the nonlinearity's derivative out of the signs.
#[derive(Debug, Clone)]
pub struct Transposed {
    fused: Fused,
    /// Rows and columns by which the grid is further on than that of the signs.
    moved: [i64; 2],
}

impl Transposed {
    /// The gradient of `operator` for inputs of `size`.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where the input is too small for the filters.
    pub fn new(operator: &FilteredLrelu, size: [usize; 2]) -> Result<Self> {
        let (transposed, moved) = operator.transposed(size)?;
        Ok(Self { fused: Fused::new(transposed), moved })
    }

    /// The gradient `dx` towards the input, bias included, for `dy` and the signs that were kept.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where `dy` has not the size of the operator's output.
    pub fn forward(&self, level: Level, dy: &Planes, signs: &Signs, dx: &mut Planes) -> Result<()> {
        let ones = vec![1.0; dy.channels()];
        let channelwise = Channelwise { scale: &ones, bias: &[], out_scale: &ones };
        self.fused.pass(level, dy, channelwise, Signed::Replayed(signs, self.moved), dx)
    }
}
