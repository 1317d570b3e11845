//! The fused operator under libtorch's autograd: its signs are kept, two bits a sample, and the
//! gradient is the transposed fused pass.

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::prelude::*;
use tch::kind::Element;
use tch::{Device, Kind, Tensor};
use torch_sys::C_tensor;

use super::border;
use super::fused;
use crate::kernels::FilteredLrelu;
use crate::kernels::cpu::{Channelwise, Fused, Level, Planes, Signs, Transposed};
use crate::{Error, Result};

/// `operator(x + bias)` for `x` `[N, C, H, W]` and a `bias` `[C]` float32, differentiable once by both.
/// `x` is float32, on CUDA float16 too; sums are float32 in either case.
///
/// # Errors
/// [`Error::Invalid`] where `x` is too small for the filters; [`Error::Device`] where the device fails
/// or `x` is of another kind.
pub fn filtered_lrelu(operator: &FilteredLrelu, x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let [_, channels, height, width] = four(x)?;
    operator.out_size([height, width])?;
    let able = x.kind() == Kind::Float || (x.kind() == Kind::Half && x.device() != Device::Cpu);
    if !able || bias.size() != [channels as i64] || bias.kind() != Kind::Float {
        return Err(Error::Device(format!(
            "the fused operator takes float32 (on CUDA float16 too) and a float32 bias for each of \
             {channels} channels, not {x:?} and {bias:?}"
        )));
    }
    let operator = Arc::into_raw(Arc::new(operator.clone()));
    // SAFETY: the border releases the operator once, through `sg3_operator_release`.
    unsafe { border::filtered_lrelu(operator.cast(), x, bias) }
}

fn four(x: &Tensor) -> Result<[usize; 4]> {
    let size = x.size();
    let size: [i64; 4] = size[..].try_into().map_err(|_| {
        Error::Device(format!("expected samples, channels, rows and columns, not {size:?}"))
    })?;
    Ok(size.map(|n| n as usize))
}

/// Samples with the signs of their nonlinearity: `[N, blocks, rows, columns]` int32 on the CPU.
fn forward(operator: &FilteredLrelu, x: &Tensor, bias: &Tensor) -> Result<(Tensor, Tensor)> {
    if x.device() != Device::Cpu {
        return fused::forward_keeping(operator, x, bias);
    }
    let [samples, channels, height, width] = four(x)?;
    let fused = Fused::new(operator.clone());
    let bias = Vec::<f32>::try_from(bias.f_contiguous()?)?;
    let ones = vec![1.0; channels];
    let channelwise = Channelwise { scale: &ones, bias: &bias, out_scale: &ones };
    let [rows, columns] = operator.inner_size([height, width])?;
    let [out_rows, out_columns] = operator.out_size([height, width])?;
    let new =
        |sizes: [usize; 4], kind| Tensor::f_empty(sizes.map(|n| n as i64), (kind, Device::Cpu));
    let mut y = new([samples, channels, out_rows, out_columns], Kind::Float)?;
    let mut signs = new([samples, channels.div_ceil(16), rows, columns], Kind::Int)?;
    let x = x.f_contiguous()?;
    let each = numbers::<f32>(&x).par_chunks(channels * height * width);
    let each =
        each.zip(numbers_mut::<f32>(&mut y).par_chunks_mut(channels * out_rows * out_columns));
    let words = channels.div_ceil(16) * rows * columns;
    let each = each.zip(numbers_mut::<i32>(&mut signs).par_chunks_mut(words));
    let room = || (Planes::new(channels, [height, width]), Planes::default(), Signs::default());
    each.try_for_each_init(room, |(planes, out, kept), ((x, y), signs)| -> Result<()> {
        planes.fill(x, &ones);
        fused.forward_keeping(Level::here(), planes, channelwise, kept, out)?;
        out.write(y);
        signs.iter_mut().zip(kept.words()).for_each(|(to, word)| *to = word);
        Ok(())
    })?;
    Ok((y, signs))
}

