//! NVRTC compiles what the published networks and the golden cases need. That takes no GPU, but the
//! compiler: with `SG3RENDER_NVRTC=1` set-up fetches it and these tests demand it (see build.rs).

use std::collections::{HashMap, HashSet};
use std::{fs, thread};

use serde_json::Value;

use super::golden;
use crate::kernels::cuda::launch::{Run, SOURCE, options};
use crate::kernels::cuda::nvrtc::Nvrtc;
use crate::kernels::cuda::plan::{Signs, Storage, Variant};
use crate::kernels::{FilteredLrelu, Resampler};
use crate::signal::{Filter, low_pass, radial_low_pass};

const ARCHITECTURES: [&str; 5] = ["sm_75", "sm_80", "sm_86", "sm_89", "sm_90"];
const STORAGES: [Storage; 2] = [Storage::F32, Storage::F16];

/// The filtered leaky ReLUs of a published network, with the sizes that they are given.
fn layers(set: &str) -> Vec<(FilteredLrelu, [usize; 2])> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/layers.json");
    let table: HashMap<String, Value> =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let layer = |layer: &Value| {
        let count = |name: &str| layer[name].as_u64().unwrap() as usize;
        let number = |name: &str| layer[name].as_f64().unwrap();
        let rate = number("tmp_sampling_rate");
        let design = if layer["down_radial"] == true { radial_low_pass } else { low_pass };
        let or_none = |filter: Option<Filter>| filter.unwrap_or(Filter::Separable(vec![1.0]));
        let up = low_pass(count("up_taps"), number("in_cutoff"), number("in_half_width"), rate);
        let down = design(count("down_taps"), number("out_cutoff"), number("out_half_width"), rate);
        let operator = FilteredLrelu {
            up: Resampler { factor: count("up_factor"), filter: or_none(up) },
            down: Resampler { factor: count("down_factor"), filter: or_none(down) },
            padding: serde_json::from_value(layer["padding"].clone()).unwrap(),
            slope: 0.2,
            gain: 2f32.sqrt(),
            clamp: 256.0,
        };
        let size = [count("in_size") + count("conv_kernel") - 1; 2];
        assert_eq!(operator.out_size(size).unwrap(), [count("out_size"); 2]);
        (operator, size)
    };
    table[set]["layers"].as_array().unwrap().iter().map(layer).collect()
}

/// Compiles each variant once for each architecture, on two threads.
fn compile(nvrtc: &Nvrtc, variants: HashSet<Variant>, architectures: &[&str]) {
    let plans: Vec<_> = variants.iter().map(|variant| variant.plan().unwrap()).collect();
    thread::scope(|scope| {
        for half in plans.chunks(plans.len().div_ceil(2)) {
            scope.spawn(move || {
                for (plan, architecture) in
                    half.iter().flat_map(|p| architectures.iter().map(move |a| (p, a)))
                {
                    let code = nvrtc.compile(SOURCE, &options(plan, architecture));
                    let code = code
                        .unwrap_or_else(|e| panic!("{architecture}, {:?}: {e}", plan.constants));
                    assert!(code.starts_with(b"\x7fELF"), "{architecture}, {:?}", plan.constants);
                }
            });
        }
    });
}

fn variant(operator: &FilteredLrelu, size: [usize; 2], storage: Storage, signs: Signs) -> Variant {
    Run::new(operator, size, storage, signs, [16 / storage.bytes(); 2]).unwrap().variant
}

#[test]
#[cfg_attr(not(nvrtc), ignore = "needs NVRTC: set SG3RENDER_NVRTC=1 for set-up and tests")]
fn the_published_networks() {
    let nvrtc = Nvrtc::get().unwrap();
    let sets = ["t-256", "r-256", "t-1024", "r-1024"];
    let layers: Vec<_> = sets.into_iter().flat_map(layers).collect();
    let mut all = HashSet::new();
    // One of a kind, in every way, for every architecture; other sizes for one.
    let mut kinds = HashMap::new();
    for (operator, size) in &layers {
        all.insert(variant(operator, *size, Storage::F16, Signs::Ignored));
        let forward = variant(operator, *size, Storage::F32, Signs::Ignored);
        kinds.entry((forward.up, forward.down, forward.shift)).or_insert((operator, *size));
    }
    let kinds = kinds.values().flat_map(|&(operator, size)| {
        let signs = [Signs::Ignored, Signs::Kept, Signs::Read];
        let ways = STORAGES.into_iter().flat_map(move |s| signs.map(|signs| (s, signs)));
        ways.map(move |(storage, signs)| variant(operator, size, storage, signs))
    });
    let kinds = kinds.collect();
    compile(nvrtc, kinds, &ARCHITECTURES);
    compile(nvrtc, all, &["sm_90"]);
}

#[test]
#[cfg_attr(not(nvrtc), ignore = "needs NVRTC: set SG3RENDER_NVRTC=1 for set-up and tests")]
fn the_golden_cases() {
    let nvrtc = Nvrtc::get().unwrap();
    let cases = golden::cases();
    let forward =
        |case: &golden::Case| variant(&case.operator, case.size, Storage::F32, Signs::Ignored);
    let variants = cases.iter().map(forward);
    compile(nvrtc, variants.collect(), &ARCHITECTURES);
}

#[test]
#[cfg_attr(not(nvrtc), ignore = "needs NVRTC: set SG3RENDER_NVRTC=1 for set-up and tests")]
fn architectures_are_told_apart() {
    let nvrtc = Nvrtc::get().unwrap();
    ARCHITECTURES.iter().for_each(|architecture| nvrtc.check_architecture(architecture).unwrap());
    let error = nvrtc.check_architecture("sm_35").unwrap_err();
    assert!(error.exit_code() == 66 && error.to_string().contains("sm_35"), "{error}");
}

#[test]
#[cfg_attr(not(nvrtc), ignore = "needs NVRTC: set SG3RENDER_NVRTC=1 for set-up and tests")]
fn a_mistake_is_told() {
    let nvrtc = Nvrtc::get().unwrap();
    let error = nvrtc.compile("__global__ void f() { g(); }", &["--gpu-architecture=sm_90".into()]);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("\"g\" is undefined"), "{error}");
}
