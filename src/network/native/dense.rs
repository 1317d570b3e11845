//! Fully connected layers on slices.

use rayon::prelude::*;

use crate::network::loader::Loader;
use crate::{Error, Result};

/// `y = W x + b`, the runtime gain `1 / sqrt(inputs)` already multiplied in (specification section 1).
#[derive(Debug)]
pub struct Dense {
    /// `[outputs, inputs]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    /// Loads `{name}.weight` and `{name}.bias`.
    pub fn load(loader: &Loader, name: &str) -> Result<Self> {
        let mut weight = loader.values(&format!("{name}.weight"))?;
        let bias = loader.values(&format!("{name}.bias"))?;
        let gain = ((weight.len() / bias.len().max(1)) as f64).sqrt().recip() as f32;
        weight.iter_mut().for_each(|w| *w *= gain);
        Ok(Self { weight, bias })
    }

    /// Applies it.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `x` is of another length.
    pub fn forward(&self, x: &[f32]) -> Result<Vec<f32>> {
        if x.len() * self.bias.len() != self.weight.len() {
            let wanted = self.weight.len() / self.bias.len().max(1);
            return Err(Error::Invalid(format!("w has {wanted} values, not {}", x.len())));
        }
        let sums = rows_times(&self.weight, x);
        Ok(sums.into_iter().zip(&self.bias).map(|(sum, bias)| sum + bias).collect())
    }
}

/// The scalar products of a matrix's rows with a vector. Its speed is that of memory, of which one thread
/// gets only a share.
pub fn rows_times(rows: &[f32], x: &[f32]) -> Vec<f32> {
    let rows = rows.par_chunks_exact(x.len().max(1)).with_min_len(64);
    rows.map(|row| dot(row, x)).collect()
}

/// The scalar product, in sixteen sums that the compiler can keep in one vector.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    let mut sums = [0f32; 16];
    for (a, b) in a.iter().zip(b) {
        for i in 0..16 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
