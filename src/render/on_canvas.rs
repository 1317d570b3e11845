//! A network's tensors for another canvas than the one it was trained on.

use crate::network::{Config, TensorSource};
use crate::{Error, Result};

/// The same tensors under a configuration with another canvas.
pub struct OnCanvas<'a> {
    source: &'a dyn TensorSource,
    config: Config,
}

impl<'a> OnCanvas<'a> {
    /// For a canvas of some width and height, pixels; none for the trained one.
    ///
    /// # Errors
    /// [`Error::Usage`] for StyleGAN2, whose constant input has its size.
    pub fn new(source: &'a dyn TensorSource, canvas: Option<(u32, u32)>) -> Result<Self> {
        let mut config = source.config().clone();
        match (&mut config, canvas) {
            (_, None) => {}
            (Config::StyleGan3(c), Some((width, height))) => {
                c.canvas = Some((width as usize, height as usize));
            }
            (Config::StyleGan2(_), Some(_)) => {
                let message = format!(
                    "a canvas needs an alias-free network (StyleGAN3), not {}; leave `canvas` out",
                    config.name()
                );
                return Err(Error::Usage(message));
            }
        }
        Ok(Self { source, config })
    }
}

impl TensorSource for OnCanvas<'_> {
    fn config(&self) -> &Config {
        &self.config
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.source.shape(name)
    }

    fn read(&self, name: &str) -> Result<Vec<f32>> {
        self.source.read(name)
    }
}
