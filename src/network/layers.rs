//! The layer tables of alias-free generators (Karras et al. 2021, section 3.2 and appendix D).

use super::config::StyleGan3Config;
use crate::signal::{Filter, low_pass, radial_low_pass};

/// The Fourier-feature input.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct InputSpec {
    /// Frequencies, and channels of its output.
    pub channels: usize,
    /// Width and height of its output, pixels, margins included, on the trained canvas.
    pub size: usize,
    /// Samples per canvas.
    pub sampling_rate: f64,
    /// Largest frequency, cycles per canvas.
    pub bandwidth: f64,
}

/// One synthesis layer: what it takes, what it gives, and the filters around its nonlinearity.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LayerSpec {
    /// `L{index}_{out_size}_{out_channels}`: the name of its weights, too.
    pub name: String,
    /// Channels it takes.
    pub in_channels: usize,
    /// Channels it gives.
    pub out_channels: usize,
    /// Width and height it takes, pixels, margins included, on the trained canvas.
    pub in_size: usize,
    /// Width and height it gives.
    pub out_size: usize,
    /// Samples per canvas of what it takes.
    pub in_sampling_rate: usize,
    /// Samples per canvas of what it gives.
    pub out_sampling_rate: usize,
    /// Samples per canvas at which the nonlinearity acts.
    pub tmp_sampling_rate: usize,
    /// Cutoff of what it takes, cycles per canvas.
    pub in_cutoff: f64,
    /// Cutoff of what it gives.
    pub out_cutoff: f64,
    /// Transition half-width of what it takes, cycles per canvas.
    pub in_half_width: f64,
    /// Transition half-width of what it gives.
    pub out_half_width: f64,
    /// Convolution kernel, taps a side.
    pub conv_kernel: usize,
    /// Upsampling before the nonlinearity.
    pub up_factor: usize,
    /// Downsampling after it.
    pub down_factor: usize,
    /// Taps of the upsampling filter; 1 for none.
    pub up_taps: usize,
    /// Taps (a side) of the downsampling filter; 1 for none.
    pub down_taps: usize,
    /// Whether the downsampling filter is radially symmetric.
    pub down_radial: bool,
    /// Whether it is critically sampled: its cutoff is half its rate.
    pub critical: bool,
    /// The last layer: no demodulation, no filters, no slope.
    pub to_rgb: bool,
    /// Whether it runs in half precision when that is asked for.
    pub use_fp16: bool,
    /// Padding before upsampling's filter, on the zero-inserted grid: left, right, top, bottom;
    /// negative values crop. It alone decides the size of what the layer gives.
    pub padding: [i64; 4],
}

impl LayerSpec {
    /// The upsampling filter, unit sum; none where the factor is 1.
    pub fn up_filter(&self) -> Option<Filter> {
        low_pass(self.up_taps, self.in_cutoff, self.in_half_width, self.tmp_sampling_rate as f64)
    }

    /// The downsampling filter, unit sum; none where the factor is 1.
    pub fn down_filter(&self) -> Option<Filter> {
        let design = if self.down_radial { radial_low_pass } else { low_pass };
        design(self.down_taps, self.out_cutoff, self.out_half_width, self.tmp_sampling_rate as f64)
    }
}

/// What flows between layers: spec i is what layer i gives; the input gives spec 0.
#[derive(Clone, Copy)]
struct Signal {
    cutoff: f64,
    rate: usize,
    half_width: f64,
    size: usize,
    channels: usize,
}

impl StyleGan3Config {
    fn signal(&self, i: usize) -> Signal {
        let resolution = self.img_resolution as f64;
        let geometric = |first: f64, last: f64| {
            let exponent = (i as f64 / (self.num_layers - self.num_critical) as f64).min(1.0);
            first * (last / first).powf(exponent)
        };
        let cutoff = geometric(self.first_cutoff, resolution / 2.0);
        let stopband = geometric(self.first_stopband, resolution / 2.0 * self.last_stopband_rel);
        let rate = (2.0 * stopband).min(resolution).log2().ceil().exp2();
        let last_two = i + 2 > self.num_layers;
        Signal {
            cutoff,
            rate: rate as usize,
            half_width: stopband.max(rate / 2.0) - cutoff,
            size: if last_two { self.img_resolution } else { rate as usize + 2 * self.margin_size },
            channels: if i == self.num_layers {
                self.img_channels
            } else {
                let wanted = self.channel_base as f64 / 2.0 / cutoff;
                wanted.min(self.channel_max as f64).round_ties_even() as usize
            },
        }
    }

