//! The fused filtered leaky ReLU on a GPU: whether it is right, and how fast. `benches/gpu.sh` runs it.
//! Not yet run on a GPU.
//!
//! For every layer of the published configurations T and R: the error against the CPU (of the output
//! and, in float32, of the gradient), the time of the fused kernel and of libtorch's operations, and the
//! share of the floor, which is the time that a copy of as many bytes as the layer must move takes.

#![expect(clippy::print_stdout, reason = "its output is its result")]

use std::error::Error;
use std::time::Instant;

use sg3render::kernels::cuda::{self, Call, Storage};
use sg3render::kernels::{self, Resampler};
use sg3render::network::StyleGan3Config;
use sg3render::network::device::{Precision, Request};
use sg3render::network::filtered_lrelu::FilteredLrelu;
use sg3render::network::fused;
use sg3render::network::layers::LayerSpec;
use sg3render::network::upfirdn::Fir;
use sg3render::signal::Filter;
use tch::{Cuda, Device, Kind, Tensor};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Samples in a batch when time is taken, and when errors are.
const TIMED: i64 = 4;
const CHECKED: i64 = 1;
/// Channels that errors are taken of.
const CHANNELS: i64 = 3;
const REPEATS: usize = 20;

fn main() -> Result<()> {
    let device = Request::Cuda(0).open(Precision::F32)?;
    fused::available(device)?;
    tch::manual_seed(1);
    let bandwidth = bandwidth(device);
    println!("copies move {:.0} GB/s; {TIMED} samples a batch", bandwidth / 1e9);
    println!("layer                   kind  error y  error dx  fused us  composed us  floor");
    for (name, radial, resolution) in
        [("T", false, 256), ("R", true, 256), ("T", false, 1024), ("R", true, 1024)]
    {
        for layer in published(radial, resolution)?.layers().iter().filter(|layer| !layer.to_rgb) {
            for kind in [Kind::Float, Kind::Half] {
                let errors = errors(layer, kind, device)?;
                let [fused, composed] = times(layer, kind, device)?;
                let floor = bytes(layer, kind) / bandwidth / fused * 100.0;
                println!(
                    "{:23} {kind:?} {:>9.1e} {:>9.1e} {:>9.1} {:>12.1} {floor:>5.0}%",
                    format!("{name} {resolution} {}", layer.name),
                    errors[0],
                    errors[1],
                    fused * 1e6,
                    composed * 1e6,
                );
            }
        }
    }
    Ok(())
}

fn published(radial: bool, resolution: usize) -> Result<StyleGan3Config> {
    let base = if resolution > 256 { 32768 } else { 16384 };
    let double = if radial { 2 } else { 1 };
    Ok(serde_json::from_value(serde_json::json!({
        "z_dim": 512, "c_dim": 0, "w_dim": 512, "img_resolution": resolution, "img_channels": 3,
        "mapping_layers": 2, "channel_base": base * double, "channel_max": 512 * double,
        "conv_kernel": if radial { 1 } else { 3 }, "use_radial_filters": radial,
    }))?)
}

fn operator(layer: &LayerSpec, device: Device) -> FilteredLrelu {
    let fir = |factor: usize, filter: Option<Filter>| {
        let taps = match filter? {
            Filter::Separable(taps) => Tensor::from_slice(&taps),
            Filter::Radial { side, taps } => Tensor::from_slice(&taps).reshape([side as i64; 2]),
        };
        Some((factor as i64, Fir::new(taps.to_kind(Kind::Float).to_device(device))))
    };
    FilteredLrelu {
        up: fir(layer.up_factor, layer.up_filter()),
        down: fir(layer.down_factor, layer.down_filter()),
        padding: layer.padding,
        slope: 0.2,
        gain: 2f64.sqrt(),
        clamp: Some(1.5),
    }
}

/// What the layer's convolution gives, and a bias.
fn inputs(
    layer: &LayerSpec,
    samples: i64,
    channels: i64,
    kind: Kind,
    device: Device,
) -> [Tensor; 2] {
    let side = (layer.in_size + layer.conv_kernel - 1) as i64;
    let x = Tensor::randn([samples, channels, side, side], (Kind::Float, device)).to_kind(kind);
    [x, Tensor::randn([channels], (Kind::Float, device)).to_kind(kind)]
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    let [a, b] = [a, b].map(|t| t.to_device(Device::Cpu).to_kind(Kind::Double));
    (a - b).abs().max().double_value(&[])
}

