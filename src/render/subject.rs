//! A generator as the metrics see it.

use super::finish::values;
use super::synthesise::Generator;
use crate::Result;
use crate::metrics::Image;
use crate::metrics::equivariance::Subject;
use crate::progress::Silent;
use crate::schedule::{FrameInput, Mapping};
use crate::signal::{randn, uniforms};

impl Generator {
    /// The w of a seed, `w_dim` values, without truncation. Of networks with classes, the seed draws one too,
    /// all alike likely, where none is named.
    ///
    /// # Errors
    /// A class that the network does not have.
    pub fn latent(&self, seed: u32, class: Option<usize>) -> Result<Vec<f32>> {
        let z: Vec<f32> = randn(seed, self.mapping.z_dim()).into_iter().map(|v| v as f32).collect();
        let classes = self.classes();
        let drawn = || ((uniforms(!seed, 6)[5] * classes as f64) as usize).min(classes - 1);
        self.mapping.map(&z, class.or_else(|| (classes > 0).then(drawn)))
    }

    /// The images of some inputs, in this machine's memory.
    pub fn planes(&self, inputs: &[FrameInput]) -> Result<Vec<Image>> {
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = self.auto_batch();
        let values = values(&self.images(inputs, &mut batch, &Silent)?)?;
        let (width, height) = self.size();
        let (width, height) = (width as usize, height as usize);
        let planes = values.chunks_exact((values.len() / inputs.len()).max(1));
        Ok(planes
            .map(|planes| Image {
                channels: planes.len() / (width * height),
                height,
                width,
                values: planes.to_vec(),
            })
            .collect())
    }
}

impl Subject for Generator {
    fn latents(&self, seed: u32) -> Result<Vec<f32>> {
        Ok(self.latent(seed, None)?.repeat(self.mapping.num_ws()))
    }

    fn images(&self, inputs: &[(&[f32], [[f64; 3]; 3])]) -> Result<Vec<Image>> {
        let input = |(ws, transform): &(&[f32], _)| FrameInput {
            index: 0,
            ws: ws.to_vec(),
            transform: *transform,
        };
        self.planes(&inputs.iter().map(input).collect::<Vec<_>>())
    }
}