    /// Width and height of a signal on the canvas that is synthesised. Beyond the trained one lie as many
    /// more samples on either side as cover it: those of the trained one keep their places, and margins
    /// their widths. At the image's own rate, without margins, there are just the canvas's pixels.
    fn on_canvas(&self, signal: &Signal) -> [usize; 2] {
        let Some((width, height)) = self.canvas else { return [signal.size; 2] };
        let trained = self.img_resolution as i64;
        [width, height].map(|side| {
            if signal.size == self.img_resolution && signal.rate == self.img_resolution {
                return side;
            }
            let beyond = (side as i64 - trained) * signal.rate as i64;
            let each_side = (beyond + 2 * trained - 1).div_euclid(2 * trained);
            (signal.size as i64 + 2 * each_side).max(1) as usize
        })
    }

    /// Width and height of the Fourier features on the canvas that is synthesised.
    pub fn input_size(&self) -> [usize; 2] {
        self.on_canvas(&self.signal(0))
    }

    /// About the bytes that one image takes on the CPU beside the weights: the signals around the
    /// largest layer, in channels of sixteen.
    pub fn memory(&self) -> u64 {
        let bytes = |signal: &Signal| {
            let [width, height] = self.on_canvas(signal).map(|side| side as u64);
            64 * signal.channels.div_ceil(16) as u64 * width * height
        };
        let signals: Vec<_> = (0..=self.num_layers).map(|i| self.signal(i)).collect();
        // What a layer takes, the same convolved, and what it gives.
        let around = signals.windows(2).map(|pair| {
            let convolved = Signal { channels: pair[1].channels, ..pair[0] };
            bytes(&pair[0]) + bytes(&convolved) + bytes(&pair[1])
        });
        around.max().unwrap_or(0)
    }

    /// Copies of w that the synthesis takes: one for the input and one for each layer.
    pub fn num_ws(&self) -> usize {
        self.num_layers + 2
    }

    /// The Fourier-feature input.
    pub fn input(&self) -> InputSpec {
        let Signal { cutoff, rate, size, channels, .. } = self.signal(0);
        InputSpec { channels, size, sampling_rate: rate as f64, bandwidth: cutoff }
    }

    /// The layers in order, `ToRGB` last. The configuration must have been validated.
    pub fn layers(&self) -> Vec<LayerSpec> {
        (0..=self.num_layers).map(|i| self.layer(i)).collect()
    }

    fn layer(&self, i: usize) -> LayerSpec {
        let (from, to) = (self.signal(i.saturating_sub(1)), self.signal(i));
        let to_rgb = i == self.num_layers;
        let critical = i >= self.num_layers - self.num_critical;
        let oversampling = if to_rgb { 1 } else { self.lrelu_upsampling };
        let tmp = from.rate.max(to.rate) * oversampling;
        let (up, down) = (tmp / from.rate, tmp / to.rate);
        let taps = |factor| {
            if factor > 1 && !to_rgb { self.filter_size * factor } else { 1 }
        };
        let (up_taps, down_taps) = (taps(up), taps(down));
        let conv_kernel = if to_rgb { 1 } else { self.conv_kernel };
        let padding = |from: usize, to: usize| {
            let total = (to as i64 - 1) * down as i64 + 1
                - (from + conv_kernel - 1) as i64 * up as i64
                + (up_taps + down_taps) as i64
                - 2;
            let low = (total + up as i64).div_euclid(2);
            [low, total - low]
        };
        let (given, wanted) = (self.on_canvas(&from), self.on_canvas(&to));
        let [[left, right], [top, bottom]] = [0, 1].map(|axis| padding(given[axis], wanted[axis]));
        LayerSpec {
            name: format!("L{i}_{}_{}", to.size, to.channels),
            in_channels: from.channels,
            out_channels: to.channels,
            in_size: from.size,
            out_size: to.size,
            in_sampling_rate: from.rate,
            out_sampling_rate: to.rate,
            tmp_sampling_rate: tmp,
            in_cutoff: from.cutoff,
            out_cutoff: to.cutoff,
            in_half_width: from.half_width,
            out_half_width: to.half_width,
            conv_kernel,
            up_factor: up,
            down_factor: down,
            up_taps,
            down_taps,
            down_radial: self.use_radial_filters && !critical,
            critical,
            to_rgb,
            use_fp16: to.rate << self.num_fp16_res > self.img_resolution,
            padding: [left, right, top, bottom],
        }
    }
}
