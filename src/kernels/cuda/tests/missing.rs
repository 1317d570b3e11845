//! Machines without driver or compiler, and calls that the kernel does not take.

use std::fs;

use crate::Error;
use crate::kernels::cuda::driver::Driver;
use crate::kernels::cuda::nvrtc::Nvrtc;
use crate::kernels::cuda::plan::{Signs, Storage, Variant};
use crate::kernels::cuda::{Call, available, forward, signs_len};
use crate::kernels::{FilteredLrelu, Resampler};
use crate::signal::Filter;

fn operator(factor: usize, taps: usize) -> FilteredLrelu {
    let resampler = Resampler { factor, filter: Filter::Separable(vec![1.0; taps]) };
    FilteredLrelu {
        up: resampler.clone(),
        down: resampler,
        padding: [0; 4],
        slope: 0.2,
        gain: 1.0,
        clamp: f32::INFINITY,
    }
}

#[test]
fn a_missing_driver_is_told() {
    let Err(why) = Driver::open("libcuda-that-is-not-there.so.1") else { panic!() };
    assert!(why.contains("libcuda-that-is-not-there.so.1"), "{why}");
    // A library that is there, but another.
    let Err(why) = Driver::open("libc.so.6") else { panic!() };
    assert!(why.contains("cuDeviceGet"), "{why}");
}

#[test]
fn a_damaged_compiler_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("libnvrtc.so.13"), "no library").unwrap();
    fs::write(folder.path().join("libnvrtc-builtins.so.13.0"), "no library").unwrap();
    let Err(why) = Nvrtc::open(&[folder.path().to_path_buf()]) else { panic!() };
    assert!(why.contains("libnvrtc.so.13"), "{why}");
}

#[test]
fn calls_say_what_is_missing() {
    let call = Call { storage: Storage::F32, device: 0, stream: 0, size: [1, 1, 20, 20] };
    let Err(missing) = available(0) else { return };
    assert_eq!(missing.exit_code(), 66, "{missing}");
    assert!(missing.to_string().contains("install") || missing.to_string().contains("make setup"));
    // SAFETY: without driver or compiler nothing is run that could use the pointers.
    let error = unsafe { forward(&operator(2, 12), &call, 256, 0, 512) }.unwrap_err();
    assert_eq!(error.to_string(), missing.to_string());
    // No planes are no work, whatever is missing.
    let call = Call { size: [0, 8, 20, 20], ..call };
    // SAFETY: there are no samples.
    unsafe { forward(&operator(2, 12), &call, 0, 0, 0) }.unwrap();
}

#[test]
fn what_the_kernel_does_not_do_is_told() {
    let variant = |operator: &FilteredLrelu, size| {
        Variant::new(operator, size, Storage::F32, Signs::Ignored, [1, 1]).and_then(|v| v.plan())
    };
    let refused = |operator: &FilteredLrelu, size| {
        let error = variant(operator, size).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error:?}");
        error.to_string()
    };
    variant(&operator(4, 48), [40, 40]).unwrap();
    assert!(refused(&operator(3, 12), [40, 40]).contains("factor"));
    assert!(refused(&operator(0, 12), [40, 40]).contains("factor"));
    assert!(refused(&operator(2, 49), [40, 40]).contains("taps"));
    assert!(refused(&operator(2, 0), [40, 40]).contains("taps"));
    assert!(refused(&operator(2, 12), [3, 40]).contains("3 samples"));
    for gain in [-1.0, f32::NAN] {
        assert!(refused(&FilteredLrelu { gain, ..operator(2, 12) }, [40, 40]).contains("gain"));
    }
    assert!(signs_len(&operator(2, 12), [3, 3]).is_err());
    assert_eq!(signs_len(&operator(2, 12), [20, 20]).unwrap(), 2 * 29);
}
