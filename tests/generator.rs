//! Generators against the golden images.
#![cfg(feature = "torch")]

use std::collections::HashMap;

use safetensors::{Dtype, SafeTensors};
use sg3render::Result;
use sg3render::network::device::Precision;
use sg3render::network::filtered_lrelu::FilteredLrelu;
use sg3render::network::generator::{Synthesis, load, load_composed};
use sg3render::network::mapping::Mapping;
use sg3render::network::upfirdn::Fir;
use sg3render::network::{Config, TensorSource};
use tch::{Cuda, Device, Kind, Tensor};

/// A golden file in memory; as a tensor source, its `G.*`.
struct Golden {
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    metadata: HashMap<String, String>,
    config: Option<Config>,
}

impl Golden {
    fn open(name: &str) -> Self {
        let bytes = std::fs::read(format!("tests/golden/{name}.safetensors")).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let mut tensors = HashMap::new();
        for (name, view) in SafeTensors::deserialize(&bytes).unwrap().tensors() {
            assert_eq!(view.dtype(), Dtype::F32, "{name}");
            let values =
                view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
            tensors.insert(name, (view.shape().to_vec(), values.collect()));
        }
        Self { tensors, metadata: header.metadata().clone().unwrap_or_default(), config: None }
    }

    fn generator(name: &str) -> Self {
        let mut golden = Self::open(name);
        let published: serde_json::Value =
            serde_json::from_str(&golden.metadata["config"]).unwrap();
        let mut fields = published.as_object().unwrap().clone();
        let mapping = fields.remove("mapping_kwargs").unwrap();
        fields.insert("mapping_layers".into(), mapping["num_layers"].clone());
        fields.remove("magnitude_ema_beta");
        let kind = if name.ends_with("stylegan2") { "stylegan2" } else { "stylegan3" };
        fields.insert("kind".into(), kind.into());
        golden.config = Some(serde_json::from_value(fields.into()).unwrap());
        golden
    }

    fn tensor(&self, name: &str) -> Tensor {
        let (shape, values) = &self.tensors[name];
        let shape: Vec<i64> = shape.iter().map(|&d| d as i64).collect();
        Tensor::from_slice(values).reshape(shape)
    }
}

impl TensorSource for Golden {
    fn config(&self) -> &Config {
        self.config.as_ref().unwrap()
    }
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(&format!("G.{name}")).map(|(shape, _)| shape.clone())
    }
    fn read(&self, name: &str) -> Result<Vec<f32>> {
        Ok(self.tensors[&format!("G.{name}")].1.clone())
    }
}

/// The CPU, and CUDA where it is.
fn devices() -> Vec<Device> {
    let mut devices = vec![Device::Cpu];
    devices.extend(Cuda::is_available().then_some(Device::Cuda(0)));
    devices
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    (a.to_device(Device::Cpu).to_kind(Kind::Double) - b.to_kind(Kind::Double))
        .abs()
        .max()
        .double_value(&[])
}

fn identity(n: i64) -> Tensor {
    Tensor::eye(3, (Kind::Double, Device::Cpu)).repeat([n, 1, 1])
}

fn truncate(ws: &Tensor, w_avg: &Tensor, psi: f64, cutoff: i64) -> Tensor {
    let moved = w_avg + psi * (ws - w_avg);
    Tensor::cat(&[moved.narrow(1, 0, cutoff), ws.narrow(1, cutoff, ws.size()[1] - cutoff)], 1)
}

const GENERATORS: [&str; 4] =
    ["generator-t", "generator-r", "generator-t-cond", "generator-stylegan2"];

fn each_generator(mut check: impl FnMut(&str, &Golden, &Mapping, &Synthesis)) {
    for device in devices() {
        for name in GENERATORS {
            let golden = Golden::generator(name);
            let (mapping, synthesis) = load(&golden, device, Precision::F32).unwrap();
            check(&format!("{name} on {device:?}"), &golden, &mapping, &synthesis);
            let (mapping, synthesis) = load_composed(&golden, device, Precision::F32).unwrap();
            check(&format!("{name} composed on {device:?}"), &golden, &mapping, &synthesis);
        }
    }
}

