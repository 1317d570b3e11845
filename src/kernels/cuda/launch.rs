//! The fused operator on device pointers: forward, forward with the signs kept, and transposed.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::arguments::{Pointers, arguments, planes_per_launch};
use super::driver::{Driver, Kernel};
use super::nvrtc::Nvrtc;
use super::plan::{Plan, SIGNS_A_WORD, Signs, Storage, Variant};
use crate::kernels::FilteredLrelu;
use crate::{Result, cache};

/// The kernel's source, and its name in it.
pub(super) const SOURCE: &str = include_str!("filtered_lrelu.cu");
const NAME: &str = "filtered_lrelu";

/// Where and on what the operator works.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// How the samples lie in memory, in and out.
    pub storage: Storage,
    /// The device's number.
    pub device: usize,
    /// The stream's handle; 0 for the default one.
    pub stream: u64,
    /// The forward pass's input: samples, channels, height, width; contiguous.
    pub size: [usize; 4],
}

/// Whether kernels can be compiled for a device and run there.
///
/// # Errors
/// [`crate::Error::Missing`], with what to install; [`crate::Error::Device`] where there is no such device.
pub fn available(device: usize) -> Result<()> {
    let architecture = Driver::get()?.architecture(device)?;
    Nvrtc::get()?.check_architecture(&architecture)
}

/// 32-bit words that the signs of one plane of `size` (height, width) take.
///
/// # Errors
/// [`crate::Error::Invalid`] where `operator` cannot take this size.
pub fn signs_len(operator: &FilteredLrelu, size: [usize; 2]) -> Result<usize> {
    let [height, width] = operator.inner_size(size)?;
    Ok(height.div_ceil(SIGNS_A_WORD) * width)
}

/// `y = operator(x + bias)`. `bias` points to float32 values, one a channel, or is 0 for none.
///
/// # Safety
/// The pointers must be to contiguous memory on the device, as large as `operator` and `call` say,
/// until the stream has done the work; `y` must not overlap the others.
///
/// # Errors
/// [`crate::Error::Missing`] without driver or compiler, [`Error::Invalid`] for what the kernel does not do,
/// [`crate::Error::Device`] where the driver refuses.
pub unsafe fn forward(
    operator: &FilteredLrelu,
    call: &Call,
    x: u64,
    bias: u64,
    y: u64,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { launch(operator, call, Signs::Ignored, Pointers { x, bias, y, signs: 0 }) }
}

/// [`forward`], with the signs kept for [`transposed`]: [`signs_len`] words a plane, in any state.
///
/// # Safety
/// As for [`forward`].
///
/// # Errors
/// As for [`forward`].
pub unsafe fn forward_keeping(
    operator: &FilteredLrelu,
    call: &Call,
    [x, bias]: [u64; 2],
    y: u64,
    signs: u64,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { launch(operator, call, Signs::Kept, Pointers { x, bias, y, signs }) }
}

/// The gradient by `x`, given that by `y` and the signs that [`forward_keeping`] kept. The gradient by
/// the bias is its sum over samples, rows and columns.
///
/// # Safety
/// As for [`forward`].
///
/// # Errors
/// As for [`forward`].
pub unsafe fn transposed(
    operator: &FilteredLrelu,
    call: &Call,
    dy: u64,
    signs: u64,
    dx: u64,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { launch(operator, call, Signs::Read, Pointers { x: dy, bias: 0, y: dx, signs }) }
}

/// # Safety
/// As for [`forward`].
unsafe fn launch(
    operator: &FilteredLrelu,
    call: &Call,
    signs: Signs,
    pointers: Pointers,
) -> Result<()> {
    let [samples, channels, height, width] = call.size;
    let planes = samples * channels;
    if planes == 0 {
        return Ok(());
    }
    let run =
        Run::new(operator, [height, width], call.storage, signs, pointers.alignment(call.storage))?;
    let loaded = loaded(call.device, &run.variant)?;
    let (driver, each) = (Driver::get()?, planes_per_launch(&run.variant, &loaded.plan)?);
    for first in (0..planes).step_by(each) {
        let parameter = arguments(&run, &loaded.plan, pointers, channels, first)?;
        let count = each.min(planes - first);
        let blocks = count * loaded.plan.tiles(run.variant.out).iter().product::<usize>();
        let shape = [blocks, loaded.plan.threads, loaded.plan.shared_bytes()].map(|n| n as u32);
        // SAFETY: the parameter is laid out for this kernel; the pointers are the caller's promise.
        unsafe { driver.launch(&loaded.kernel, shape, call.stream, &parameter)? };
    }
    Ok(())
}

/// One pass: the operator that the kernel is to apply, and what its code depends on.
#[derive(Debug)]
pub(super) struct Run {
    /// The transposed one in the transposed pass.
    pub operator: FilteredLrelu,
    /// Height and width of this pass's input.
    pub size: [usize; 2],
    /// The forward pass's upsampled grid, and where it begins in this pass's.
    pub signs_size: [usize; 2],
    /// Down, across.
    pub signs_origin: [i64; 2],
    /// What the code depends on.
    pub variant: Variant,
}

impl Run {
    /// `operator` and `size` are the forward pass's.
    pub fn new(
        operator: &FilteredLrelu,
        size: [usize; 2],
        storage: Storage,
        signs: Signs,
        alignment: [usize; 2],
    ) -> Result<Self> {
        let signs_size = operator.inner_size(size)?;
        let (own, own_size, signs_origin) = if signs == Signs::Read {
            let (own, origin) = operator.transposed(size)?;
            (own, operator.out_size(size)?, origin)
        } else {
            (operator.clone(), size, [0, 0])
        };
        let variant = Variant::new(&own, own_size, storage, signs, alignment)?;
        Ok(Self { operator: own, size: own_size, signs_size, signs_origin, variant })
    }
}

struct Loaded {
    plan: Plan,
    kernel: Kernel,
}

/// The kernel for a variant on a device: from this process's table, from disk, or from the compiler.
fn loaded(device: usize, variant: &Variant) -> Result<Arc<Loaded>> {
    type Table = HashMap<(usize, Variant), Arc<Loaded>>;
    static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);
    // Held while compiling, so that threads that want the same kernel compile it once. A panic
    // elsewhere leaves the table whole.
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (device, variant.clone());
    if let Some(found) = table.get(&key) {
        return Ok(found.clone());
    }
    available(device)?;
    let (driver, nvrtc) = (Driver::get()?, Nvrtc::get()?);
    let plan = variant.plan()?;
    let code = compiled(nvrtc, &plan, &driver.architecture(device)?)?;
    let kernel = driver.kernel(device, &code, NAME)?;
    Ok(table.entry(key).or_insert(Arc::new(Loaded { plan, kernel })).clone())
}

fn compiled(nvrtc: &Nvrtc, plan: &Plan, architecture: &str) -> Result<Vec<u8>> {
    let options = options(plan, architecture);
    let (major, minor) = nvrtc.version;
    let key = cache::key(&[SOURCE, &options.join(" "), &format!("{major}.{minor}")]);
    let folder = cache::root().map(|root| root.join("kernels"));
    cache::get(folder.as_deref(), &key, || nvrtc.compile(SOURCE, &options))
}

/// The compiler's options for a plan on an architecture.
pub(super) fn options(plan: &Plan, architecture: &str) -> Vec<String> {
    let fixed = [format!("--gpu-architecture={architecture}"), "--std=c++17".to_owned()];
    fixed.into_iter().chain(plan.constants.iter().map(|c| format!("-D{c}"))).collect()
}
