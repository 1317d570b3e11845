//! The C++ border: what is needed of libtorch's autograd and tch does not offer.

use std::ffi::{CStr, c_char, c_int, c_void};

use tch::{TchError, Tensor};
use torch_sys::C_tensor;

use crate::{Error, Result};

// SAFETY: the declarations are those of border.cpp.
unsafe extern "C" {
    fn sg3_what() -> *const c_char;
    fn sg3_filtered_lrelu(
        operator: *const c_void,
        x: *const C_tensor,
        bias: *const C_tensor,
        y: *mut *mut C_tensor,
    ) -> c_int;
    fn sg3_leaky_relu(x: *const C_tensor, slope: f64, clamp: f64, y: *mut *mut C_tensor) -> c_int;
    fn sg3_sample(x: *const C_tensor, grid: *const C_tensor, y: *mut *mut C_tensor) -> c_int;
}

/// `operator(x + bias)` as a node of libtorch's graph. `operator` is what the functions behind the
/// border are given, one of which releases it.
///
/// # Safety
/// `operator` must be what `differentiable` makes: see there.
///
/// # Errors
/// What the operator or libtorch says.
pub unsafe fn filtered_lrelu(operator: *const c_void, x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let mut y = std::ptr::null_mut();
    // SAFETY: the tensors live through the call; the operator is the caller's promise.
    match unsafe { sg3_filtered_lrelu(operator, x.as_ptr(), bias.as_ptr(), &raw mut y) } {
        // SAFETY: a new tensor, which is ours.
        0 => Ok(unsafe { Tensor::from_ptr(y) }),
        _ => Err(failure()),
    }
}

/// The leaky ReLU of a slope, its values kept within `-clamp..clamp`; differentiable as often as is wanted.
///
/// # Errors
/// What libtorch says.
pub fn leaky_relu(x: &Tensor, slope: f64, clamp: Option<f64>) -> Result<Tensor> {
    let (mut y, clamp) = (std::ptr::null_mut(), clamp.unwrap_or(f64::INFINITY));
    // SAFETY: the tensor lives through the call.
    match unsafe { sg3_leaky_relu(x.as_ptr(), slope, clamp, &raw mut y) } {
        // SAFETY: a new tensor, which is ours.
        0 => Ok(unsafe { Tensor::from_ptr(y) }),
        _ => Err(failure()),
    }
}

/// Samples x `[N, C, H, W]` bilinearly at a grid `[N, H', W', 2]` of places (x, y) in units of half the width
/// and height from the middle; 0 outside. Differentiable by x as often as is wanted.
///
/// # Errors
/// What libtorch says.
pub fn sample(x: &Tensor, grid: &Tensor) -> Result<Tensor> {
    let mut y = std::ptr::null_mut();
    // SAFETY: the tensors live through the call.
    match unsafe { sg3_sample(x.as_ptr(), grid.as_ptr(), &raw mut y) } {
        // SAFETY: a new tensor, which is ours.
        0 => Ok(unsafe { Tensor::from_ptr(y) }),
        _ => Err(failure()),
    }
}

/// This thread's last failure at the border, in one line.
pub(super) fn failure() -> Error {
    TchError::Torch(what()).into()
}

/// This thread's last failure at the border, in full.
pub(super) fn what() -> String {
    // SAFETY: the text ends in a zero byte and stays until this thread's next call.
    let what = unsafe { CStr::from_ptr(sg3_what()) };
    what.to_string_lossy().into_owned()
}