fn mapped(golden: &Golden, mapping: &Mapping) -> Tensor {
    let c = golden.tensors.contains_key("c").then(|| golden.tensor("c"));
    let c = c.filter(|c| c.size()[1] > 0);
    let w = mapping.forward(&golden.tensor("z"), c.as_ref()).unwrap();
    w.unsqueeze(1).repeat([1, golden.config().num_ws() as i64, 1])
}

#[test]
fn mapping_and_truncation_agree() {
    each_generator(|name, golden, mapping, _| {
        let (ws, w_avg) = (mapped(golden, mapping), golden.tensor("G.mapping.w_avg"));
        let num_ws = ws.size()[1];
        let truncated = [
            ("ws.psi1", ws.copy()),
            ("ws.psi0.7", truncate(&ws, &w_avg, 0.7, num_ws)),
            ("ws.psi0.5.cutoff4", truncate(&ws, &w_avg, 0.5, 4)),
        ];
        for (key, ours) in truncated {
            let error = largest_difference(&ours, &golden.tensor(key));
            assert!(error < 1e-5, "{name} {key}: {error}");
        }
    });
}

#[test]
fn images_agree() {
    each_generator(|name, golden, _, synthesis| {
        for key in ["psi1", "psi0.7", "mixed6"] {
            let image =
                synthesis.forward(&golden.tensor(&format!("ws.{key}")), &identity(4)).unwrap();
            let error = largest_difference(&image, &golden.tensor(&format!("image.{key}")));
            assert!(error < 1e-4, "{name} {key}: {error}");
        }
    });
}

#[test]
fn transformed_images_agree() {
    each_generator(|name, golden, _, synthesis| {
        for key in ["translate", "rotate", "scale", "all"] {
            let Some((_, transform)) = golden.tensors.get(&format!("transform.{key}")) else {
                continue;
            };
            let transform = Tensor::from_slice(transform).reshape([1, 3, 3]).to_kind(Kind::Double);
            let image =
                synthesis.forward(&golden.tensor("ws.psi1"), &transform.repeat([4, 1, 1])).unwrap();
            let error =
                largest_difference(&image, &golden.tensor(&format!("image.transform.{key}")));
            assert!(error < 1e-4, "{name} {key}: {error}");
        }
    });
}

#[test]
fn a_frame_does_not_depend_on_its_batch_mates() {
    each_generator(|name, golden, _, synthesis| {
        let ws = golden.tensor("ws.psi1");
        let together = synthesis.forward(&ws, &identity(4)).unwrap();
        for i in 0..4 {
            // The same sample at another place, among other samples: byte for byte the same.
            let mut batch: Vec<Tensor> = (0..4).map(|_| ws.get(3 - i)).collect();
            let place = (i + 1) % 4;
            batch[place as usize] = ws.get(i);
            let other = synthesis.forward(&Tensor::stack(&batch, 0), &identity(4)).unwrap();
            assert!(other.get(place) == together.get(i), "{name}: sample {i}");
        }
    });
}

#[test]
fn half_precision_stays_near() {
    // The layers so marked in float16: the picture stays, its last digits do not.
    each_generator(|name, golden, _, synthesis| {
        let (_, half) = load(golden, synthesis.device(), Precision::F16).unwrap();
        let image = half.forward(&golden.tensor("ws.psi1"), &identity(4)).unwrap();
        let error = largest_difference(&image, &golden.tensor("image.psi1"));
        assert!(error > 1e-5 && error < 0.1, "{name}: {error}");
    });
}