/// The output's largest and (in float32 only) the relative root mean square error of the gradient by
/// the input, against the CPU in float32.
fn errors(layer: &LayerSpec, kind: Kind, device: Device) -> Result<[f64; 2]> {
    let [x, bias] = inputs(layer, CHECKED, CHANNELS, kind, device);
    let on_cpu = |t: &Tensor| t.to_device(Device::Cpu).to_kind(Kind::Float);
    let (cpu_x, cpu_bias) = (on_cpu(&x).set_requires_grad(true), on_cpu(&bias));
    let expected = operator(layer, Device::Cpu).composed(&cpu_x, &cpu_bias)?;
    let y = fused::forward(&operator(layer, device), &x, &bias)?.ok_or("not fused")?;
    let error = largest_difference(&y, &expected);
    if kind != Kind::Float {
        return Ok([error, f64::NAN]);
    }
    let dy = y.randn_like();
    let loss = (&expected * on_cpu(&dy)).sum(Kind::Float);
    let expected = Tensor::run_backward(&[&loss], &[&cpu_x], false, false).remove(0);
    let dx = gradient(layer, &x, &bias, &dy)?.to_device(Device::Cpu);
    // A sample within rounding of 0 or the limit may fall on either side: a largest error tells nothing.
    let root_mean_square = |t: Tensor| t.square().mean(Kind::Double).sqrt().double_value(&[]);
    Ok([error, root_mean_square(dx - &expected) / root_mean_square(expected)])
}

fn gradient(layer: &LayerSpec, x: &Tensor, bias: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let resampler = |factor, filter: Option<Filter>| {
        filter.map_or(Resampler::identity(), |filter| Resampler { factor, filter })
    };
    let operator = kernels::FilteredLrelu {
        up: resampler(layer.up_factor, layer.up_filter()),
        down: resampler(layer.down_factor, layer.down_filter()),
        padding: layer.padding,
        slope: 0.2,
        gain: 2f32.sqrt(),
        clamp: 1.5,
    };
    let side = x.size()[2] as usize;
    let words = cuda::signs_len(&operator, [side; 2])? as i64 * CHECKED * CHANNELS;
    let (signs, y, dx) =
        (Tensor::empty([words], (Kind::Int, x.device())), dy.empty_like(), x.empty_like());
    let size = [CHECKED as usize, CHANNELS as usize, side, side];
    let call = Call { storage: Storage::F32, device: 0, stream: 0, size };
    let [x, bias, y, dy, to] = [x, bias, &y, dy, &dx].map(|t| t.data_ptr() as u64);
    let signs = signs.data_ptr() as u64;
    // SAFETY: contiguous tensors of these sizes on this device, which the synchronisation outlives;
    // libtorch's stream here is the default one.
    unsafe {
        cuda::forward_keeping(&operator, &call, [x, bias], y, signs)?;
        cuda::transposed(&operator, &call, dy, signs, to)?;
    }
    Cuda::synchronize(0);
    Ok(dx)
}

/// Seconds that the fused kernel and libtorch's operations take.
fn times(layer: &LayerSpec, kind: Kind, device: Device) -> Result<[f64; 2]> {
    let operator = operator(layer, device);
    let [x, bias] = inputs(layer, TIMED, layer.out_channels as i64, kind, device);
    let fused = seconds(|| fused::forward(&operator, &x, &bias).map(|_| ()))?;
    Ok([fused, seconds(|| operator.composed(&x, &bias).map(|_| ()))?])
}

fn seconds(mut work: impl FnMut() -> sg3render::Result<()>) -> Result<f64> {
    (0..3).try_for_each(|_| work())?;
    Cuda::synchronize(0);
    let start = Instant::now();
    (0..REPEATS).try_for_each(|_| work())?;
    Cuda::synchronize(0);
    Ok(start.elapsed().as_secs_f64() / REPEATS as f64)
}

/// Bytes that a batch must be read and written.
fn bytes(layer: &LayerSpec, kind: Kind) -> f64 {
    let samples = (layer.in_size + layer.conv_kernel - 1).pow(2) + layer.out_size.pow(2);
    (samples * layer.out_channels * TIMED as usize * if kind == Kind::Half { 2 } else { 4 }) as f64
}

/// Bytes a second that a copy reads and writes.
fn bandwidth(device: Device) -> f64 {
    let from = Tensor::zeros([1 << 28], (Kind::Float, device));
    let mut to = from.empty_like();
    let time = seconds(|| {
        to.copy_(&from);
        Ok(())
    });
    time.map_or(f64::NAN, |time| (2i64 << 30) as f64 / time)
}
