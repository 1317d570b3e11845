//! A network of a film, of which no weights have been read.

use std::sync::Arc;

use tch::Device;

use super::network::Network;
use super::synthesise::Generator;
use crate::Result;
use crate::network::device::Precision;
use crate::network::{Config, StyleGan3Config};
use crate::timeline::Model;

/// A network, and how much of its plane is synthesised.
pub(super) struct Opened {
    pub model: Model,
    /// Opened once for all its canvases.
    pub network: Arc<Network>,
    pub config: Config,
    /// Width and height of what is synthesised, pixels; none for the trained square.
    pub canvas: Option<(u32, u32)>,
}

impl Opened {
    /// Reads the weights onto a device.
    pub fn generator(&self, device: Device, precision: Precision) -> Result<Generator> {
        self.network.generator_on(self.canvas, device, precision)
    }

    /// About what an image takes on two cores, seconds: see `benches/results`. It grows with the side of the
    /// picture and no faster, because the larger networks have fewer channels there.
    pub fn image_seconds(&self) -> f64 {
        let of_256 = match self.config {
            Config::StyleGan3(_) => 0.5,
            Config::StyleGan2(_) => 0.13,
        };
        of_256 * self.config.image().0 as f64 / 256.0 * self.areas()
    }

    /// About the memory in bytes that an image takes on the CPU beside the weights; none for what is not
    /// known.
    pub fn memory(&self) -> Option<u64> {
        let Config::StyleGan3(config) = &self.config else { return None };
        let canvas = self.canvas.map(|(w, h)| (w as usize, h as usize));
        Some(StyleGan3Config { canvas, ..config.clone() }.memory())
    }

    /// The size of its pictures in areas of the trained one.
    fn areas(&self) -> f64 {
        let side = self.config.image().0 as f64;
        self.canvas.map_or(1.0, |(w, h)| f64::from(w) * f64::from(h) / (side * side))
    }
}