/// The gradient by `x` of `size` (height, width), given that by `y`.
fn transposed(
    operator: &FilteredLrelu,
    dy: &Tensor,
    signs: &Tensor,
    size: [usize; 2],
) -> Result<Tensor> {
    if dy.device() != Device::Cpu {
        return fused::transposed(operator, dy, signs, size);
    }
    let [samples, channels, height, width] = four(dy)?;
    let transposed = Transposed::new(operator, size)?;
    let ones = vec![1.0; channels];
    let grid = operator.inner_size(size)?;
    let shape = [samples, channels, size[0], size[1]].map(|n| n as i64);
    let mut dx = Tensor::f_empty(shape, (Kind::Float, Device::Cpu))?;
    let (dy, signs) = (dy.f_contiguous()?, signs.f_contiguous()?);
    let words = channels.div_ceil(16) * grid[0] * grid[1];
    let each = numbers::<f32>(&dy).par_chunks(channels * height * width);
    let each = each.zip(numbers::<i32>(&signs).par_chunks(words));
    let each = each.zip(numbers_mut::<f32>(&mut dx).par_chunks_mut(channels * size[0] * size[1]));
    let room = || (Planes::new(channels, [height, width]), Planes::default());
    each.try_for_each_init(room, |(planes, out), ((dy, words), dx)| -> Result<()> {
        planes.fill(dy, &ones);
        transposed.forward(Level::here(), planes, &Signs::from_words(grid, words), out)?;
        out.write(dx);
        Ok(())
    })?;
    Ok(dx)
}

/// The numbers of a contiguous tensor on the CPU, whose kind is `T`'s.
fn numbers<T: Element>(tensor: &Tensor) -> &[T] {
    assert!(tensor.kind() == T::KIND && tensor.is_contiguous() && tensor.device() == Device::Cpu);
    // SAFETY: so many numbers of this kind lie there one after another, and nobody writes to a tensor
    // that is lent.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The same, of a tensor that was made here.
fn numbers_mut<T: Element>(tensor: &mut Tensor) -> &mut [T] {
    assert!(tensor.kind() == T::KIND && tensor.is_contiguous() && tensor.device() == Device::Cpu);
    // SAFETY: as above, and it is borrowed by nobody else. Whatever is there is a number.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
}

thread_local! {
    static WHAT: RefCell<CString> = RefCell::default();
}

/// Runs work for the border: 0, or 1 with the reason kept. A panic must not cross into C++.
fn guarded(work: impl FnOnce() -> Result<()>) -> c_int {
    let done = catch_unwind(AssertUnwindSafe(work));
    let error = match done {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the fused operator panicked; please report it".into(),
    };
    let text = CString::new(error.replace('\0', " ")).unwrap_or_default();
    WHAT.with_borrow_mut(|what| *what = text);
    1
}

/// Borrows a tensor that C++ lends.
///
/// # Safety
/// The pointer must be to a live tensor.
unsafe fn lent(tensor: *const C_tensor) -> Tensor {
    // SAFETY: the caller's promise; the clone counts as another reference.
    unsafe { Tensor::clone_from_ptr(tensor.cast_mut()) }
}

/// Hands a tensor over to C++.
fn given(tensor: Tensor) -> *mut C_tensor {
    std::mem::ManuallyDrop::new(tensor).as_mut_ptr()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sg3_operator_forward(
    operator: *const c_void,
    x: *const C_tensor,
    bias: *const C_tensor,
    y: *mut *mut C_tensor,
    signs: *mut *mut C_tensor,
) -> c_int {
    guarded(|| {
        // SAFETY: the border holds the operator and lends live tensors; the outputs are there to be
        // written.
        unsafe {
            let operator = &*operator.cast::<FilteredLrelu>();
            let (value, kept) = forward(operator, &lent(x), &lent(bias))?;
            (*y, *signs) = (given(value), given(kept));
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sg3_operator_transposed(
    operator: *const c_void,
    dy: *const C_tensor,
    signs: *const C_tensor,
    height: i64,
    width: i64,
    dx: *mut *mut C_tensor,
) -> c_int {
    guarded(|| {
        // SAFETY: as above.
        unsafe {
            let operator = &*operator.cast::<FilteredLrelu>();
            let size = [height as usize, width as usize];
            *dx = given(transposed(operator, &lent(dy), &lent(signs), size)?);
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn sg3_operator_what() -> *const c_char {
    // The text stays until this thread's next failure.
    WHAT.with_borrow(|what| what.as_ptr())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sg3_operator_release(operator: *const c_void) {
    // SAFETY: made by `Arc::into_raw`, and released only here.
    drop(unsafe { Arc::from_raw(operator.cast::<FilteredLrelu>()) });
}
