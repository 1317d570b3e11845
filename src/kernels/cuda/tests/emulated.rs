//! The kernel, compiled for the CPU by a C++ compiler and run there.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use half::f16;
use libloading::{Library, Symbol};

use crate::kernels::FilteredLrelu;
use crate::kernels::cuda::arguments::{Pointers, arguments};
use crate::kernels::cuda::launch::{Run, SOURCE};
use crate::kernels::cuda::plan::{Plan, Signs, Storage, Variant};

/// Threads a block: more than one and no power of two.
const THREADS: usize = 3;
/// The alignment that is claimed, samples: 16 bytes of the widest storage.
const ALIGNMENT: [usize; 2] = [4, 4];

/// Planes to be given to an operator.
pub struct Job {
    /// The forward operator.
    pub operator: FilteredLrelu,
    /// Height and width of the forward input.
    pub size: [usize; 2],
    /// How the samples are to lie in memory.
    pub storage: Storage,
    /// Inputs, plane after plane.
    pub x: Vec<f32>,
    /// One value a channel.
    pub bias: Vec<f32>,
    /// The gradient by the output.
    pub dy: Vec<f32>,
}

/// What came of a job.
pub struct Answer {
    /// The output without signs kept.
    pub y: Vec<f32>,
    /// With signs kept.
    pub y_kept: Vec<f32>,
    /// The gradient by the input.
    pub dx: Vec<f32>,
}

/// Compiles the kernels of all jobs together and runs them.
pub fn run(jobs: &[Job]) -> Vec<Answer> {
    let mut numbers = HashMap::new();
    let passes = |job: &Job| {
        [Signs::Ignored, Signs::Kept, Signs::Read]
            .map(|signs| Run::new(&job.operator, job.size, job.storage, signs, ALIGNMENT).unwrap())
    };
    let mut source = String::from("#include \"emulation.h\"\n");
    for run in jobs.iter().flat_map(passes) {
        let number = numbers.len();
        numbers.entry(run.variant.clone()).or_insert_with(|| {
            source += &in_namespace(number, &run.variant.plan().unwrap());
            number
        });
    }
    let library = compile(&source);
    jobs.iter()
        .map(|job| {
            let [forward, keeping, reading] = passes(job);
            let [height, width] = keeping.signs_size;
            let planes = job.x.len() / (job.size[0] * job.size[1]);
            // Words that nothing writes must have no influence.
            let mut signs = vec![u32::MAX; planes * height.div_ceil(16) * width];
            let mut pass = |run: &Run, x: &[f32], bias: &[f32]| {
                launch(&library, numbers[&run.variant], run, x, bias, job.bias.len(), &mut signs)
            };
            Answer {
                y: pass(&forward, &job.x, &job.bias),
                y_kept: pass(&keeping, &job.x, &job.bias),
                dx: pass(&reading, &job.dy, &[]),
            }
        })
        .collect()
}

fn in_namespace(number: usize, plan: &Plan) -> String {
    let names = || plan.constants.iter().filter_map(|c| c.split_once('='));
    let mut text = String::new();
    for (name, value) in names() {
        let value = if name == "THREADS" { THREADS.to_string() } else { value.to_owned() };
        writeln!(text, "#define {name} {value}").unwrap();
    }
    let floats = plan.shared_bytes() / 4;
    write!(
        text,
        "#define filtered_lrelu kernel_{number}\n#define shared shared_{number}\n\
         namespace n{number} {{\n#include \"filtered_lrelu.cu\"\n\
         extern \"C\" {{ Quad shared[{floats} / 4]; }}\n}}\n\
         extern \"C\" size_t run_{number}(const void* parameter, unsigned blocks) {{\n\
         return emulate<n{number}::Arguments>(\n\
         [](n{number}::Arguments a) {{ n{number}::filtered_lrelu(a); }}, parameter, blocks, THREADS,\n\
         (float*)n{number}::shared, {floats});\n}}\n#undef filtered_lrelu\n#undef shared\n"
    )
    .unwrap();
    for (name, _) in names() {
        writeln!(text, "#undef {name}").unwrap();
    }
    text
}

