//! The fused filtered leaky ReLU on the CPU, layer by layer of the published sets: time, bytes moved,
//! share of its floor, and libtorch's operators on the same data in the same run. Beside it the layer's
//! convolution, to float32's precision and where the CPU can in bfloat16, and how many products a second (of
//! those that are asked for, however many Winograd's algorithm or parts of bfloat16 take).
//!
//!     cargo bench --bench kernels -- [t256 r256 t1024 r1024]
//!
//! The floor is the larger of two times, by what this machine reaches in the same run: input read and
//! output written once (at the rate of a copy), and the filters' multiplications, folded by symmetry
//! (at the rate of a matrix product). `SG3RENDER_CPU` lowers the level.

#![allow(clippy::print_stdout, reason = "a benchmark is a program, not the library")]

#[path = "shared/mod.rs"]
mod shared;

use sg3render::kernels::cpu::{Channelwise, Convolution, Factors, Fused, Level, Planes, Scratch};
use sg3render::kernels::{FilteredLrelu, Resampler};
use sg3render::network::filtered_lrelu::FilteredLrelu as Composed;
use sg3render::network::layers::LayerSpec;
use sg3render::network::upfirdn::Fir;
use sg3render::signal::Filter;
use tch::{Device, Kind, Tensor};

use shared::{least, names, published};

fn main() -> sg3render::Result<()> {
    let rates = Rates::measure();
    println!(
        "{:?}, {} threads: copy {:.1} GB/s, products {:.0} GFLOP/s",
        Level::here(),
        rayon::current_num_threads(),
        rates.bytes / 1e9,
        2.0 * rates.products / 1e9
    );
    for name in names(&["t256", "r256"]) {
        let Some(config) = published(&name) else {
            println!("{name} is no published set: expected t256, r256 ...");
            continue;
        };
        let mut sums = [0.0; 5];
        for layer in config.layers().iter().filter(|layer| !layer.to_rgb) {
            let [fused, floor, composed] = measure(layer, &rates)?;
            let [f32, bf16] = convolve(layer);
            for (sum, time) in sums.iter_mut().zip([fused, floor, composed, f32, bf16]) {
                *sum += time;
            }
        }
        let [fused, floor, composed, f32, bf16] = sums;
        let bf16 = if bf16.is_nan() {
            "no bfloat16 on this CPU".to_owned()
        } else {
            format!("in bfloat16 {:.1} ms", bf16 * 1e3)
        };
        println!(
            "{name}: {:.1} ms a frame, {:.0} % of the floor; libtorch's operators {:.0} ms, {:.0} times as long; \
             convolutions {:.1} ms, {bf16}\n",
            fused * 1e3,
            100.0 * floor / fused,
            composed * 1e3,
            composed / fused,
            f32 * 1e3
        );
    }
    Ok(())
}

/// What the machine reaches, a second.
struct Rates {
    bytes: f64,
    /// Multiplications with addition.
    products: f64,
}

impl Rates {
    fn measure() -> Self {
        let level = Level::here();
        let mut y = vec![0f32; 64 << 20];
        let source = vec![1f32; 64 << 20];
        let half = source.len() / 2;
        let copy = least(5, || {
            let (low, high) = y.split_at_mut(half);
            rayon::join(
                || low.copy_from_slice(&source[..half]),
                || high.copy_from_slice(&source[half..]),
            );
        });
        let (channels, size) = (512, 64);
        let weights = vec![0.5; channels * channels];
        let product = Convolution::new(Factors::F32, &weights, [channels, channels, 1]);
        let (x, mut scratch) = (Planes::new(channels, [size, size]), Scratch::default());
        let mut y = Planes::default();
        let time = least(5, || {
            if let Some(product) = &product {
                product.forward(level, &x, &mut scratch, &mut y);
            }
        });
        Self {
            bytes: (2 * 4 * source.len()) as f64 / copy,
            products: (channels * channels * size * size) as f64 / time,
        }
    }
}

fn resampler(factor: usize, filter: Option<Filter>) -> Resampler {
    filter.map_or(Resampler::identity(), |filter| Resampler { factor, filter })
}