#[test]
fn bfloat16_stays_near() {
    if Precision::Bf16.check(Device::Cpu).is_err() {
        // What such a CPU lacks, the kernels' own tests do in plain code.
        return;
    }
    for name in ["generator-t", "generator-r", "generator-t-cond"] {
        let golden = Golden::generator(name);
        let (_, synthesis) = load(&golden, Device::Cpu, Precision::Bf16).unwrap();
        let image = synthesis.forward(&golden.tensor("ws.psi1"), &identity(4)).unwrap();
        let (image, expected) = (image, golden.tensor("image.psi1"));
        let error = (&image - &expected).square().mean(Kind::Double).sqrt().double_value(&[]);
        let scale = expected.square().mean(Kind::Double).sqrt().double_value(&[]);
        // 8 bits in every layer, made worse by Winograd's transforms; more would be a mistake.
        assert!(error > 1e-4 * scale && error < 0.1 * scale, "{name}: {error} of {scale}");
    }
}

#[derive(serde::Deserialize)]
struct Case {
    up: i64,
    down: i64,
    padding: [i64; 4],
    gain: f64,
    slope: f64,
    clamp: Option<f64>,
}

#[test]
fn filtered_leaky_relu_and_its_gradient_agree() {
    let golden = Golden::open("filtered_lrelu");
    let cases: Vec<Case> = serde_json::from_str(&golden.metadata["cases"]).unwrap();
    assert_eq!(cases.len(), 10);
    for device in devices() {
        for (i, case) in cases.iter().enumerate() {
            let get = |part: &str| golden.tensor(&format!("{i}.{part}")).to_device(device);
            let filter = |part: &str, factor| {
                golden
                    .tensors
                    .contains_key(&format!("{i}.{part}"))
                    .then(|| (factor, Fir::new(get(part))))
            };
            let act = FilteredLrelu {
                up: filter("fu", case.up),
                down: filter("fd", case.down),
                padding: case.padding,
                slope: case.slope,
                gain: case.gain,
                clamp: case.clamp,
            };
            for fused in [false, true] {
                let (x, b) = (get("x").set_requires_grad(true), get("b").set_requires_grad(true));
                let y =
                    if fused { act.differentiable(&x, &b) } else { act.forward(&x, &b) }.unwrap();
                assert!(largest_difference(&y, &get("y")) < 2e-5, "case {i} on {device:?}");
                // Where no gradient is wanted: on CUDA, by the fused kernel.
                let plain = act.forward(&get("x"), &get("b")).unwrap();
                assert!(largest_difference(&plain, &get("y")) < 2e-5, "case {i} on {device:?}");
                let gradients = Tensor::run_backward(
                    &[(&y * get("dy")).sum(Kind::Float)],
                    &[&x, &b],
                    false,
                    false,
                );
                let scale = get("db").abs().max().double_value(&[]).max(1.0);
                assert!(
                    largest_difference(&gradients[0], &get("dx")) < 2e-5,
                    "case {i} dx on {device:?}"
                );
                assert!(
                    largest_difference(&gradients[1], &get("db")) < 1e-6 * scale,
                    "case {i} db on {device:?}"
                );
            }
        }
    }
}

#[test]
fn the_fused_operator_is_differentiable_once() {
    let golden = Golden::open("filtered_lrelu");
    let act = FilteredLrelu {
        up: Some((2, Fir::new(golden.tensor("1.fu")))),
        down: Some((2, Fir::new(golden.tensor("1.fd")))),
        padding: [10, 9, 10, 9],
        slope: 0.2,
        gain: 2f64.sqrt(),
        clamp: None,
    };
    let (x, b) = (golden.tensor("1.x").set_requires_grad(true), golden.tensor("1.b"));
    let y = act.differentiable(&x, &b).unwrap().square().sum(Kind::Float);
    let again = std::panic::catch_unwind(|| Tensor::run_backward(&[&y], &[&x], true, true));
    let error = *again.unwrap_err().downcast::<String>().unwrap();
    assert!(error.contains("no second derivative"), "{error}");
    // A picture too small is an error, not a crash.
    let small = Tensor::zeros([1, 3, 4, 4], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    let error = act.differentiable(&small.narrow(2, 0, 1), &b).unwrap_err().to_string();
    assert!(error.contains("expected at least"), "{error}");
}