fn compile(source: &str) -> Library {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("filtered_lrelu.cu"), SOURCE).unwrap();
    fs::write(at("emulation.h"), include_str!("emulation.h")).unwrap();
    fs::write(at("all.cpp"), source).unwrap();
    let compiler = std::env::var("CXX").unwrap_or("c++".into());
    let options = ["-std=c++17", "-O1", "-fno-strict-aliasing", "-shared", "-fPIC", "-o"];
    let done = Command::new(&compiler).args(options).arg(at("all.so")).arg(at("all.cpp")).output();
    let done = done.unwrap_or_else(|e| panic!("`{compiler}`, which torch-sys needs, too: {e}"));
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{:#?}", errors.lines().take(20).collect::<Vec<_>>());
    // SAFETY: the library was just made, and does nothing when it is opened.
    unsafe { Library::new(at("all.so")).unwrap() }
}

/// Samples as the kernel stores them, between two guards that it must not touch.
struct Samples {
    storage: Storage,
    bytes: Vec<u64>,
    count: usize,
}

const GUARD: u64 = 0x7e7e_7e7e_7e7e_7e7e;

impl Samples {
    fn new(storage: Storage, values: &[f32]) -> Self {
        let mut bytes: Vec<u8> = match storage {
            Storage::F32 => values.iter().flat_map(|v| v.to_ne_bytes()).collect(),
            Storage::F16 => values.iter().flat_map(|&v| f16::from_f32(v).to_ne_bytes()).collect(),
        };
        bytes.resize(bytes.len().next_multiple_of(8), GUARD as u8);
        let words = bytes.as_chunks().0.iter().map(|&word| u64::from_ne_bytes(word));
        let guard = [GUARD; 8];
        let bytes = guard.into_iter().chain(words).chain(guard).collect();
        Self { storage, bytes, count: values.len() }
    }

    fn pointer(&mut self) -> u64 {
        self.bytes[8..].as_mut_ptr() as u64
    }

    fn values(&self) -> Vec<f32> {
        let bytes: Vec<u8> = self.bytes.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let (before, rest) = bytes.split_at(64);
        let (samples, after) = rest.split_at(self.count * self.storage.bytes());
        assert!(before.iter().chain(after).all(|&byte| byte == GUARD as u8), "written outside");
        match self.storage {
            Storage::F32 => samples.as_chunks().0.iter().map(|&b| f32::from_ne_bytes(b)).collect(),
            Storage::F16 => {
                samples.as_chunks().0.iter().map(|&b| f16::from_ne_bytes(b).to_f32()).collect()
            }
        }
    }
}

fn launch(
    library: &Library,
    number: usize,
    run: &Run,
    x: &[f32],
    bias: &[f32],
    channels: usize,
    signs: &mut [u32],
) -> Vec<f32> {
    let Variant { storage, out, .. } = run.variant;
    let planes = x.len() / (run.size[0] * run.size[1]);
    let plan = run.variant.plan().unwrap();
    let mut x = Samples::new(storage, x);
    let mut y = Samples::new(storage, &vec![f32::NAN; planes * out[0] * out[1]]);
    let pointers = Pointers {
        x: x.pointer(),
        bias: if bias.is_empty() { 0 } else { bias.as_ptr() as u64 },
        y: y.pointer(),
        signs: signs.as_mut_ptr() as u64,
    };
    let tiles: usize = plan.tiles(out).iter().product();
    // In two launches, as many planes need.
    for (first, count) in [(0, planes / 2), (planes / 2, planes - planes / 2)] {
        let parameter = arguments(run, &plan, pointers, channels, first).unwrap();
        // SAFETY: the function has this type; the parameter is the kernel's, and its pointers are to
        // memory of the sizes that it tells.
        let size = unsafe {
            let run: Symbol<unsafe extern "C" fn(*const u64, u32) -> usize> =
                library.get(format!("run_{number}\0")).unwrap();
            run(parameter.as_ptr(), (tiles * count) as u32)
        };
        assert_eq!(size, parameter.len() * 8, "the parameter's layout");
    }
    y.values()
}