/// Seconds of the fused operator, of its floor and of libtorch's operators.
fn measure(layer: &LayerSpec, rates: &Rates) -> sg3render::Result<[f64; 3]> {
    let size = [layer.in_size + layer.conv_kernel - 1; 2];
    let channels = layer.out_channels;
    let operator = FilteredLrelu {
        up: resampler(layer.up_factor, layer.up_filter()),
        down: resampler(layer.down_factor, layer.down_filter()),
        padding: layer.padding,
        slope: 0.2,
        gain: std::f32::consts::SQRT_2,
        clamp: 256.0,
    };
    let out = operator.out_size(size)?;
    let x = Tensor::randn(
        [1, channels as i64, size[0] as i64, size[1] as i64],
        (Kind::Float, Device::Cpu),
    );
    let fir = |filter: &Filter| {
        let (Filter::Separable(taps) | Filter::Radial { taps, .. }) = filter;
        let taps = Tensor::from_slice(taps).to_kind(Kind::Float);
        let side = resampler(1, Some(filter.clone())).taps() as i64;
        Fir::new(if matches!(filter, Filter::Radial { .. }) {
            taps.reshape([side, side])
        } else {
            taps
        })
    };
    let composed = Composed {
        up: Some((layer.up_factor as i64, fir(&operator.up.filter))),
        down: Some((layer.down_factor as i64, fir(&operator.down.filter))),
        padding: layer.padding,
        slope: 0.2,
        gain: 2f64.sqrt(),
        clamp: Some(256.0),
    };
    let bias = Tensor::zeros([channels as i64], (Kind::Float, Device::Cpu));
    let others = least(2, || drop(composed.forward(&x, &bias)));

    let mut planes = Planes::new(channels, size);
    let ones = vec![1.0; channels];
    planes.fill(&Vec::<f32>::try_from(x.flatten(0, -1))?, &ones);
    let (fused, mut y) = (Fused::new(operator), Planes::default());
    let channelwise = Channelwise { scale: &ones, bias: &ones, out_scale: &ones };
    let mut outcome = Ok(());
    let time = least(9, || outcome = fused.forward(Level::here(), &planes, channelwise, &mut y));
    outcome?;

    let samples = |size: [usize; 2]| (size[0] * size[1] * channels) as f64;
    let bytes = 4.0 * (samples(size) + samples(out));
    // A pixel's worth of multiplications, by symmetry half as many as taps.
    let (up, down) = (layer.up_factor as f64, layer.down_factor as f64);
    let phase = layer.up_taps as f64 / up / 2.0;
    let taps = layer.down_taps as f64 / 2.0;
    let rows_up = samples(size) * up * phase;
    let columns_up = samples(out) * down * down * phase;
    let downwards =
        samples(out) * if layer.down_radial { taps * taps } else { (down + 1.0) * taps };
    let floor = (bytes / rates.bytes).max((rows_up + columns_up + downwards) / rates.products);
    println!(
        "  {:12} {:7.2} ms {:6.1} GB/s {:4.0} % of the floor; libtorch {:8.1} ms",
        layer.name,
        time * 1e3,
        bytes / time / 1e9,
        100.0 * floor / time,
        others * 1e3
    );
    Ok([time, floor, others])
}

/// Seconds of a layer's convolution to float32's precision and in bfloat16, which is no number where the CPU
/// has none.
fn convolve(layer: &LayerSpec) -> [f64; 2] {
    let (inputs, outputs, k) = (layer.in_channels, layer.out_channels, layer.conv_kernel);
    let weights = vec![0.5; outputs * inputs * k * k];
    let (mut scratch, mut y) = (Scratch::default(), Planes::default());
    let x = Planes::new(inputs, [layer.in_size; 2]);
    let products = (weights.len() * (layer.in_size + k - 1).pow(2)) as f64;
    let mut told = format!("  {:12} {k}x{k}, {inputs} to {outputs}:", "");
    let times = [Factors::exact(Level::here(), k), Factors::Bf16].map(|factors| {
        if factors == Factors::Bf16 && !Level::here().has_bf16() {
            return f64::NAN;
        }
        let Some(convolution) = Convolution::new(factors, &weights, [outputs, inputs, k]) else {
            return f64::NAN;
        };
        let time = least(5, || convolution.forward(Level::here(), &x, &mut scratch, &mut y));
        let rate = 2.0 * products / time / 1e9;
        told += &format!(" {factors:?} {:.2} ms, {rate:.0} GFLOP/s;", time * 1e3);
        time
    });
    println!("{}", told.trim_end_matches(';'));
    times
}
