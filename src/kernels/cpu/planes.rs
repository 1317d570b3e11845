//! Pictures of many channels, sixteen channels to a pixel.

use rayon::prelude::*;

/// Sixteen channels of one pixel.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Pixel(pub [f32; 16]);

/// Channels in blocks of sixteen, each block `height x width` pixels, rows first. The lanes beyond the
/// last channel hold zeros.
#[derive(Debug, Clone, Default)]
pub struct Planes {
    channels: usize,
    size: [usize; 2],
    /// At least as many as there are: what shrinks may grow again, and filling takes time.
    memory: Vec<Pixel>,
}

impl Planes {
    /// Zeros.
    pub fn new(channels: usize, size: [usize; 2]) -> Self {
        let mut planes = Self::default();
        planes.reset(channels, size);
        planes
    }

    /// Gives the memory another shape; the values are whatever was there.
    pub fn reset(&mut self, channels: usize, size: [usize; 2]) {
        (self.channels, self.size) = (channels, size);
        let needed = self.count();
        // What grows is not moved: nobody wants the old values.
        if needed > self.memory.capacity() {
            self.memory = Vec::new();
        }
        if needed > self.memory.len() {
            self.memory.resize(needed, Pixel::default());
        }
    }

    /// Channels, without those that fill up the last block.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Blocks of sixteen channels.
    pub fn blocks(&self) -> usize {
        self.channels.div_ceil(16)
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Pixels of all blocks.
    fn count(&self) -> usize {
        self.blocks() * self.size[0] * self.size[1]
    }

    /// All pixels, block by block.
    pub fn pixels(&self) -> &[Pixel] {
        &self.memory[..self.count()]
    }

    /// All pixels, to be written.
    pub fn pixels_mut(&mut self) -> &mut [Pixel] {
        let count = self.count();
        &mut self.memory[..count]
    }

    /// Takes `[channels, height, width]` samples, each channel times its factor.
    pub fn fill(&mut self, samples: &[f32], factors: &[f32]) {
        let area = self.size[0] * self.size[1];
        let blocks = samples.chunks(16 * area.max(1)).zip(factors.chunks(16));
        for (pixels, (samples, factors)) in
            self.pixels_mut().chunks_exact_mut(area.max(1)).zip(blocks)
        {
            let lanes = samples.len() / area;
            // Pixel by pixel: sixteen planes are read along, and each pixel is written once.
            for (i, pixel) in pixels.iter_mut().enumerate() {
                let mut values = [0.0; 16];
                for lane in 0..lanes {
                    values[lane] = samples[lane * area + i] * factors[lane];
                }
                pixel.0 = values;
            }
        }
    }

    /// Multiplies each channel by its factor.
    pub fn scale(&mut self, factors: &[f32]) {
        let area = self.size[0] * self.size[1];
        let blocks = self.pixels_mut().par_chunks_exact_mut(area.max(1));
        blocks.zip(factors.par_chunks(16)).for_each(|(pixels, factors)| {
            for pixel in pixels {
                for (value, factor) in pixel.0.iter_mut().zip(factors) {
                    *value *= factor;
                }
            }
        });
    }

    /// The samples `[channels, height, width]`.
    pub fn samples(&self) -> Vec<f32> {
        let mut samples = vec![0.0; self.channels * self.size[0] * self.size[1]];
        self.write(&mut samples);
        samples
    }

    /// Writes the samples `[channels, height, width]`.
    pub fn write(&self, samples: &mut [f32]) {
        let area = self.size[0] * self.size[1];
        let blocks = samples.chunks_mut(16 * area.max(1));
        for (pixels, samples) in self.pixels().chunks_exact(area.max(1)).zip(blocks) {
            let lanes = samples.len() / area;
            for (i, pixel) in pixels.iter().enumerate() {
                for lane in 0..lanes {
                    samples[lane * area + i] = pixel.0[lane];
                }
            }
        }
    }
}
